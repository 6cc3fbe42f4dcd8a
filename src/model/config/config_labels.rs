//! Class names in configurations and in the metadata of files: lists, objects from
//! index to name, Python's text of either, and plain lines.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::model::config::field::Fields;
use crate::model::config::python_literal;

/// More names than any classifier has.
const MOST: usize = 1 << 20;

/// Names by a field: a list, or an object from index to name. `None` if the field is absent, or its
/// indices have gaps.
pub(crate) fn of(fields: &Fields<'_>, key: &str) -> Result<Option<Vec<String>>> {
    match fields.get(key) {
        None => Ok(None),
        Some(value @ (Value::Array(_) | Value::Object(_))) => match names(value) {
            Some(names) => Ok(names),
            None => bail!("'{key}' must be a list of names, or an object from index to name"),
        },
        Some(_) => bail!("'{key}' must be a list of names, or an object from index to name"),
    }
}

/// Names by index, the other way round: `label2id`.
pub(crate) fn inverted(fields: &Fields<'_>, key: &str) -> Result<Option<Vec<String>>> {
    let Some(Value::Object(map)) = fields.get(key) else { return Ok(None) };
    let mut by_index = BTreeMap::new();
    for (name, index) in map {
        match number(index) {
            Some(index) => drop(by_index.insert(index, name.clone())),
            None => bail!("'{key}' must be an object from name to index"),
        }
    }
    Ok(without_gaps(by_index))
}

fn number(value: &Value) -> Option<usize> {
    let index = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => usize::try_from(other.as_u64()?).ok()?,
    };
    (index < MOST).then_some(index)
}

/// `None`: not names. `Some(None)`: names whose indices have gaps, or that say nothing.
fn names(value: &Value) -> Option<Option<Vec<String>>> {
    match value {
        Value::Array(list) => {
            Some(informative(list.iter().map(name).collect::<Option<Vec<String>>>()?))
        }
        Value::Object(map) => {
            let mut by_index = BTreeMap::new();
            for (index, value) in map {
                let index = index.trim().parse().ok().filter(|index| *index < MOST)?;
                by_index.insert(index, name(value)?);
            }
            Some(without_gaps(by_index))
        }
        _ => None,
    }
}

fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The names in the order of their indices, as numbers: '10' follows '9'.
fn without_gaps(by_index: BTreeMap<usize, String>) -> Option<Vec<String>> {
    let whole = by_index.keys().copied().eq(0..by_index.len());
    whole.then(|| by_index.into_values().collect()).and_then(informative)
}

/// Meaningful names: `LABEL_0`, `LABEL_1` and so on are used if nobody named the classes, and an
/// empty one could mean any.
fn informative(names: Vec<String>) -> Option<Vec<String>> {
    let placeholder = |(index, name): (usize, &String)| {
        name.strip_prefix("LABEL_").is_some_and(|number| *number == index.to_string())
    };
    let told = !names.is_empty()
        && names.iter().all(|name| !name.is_empty())
        && !names.iter().enumerate().all(placeholder);
    told.then_some(names)
}

/// Names from a string that some exporter put into a model: JSON, a Python list or dict, lines, or
/// a comma-separated list.
#[must_use]
pub(crate) fn from_text(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with(['{', '[', '(']) {
        let value = serde_json::from_str(text).ok().or_else(|| python_literal::read(text))?;
        return names(&value).flatten();
    }
    let between = if text.contains('\n') { '\n' } else { ',' };
    let parts: Vec<String> = text.split(between).map(|part| part.trim().to_owned()).collect();
    if parts.len() < 2 || parts.len() > MOST { None } else { informative(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same_names() {
        for text in [
            "['tench', \"cock's comb\", 'ray']",
            "{0: 'tench', 1: \"cock's comb\", 2: 'ray'}",
            "{2: 'ray', 0: 'tench', 1: 'cock\\'s comb'}",
            r#"["tench", "cock's comb", "ray"]"#,
            r#"{"0": "tench", "1": "cock's comb", "2": "ray"}"#,
            "('tench', \"cock's comb\", 'ray',)",
            "tench\ncock's comb\nray\n",
            "tench,cock's comb,ray",
        ] {
            assert_eq!(from_text(text).unwrap(), ["tench", "cock's comb", "ray"], "{text}");
        }
    }

    #[test]
    fn indices_are_ordered_as_numbers() {
        let text: Vec<String> = (0..12).rev().map(|i| format!("\"{i}\": \"n{i}\"")).collect();
        let names = from_text(&format!("{{{}}}", text.join(","))).unwrap();
        assert_eq!((&*names[2], &*names[10], &*names[11]), ("n2", "n10", "n11"));
    }

    #[test]
    fn what_names_nothing_is_none() {
        for text in [
            "",
            "{}",
            "[]",
            "one",
            "{0: 'a', 2: 'c'}",
            "{'a': 0}",
            "['LABEL_0', 'LABEL_1']",
            "['a', '']",
            "{0: ['a']}",
            "[[1]]",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
