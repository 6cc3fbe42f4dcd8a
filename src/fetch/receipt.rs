//! Receipts for libraries whose hash the manifest does not know.
//!
//! Such a library was extracted from an archive whose hash is known. Its own hash, computed then,
//! is kept beside it in the format of `sha256sum`, with the archive's: so it is not fetched again,
//! and a change is noticed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fetch::package_manifest::Archive;

/// The path of the receipt of the library at `path`.
pub(crate) fn beside(path: &Path) -> PathBuf {
    path.with_added_extension("sha256")
}

/// Notes that the library at `path` has this hash and came out of `archive`.
pub(crate) fn write(path: &Path, sha256: &str, archive: &Archive) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let text = format!("{sha256}  {name}\n{}  {}\n", archive.sha256, archive.file);
    fs::write(beside(path), text)
}

/// The library's hash, if the receipt says that it came out of this very `archive`.
pub(crate) fn read(path: &Path, archive: &Archive) -> Option<String> {
    let text = fs::read_to_string(beside(path)).ok()?;
    let mut hashes = text.lines().filter_map(|line| line.split_whitespace().next());
    let (library, origin) = (hashes.next()?, hashes.next()?);
    (origin == archive.sha256).then(|| library.to_owned())
}
