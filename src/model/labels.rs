//! Class names: one a line, in the order of a model's outputs or of a
//! dataset's class indices.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Reads a labels file. A trailing blank line is no class; a UTF-8 byte order
/// mark and CR LF are tolerated.
///
/// # Errors
/// An unreadable or empty file, one that is no UTF-8 text, or a blank line in
/// the middle (which would shift every class after it).
pub fn read(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read labels {}", path.display()))?;
    let text = String::from_utf8(bytes).ok().with_context(|| {
        format!("labels {} are not UTF-8 text; save them as UTF-8", path.display())
    })?;
    parse(&text).with_context(|| format!("labels {} cannot be used", path.display()))
}

/// Parses the text of a labels file.
///
/// # Errors
/// See [`read`].
pub fn parse(text: &str) -> Result<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.is_empty() {
        bail!("no label in it; write one class name a line");
    }
    let labels: Vec<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    match labels.iter().position(String::is_empty) {
        Some(blank) => bail!("line {} is blank; every class needs a name", blank + 1),
        None => Ok(labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_class_a_line() {
        assert_eq!(parse("\u{feff}tench, Tinca tinca\r\ngoldfish\n\n").unwrap().len(), 2);
        assert_eq!(parse("a\nb").unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_gap_would_shift_classes_and_is_refused() {
        assert!(parse("a\n\nb").unwrap_err().to_string().contains("line 2"));
        assert!(parse(" \n").is_err());
    }
}
