//! The images inside an archive. An archive does not choose where its content goes: only files at
//! the places that the layout names are taken, each part of their names must be plain, and links
//! are never followed or made.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use crate::dataset::ilsvrc2012;
use crate::fetch::cifar10;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_dataset::{DatasetLayout, HostedDataset};

/// Largest image, or batch of images, that is unpacked.
const MOST_BYTES: u64 = 64 << 20;
/// Most entries that are looked at: the largest archive has 50,000.
const MOST_ENTRIES: usize = 200_000;
/// How much more than its own size an archive may unpack to: photos hardly shrink.
const MOST_GROWTH: u64 = 64;
/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The endings of photos' names in the archives.
const ENDINGS: [&str; 3] = [".jpeg", ".jpg", ".png"];

/// Unpacks the dataset's images from the archive at `from` into the folder `to`, with their
/// labels. `told` learns how many are there. Returns their number.
///
/// # Errors
/// A damaged archive, one without such images, or a file that cannot be written.
pub(crate) fn unpack(
    from: &Path,
    dataset: &HostedDataset,
    to: &Path,
    told: &dyn Fn(usize),
) -> Result<usize, FetchError> {
    let broken = |reason: String| FetchError::Archive { file: dataset.file.clone(), reason };
    let mut images = ArchivedImages { dataset, to, told, count: 0, batch: None, names: None };
    let mut archive = tar::Archive::new(open(from)?);
    let entries = archive.entries().map_err(|error| broken(error.to_string()))?;
    for (index, entry) in entries.enumerate() {
        if index == MOST_ENTRIES {
            return Err(broken(format!("it has more than {MOST_ENTRIES} entries")));
        }
        let mut entry = entry.map_err(|error| broken(error.to_string()))?;
        let kind = entry.header().entry_type();
        if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        images.offer(name.strip_prefix("./").unwrap_or(&name), &mut entry)?;
    }
    images.finish()
}

/// The archive's bytes, unpacked if they are packed.
fn open(from: &Path) -> Result<Box<dyn Read>, FetchError> {
    let mut file = File::open(from).map_err(FetchError::file("open", from))?;
    let bytes = file.metadata().map_err(FetchError::file("read", from))?.len();
    let mut head = [0; GZIP.len()];
    let is_packed = file.read_exact(&mut head).is_ok() && head == GZIP;
    file.rewind().map_err(FetchError::file("read", from))?;
    if !is_packed {
        return Ok(Box::new(io::BufReader::new(file)));
    }
    let most = bytes.saturating_mul(MOST_GROWTH).saturating_add(MOST_BYTES);
    Ok(Box::new(MultiGzDecoder::new(io::BufReader::new(file)).take(most)))
}

struct ArchivedImages<'a> {
    dataset: &'a HostedDataset,
    to: &'a Path,
    told: &'a dyn Fn(usize),
    count: usize,
    /// CIFAR-10's images, and the names of its classes.
    batch: Option<Vec<u8>>,
    names: Option<String>,
}

impl ArchivedImages<'_> {
    fn broken(&self, reason: String) -> FetchError {
        FetchError::Archive { file: self.dataset.file.clone(), reason }
    }

    /// Takes a file of the archive if it belongs to the dataset.
    fn offer(&mut self, name: &str, content: &mut impl Read) -> Result<(), FetchError> {
        match self.dataset.layout {
            DatasetLayout::Cifar10 if name == cifar10::BATCH => {
                self.batch = Some(self.read(name, content)?);
            }
            DatasetLayout::Cifar10 if name == cifar10::NAMES => {
                let text = self.read(name, content)?;
                self.names = Some(String::from_utf8_lossy(&text).into_owned());
            }
            _ => {
                let Some(place) = place(name, self.dataset) else { return Ok(()) };
                let bytes = self.read(name, content)?;
                self.write(&place, &bytes)?;
                self.count += 1;
                (self.told)(self.count);
            }
        }
        Ok(())
    }

    fn read(&self, name: &str, content: &mut impl Read) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        let read = content.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.broken(format!("{name}: {error}")))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(self.broken(format!("{name} is larger than {MOST_BYTES} bytes")));
        }
        Ok(bytes)
    }

    fn write(&self, place: &Path, bytes: &[u8]) -> Result<(), FetchError> {
        let path = self.to.join(place);
        if path.exists() {
            return Err(self.broken(format!("it holds {} twice", place.display())));
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(FetchError::file("write", folder))?;
        }
        fs::write(&path, bytes).map_err(FetchError::file("write", &path))
    }

    /// Writes what is made from the whole archive.
    fn finish(self) -> Result<usize, FetchError> {
        let count = match (self.dataset.layout, &self.batch, &self.names) {
            (DatasetLayout::Cifar10, Some(batch), Some(names)) => {
                let broken = |reason| self.broken(reason);
                cifar10::write(batch, names, self.to, broken, self.told)?
            }
            _ => self.count,
        };
        if count == 0 {
            return Err(self.broken(format!("it holds no image of {}", self.dataset.name)));
        }
        if self.dataset.layout == DatasetLayout::Ilsvrc2012 {
            let path = self.to.join(ilsvrc2012::GROUND_TRUTH_FILE);
            fs::write(&path, ilsvrc2012::GROUND_TRUTH).map_err(FetchError::file("write", &path))?;
        }
        Ok(count)
    }
}

/// Where a file of the archive belongs in the dataset's folder; `None` if it does not.
fn place(name: &str, dataset: &HostedDataset) -> Option<PathBuf> {
    match dataset.layout {
        DatasetLayout::Cifar10 => None,
        DatasetLayout::Ilsvrc2012 => {
            let file = name.rsplit('/').next()?;
            ilsvrc2012::is_validation_photo(file).then(|| file.into())
        }
        DatasetLayout::ClassFolders => {
            let below = name.strip_prefix(dataset.within.as_deref()?)?.strip_prefix('/')?;
            let (class, file) = below.split_once('/')?;
            let lower = file.to_lowercase();
            let is_image = ENDINGS.iter().any(|ending| lower.ends_with(ending));
            (is_image && is_plain(class) && is_plain(file)).then(|| Path::new(class).join(file))
        }
    }
}

/// Whether a part of a name leads nowhere else and hides nothing.
fn is_plain(part: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    part.len() <= 255 && part.chars().all(is_fine) && !part.is_empty() && !part.starts_with('.')
}

#[cfg(test)]
#[path = "dataset_archive_tests.rs"]
mod tests;
