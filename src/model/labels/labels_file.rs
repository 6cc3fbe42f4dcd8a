//! A labels file of any of the known forms.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::model::config::python_literal;
use crate::model::labels::structured::{self, NameList};
use crate::model::labels::{collect, delimited, numbered};
use crate::text_file;

/// Reads a labels file: one name per line, with or without an index; a table of indices and names;
/// or JSON or YAML. The content decides which, not the extension.
///
/// # Errors
/// One sentence: an unreadable or empty file, or one with missing names.
pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let text = text_file::read(path).context("the labels cannot be used")?.text;
    parse(&text).with_context(|| format!("labels {} cannot be used", path.display()))
}

/// Parses the text of a labels file.
///
/// # Errors
/// See [`read`].
pub fn parse(text: &str) -> Result<Vec<String>> {
    let text = text_file::without_invisible(text);
    let text = text.trim_end();
    if text.trim().is_empty() {
        bail!("it has no labels; write one class name per line");
    }
    if let Some(value) = structure(text)? {
        return match structured::names(&value)? {
            NameList::Listed(names) => Ok(names),
            NameList::Indexed(named) => collect::in_order(named),
        };
    }
    if let Some(named) = delimited::parse(text) {
        return collect::in_order(named?);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    ensure!(
        !is_label_map(&lines),
        "it is a label map in protobuf text (item {{ id: 1 ... }}); write one class name per line"
    );
    if let Some(blank) = lines.iter().position(|line| line.is_empty()) {
        bail!("line {} is blank; every class needs a name", blank + 1);
    }
    ensure!(!lines[0].starts_with('<'), "it is XML or a web page; write one class name per line");
    if let Some(named) = numbered::split(&lines) {
        return collect::in_order(named);
    }
    let names = bare(&lines);
    if let Some(empty) = names.iter().position(|name| name.is_empty()) {
        bail!("line {} has no name; every class needs one", empty + 1);
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// The value of a text that is JSON, TOML or YAML.
fn structure(text: &str) -> Result<Option<Value>> {
    if let Some(value) = of_toml(text) {
        return Ok(Some(value));
    }
    if text.starts_with(['{', '[']) {
        match serde_json::from_str(text) {
            Ok(value) => return Ok(Some(value)),
            // `[0] cat` is a line.
            Err(_) if is_index(text) => {}
            Err(error) => match objects(text).or_else(|| python_literal::read(text)) {
                Some(value) => return Ok(Some(value)),
                None => bail!("it is not valid JSON: {error}"),
            },
        }
    }
    // A list of plain words is YAML too.
    let is_names = |line: &str| line.trim_end().starts_with("names:") || is_key(line);
    let is_item = |line: &str| line.starts_with("- ");
    if !text.lines().any(is_names) && !text.lines().all(is_item) {
        return Ok(None);
    }
    match serde_saphyr::from_str(text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            let told = error.to_string();
            bail!("it is not valid YAML: {}", told.lines().next().unwrap_or_default())
        }
    }
}

/// The value of a text that is TOML and holds names.
fn of_toml(text: &str) -> Option<Value> {
    let value = text.contains('=').then(|| toml::from_str::<Value>(text).ok())??;
    structured::names(&value).is_ok().then_some(value)
}

/// A key of YAML that names are kept under, with a list behind it or below.
fn is_key(line: &str) -> bool {
    let behind = structured::PLACES.iter().find_map(|it| line.strip_prefix(it)?.strip_prefix(':'));
    behind.map(str::trim).is_some_and(|it| it.is_empty() || it.starts_with(['[', '{', '#']))
}

/// `[0] cat` and no list of Python's, which would end where it began.
fn is_index(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default().trim_end();
    first[1..].starts_with(|first: char| first.is_ascii_digit())
        && !first.ends_with([']', '}', ','])
}

/// An object on each line.
fn objects(text: &str) -> Option<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let objects = lines.map(|line| serde_json::from_str(line).ok().filter(Value::is_object));
    objects.collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// Lines without the quotes and the commas behind them that all of them have.
fn bare<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let (last, others) = lines.split_last().unwrap_or((&"", &[]));
    let with_comma = others.iter().filter(|line| line.ends_with(',')).count();
    let ends = !others.is_empty() && with_comma == others.len();
    let plain = |line: &&'a str| if ends { line.trim_end_matches(',').trim_end() } else { *line };
    let lines: Vec<&str> = others.iter().chain([last]).map(plain).collect();
    let unquoted = |quote: char| {
        let inside = |line: &&'a str| {
            let inside = line.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            inside.filter(|inside| !inside.contains(quote) && !inside.is_empty())
        };
        lines.iter().map(inside).collect::<Option<Vec<&str>>>()
    };
    unquoted('"').or_else(|| unquoted('\'')).unwrap_or(lines)
}

