//! Folders that hold images and are no classes: the one split of a set, or `images/`.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::dataset::image_files::Files;
use crate::dataset::{detection, splits};

/// What folders are called for holding images, or what goes with them, of any class.
const NAMES: [&str; 18] = [
    "images",
    "image",
    "imgs",
    "img",
    "photos",
    "pictures",
    "jpegimages",
    "jpegs",
    "jpg",
    "png",
    "frames",
    "data",
    "raw",
    "unlabeled",
    "unlabelled",
    "masks",
    "labels",
    "annotations",
];

/// Whether no class is called so.
pub(crate) fn is_called(folder: &str) -> bool {
    splits::is_split(folder) || NAMES.iter().any(|known| folder.eq_ignore_ascii_case(known))
}

/// Refuses a folder all of whose images are in such folders.
pub(crate) fn check(root: &Path, files: &Files) -> Result<()> {
    let filled = files.filled();
    ensure!(
        filled.is_empty() || !filled.iter().all(|folder| is_called(folder)),
        "dataset {} has no classes: its images are in {}, not in one sub-folder per class, such as {}/CLASS, and no labels.csv (columns file, class_index) names them{}",
        root.display(),
        filled.join(", "),
        filled[0],
        detection::hint(root, files)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(images: &[&str]) -> Result<()> {
        let mut files = Files::default();
        files.images = images.iter().map(|name| (*name).to_owned()).collect();
        files.folders =
            files.images.iter().filter_map(|name| Some(name.split_once('/')?.0.into())).collect();
        files.folders.dedup();
        check(Path::new("mine"), &files)
    }

    #[test]
    fn a_split_alone_is_no_class() {
        for images in [&["val/1.jpg", "val/2.jpg"][..], &["Images/1.jpg"], &["val2017/1.jpg"]] {
            let error = of(images).unwrap_err().to_string();
            assert!(
                error.contains("sub-folder per class") && error.contains("labels.csv"),
                "{error}"
            );
        }
        assert!(of(&["cat/1.jpg"]).is_ok());
        assert!(of(&["bus/1.jpg", "train/1.jpg"]).is_ok());
        assert!(of(&["1.jpg"]).is_ok());
    }
}
