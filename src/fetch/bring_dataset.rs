//! Bringing a dataset: its archive downloaded, or given by the user; checked, unpacked into a folder
//! of its name, and opened once as a dataset, so that what is in place can be used.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::dataset::entries::Dataset;
use crate::dataset::fetched_datasets;
use crate::fetch::checked_download::{CheckedDownload, hash};
use crate::fetch::dataset_archive;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_dataset::HostedDataset;
use crate::fetch::package_source::{PackageSource, ScratchFolder};

/// Holds, for each dataset, what it was unpacked from.
const RECEIPTS: &str = ".receipts";

/// A dataset that is in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BroughtDataset {
    /// Its name.
    pub name: String,
    /// The folder with its images, for `--dataset`.
    pub path: PathBuf,
    /// How many images there are.
    pub images: usize,
    /// Its archive's SHA-256.
    pub sha256: String,
    /// Its licence.
    pub licence: String,
    /// What was done.
    pub outcome: DatasetOutcome,
}

/// What was done for a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetOutcome {
    /// It was unpacked from an archive that has the SHA-256 that is published.
    Verified,
    /// Nobody published the archive's SHA-256, so later downloads must have this one's.
    Pinned,
    /// It was unpacked from an archive of the user's own that is not the published one.
    OtherArchive,
    /// It was there, with all its images.
    AlreadyThere,
}

/// How far a dataset is.
#[derive(Debug, Clone, Copy)]
pub enum DatasetProgress {
    /// So many bytes of its archive are there.
    Downloaded(u64),
    /// Its archive is complete, and this many of its images are unpacked.
    Unpacked(usize),
}

/// What a dataset was unpacked from.
#[derive(Serialize, Deserialize)]
struct DatasetReceipt {
    /// The archive's SHA-256.
    archive: String,
    /// How many images it held.
    images: usize,
}

/// Fetches a dataset into a folder of its name in `folder`: from where it is hosted, or out of
/// `own`, an archive that the user has.
///
/// # Errors
/// [`FetchError`]; nothing is in place then. What was downloaded before a connection broke is
/// kept and continued the next time.
pub fn bring(
    dataset: &HostedDataset,
    own: Option<&Path>,
    folder: &Path,
    source: &PackageSource,
    progress: &dyn Fn(DatasetProgress),
) -> Result<BroughtDataset, FetchError> {
    let request = DatasetRequest { dataset, folder, progress };
    if let Some(brought) = request.in_place() {
        return Ok(brought);
    }
    match own {
        Some(archive) => request.unpack_own(archive),
        None => request.download(source),
    }
}

struct DatasetRequest<'a> {
    dataset: &'a HostedDataset,
    folder: &'a Path,
    progress: &'a dyn Fn(DatasetProgress),
}

