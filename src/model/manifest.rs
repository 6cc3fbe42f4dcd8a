//! Manifests: many models described in one `manifest.toml`, such as the
//! embedded family's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::installation;
use crate::model::embedded_files;
use crate::record::description::Description;

/// The schema of manifests that this program reads.
pub(crate) const SCHEMA: u32 = 1;
/// File name of a manifest.
pub(crate) const FILE_NAME: &str = "manifest.toml";

/// A manifest and the folder that its paths are relative to.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    schema: u32,
    /// The models' common facts.
    pub family: Option<ManifestFamily>,
    /// The models.
    #[serde(default, rename = "model")]
    pub models: Vec<ManifestEntry>,
    /// The manifest's folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What the models of a manifest share.
#[derive(Debug, Clone, Deserialize)]
pub struct ManifestFamily {
    /// The family's name.
    pub name: String,
    /// Labelled images to score it on, relative to the manifest.
    pub dataset: Option<PathBuf>,
    /// Names of the models that represent the family by default: its smallest and largest members
    /// in the usual formats.
    #[serde(default)]
    pub representative: Vec<String>,
    /// Names of those that are also run on all cores by default. To the smaller ones, handing part
    /// of their microseconds to another core costs as much as it saves.
    #[serde(default)]
    pub on_all_cores: Vec<String>,
}

/// One model of a manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct ManifestEntry {
    /// The name that the command line takes for it.
    pub name: String,
    /// The file, relative to the manifest.
    pub file: PathBuf,
    /// What is written about it.
    #[serde(flatten)]
    pub description: Description,
}

impl Manifest {
    /// Parses the text of a manifest in `folder`.
    ///
    /// # Errors
    /// Invalid TOML, or a schema that this program does not know.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut manifest: Self = toml::from_str(text)?;
        ensure!(
            manifest.schema == SCHEMA,
            "its schema is {}, but this program reads schema {SCHEMA}; use a newer shutterbench",
            manifest.schema
        );
        manifest.folder = folder.to_owned();
        for entry in &mut manifest.models {
            entry.description.labels =
                entry.description.labels.take().map(|path| folder.join(path));
        }
        Ok(manifest)
    }

    /// Reads `folder/manifest.toml`; `None` if there is none.
    ///
    /// # Errors
    /// A manifest that cannot be read or parsed.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)
            .with_context(|| format!("could not read manifest {}", path.display()))?;
        Self::parse(&text, folder)
            .map(Some)
            .with_context(|| format!("manifest {} cannot be used", path.display()))
    }

    /// Reads `folder/manifest.toml` if it is one of ours: other programs use this file name too.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(crate) fn read_own(folder: &Path) -> Result<Option<Self>> {
        let is_own = fs::read_to_string(folder.join(FILE_NAME))
            .ok()
            .and_then(|text| toml::from_str::<toml::Table>(&text).ok())
            .is_some_and(|table| {
                table.contains_key("schema")
                    && table.get("model").is_some_and(toml::Value::is_array)
            });
        if is_own { Self::read(folder) } else { Ok(None) }
    }

    /// The embedded family: in the folder that `SHUTTERBENCH_MODELS` names, in `models` beside the
    /// program or above it, or in the program itself.
    ///
    /// # Errors
    /// None of the folders holds a manifest, or the manifest is invalid.
    pub(crate) fn embedded() -> Result<Self> {
        let named = env::var_os("SHUTTERBENCH_MODELS").map(PathBuf::from);
        if let Some(folder) = &named
            && let Some(manifest) = Self::read(folder)?
        {
            return Ok(manifest);
        }
        // Above an installed program there may be anybody's `models`.
        let beside = installation::data_folders("models");
        for folder in &beside {
            if let Some(manifest) = Self::read_own(folder)?.filter(|it| it.family.is_some()) {
                return Ok(manifest);
            }
        }
        if let Some(folder) = embedded_files::unpacked()?
            && let Some(manifest) = Self::read(&folder)?
        {
            return Ok(manifest);
        }
        let folders = named.iter().chain(&beside);
        anyhow::bail!(
            "the embedded models were not found in {}; set SHUTTERBENCH_MODELS to their folder, or name models with --model",
            folders.map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
        )
    }

    /// The file of an entry.
    #[must_use]
    pub fn path(&self, entry: &ManifestEntry) -> PathBuf {
        self.folder.join(&entry.file)
    }
}
