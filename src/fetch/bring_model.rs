//! Bringing a model that somebody hosts: downloaded, continued where it was cut, checked, taken
//! out of its archive, and put into a folder with its labels and description.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fetch::archive;
use crate::fetch::checked_download::{CheckedDownload, hash};
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_model::{HostedFile, HostedModel};
use crate::fetch::model_archive;
use crate::fetch::package_source::{PackageSource, ScratchFolder};
use crate::file_hash;
use crate::model::{fetched, select};
use crate::record::description::Description;

/// A model that is in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BroughtModel {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its file's SHA-256.
    pub sha256: String,
    /// Its licence.
    pub licence: String,
    /// What was done.
    pub outcome: ModelOutcome,
}

/// What was done for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelOutcome {
    /// It was fetched, and what came has the SHA-256 that is published.
    Verified,
    /// It was fetched; nobody published its SHA-256, so later downloads must have this one's.
    Pinned,
    /// It was there, unchanged.
    AlreadyThere,
}

/// Fetches a model into a folder of its name in `folder`. `progress` is told how many bytes of
/// its file are there.
///
/// # Errors
/// [`FetchError`]; nothing is in place then. What was downloaded before a connection broke is
/// kept and continued the next time.
pub fn bring(
    model: &HostedModel,
    folder: &Path,
    source: &PackageSource,
    progress: &dyn Fn(u64),
) -> Result<BroughtModel, FetchError> {
    let request = ModelRequest { model, folder, source, progress };
    if let Some(brought) = request.in_place() {
        return Ok(brought);
    }
    request.fulfil()
}

struct ModelRequest<'a> {
    model: &'a HostedModel,
    folder: &'a Path,
    source: &'a PackageSource,
    progress: &'a dyn Fn(u64),
}

impl ModelRequest<'_> {
    /// The model, if it is there and is what its description says.
    fn in_place(&self) -> Option<BroughtModel> {
        let path = fetched::file(self.folder, &self.model.name)?;
        let text = fs::read_to_string(path.with_extension("toml")).ok()?;
        let stated = toml::from_str::<Description>(&text).ok()?.sha256?;
        let found = file_hash::of(&path).filter(|found| *found == stated)?;
        Some(self.brought(path, found, ModelOutcome::AlreadyThere))
    }

    fn brought(&self, path: PathBuf, sha256: String, outcome: ModelOutcome) -> BroughtModel {
        let (name, licence) = (self.model.name.clone(), self.model.licence.clone());
        BroughtModel { name, path, sha256, licence, outcome }
    }

    fn fulfil(&self) -> Result<BroughtModel, FetchError> {
        let download = CheckedDownload {
            name: &self.model.name,
            file: self.model.file(),
            addresses: &self.model.addresses,
            sha256: self.model.sha256.as_deref(),
            folder: self.folder,
            source: self.source,
            progress: self.progress,
        };
        download.prepare()?;
        let path = download.bring()?;
        let scratch = ScratchFolder::inside(self.folder)
            .map_err(FetchError::file("write into", self.folder))?;
        let laid_out = self.lay_out(&path, scratch.path());
        if laid_out.is_err() {
            download.discard();
        }
        let (file, sha256) = laid_out?;
        download.pin(&path)?;
        let target = self.folder.join(&self.model.name);
        if target.exists() {
            fs::remove_dir_all(&target).map_err(FetchError::file("replace", &target))?;
        }
        fs::rename(scratch.path(), &target).map_err(FetchError::file("write", &target))?;
        download.discard();
        let outcome = match self.model.sha256 {
            Some(_) => ModelOutcome::Verified,
            None => ModelOutcome::Pinned,
        };
        Ok(self.brought(target.join(file), sha256, outcome))
    }

    /// The model, its labels and its description in `to`; the name and SHA-256 of its file.
    fn lay_out(&self, from: &Path, to: &Path) -> Result<(String, String), FetchError> {
        let unpacked = to.join("model");
        let ending = model_archive::extract(from, self.model.file(), &unpacked)?;
        let file = format!("{}.{ending}", self.model.name);
        let path = to.join(&file);
        fs::rename(&unpacked, &path).map_err(FetchError::file("write", &path))?;
        let sha256 = hash(&path)?;
        let mut description = self.model.description.clone();
        description.sha256 = Some(sha256.clone());
        if let Some(labels) = &self.model.labels {
            self.bring_labels(labels, to)?;
            description.labels = Some(labels.file.clone().into());
        }
        let text = toml::to_string(&description)
            .map_err(|error| FetchError::Manifest(error.to_string()))?;
        let sidecar = path.with_extension("toml");
        fs::write(&sidecar, text).map_err(FetchError::file("write", &sidecar))?;
        select::open(&path).map_err(|error| FetchError::NotAModel {
            name: self.model.name.clone(),
            reason: error.root_cause().to_string(),
        })?;
        Ok((file, sha256))
    }

    fn bring_labels(&self, labels: &HostedFile, to: &Path) -> Result<(), FetchError> {
        let path = to.join(&labels.file);
        let addresses = std::slice::from_ref(&labels.address);
        let found = self.source.bring_file(&labels.file, addresses, &path, &|_| {})?;
        archive::check(&labels.file, hash(&found)?, &labels.sha256)?;
        if found != path {
            fs::copy(&found, &path).map_err(FetchError::file("write", &path))?;
        }
        Ok(())
    }
}
