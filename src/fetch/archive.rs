//! A package file: checked as a whole, then each library extracted from it is checked.
//!
//! Wheels and AARs are zip archives. Their entries' names are never used as paths:
//! the manifest names each entry that is read and each file that is written, so an
//! archive cannot choose where its content goes.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::fetch::fetch_error::FetchError;
use crate::fetch::package_manifest::{Archive, PackagedLibrary};
use crate::fetch::receipt;
use crate::file_hash;

/// Maximum size of a library whose size the manifest does not know: several times the largest
/// runtime.
const MOST_BYTES: u64 = 256 << 20;

/// Opens a package file whose SHA-256, and size if known, are the manifest's.
pub(crate) fn open(path: &Path, archive: &Archive) -> Result<File, FetchError> {
    let mut file = File::open(path).map_err(FetchError::file("open", path))?;
    let found = file.metadata().map_err(FetchError::file("read", path))?.len();
    if let Some(expected) = archive.bytes.filter(|bytes| *bytes != found) {
        return Err(FetchError::Size { what: archive.file.clone(), found, expected });
    }
    let found = sha256(&mut file).map_err(FetchError::file("read", path))?;
    check(&archive.file, found, &archive.sha256)?;
    file.rewind().map_err(FetchError::file("read", path))?;
    Ok(file)
}

/// Takes `library` out of the archive and puts it into `folder` under the
/// manifest's name: whole and checked, or not at all. `scratch` must lie on the
/// same file system as `folder`. A library whose hash the manifest does not know
/// gets a receipt, which names the archive that it came from.
pub(crate) fn extract(
    zip: impl Read + Seek,
    archive: &Archive,
    library: &PackagedLibrary,
    scratch: &Path,
    folder: &Path,
) -> Result<PathBuf, FetchError> {
    let part = scratch.join(&library.file);
    let found = unpack(zip, archive, library, &part)?;
    let path = folder.join(&library.file);
    match &library.sha256 {
        Some(expected) => check(&name_in(library, archive), found, expected)?,
        // First the receipt: without its library it says nothing.
        None => receipt::write(&path, &found, archive)
            .map_err(FetchError::file("write", receipt::beside(&path)))?,
    }
    fs::rename(&part, &path).map_err(FetchError::file("write", &path))?;
    Ok(path)
}

/// Writes the library's content to `part`, and returns its hash.
fn unpack(
    zip: impl Read + Seek,
    archive: &Archive,
    library: &PackagedLibrary,
    part: &Path,
) -> Result<String, FetchError> {
    let broken = |reason: String| FetchError::Archive { file: archive.file.clone(), reason };
    let mut zip = ZipArchive::new(zip).map_err(|error| broken(error.to_string()))?;
    let mut entry = zip
        .by_name(&library.member)
        .map_err(|error| broken(format!("{}: {error}", library.member)))?;
    if !entry.is_file() {
        return Err(broken(format!("{} is not a plain file in it", library.member)));
    }
    let declared = entry.size();
    let expected = library.bytes.unwrap_or(declared.min(MOST_BYTES));
    let wrong_size = |found| FetchError::Size { what: name_in(library, archive), found, expected };
    if declared != expected {
        return Err(wrong_size(declared));
    }
    let mut output = File::create(part).map_err(FetchError::file("write", part))?;
    let copied = copy_bounded(&mut entry, &mut output, expected)
        .map_err(FetchError::file("unpack into", part))?;
    if copied.bytes != expected {
        return Err(wrong_size(copied.bytes));
    }
    output.sync_all().map_err(FetchError::file("write", part))?;
    Ok(copied.sha256)
}

/// The hash of the library at `path`, if it is exactly the one that `archive`
/// holds: by the manifest's hash, or by the receipt that was left beside it.
pub(crate) fn installed(
    path: &Path,
    library: &PackagedLibrary,
    archive: &Archive,
) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let expected = match &library.sha256 {
        Some(sha256) => sha256.clone(),
        None => receipt::read(path, archive)?,
    };
    if library.bytes.is_some_and(|known| known != bytes) {
        return None;
    }
    sha256(&mut file).ok().filter(|found| *found == expected)
}

fn name_in(library: &PackagedLibrary, archive: &Archive) -> String {
    format!("{} in {}", library.member, archive.file)
}

/// What was copied.
pub(crate) struct Copied {
    pub(crate) bytes: u64,
    sha256: String,
}

/// Copies at most one byte more than `limit`, which is enough to see that there is too much: a
/// declared size does not limit what unpacking yields.
pub(crate) fn copy_bounded(
    input: &mut impl Read,
    output: &mut impl Write,
    limit: u64,
) -> io::Result<Copied> {
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

/// SHA-256 of the rest of a file, without holding it in memory.
pub(crate) fn sha256(file: &mut File) -> io::Result<String> {
    let (hash, _) = file_hash::sha256(file)?;
    Ok(format!("{hash:x}"))
}

/// Whether a hash is the one that is expected.
pub(crate) fn check(what: &str, found: String, expected: &str) -> Result<(), FetchError> {
    if found == expected {
        return Ok(());
    }
    Err(FetchError::Hash { what: what.to_owned(), found, expected: expected.to_owned() })
}

#[cfg(test)]
mod tests;
