//! A labelled set of images on disk.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::container::Container;
use crate::dataset::file_name;
use crate::image::decode;
use crate::record::header::DatasetFacts;
use crate::record::options::Exif;
use crate::record::shard::Shard;

/// One labelled image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledImage {
    /// Its name within the dataset, as [`file_name::shown`] writes it.
    pub file: String,
    /// Index of its class.
    pub class: u32,
    /// Further classes that are right for it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<u32>,
    /// Size of its file in bytes, or what stands for it in a file of many images; absent
    /// until they are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl LabelledImage {
    /// An image of one class.
    #[must_use]
    pub(crate) const fn new(file: String, class: u32) -> Self {
        Self { file, class, also: Vec::new(), bytes: None }
    }
}

/// What a class index of the dataset means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassOrder {
    /// The indices were given and count a model's classes.
    Given,
    /// The indices are ILSVRC2012's, 0..1000 by WordNet id.
    Ilsvrc2012,
    /// The indices only number the names found; the model's labels decide its own.
    ByName,
    /// The indices are whole numbers used as names: a model's own indices if it has enough outputs,
    /// otherwise numbers that are counted in order.
    Numbers,
}

/// The classes of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes {
    /// What an index means.
    pub order: ClassOrder,
    /// Name by class index, if known.
    pub names: Vec<Option<String>>,
    /// Those that images have, in their order; a sample of the images keeps them.
    #[serde(default)]
    pub used: Vec<u32>,
}

impl Classes {
    /// Classes of which it is not yet known which are used.
    pub(crate) const fn new(order: ClassOrder, names: Vec<Option<String>>) -> Self {
        Self { order, names, used: Vec::new() }
    }

    /// The name of a class.
    #[must_use]
    pub(crate) fn name(&self, class: u32) -> Option<&str> {
        self.names.get(class as usize)?.as_deref()
    }
}

/// Where images are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// In files that have their names.
    Files,
    /// In files named by [`file_name::hashed`], as a device has them.
    Hashed,
    /// In files of many images.
    Inside(Arc<Container>),
}

/// A labelled set of images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its folder.
    pub root: PathBuf,
    /// Its images, in its order.
    pub entries: Vec<LabelledImage>,
    /// Its classes.
    pub classes: Classes,
    /// What looked like a part of it and could not be read while it was
    /// listed: file and reason.
    pub unreadable: Vec<(String, String)>,
    /// What else is in its folder but not part of it, one sentence per kind.
    pub left_out: Vec<String>,
    /// What was assumed when it was read, one sentence each.
    pub assumed: Vec<String>,
    pub(crate) store: Store,
    /// Width and height of its images, where all that were looked at have the same; absent
    /// until somebody asks.
    pub(crate) same_size: OnceLock<Option<(usize, usize)>>,
    /// The part of the images that is scored; absent: all of them.
    pub shard: Option<Shard>,
    /// Whether its images are turned upright.
    pub exif: Exif,
}

impl Dataset {
    /// A set of images in the folder `root`.
    #[must_use]
    pub(crate) const fn new(root: PathBuf, entries: Vec<LabelledImage>, classes: Classes) -> Self {
        Self {
            root,
            entries,
            classes,
            unreadable: Vec::new(),
            left_out: Vec::new(),
            assumed: Vec::new(),
            store: Store::Files,
            same_size: OnceLock::new(),
            shard: None,
            exif: Exif::Ignore,
        }
    }

    /// Positions of the images that are scored.
    #[must_use]
    pub(crate) fn scored(&self) -> Range<usize> {
        let images = self.entries.len();
        self.shard.map_or(0..images, |shard| shard.of(images))
    }

    /// Number of classes that the labels use or name.
    #[must_use]
    pub(crate) fn class_count(&self) -> usize {
        let used = self.entries.iter().map(|entry| entry.class as usize + 1).max().unwrap_or(0);
        used.max(self.classes.names.len())
    }

    /// Whether its images are in files of many.
    #[must_use]
    pub(crate) const fn is_contained(&self) -> bool {
        matches!(self.store, Store::Inside(_))
    }

    /// The bytes of an image.
    ///
    /// # Errors
    /// Part of a sentence that begins with the file: unreadable, empty, too large.
    pub fn load(&self, entry: &LabelledImage) -> Result<Vec<u8>> {
        match &self.store {
            Store::Inside(container) => container.read(&entry.file),
            Store::Files | Store::Hashed => decode::load(&self.path(entry)),
        }
    }

    /// The digest of an image of these bytes: SHA-256 of its name, a zero byte, its classes
    /// in decimal with commas between them, a zero byte, and the bytes.
    #[must_use]
    pub(crate) fn digest(entry: &LabelledImage, bytes: &[u8]) -> [u8; 32] {
        let classes = std::iter::once(&entry.class).chain(&entry.also);
        let classes = classes.map(u32::to_string).collect::<Vec<_>>().join(",");
        let parts = [entry.file.as_bytes(), b"\0", classes.as_bytes(), b"\0", bytes];
        parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
    }

    /// Asks the system to read an image before it is needed.
    pub(crate) fn read_ahead(&self, entry: &LabelledImage) {
        if !self.is_contained() {
            decode::read_ahead(&self.path(entry));
        }
    }

    /// Asks for the sizes of all images, once; of one inside a Parquet file that of the file
    /// stands for it.
    pub(crate) fn measure(&mut self) {
        let bytes: Vec<u64> = self.entries.iter().map(|entry| self.bytes_of(entry)).collect();
        for (entry, bytes) in self.entries.iter_mut().zip(bytes) {
            entry.bytes = Some(bytes);
        }
    }

    fn bytes_of(&self, entry: &LabelledImage) -> u64 {
        entry.bytes.unwrap_or_else(|| match &self.store {
            Store::Inside(container) => container.bytes_of(&entry.file),
            Store::Files | Store::Hashed => {
                fs::metadata(self.path(entry)).map_or(0, |facts| facts.len())
            }
        })
    }

    /// The path of an image's file.
    #[must_use]
    pub fn path(&self, entry: &LabelledImage) -> PathBuf {
        self.root.join(match self.store {
            Store::Hashed => file_name::hashed(&entry.file).into(),
            Store::Files | Store::Inside(_) => file_name::path(&entry.file),
        })
    }

    /// The position after `image`, where interrupted scoring continues; without one, the first that
    /// is scored.
    #[must_use]
    pub(crate) fn position_after(&self, image: Option<&str>) -> usize {
        let last = self.entries.iter().position(|entry| Some(entry.file.as_str()) == image);
        last.map_or(self.scored().start, |at| at + 1)
    }

    /// SHA-256 over the sorted list of files, their sizes and classes, in hexadecimal digits.
    #[must_use]
    pub(crate) fn listing_sha256(&self) -> String {
        let mut lines: Vec<String> = self
            .entries
            .iter()
            .map(|entry| {
                let bytes = self.bytes_of(entry);
                format!("{}\t{bytes}\t{}\n", entry.file, entry.class)
            })
            .collect();
        lines.sort_unstable();
        let mut hash = Sha256::new();
        for line in &lines {
            hash.update(line);
        }
        format!("{:x}", hash.finalize())
    }

    /// What `run.json` keeps of it.
    #[must_use]
    pub fn facts(&self) -> DatasetFacts {
        DatasetFacts {
            path: self.root.clone(),
            images: self.scored().len(),
            classes: self.class_count(),
            listing_sha256: self.listing_sha256(),
            image_size: self.image_size(),
            unreadable: self.unreadable.clone(),
            left_out: self.left_out.clone(),
        }
    }
}
