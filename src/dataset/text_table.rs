//! A table of labels as users save it: CSV of any usual separator and encoding, with or without a
//! line that names the columns, or a JSON object per line.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use csv::StringRecord;

use crate::text_file;

/// What separates fields, the usual ones first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table, read.
#[derive(Debug)]
pub(crate) struct TextTable {
    /// The lines, the first of which may name the columns.
    pub rows: Vec<TableRow>,
    /// What was assumed about its text.
    pub assumed: Option<String>,
}

/// A parsed line.
#[derive(Debug)]
pub(crate) struct TableRow {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What it holds, without blanks at the ends.
    pub fields: Vec<String>,
}

impl TextTable {
    /// Reads a table; lines without any content are left out.
    ///
    /// # Errors
    /// One sentence: no text, a line with a field too many or too few.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text_file::Text { text, guessed } = text_file::read(path)?;
        let assumed = guessed
            .then(|| format!("{} is not Unicode; it was read as Windows-1252", path.display()));
        let rows = match text.trim_start().starts_with('{') {
            true => json_lines(&text, path)?,
            false => delimited(&text, path)?,
        };
        Ok(Self { rows, assumed })
    }
}

fn delimited(text: &str, path: &Path) -> Result<Vec<TableRow>> {
    // Excel's own way to say what separates fields.
    let (text, skipped, stated) = match text.strip_prefix("sep=") {
        Some(rest) => {
            let (separator, rest) = rest.split_once('\n').unwrap_or((rest, ""));
            (rest, 1, separator.bytes().next())
        }
        None => (text, 0, None),
    };
    let delimiter = stated.unwrap_or_else(|| delimiter(text));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows: Vec<TableRow> = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| anyhow!("{} could not be read: {error}", path.display()))?;
        let line = record.position().map_or(0, csv::Position::line) + skipped;
        let columns = rows.first().map(|first| first.fields.len());
        if let Some(fields) = fitted(&record, columns, line, path)? {
            rows.push(TableRow { line, fields });
        }
    }
    Ok(rows)
}

/// A line's fields, as many as the first line has; empty ones at its end do not count.
fn fitted(
    record: &StringRecord,
    columns: Option<usize>,
    line: u64,
    path: &Path,
) -> Result<Option<Vec<String>>> {
    let mut fields: Vec<String> = record.iter().map(str::to_owned).collect();
    while fields.last().is_some_and(String::is_empty) && columns.is_none_or(|it| fields.len() > it)
    {
        fields.pop();
    }
    if fields.iter().all(String::is_empty) {
        return Ok(None);
    }
    match columns {
        // What the first line leaves open at its end, such as an empty label.
        Some(columns) if fields.len() != columns => bail!(
            "{} line {line} has {} fields, but the first line has {columns}; correct it",
            path.display(),
            fields.len()
        ),
        _ => Ok(Some(fields)),
    }
}

/// What separates the fields: what the first lines have equally many of.
fn delimiter(text: &str) -> u8 {
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(8);
    let count = |line: &str, delimiter: u8| {
        let mut quoted = false;
        line.bytes()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted && *byte == delimiter
            })
            .count()
    };
    let is_even = |delimiter: &u8| {
        let mut counts = lines().map(|line| count(line, *delimiter));
        let first = counts.next().unwrap_or(0);
        first > 0 && counts.all(|count| count == first)
    };
    let in_first = |delimiter: &u8| lines().next().is_some_and(|line| count(line, *delimiter) > 0);
    let mut found = DELIMITERS.into_iter().filter(is_even);
    let blanks = || lines().all(|line| line.split_whitespace().count() == 2);
    found
        .next()
        .or_else(|| DELIMITERS.into_iter().find(in_first))
        .unwrap_or_else(|| if blanks() { b' ' } else { b',' })
}

/// Lines of JSON objects, such as Hugging Face's metadata.jsonl.
fn json_lines(text: &str, path: &Path) -> Result<Vec<TableRow>> {
    let mut rows = Vec::<TableRow>::new();
    let mut columns = Vec::<String>::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .with_context(|| format!("{} line {line} is not a JSON object", path.display()))?;
        if rows.is_empty() {
            columns = object.keys().cloned().collect();
            rows.push(TableRow { line, fields: columns.clone() });
        }
        let field = |column: &String| match object.get(column) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        rows.push(TableRow { line, fields: columns.iter().map(field).collect() });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Vec<String>>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.csv");
        std::fs::write(&path, text).unwrap();
        TextTable::read(&path).map(|table| table.rows.into_iter().map(|row| row.fields).collect())
    }

    #[test]
    fn every_dialect_gives_the_same_fields() {
        let expected = [["file", "label"], ["a, 1.png", "Hut"], ["b.png", "Schuh"]];
        for text in [
            "file,label\n\"a, 1.png\",Hut\nb.png,Schuh\n",
            "\u{feff}file;label\r\n\"a, 1.png\";Hut\r\nb.png;Schuh\r\n",
            "file\tlabel\na, 1.png\tHut\nb.png\tSchuh\n\n\n",
            "file | label\na, 1.png | Hut\nb.png | Schuh\n",
            "sep=;\nfile;label\na, 1.png;Hut\nb.png;Schuh\n;;\n",
            "\nfile,label,\n\"a, 1.png\",Hut,\n,,\nb.png,Schuh,\n",
            "{\"file\": \"a, 1.png\", \"label\": \"Hut\"}\n{\"label\": \"Schuh\", \"file\": \"b.png\"}\n",
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
        assert_eq!(of("a.png 3\nb.png 4\n").unwrap(), [["a.png", "3"], ["b.png", "4"]]);
    }

    #[test]
    fn a_ragged_line_is_named() {
        let error = of("file,label\na.png,x\nb.png,x,y\n").unwrap_err().to_string();
        assert!(
            error.ends_with("line 3 has 3 fields, but the first line has 2; correct it"),
            "{error}"
        );
        assert!(
            of("{\"a\": 1}\n{]\n").unwrap_err().to_string().contains("line 2 is not a JSON object")
        );
    }
}
