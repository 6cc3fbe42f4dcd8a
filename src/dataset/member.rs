//! An image inside a file that holds many.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::dataset::file_name;

/// An image's class, as its file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// A number; negative if the set has no labels.
    Index(i64),
    Name(String),
}

/// An image in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name within the dataset.
    pub name: String,
    /// Its class; absent if none is stated.
    pub label: Option<Label>,
    pub place: Place,
}

/// The position of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Bytes of a tar archive.
    Span { offset: u64, bytes: u64 },
    /// A row of a Parquet file.
    Row { group: usize, row: usize },
}

/// What was read from a file.
#[derive(Default)]
pub(crate) struct Contents {
    pub members: Vec<Member>,
    /// The classes' names by index, if the file has them.
    pub names: Vec<String>,
    /// What was assumed, one sentence each.
    pub assumed: Vec<String>,
    /// What is not part of the dataset, one sentence per kind.
    pub left_out: Vec<String>,
}

/// A range of bytes of a file.
pub(crate) fn span(file: &File, offset: u64, bytes: u64) -> Result<Vec<u8>> {
    let mut content = vec![0; usize::try_from(bytes)?];
    file.read_exact_at(&mut content, offset).context("is cut short")?;
    Ok(content)
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    file_name::shown(path.file_stem().unwrap_or_default().as_ref())
}
