//! Class names in a table whose first line names the columns: `index,name`.

use anyhow::{Context, Result, anyhow};

/// What separates fields.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// What a column of indices is called.
const INDEX: [&str; 13] = [
    "index",
    "id",
    "idx",
    "class_index",
    "class_id",
    "class_idx",
    "label_id",
    "label_index",
    "label_idx",
    "category_id",
    "target",
    "number",
    "output",
];
/// What a column of names is called, the best first.
const NAME: [&str; 12] = [
    "name",
    "label",
    "class_name",
    "label_name",
    "class",
    "display_name",
    "category",
    "text",
    "title",
    "labels",
    "classes",
    "description",
];

/// The table's indices and names, if the text is a table.
pub(crate) fn parse(text: &str) -> Option<Result<Vec<(u64, String)>>> {
    DELIMITERS.into_iter().find_map(|delimiter| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().ok()?.clone();
        let of = |known: &[&str]| {
            known
                .iter()
                .find_map(|known| header.iter().position(|it| it.eq_ignore_ascii_case(known)))
        };
        let (index, name) = (of(&INDEX)?, of(&NAME)?);
        Some(reader.into_records().map(|record| pair(&record, index, name)).collect())
    })
}

fn pair(
    record: &Result<csv::StringRecord, csv::Error>,
    index: usize,
    name: usize,
) -> Result<(u64, String)> {
    let record = record.as_ref().map_err(|error| anyhow!("{error}"))?;
    let line = record.position().map_or(0, csv::Position::line);
    let field = |column: usize| record.get(column).unwrap_or_default();
    let number = field(index).parse().ok();
    let number = number.with_context(|| {
        format!("line {line} has '{}' as the index; write a whole number", field(index))
    })?;
    Ok((number, field(name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        for text in ["index,name\n0,cat\n1,\"dog, big\"\n", "Name;ID\ncat;0\n\"dog, big\";1\n"] {
            let named = parse(text).unwrap().unwrap();
            assert_eq!(named, [(0, "cat".to_owned()), (1, "dog, big".to_owned())]);
        }
        assert!(parse("tench, Tinca tinca\ngoldfish\n").is_none());
        let error = parse("id,label\nx,cat\n").unwrap().unwrap_err().to_string();
        assert!(error.starts_with("line 2 has 'x' as the index"), "{error}");
    }
}
