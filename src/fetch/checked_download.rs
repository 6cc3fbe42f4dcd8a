//! A file that somebody hosts, downloaded and checked: continued where it was cut, and compared
//! with the SHA-256 that is published, or else with that of its first download.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::fetch::archive;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::package_source::PackageSource;

/// Holds downloads that are not complete.
const PARTS: &str = ".parts";
/// Holds the SHA-256 of files for which nobody published one.
const PINS: &str = ".pins";

/// One file to download.
pub(crate) struct CheckedDownload<'a> {
    /// The name of what it holds.
    pub name: &'a str,
    /// Its file name, as a mirror has it.
    pub file: &'a str,
    /// Its addresses; if it is no longer at one, the next is tried.
    pub addresses: &'a [String],
    /// Its SHA-256, if somebody published it.
    pub sha256: Option<&'a str>,
    /// Where parts and hashes are kept, each in a folder of their own.
    pub folder: &'a Path,
    /// Where files come from.
    pub source: &'a PackageSource,
    /// Is told how many bytes of it are there.
    pub progress: &'a dyn Fn(u64),
}

impl CheckedDownload<'_> {
    /// Makes the folders that it needs.
    pub(crate) fn prepare(&self) -> Result<(), FetchError> {
        for part in [PARTS, PINS] {
            let path = self.folder.join(part);
            fs::create_dir_all(&path).map_err(FetchError::file("create the folder", &path))?;
        }
        Ok(())
    }

    /// Where it lies until it is complete.
    pub(crate) fn part(&self) -> PathBuf {
        self.folder.join(PARTS).join(format!("{}-{}", self.name, self.file))
    }

    /// The file, checked: downloaded as [`Self::part`], or where a mirror has it.
    pub(crate) fn bring(&self) -> Result<PathBuf, FetchError> {
        let part = self.part();
        let had_a_part = part.is_file();
        let bring = || self.source.bring_file(self.file, self.addresses, &part, self.progress);
        let path = bring()?;
        match self.check(&path) {
            Ok(()) => Ok(path),
            Err(error) if path == part => {
                fs::remove_file(&part).map_err(FetchError::file("remove", &part))?;
                if !had_a_part {
                    return Err(error);
                }
                // The part may have been of another file.
                let path = bring()?;
                self.check(&path).map(|()| path)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the part: what it held is in place, or is not worth continuing.
    pub(crate) fn discard(&self) {
        // A part that stays costs only space.
        let _ = fs::remove_file(self.part());
    }

    /// Keeps the hash of a file that turned out to be what it should, if nobody published one.
    pub(crate) fn pin(&self, path: &Path) -> Result<(), FetchError> {
        let pin = self.pin_file();
        if self.sha256.is_some() || pin.is_file() {
            return Ok(());
        }
        let line = format!("{}  {}\n", hash(path)?, self.file);
        fs::write(&pin, line).map_err(FetchError::file("write", &pin))
    }

    fn pin_file(&self) -> PathBuf {
        self.folder.join(PINS).join(format!("{}.sha256", self.name))
    }

    /// Whether a file is the published one, or else the one that came the first time.
    fn check(&self, path: &Path) -> Result<(), FetchError> {
        let found = hash(path)?;
        if let Some(expected) = self.sha256 {
            return archive::check(self.file, found, expected);
        }
        let pin = self.pin_file();
        let pinned = fs::read_to_string(&pin).unwrap_or_default();
        match pinned.split_whitespace().next() {
            Some(expected) if expected != found => Err(FetchError::Repinned {
                file: self.file.to_owned(),
                found,
                expected: expected.to_owned(),
                pin,
            }),
            _ => Ok(()),
        }
    }
}

/// SHA-256 of a file in hexadecimal digits.
pub(crate) fn hash(path: &Path) -> Result<String, FetchError> {
    let mut file = File::open(path).map_err(FetchError::file("open", path))?;
    archive::sha256(&mut file).map_err(FetchError::file("read", path))
}
