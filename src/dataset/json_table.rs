//! A table of labels in JSON: an object per line, a list of objects or of pairs, or one
//! object from files to labels or from labels to files.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::dataset::detection::DetectionForm;
use crate::dataset::table_row::TableRow;

/// What the file is called in an object that stands for one image alone.
const FILE: [&str; 7] = ["file", "file_name", "filename", "image", "path", "img", "image_path"];

/// The lines of a text that begins as JSON does, the first of which names the columns unless
/// the text is a list of pairs.
///
/// # Errors
/// One sentence: no JSON, or nothing that reads as a table.
pub(crate) fn rows(text: &str, path: &Path) -> Result<Vec<TableRow>> {
    if let Some(form) = DetectionForm::of(path) {
        bail!("{} is {}", path.display(), form.told());
    }
    let unknown = || {
        format!(
            "{} is JSON of a form that is not read; give a list of objects with file and label, or a CSV of these columns",
            path.display()
        )
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(map))
            if FILE.iter().any(|known| map.get(*known).is_some_and(is_single)) =>
        {
            Ok(of_objects(&[(1, map)]))
        }
        Ok(Value::Object(map)) => of_frame(&map)
            .or_else(|| of_map(&map))
            .or_else(|| of_list(only_list(map)?))
            .with_context(unknown),
        Ok(Value::Array(items)) => of_list(items).with_context(unknown),
        Ok(_) => bail!("{}", unknown()),
        Err(error) if text.trim_start().starts_with('[') => {
            bail!("{} is not valid JSON: {error}", path.display())
        }
        Err(_) => json_lines(text, path),
    }
}

/// Whether a value is one, not many.
const fn is_single(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Lines of objects, such as Hugging Face's metadata.jsonl.
fn json_lines(text: &str, path: &Path) -> Result<Vec<TableRow>> {
    let lines = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    let objects = lines.map(|(line, text)| {
        let object = serde_json::from_str(text)
            .with_context(|| format!("{} line {line} is not a JSON object", path.display()))?;
        Ok((line, object))
    });
    Ok(of_objects(&objects.collect::<Result<Vec<_>>>()?))
}

/// The columns are the keys of the first.
fn of_objects(objects: &[(u64, Map<String, Value>)]) -> Vec<TableRow> {
    let Some((line, first)) = objects.first() else { return Vec::new() };
    let columns: Vec<&String> = first.keys().collect();
    let row = |(line, object): &(u64, Map<String, Value>)| {
        TableRow::new(
            *line,
            columns.iter().map(|column| object.get(*column).map_or_else(String::new, word)),
        )
    };
    std::iter::once(TableRow::new(*line, &columns)).chain(objects.iter().map(row)).collect()
}

fn of_list(items: Vec<Value>) -> Option<Vec<TableRow>> {
    let pairs = |item: &Value| Some(item.as_array()?.iter().map(word).collect::<Vec<_>>());
    if let Some(pairs) = items.iter().map(pairs).collect::<Option<Vec<_>>>() {
        let even = pairs.iter().all(|pair| pair.len() == 2);
        return even
            .then(|| (1..).zip(pairs).map(|(line, pair)| TableRow::new(line, pair)).collect());
    }
    let object = |(line, item): (u64, Value)| match item {
        Value::Object(map) => Some((line, map)),
        _ => None,
    };
    Some(of_objects(&(1..).zip(items).map(object).collect::<Option<Vec<_>>>()?))
}

/// The list in `{"labels": [["a.png", 3]]}`, if it is the only one.
fn only_list(map: Map<String, Value>) -> Option<Vec<Value>> {
    let mut lists = map.into_iter().filter_map(|(_, value)| match value {
        Value::Array(items) => Some(items),
        _ => None,
    });
    lists.next().filter(|_| lists.next().is_none())
}

/// A data frame as pandas writes it: by column (`{"file": {"0": "a.png"}, "label": {"0": 3}}`, or
/// with lists), split (`{"columns": [], "data": []}`), or by image (`{"a.png": {"label": 3}}`).
fn of_frame(map: &Map<String, Value>) -> Option<Vec<TableRow>> {
    let heading = |columns: Vec<String>| std::iter::once(TableRow::new(1, columns));
    if let (Some(Value::Array(columns)), Some(Value::Array(data))) =
        (map.get("columns"), map.get("data"))
    {
        let row = |(line, row): (u64, &Value)| {
            let fields = row.as_array().filter(|row| row.len() == columns.len())?;
            Some(TableRow::new(line, fields.iter().map(word)))
        };
        let rows = (1..).zip(data).map(row).collect::<Option<Vec<_>>>()?;
        return Some(heading(columns.iter().map(word).collect()).chain(rows).collect());
    }
    let is_file = |name: &str| FILE.iter().any(|known| name.eq_ignore_ascii_case(known));
    let columns = |value: &Value| match value {
        Value::Array(items) => Some(items.iter().map(word).collect::<Vec<String>>()),
        Value::Object(items) => Some(items.values().map(word).collect()),
        _ => None,
    };
    if map.len() > 1 && map.keys().any(|name| is_file(name)) {
        let keys =
            |value: &Value| value.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
        let first = map.values().next().and_then(keys);
        if !map.values().all(|value| keys(value) == first) {
            return None;
        }
        let values = map.values().map(columns).collect::<Option<Vec<_>>>()?;
        let count = values.first()?.len();
        let row = |at: usize| TableRow::new(at as u64 + 1, values.iter().map(|it| &it[at]));
        let is_even = values.iter().all(|it| it.len() == count);
        return is_even
            .then(|| heading(map.keys().cloned().collect()).chain((0..count).map(row)).collect());
    }
    let first: Vec<&String> = map.values().next()?.as_object()?.keys().collect();
    let row = |(line, (file, value)): (u64, (&String, &Value))| {
        let object = value.as_object()?;
        let fields = first.iter().map(|key| object.get(*key).map_or_else(String::new, word));
        Some(TableRow::new(line, std::iter::once(file.clone()).chain(fields)))
    };
    let rows = (1..).zip(map).map(row).collect::<Option<Vec<_>>>()?;
    let names = std::iter::once("file".to_owned()).chain(first.iter().map(|key| (*key).clone()));
    Some(heading(names.collect()).chain(rows).collect())
}

/// `{"a.png": 3}`, or `{"cat": ["a.png"]}`.
fn of_map(map: &Map<String, Value>) -> Option<Vec<TableRow>> {
    let mut pairs = Vec::new();
    for (key, value) in map {
        match value {
            Value::Array(files) if files.iter().all(Value::is_string) => {
                pairs.extend(files.iter().map(|file| [word(file), key.clone()]));
            }
            Value::Array(one) if one.len() == 1 && one[0].is_number() => {
                pairs.push([key.clone(), word(&one[0])])
            }
            Value::String(_) | Value::Number(_) => pairs.push([key.clone(), word(value)]),
            _ => return None,
        }
    }
    let named = std::iter::once(["file".to_owned(), "label".to_owned()]);
    Some((1..).zip(named.chain(pairs)).map(|(line, pair)| TableRow::new(line, pair)).collect())
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
