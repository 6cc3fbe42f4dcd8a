//! Which kind of dataset a folder is.

use crate::dataset::entries::Dataset;
use crate::dataset::{folders, ilsvrc2012, labels_csv, listing};
use anyhow::{Result, bail, ensure};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

impl Dataset {
    /// Opens a folder with a listing of ours, a `labels.csv`, ILSVRC2012's images with their
    /// ground-truth file, or one sub-folder a class.
    ///
    /// # Errors
    /// One sentence where it is none of these, or its labels cannot be used.
    pub fn open(root: &Path) -> Result<Self> {
        ensure!(root.is_dir(), "dataset {} is no folder; give a folder of images", root.display());
        let csv = root.join("labels.csv");
        let mut found = if root.join(listing::FILE_NAME).is_file() {
            listing::open(root)?
        } else if csv.is_file() {
            labels_csv::open(root, &csv)?
        } else if let Some(truth) = ilsvrc2012::ground_truth_file(root)? {
            ilsvrc2012::open(root, &truth)?
        } else if let Some(found) = folders::open(root)? {
            found
        } else {
            bail!(
                "dataset {} has no labels: it holds neither labels.csv (columns file, class_index), nor sub-folders named by class, nor ILSVRC2012's ground-truth file",
                root.display()
            );
        };
        ensure!(!found.entries.is_empty(), "dataset {} labels no image", root.display());
        let mut seen = HashSet::new();
        for entry in &found.entries {
            ensure!(
                seen.insert(entry.file.as_str()),
                "dataset {} labels {} twice; keep one line of it",
                root.display(),
                entry.file
            );
        }
        if found.classes.used.is_empty() {
            let used: BTreeSet<u32> = found.entries.iter().map(|entry| entry.class).collect();
            found.classes.used = used.into_iter().collect();
        }
        Ok(found)
    }
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
