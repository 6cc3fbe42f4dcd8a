//! A package file: checked whole, then one library out of it, checked too.
//!
//! A wheel is a zip archive. Its entries' names are never used as paths: the
//! manifest names the one entry that is read and the one file that is written,
//! so an archive cannot choose where its content goes.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::error::FetchError;
use super::manifest::{Library, Wheel};

/// Opens a package file whose size and SHA-256 are the manifest's.
pub(super) fn open(path: &Path, wheel: &Wheel) -> Result<File, FetchError> {
    let mut file = File::open(path).map_err(FetchError::file("open", path))?;
    let found = file.metadata().map_err(FetchError::file("read", path))?.len();
    if found != wheel.bytes {
        return Err(FetchError::Size { what: wheel.file.clone(), found, expected: wheel.bytes });
    }
    let found = sha256(&mut file).map_err(FetchError::file("read", path))?;
    check(&wheel.file, found, &wheel.sha256)?;
    file.rewind().map_err(FetchError::file("read", path))?;
    Ok(file)
}

/// Takes `library` out of the archive and puts it into `folder` under the
/// manifest's name: whole and checked, or not at all. `scratch` must lie on the
/// same file system as `folder`.
pub(super) fn extract(
    archive: impl Read + Seek,
    wheel: &Wheel,
    library: &Library,
    scratch: &Path,
    folder: &Path,
) -> Result<PathBuf, FetchError> {
    let broken = |reason: String| FetchError::Archive { wheel: wheel.file.clone(), reason };
    let mut archive = ZipArchive::new(archive).map_err(|error| broken(error.to_string()))?;
    let mut entry = archive
        .by_name(&library.member)
        .map_err(|error| broken(format!("{}: {error}", library.member)))?;
    if !entry.is_file() {
        return Err(broken(format!("{} is no plain file in it", library.member)));
    }
    let what = || format!("{} in {}", library.member, wheel.file);
    if entry.size() != library.bytes {
        let (found, expected) = (entry.size(), library.bytes);
        return Err(FetchError::Size { what: what(), found, expected });
    }
    let part = scratch.join(&library.file);
    let mut output = File::create(&part).map_err(FetchError::file("write", &part))?;
    let copied = copy_bounded(&mut entry, &mut output, library.bytes)
        .map_err(FetchError::file("unpack into", &part))?;
    if copied.bytes != library.bytes {
        let (found, expected) = (copied.bytes, library.bytes);
        return Err(FetchError::Size { what: what(), found, expected });
    }
    check(&what(), copied.sha256, &library.sha256)?;
    output.sync_all().map_err(FetchError::file("write", &part))?;
    let path = folder.join(&library.file);
    fs::rename(&part, &path).map_err(FetchError::file("write", &path))?;
    Ok(path)
}

/// Whether `path` holds exactly this library already.
pub(super) fn is_installed(path: &Path, library: &Library) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    file.metadata().is_ok_and(|metadata| metadata.len() == library.bytes)
        && sha256(&mut file).is_ok_and(|found| found == library.sha256)
}

/// What was copied.
struct Copied {
    bytes: u64,
    sha256: String,
}

/// Copies at most one byte more than `limit`, which is enough to see that there
/// is too much: a declared size says nothing about what unpacking yields.
fn copy_bounded(input: &mut impl Read, output: &mut impl Write, limit: u64) -> io::Result<Copied> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut input = input.take(limit.saturating_add(1));
    let mut bytes = 0;
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(Copied { bytes, sha256: format!("{:x}", hasher.finalize()) });
        }
        output.write_all(&buffer[..count])?;
        hasher.update(&buffer[..count]);
        bytes += count as u64;
    }
}

/// SHA-256 of what is left of a file, without holding it in memory.
pub(super) fn sha256(file: &mut File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(file, &mut hasher)?;
    Ok(format!("{:x}", hasher.finalize()))
}

fn check(what: &str, found: String, expected: &str) -> Result<(), FetchError> {
    if found == expected {
        return Ok(());
    }
    Err(FetchError::Hash { what: what.to_owned(), found, expected: expected.to_owned() })
}

#[cfg(test)]
mod tests;