/// `item { id: 1 name: 'cat' }` of TensorFlow's object detection.
fn is_label_map(lines: &[&str]) -> bool {
    lines.first().is_some_and(|line| {
        ["item", "entry"].iter().any(|word| {
            line.strip_prefix(word).is_some_and(|rest| rest.trim_start().starts_with('{'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["T-shirt/top", "Ankle boot", "Käfer"];

    #[test]
    fn reads_one_class_per_line() {
        let lines = "\u{feff}tench, Tinca tinca\r\ngoldfish\n\n";
        assert_eq!(parse(lines).unwrap(), ["tench, Tinca tinca", "goldfish"]);
        assert_eq!(parse("a\nb").unwrap(), ["a", "b"]);
    }

    #[test]
    fn every_form_gives_the_same_names() {
        for text in [
            "T-shirt/top\nAnkle boot\nKäfer\n",
            "0 T-shirt/top\n1 Ankle boot\n2 Käfer",
            "2\tKäfer\r\n0\tT-shirt/top\r\n1\tAnkle boot\r\n",
            "0: T-shirt/top\n1: Ankle boot\n2: Käfer\n",
            "1. T-shirt/top\n2. Ankle boot\n3. Käfer\n",
            "index;name\n0;T-shirt/top\n1;Ankle boot\n2;Käfer\n",
            "[\"T-shirt/top\", \"Ankle boot\", \"Käfer\"]",
            "{\"id2label\": {\"0\": \"T-shirt/top\", \"1\": \"Ankle boot\", \"2\": \"Käfer\"}}",
            "{\"T-shirt/top\": 0, \"Ankle boot\": 1, \"Käfer\": 2}",
            "path: ../x\nnc: 3\nnames:\n  0: T-shirt/top\n  1: Ankle boot\n  2: Käfer\n",
            "train: images\nnames: ['T-shirt/top', 'Ankle boot', 'Käfer']\n",
            "names:\n- T-shirt/top\n- Ankle boot\n- Käfer\n",
            "{\"id\": 0, \"name\": \"T-shirt/top\"}\n{\"id\": 1, \"name\": \"Ankle boot\"}\n{\"id\": 2, \"name\": \"Käfer\"}\n",
            "{0: 'T-shirt/top', 1: 'Ankle boot', 2: 'Käfer'}",
            "['T-shirt/top', 'Ankle boot', 'Käfer',]",
            "\"T-shirt/top\",\n\"Ankle boot\",\n\"Käfer\"\n",
            "T-shirt/top,\nAnkle boot,\nKäfer,\n",
            "{\"categories\": [{\"id\": 0, \"name\": \"T-shirt/top\"}, {\"id\": 1, \"name\": \"Ankle boot\"}, {\"id\": 2, \"name\": \"Käfer\"}]}",
            "- T-shirt/top\n- Ankle boot\n- Käfer\n",
            "labels:\n  - T-shirt/top\n  - Ankle boot\n  - Käfer\n",
            "version: 1\nclasses: [T-shirt/top, 'Ankle boot', Käfer]  # in order\n",
            "'T-shirt/top',\n'Ankle boot',\n'Käfer'\n",
            "0_T-shirt/top\n1_Ankle boot\n2_Käfer\n",
            "labels = [\n  \"T-shirt/top\",\n  \"Ankle boot\",\n  \"Käfer\",\n]\n",
            "title = \"mine\"\n[names]\n0 = \"T-shirt/top\"\n1 = \"Ankle boot\"\n2 = \"Käfer\"\n",
            "[[classes]]\nid = 0\nname = \"T-shirt/top\"\n[[classes]]\nid = 1\nname = \"Ankle boot\"\n[[classes]]\nid = 2\nname = \"Käfer\"\n",
            "\"T-shirt/top\" = 0\n\"Ankle boot\" = 1\n\"Käfer\" = 2\n",
            "\u{200b}T-shirt/top\u{feff}\nAnkle boot\u{200b}\nKäfer\u{a0}\n",
        ] {
            assert_eq!(parse(text).unwrap(), NAMES, "{text}");
        }
    }

    #[test]
    fn a_background_line_keeps_its_place() {
        assert_eq!(parse("0 background\n1 tench\n").unwrap(), ["background", "tench"]);
        assert_eq!(parse("{\"0\": \"background\", \"1\": \"tench\"}").unwrap()[0], "background");
    }

    #[test]
    fn a_gap_would_shift_classes_and_is_refused() {
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        assert!(refused("a\n\nb").contains("line 2"));
        assert!(refused(" \n").contains("no label"));
        assert!(refused("a,\n,\nb,").contains("line 2 has no name"));
        assert!(refused("{\"0\": \"a\", \"2\": \"b\"}").contains("index 1 is missing"));
        assert!(refused("{\"0\": \"a\"").contains("valid JSON"));
        assert!(refused("{\"a\": }").contains("valid JSON"));
        assert!(refused("item {\n  id: 1\n  name: 'cat'\n}").contains("label map in protobuf"));
        assert!(refused("names: [a").contains("valid YAML"));
        assert!(refused("<labels>\n<l>a</l>").contains("XML"));
    }

    #[test]
    fn files_of_other_encodings_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.txt");
        let text = NAMES.join("\r\n");
        let utf16: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        for bytes in [utf16, latin, text.into_bytes()] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), NAMES);
        }
        std::fs::write(&path, b"\x89PNG\0").unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(error.contains("is not a text file"), "{error}");
    }
}
