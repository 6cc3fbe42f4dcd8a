//! A folder of several splits, such as `train/` and `val/`, which is not a dataset itself.

use std::path::Path;

use anyhow::{Result, bail};

use crate::dataset::image_files::Files;

/// What splits are called, those for measuring first.
const NAMES: [&str; 13] = [
    "val",
    "valid",
    "validation",
    "validate",
    "test",
    "testing",
    "eval",
    "evaluation",
    "holdout",
    "dev",
    "train",
    "training",
    "trainval",
];

/// What may follow such a name.
const WITH: [&str; 7] = ["set", "data", "dataset", "images", "image", "imgs", "split"];

/// Whether a folder is called as a split is, with a year or a word such as `set` behind it or
/// without.
pub(crate) fn is_split(folder: &str) -> bool {
    rank(folder).is_some()
}

fn rank(folder: &str) -> Option<usize> {
    let name = folder.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_year = folder.len() - name.len() == 4;
    let mut words = if is_year { name } else { folder }.split(['_', '-', ' ']);
    let first = words.next()?.to_lowercase();
    let first = first.strip_suffix("set").unwrap_or(&first);
    let goes_with =
        |word: &str| word.is_empty() || WITH.iter().any(|it| word.eq_ignore_ascii_case(it));
    let place = NAMES.iter().position(|known| *known == first);
    place.filter(|_| words.all(goes_with))
}

/// Refuses a folder whose sub-folders are splits, and names the candidates. A class may be called
/// `train`: one split among classes is a class.
pub(crate) fn check(root: &Path, files: &Files) -> Result<()> {
    check_below(root, files)?;
    let filled = files.filled();
    let mut splits: Vec<(usize, &str)> =
        filled.iter().filter_map(|folder| Some((rank(folder)?, *folder))).collect();
    if splits.len() < 2 {
        splits = named_after(&filled);
    }
    if splits.len() < 2 {
        return Ok(());
    }
    splits.sort_by_key(|(rank, _)| *rank);
    let all: Vec<String> =
        splits.iter().map(|(_, split)| root.join(split).display().to_string()).collect();
    let (first, others) = all.split_at(1);
    bail!(
        "dataset {} holds splits, not classes; give one of them, {} (or {})",
        root.display(),
        first[0],
        others.join(", ")
    );
}

/// Refuses class folders that each hold splits (`cat/train`, `cat/val`): they would be mixed.
fn check_below(root: &Path, files: &Files) -> Result<()> {
    let below = |image: &'_ String| image.split('/').nth(1).map(str::to_owned);
    let is_deep = |image: &&String| image.matches('/').count() > 1;
    let mut splits: Vec<String> = files.images.iter().filter(is_deep).filter_map(below).collect();
    splits.sort();
    splits.dedup();
    if splits.len() < 2 || !splits.iter().all(|it| is_split(it)) {
        return Ok(());
    }
    splits.sort_by_key(|it| rank(it));
    bail!(
        "dataset {} holds several splits in its folders ({}), which would be mixed; give a folder that holds the classes of one of them, such as {}/CLASS",
        root.display(),
        splits.join(", "),
        splits[0]
    )
}

/// Splits that begin alike, as `seg_train` and `seg_test` do. Two kinds of `train` are classes.
fn named_after<'a>(folders: &[&'a str]) -> Vec<(usize, &'a str)> {
    let parted = |folder: &'a str| {
        let (start, last) = folder.rsplit_once(['_', '-', ' '])?;
        Some((start, rank(last)?, folder))
    };
    let all: Vec<(&str, usize, &str)> = folders.iter().filter_map(|it| parted(it)).collect();
    let Some((start, first, _)) = all.first() else { return Vec::new() };
    let alike = all.iter().all(|(other, ..)| other == start);
    let differ = all.iter().any(|(_, rank, _)| rank != first);
    let found = all.iter().map(|(_, rank, folder)| (*rank, *folder));
    if alike && differ { found.collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folders: &[&str], images: &[&str]) -> Result<()> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut files = Files::default();
        (files.folders, files.images) = (owned(folders), owned(images));
        check(Path::new("mine"), &files)
    }

    #[test]
    fn splits_are_named_with_their_paths() {
        let images = ["Train/cat/1.jpg", "val/cat/1.jpg", "test/1.jpg"];
        let error = of(&["Train", "docs", "test", "val"], &images).unwrap_err().to_string();
        assert!(
            error.ends_with("give one of them, mine/val (or mine/test, mine/Train)"),
            "{error}"
        );
        assert!(of(&["bus", "train"], &["bus/1.jpg", "train/1.jpg"]).is_ok());
        assert!(of(&["test", "cat"], &["cat/1.jpg"]).is_ok());
        assert!(of(&["train"], &["train/1.jpg"]).is_ok());
        let years = of(&["train2017", "val2017"], &["train2017/1.jpg", "val2017/1.jpg"]);
        assert!(years.unwrap_err().to_string().contains("give one of them, mine/val2017"));
        let sets = of(&["Train_set", "Test-Images"], &["Train_set/1.jpg", "Test-Images/1.jpg"]);
        assert!(sets.unwrap_err().to_string().contains("mine/Test-Images (or mine/Train_set)"));
        let alike = of(&["seg_train", "seg_test"], &["seg_train/a/1.jpg", "seg_test/a/1.jpg"]);
        assert!(alike.unwrap_err().to_string().contains("mine/seg_test (or mine/seg_train)"));
        let inner = ["cat/train/1.jpg", "cat/val/2.jpg", "dog/train/3.jpg"];
        let error = of(&["cat", "dog"], &inner).unwrap_err().to_string();
        assert!(error.contains("several splits in its folders (val, train)"), "{error}");
        assert!(of(&["cat"], &["cat/val/1.jpg", "cat/2.jpg"]).is_ok());
        assert!(of(&["cat"], &["cat/val/1.jpg", "cat/big/2.jpg"]).is_ok());
        let trains = ["night_train", "slow_train"];
        assert!(of(&trains, &["night_train/1.jpg", "slow_train/1.jpg"]).is_ok());
        assert!(of(&["test_tube", "dev_kit"], &["test_tube/1.jpg", "dev_kit/1.jpg"]).is_ok());
        assert!(of(&["test1", "test2"], &["test1/1.jpg", "test2/1.jpg"]).is_ok());
    }
}