impl DatasetRequest<'_> {
    /// The dataset, if as many images are there as were unpacked.
    fn in_place(&self) -> Option<BroughtDataset> {
        let path = fetched_datasets::images(self.folder, &self.dataset.name)?;
        let text = fs::read_to_string(self.receipt()).ok()?;
        let DatasetReceipt { archive, images } = serde_json::from_str(&text).ok()?;
        let files = WalkDir::new(path).into_iter().filter_map(Result::ok);
        let there = files.filter(|item| item.file_type().is_file() && !is_text(item.path()));
        let is_whole = there.count() == images;
        is_whole.then(|| self.brought(images, archive, DatasetOutcome::AlreadyThere))
    }

    fn brought(&self, images: usize, sha256: String, outcome: DatasetOutcome) -> BroughtDataset {
        let path = self.folder.join(&self.dataset.name);
        let (name, licence) = (self.dataset.name.clone(), self.dataset.licence.clone());
        BroughtDataset { name, path, images, sha256, licence, outcome }
    }

    fn receipt(&self) -> PathBuf {
        self.folder.join(RECEIPTS).join(format!("{}.json", self.dataset.name))
    }

    fn unpack_own(&self, archive: &Path) -> Result<BroughtDataset, FetchError> {
        let found = hash(archive)?;
        let is_published = self.dataset.sha256.as_ref() == Some(&found);
        // What its publisher gives out on request is passed on in other archives too, and its
        // photos are known by their names.
        if let (Some(expected), Some(address), false) =
            (&self.dataset.sha256, &self.dataset.address, is_published)
        {
            let wanted = &self.dataset.file;
            let what = format!("{} is not {wanted} of {address}: it", archive.display());
            return Err(FetchError::Hash { what, found, expected: expected.clone() });
        }
        let outcome =
            if is_published { DatasetOutcome::Verified } else { DatasetOutcome::OtherArchive };
        self.install(archive, found, outcome)
    }

    fn download(&self, source: &PackageSource) -> Result<BroughtDataset, FetchError> {
        if self.dataset.address.is_none() && !source.is_mirror() {
            let HostedDataset { name, file, .. } = self.dataset.clone();
            return Err(FetchError::OnRequest { name, file });
        }
        let addresses: Vec<String> = self.dataset.address.iter().cloned().collect();
        let download = CheckedDownload {
            name: &self.dataset.name,
            file: &self.dataset.file,
            addresses: &addresses,
            sha256: self.dataset.sha256.as_deref(),
            folder: self.folder,
            source,
            progress: &|bytes| (self.progress)(DatasetProgress::Downloaded(bytes)),
        };
        download.prepare()?;
        let path = download.bring()?;
        let outcome = match self.dataset.sha256 {
            Some(_) => DatasetOutcome::Verified,
            None => DatasetOutcome::Pinned,
        };
        let sha256 = self.dataset.sha256.clone().map_or_else(|| hash(&path), Ok)?;
        let installed = self.install(&path, sha256, outcome);
        match &installed {
            Ok(_) => download.pin(&path)?,
            // The archive is as it should be: what failed can be tried again without it.
            Err(FetchError::File { .. }) => return installed,
            Err(_) => {}
        }
        download.discard();
        installed
    }

    /// Puts the images of an archive in place: all of them, or nothing.
    fn install(
        &self,
        archive: &Path,
        sha256: String,
        outcome: DatasetOutcome,
    ) -> Result<BroughtDataset, FetchError> {
        let receipts = self.folder.join(RECEIPTS);
        fs::create_dir_all(&receipts).map_err(FetchError::file("create the folder", &receipts))?;
        let scratch = ScratchFolder::named(self.folder, &self.dataset.name)
            .map_err(FetchError::file("write into", self.folder))?;
        let told = |images| (self.progress)(DatasetProgress::Unpacked(images));
        let images = dataset_archive::unpack(archive, self.dataset, scratch.path(), &told)?;
        self.check(scratch.path(), images, outcome)?;
        let target = self.folder.join(&self.dataset.name);
        if target.exists() {
            fs::remove_dir_all(&target).map_err(FetchError::file("replace", &target))?;
        }
        fs::rename(scratch.path(), &target).map_err(FetchError::file("write", &target))?;
        let receipt = DatasetReceipt { archive: sha256.clone(), images };
        let text = serde_json::to_string(&receipt)
            .map_err(|error| FetchError::Manifest(error.to_string()))?;
        fs::write(self.receipt(), text).map_err(FetchError::file("write", self.receipt()))?;
        Ok(self.brought(images, sha256, outcome))
    }

    /// Whether what was unpacked is a dataset, and all of it.
    fn check(
        &self,
        folder: &Path,
        images: usize,
        outcome: DatasetOutcome,
    ) -> Result<(), FetchError> {
        let HostedDataset { file, images: expected, .. } = self.dataset;
        let broken = |reason: String| FetchError::Archive { file: file.clone(), reason };
        if images != *expected && outcome != DatasetOutcome::OtherArchive {
            return Err(broken(format!("it holds {images} images, expected {expected}")));
        }
        let opened = Dataset::open(folder).map_err(|error| broken(format!("{error:#}")))?;
        if opened.entries.len() != images {
            let labelled = opened.entries.len();
            return Err(broken(format!("{labelled} of its {images} images have a class")));
        }
        Ok(())
    }
}

/// Whether a file is the list of classes beside the images.
fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "txt")
}
