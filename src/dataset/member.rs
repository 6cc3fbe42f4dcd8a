//! An image inside a file that holds many.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::dataset::file_name;

/// An image's class, as its file tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// A number; negative where the set has no labels.
    Index(i64),
    Name(String),
}

/// An image in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name within the dataset.
    pub name: String,
    /// Its class; absent if none is told.
    pub label: Option<Label>,
    pub place: Place,
}

/// Where an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Bytes of a tar archive.
    Span { offset: u64, bytes: u64 },
    /// A row of a Parquet file.
    Row { group: usize, row: usize },
}

/// What was read of a file.
pub(crate) struct Contents {
    pub members: Vec<Member>,
    /// The classes' names by index, where the file has them.
    pub names: Vec<String>,
    /// What is no part of the dataset, one sentence per kind.
    pub left_out: Vec<String>,
}

/// Bytes of a file.
pub(crate) fn span(file: &File, offset: u64, bytes: u64) -> Result<Vec<u8>> {
    let mut content = vec![0; usize::try_from(bytes)?];
    file.read_exact_at(&mut content, offset).context("is cut short")?;
    Ok(content)
}

/// A file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    file_name::shown(path.file_stem().unwrap_or_default().as_ref())
}
