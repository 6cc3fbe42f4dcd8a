//! Measured results in a document: a section between two marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces what stands between `<!-- measured: SECTION -->` and
/// `<!-- end -->`.
pub fn replace(path: &Path, section: &str, content: &str) -> Result<()> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let begin = format!("<!-- measured: {section} -->\n");
    let (before, rest) = text
        .split_once(&begin)
        .with_context(|| format!("{} has no section '{section}'", path.display()))?;
    let (_, after) = rest
        .split_once("<!-- end -->")
        .with_context(|| format!("section '{section}' of {} does not end", path.display()))?;
    fs::write(path, format!("{before}{begin}{}\n<!-- end -->{after}", content.trim_end()))
        .with_context(|| format!("cannot write {}", path.display()))
}
