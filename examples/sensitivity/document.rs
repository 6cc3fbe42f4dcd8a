//! Measured results in a document: a section between two marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const END: &str = "<!-- end -->";

/// Says now what [`replace`] would find wrong after hours of measuring.
pub fn check(path: &Path, section: &str) -> Result<()> {
    split(&read(path)?, path, section).map(|_| ())
}

/// Replaces the text between `<!-- measured: SECTION -->` and `<!-- end -->`. If this is
/// interrupted, the document is either unchanged or complete.
pub fn replace(path: &Path, section: &str, content: &str) -> Result<()> {
    let text = read(path)?;
    let (before, after) = split(&text, path, section)?;
    let new = format!("{before}{}\n{after}", content.trim_end());
    let beside = path.with_extension("new");
    fs::write(&beside, new).with_context(|| format!("could not write {}", beside.display()))?;
    fs::rename(&beside, path).with_context(|| format!("could not write {}", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

/// The text up to the section's content, and from its end on.
fn split<'a>(text: &'a str, path: &Path, section: &str) -> Result<(&'a str, &'a str)> {
    let begin = format!("<!-- measured: {section} -->\n");
    let start = text
        .find(&begin)
        .with_context(|| format!("{} has no section '{section}'", path.display()))?
        + begin.len();
    let length = text[start..]
        .find(END)
        .with_context(|| format!("section '{section}' of {} does not end", path.display()))?;
    Ok((&text[..start], &text[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_is_replaced_and_only_one_that_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document.md");
        let section = |name, text| format!("<!-- measured: {name} -->\n{text}\n<!-- end -->\n");
        fs::write(&path, section("a", "old a") + &section("b", "old b") + "rest\n").unwrap();
        replace(&path, "a", "new\n\n").unwrap();
        let now = fs::read_to_string(&path).unwrap();
        assert_eq!(now, section("a", "new") + &section("b", "old b") + "rest\n");
        assert!(check(&path, "b").is_ok());
        assert!(check(&path, "c").unwrap_err().to_string().contains("no section 'c'"));
        fs::write(&path, "<!-- measured: b -->\n").unwrap();
        assert!(check(&path, "b").unwrap_err().to_string().contains("does not end"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
