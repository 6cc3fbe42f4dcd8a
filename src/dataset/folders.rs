//! One sub-folder per class, named by its label, its index or its WordNet id.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Result, bail};

use crate::dataset::entries::{ClassOrder, Classes, Dataset, LabelledImage};
use crate::dataset::image_files::Files;
use crate::dataset::{ilsvrc2012, numbers, splits, unclassed};

/// The dataset in `root`, if its sub-folders hold images.
pub(crate) fn open(root: &Path, files: &Files) -> Result<Option<Dataset>> {
    splits::check(root, files)?;
    unclassed::check(root, files)?;
    let mut by_folder = BTreeMap::<&str, Vec<&str>>::new();
    let mut beside = Vec::new();
    for image in &files.images {
        match image.split_once('/') {
            Some((folder, _)) => by_folder.entry(folder).or_default().push(image),
            None => beside.push(image.as_str()),
        }
    }
    if by_folder.is_empty() {
        return Ok(None);
    }
    check_names(root, &by_folder)?;
    let (classes, indices) = classes(files, &by_folder);
    let entries = by_folder.iter().flat_map(|(folder, images)| {
        let class = indices.get(*folder).copied();
        images.iter().filter_map(move |image| Some(LabelledImage::new((*image).to_owned(), class?)))
    });
    let mut entries: Vec<LabelledImage> = entries.collect();
    if classes.order == ClassOrder::Numbers {
        entries.sort_by_key(|entry| entry.class);
    }
    let mut dataset = Dataset::new(root.to_owned(), entries, classes);
    if let Some(example) = beside.first() {
        dataset.left_out.push(format!(
            "{} beside the class folders, without a class ({example})",
            count(beside.len(), "image is left out", "images are left out"),
        ));
    }
    let empty = files.folders.iter().filter(|folder| !by_folder.contains_key(folder.as_str()));
    let empty: Vec<&str> = empty.map(String::as_str).collect();
    if let Some(example) = empty.first() {
        dataset.left_out.push(format!(
            "{} no image ({example})",
            count(empty.len(), "sub-folder holds", "sub-folders hold")
        ));
    }
    Ok(Some(dataset))
}

/// A count with its noun.
fn count(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The classes, and the index of each folder. One without images is a class too: by
/// name, it keeps its place in the order.
fn classes(
    files: &Files,
    by_folder: &BTreeMap<&str, Vec<&str>>,
) -> (Classes, HashMap<String, u32>) {
    let wnid = |folder: &&str| {
        let id = ilsvrc2012::split_wnid(folder).0?;
        Some(((*folder).to_owned(), ilsvrc2012::class_of_wnid(id)?))
    };
    if let Some(indices) = by_folder.keys().map(wnid).collect() {
        return (Classes::new(ClassOrder::Ilsvrc2012, ilsvrc2012::names()), indices);
    }
    let filled = || by_folder.keys().map(|folder| (*folder).to_owned()).collect();
    let (classes, indices) = numbers::classes(filled());
    if classes.order == ClassOrder::Numbers {
        return (classes, indices.into_iter().collect());
    }
    let (classes, indices) = numbers::classes(files.folders.clone());
    (classes, indices.into_iter().collect())
}

/// Among folders named by WordNet id, one with another name is not a class.
fn check_names(root: &Path, by_folder: &BTreeMap<&str, Vec<&str>>) -> Result<()> {
    let mut odd = by_folder.keys().filter(|name| !ilsvrc2012::is_wnid(name)).peekable();
    let named = by_folder.keys().filter(|name| ilsvrc2012::is_wnid(name)).count();
    match odd.peek() {
        Some(first) if named * 2 > by_folder.len() => bail!(
            "{named} of the dataset's folders are named by WordNet id, but '{}' is not; move it out of {} or rename it",
            first,
            root.display()
        ),
        _ => Ok(()),
    }
}
