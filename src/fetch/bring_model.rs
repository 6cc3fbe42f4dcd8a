//! Bringing a model that somebody hosts: downloaded, continued where it was cut, checked, taken
//! out of its archive, and put into a folder with its labels and description.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fetch::archive;
use crate::fetch::fetch_error::FetchError;
use crate::fetch::hosted_model::{HostedFile, HostedModel};
use crate::fetch::model_archive;
use crate::fetch::package_source::{PackageSource, ScratchFolder};
use crate::file_hash;
use crate::model::{fetched, select};
use crate::record::description::Description;

/// Holds downloads that are not complete, beside the models.
const PARTS: &str = ".parts";
/// Holds the SHA-256 of files for which nobody published one.
const PINS: &str = ".pins";

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
    for part in [PARTS, PINS] {
        let path = folder.join(part);
        fs::create_dir_all(&path).map_err(FetchError::file("create the folder", &path))?;
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
        let part =
            self.folder.join(PARTS).join(format!("{}-{}", self.model.name, self.model.file()));
        let path = self.download(&part)?;
        let scratch = ScratchFolder::inside(self.folder)
            .map_err(FetchError::file("write into", self.folder))?;
        let laid_out = self.lay_out(&path, scratch.path());
        if laid_out.is_err() && path == part {
            // Whatever it is, it is not worth continuing.
            let _ = fs::remove_file(&part);
        }
        let (file, sha256) = laid_out?;
        self.pin(&path)?;
        let target = self.folder.join(&self.model.name);
        if target.exists() {
            fs::remove_dir_all(&target).map_err(FetchError::file("replace", &target))?;
        }
        fs::rename(scratch.path(), &target).map_err(FetchError::file("write", &target))?;
        // A part that stays costs only space.
        let _ = fs::remove_file(&part);
        let outcome = match self.model.sha256 {
            Some(_) => ModelOutcome::Verified,
            None => ModelOutcome::Pinned,
        };
        Ok(self.brought(target.join(file), sha256, outcome))
    }

    /// The model's file, checked: downloaded to `part`, or where a mirror has it.
    fn download(&self, part: &Path) -> Result<PathBuf, FetchError> {
        let (name, addresses) = (self.model.file(), &self.model.addresses);
        let had_a_part = part.is_file();
        let bring = || self.source.bring_file(name, addresses, part, self.progress);
        let path = bring()?;
        match self.check(&path) {
            Ok(()) => Ok(path),
            Err(error) if path == part => {
                fs::remove_file(part).map_err(FetchError::file("remove", part))?;
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

    fn pin_file(&self) -> PathBuf {
        self.folder.join(PINS).join(format!("{}.sha256", self.model.name))
    }

    /// Keeps the hash of a file that turned out to be a model, if nobody published one.
    fn pin(&self, path: &Path) -> Result<(), FetchError> {
        let pin = self.pin_file();
        if self.model.sha256.is_some() || pin.is_file() {
            return Ok(());
        }
        let line = format!("{}  {}\n", hash(path)?, self.model.file());
        fs::write(&pin, line).map_err(FetchError::file("write", &pin))
    }

    /// Whether a file is the published one, or else the one that came the first time.
    fn check(&self, path: &Path) -> Result<(), FetchError> {
        let file = self.model.file();
        let found = hash(path)?;
        if let Some(expected) = &self.model.sha256 {
            return archive::check(file, found, expected);
        }
        let pin = self.pin_file();
        let pinned = fs::read_to_string(&pin).unwrap_or_default();
        match pinned.split_whitespace().next() {
            Some(expected) if expected != found => Err(FetchError::Repinned {
                file: file.to_owned(),
                found,
                expected: expected.to_owned(),
                pin,
            }),
            _ => Ok(()),
        }
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

fn hash(path: &Path) -> Result<String, FetchError> {
    let mut file = File::open(path).map_err(FetchError::file("open", path))?;
    archive::sha256(&mut file).map_err(FetchError::file("read", path))
}
