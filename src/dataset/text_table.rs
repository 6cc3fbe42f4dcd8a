//! A table of labels as users save it: CSV of any usual separator and encoding, with or without a
//! line that names the columns, or a JSON object per line.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use csv::StringRecord;

use crate::dataset::json_table;
use crate::dataset::table_row::TableRow;
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

impl TextTable {
    /// Reads a table; lines without any content are left out.
    ///
    /// # Errors
    /// One sentence: no text, a line with a field too many or too few.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::of(text_file::read(path)?, path)
    }

    /// The same of a text that is read already; `path` is what it is called.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(crate) fn of(text: text_file::Text, path: &Path) -> Result<Self> {
        let text_file::Text { text, guessed } = text;
        let assumed = guessed
            .then(|| format!("{} is not Unicode; it was read as Windows-1252", path.display()));
        let rows = match text.trim_start().starts_with(['{', '[']) {
            true => json_table::rows(&text, path)?,
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
    let (text, comments) = without_comments(text);
    let skipped = skipped + comments;
    let delimiter = stated.unwrap_or_else(|| delimiter(text));
    let text = &without_blanks_before_quotes(text, delimiter);
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
        rows.extend(fitted(&record, columns, line, path)?);
    }
    Ok(rows)
}

/// The text behind lines that begin with `#`, and how many these are; but one that has as
/// many fields as the line below it names the columns, behind its mark.
fn without_comments(text: &str) -> (&str, u64) {
    let mut rest = text;
    for skipped in 0.. {
        let Some(marked) = rest.strip_prefix('#') else { return (rest, skipped) };
        let (line, below) = marked.split_once('\n').unwrap_or((marked, ""));
        let fields = |line: &str| line.split(char::from(delimiter(below))).count();
        if fields(line) == below.lines().next().map_or(0, fields) && fields(line) > 1 {
            // An image's name may begin with the mark as well.
            return (if line.contains('.') { rest } else { marked }, skipped);
        }
        rest = below;
    }
    (rest, 0)
}

/// `a.png, "cat, big"`: a quote counts only where a field begins with it.
fn without_blanks_before_quotes(text: &str, delimiter: u8) -> String {
    let delimiter = char::from(delimiter);
    let mut clean = String::with_capacity(text.len());
    let mut quoted = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        quoted ^= c == '"';
        clean.push(c);
        if c == delimiter && !quoted {
            let ahead = rest.as_str().trim_start_matches(' ');
            if ahead.starts_with('"') {
                rest = ahead.chars();
            }
        }
    }
    clean
}

/// A field without the single quotes that some programs put around it.
fn unquoted(field: &str) -> &str {
    let inside = field.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inside.filter(|inside| !inside.contains('\'')).unwrap_or(field)
}

/// A line's fields, as many as the first line has; empty ones at its end do not count.
fn fitted(
    record: &StringRecord,
    columns: Option<usize>,
    line: u64,
    path: &Path,
) -> Result<Option<TableRow>> {
    let mut row = TableRow::new(line, record.iter().map(unquoted));
    let TableRow { fields, .. } = &mut row;
    while fields.last().is_some_and(String::is_empty) && columns.is_none_or(|it| fields.len() > it)
    {
        fields.pop();
    }
    match columns {
        _ if row.is_blank() => Ok(None),
        // What the first line leaves open at its end, such as an empty label.
        Some(columns) if row.fields.len() != columns => bail!(
            "{} line {line} has {} fields, but the first line has {columns}; correct it",
            path.display(),
            row.fields.len()
        ),
        _ => Ok(Some(row)),
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
    fn what_programs_put_around_fields_is_taken_off() {
        let expected = [["file", "label"], ["a, 1.png", "Hut, rot"], ["b.png", "Schuh"]];
        for text in [
            "file, label\n\"a, 1.png\", \"Hut, rot\"\nb.png, Schuh\n",
            "'file';'label'\n'a, 1.png';'Hut, rot'\n'b.png';'Schuh'\n",
            "# my own, made today\n#\nfile;label\na, 1.png;Hut, rot\nb.png;Schuh\n",
            "#file;label\na, 1.png;Hut, rot\nb.png;Schuh\n",
            "[{\"file\": \"a, 1.png\", \"label\": \"Hut, rot\"}, {\"label\": \"Schuh\", \"file\": \"b.png\"}]",
            "{\"a, 1.png\": \"Hut, rot\", \"b.png\": \"Schuh\"}",
            "{\n\"Hut, rot\": [\"a, 1.png\"], \"Schuh\": [\"b.png\"]}",
            "{\"file\": {\"0\": \"a, 1.png\", \"1\": \"b.png\"}, \"label\": {\"0\": \"Hut, rot\", \"1\": \"Schuh\"}}",
            "{\"file\": [\"a, 1.png\", \"b.png\"], \"label\": [\"Hut, rot\", \"Schuh\"]}",
            "{\"columns\": [\"file\", \"label\"], \"data\": [[\"a, 1.png\", \"Hut, rot\"], [\"b.png\", \"Schuh\"]]}",
            "{\"a, 1.png\": {\"label\": \"Hut, rot\"}, \"b.png\": {\"label\": \"Schuh\"}}",
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
        let pairs = of("[[\"a.png\", 3], [\"b.png\", 4]]").unwrap();
        assert_eq!(pairs, [["a.png", "3"], ["b.png", "4"]]);
        let error = of("{\"images\": [{\"id\": 1}], \"annotations\": []}").unwrap_err();
        assert!(error.to_string().contains("of a form that is not read"), "{error}");
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
