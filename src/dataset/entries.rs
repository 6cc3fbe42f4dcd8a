//! A labelled set of images on disk.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::header::DatasetFacts;
use crate::record::shard::Shard;

/// File extensions that count as images.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "png", "bmp", "webp"];

/// One labelled image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Path within the dataset's folder, with `/`.
    pub file: String,
    /// Index of its class.
    pub class: u32,
}

/// What a class index of the dataset stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The indices were given and count a model's classes.
    Given,
    /// The indices are ILSVRC2012's, 0..1000 by WordNet id.
    Ilsvrc2012,
    /// The indices only number the names found; a model's labels tell its own.
    ByName,
}

/// The classes of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    /// What an index stands for.
    pub order: Order,
    /// Name by class index, where it is known.
    pub names: Vec<Option<String>>,
    /// Those that images have, in their order; a sample of the images keeps them.
    #[serde(default)]
    pub used: Vec<u32>,
}

impl Classes {
    /// Classes of which it is not yet known which are used.
    pub(crate) const fn new(order: Order, names: Vec<Option<String>>) -> Self {
        Self { order, names, used: Vec::new() }
    }

    /// The name of a class.
    #[must_use]
    pub fn name(&self, class: u32) -> Option<&str> {
        self.names.get(class as usize)?.as_deref()
    }
}

/// A labelled set of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its folder.
    pub root: PathBuf,
    /// Its images, in its order.
    pub entries: Vec<Entry>,
    /// Its classes.
    pub classes: Classes,
    /// What looked like a part of it and could not be read while it was
    /// listed: file and reason.
    pub unreadable: Vec<(String, String)>,
    /// The part of the images that is scored; absent: all of them.
    pub shard: Option<Shard>,
}

impl Dataset {
    /// Positions of the images that are scored.
    #[must_use]
    pub fn scored(&self) -> Range<usize> {
        let images = self.entries.len();
        self.shard.map_or(0..images, |shard| shard.of(images))
    }

    /// Number of classes that the labels use or name.
    #[must_use]
    pub fn class_count(&self) -> usize {
        let used = self.entries.iter().map(|entry| entry.class as usize + 1).max().unwrap_or(0);
        used.max(self.classes.names.len())
    }

    /// Where an image's file lies.
    #[must_use]
    pub fn path(&self, entry: &Entry) -> PathBuf {
        self.root.join(&entry.file)
    }

    /// The position after `image`, from where an interrupted scoring goes on;
    /// without one the first that is scored.
    #[must_use]
    pub fn position_after(&self, image: Option<&str>) -> usize {
        let last = self.entries.iter().position(|entry| Some(entry.file.as_str()) == image);
        last.map_or(self.scored().start, |at| at + 1)
    }

    /// What `run.json` keeps of it. The hash covers the sorted list of files,
    /// their sizes and classes.
    #[must_use]
    pub fn facts(&self) -> DatasetFacts {
        let mut lines: Vec<String> = self
            .entries
            .iter()
            .map(|entry| {
                let bytes = fs::metadata(self.path(entry)).map_or(0, |facts| facts.len());
                format!("{}\t{bytes}\t{}\n", entry.file, entry.class)
            })
            .collect();
        lines.sort_unstable();
        let mut hash = Sha256::new();
        for line in &lines {
            hash.update(line);
        }
        DatasetFacts {
            path: self.root.clone(),
            images: self.scored().len(),
            classes: self.class_count(),
            sha256: format!("{:x}", hash.finalize()),
            unreadable: self.unreadable.clone(),
        }
    }
}

/// Whether a file's name ends like an image's.
pub(crate) fn is_image(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// A text file's lines, without a byte order mark.
pub(crate) fn lines_of(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read {} as UTF-8 text", path.display()))?;
    Ok(text.trim_start_matches('\u{feff}').lines().map(|line| line.trim().to_owned()).collect())
}
