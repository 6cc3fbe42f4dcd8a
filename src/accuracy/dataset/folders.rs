//! One sub-folder a class, named by its label or its WordNet id.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use walkdir::WalkDir;

use super::{Classes, Dataset, Entry, Order, ilsvrc2012, is_image};

/// The dataset in `root`, where its sub-folders hold images.
pub(super) fn open(root: &Path) -> Result<Option<Dataset>> {
    let mut unreadable = Vec::new();
    let by_folder = images_by_folder(root, &mut unreadable);
    if by_folder.is_empty() {
        return Ok(None);
    }
    let wnids: Option<Vec<u32>> =
        by_folder.keys().map(|name| ilsvrc2012::class_of_wnid(name)).collect();
    let (classes, indices) = match wnids {
        Some(indices) => {
            (Classes { order: Order::Ilsvrc2012, names: ilsvrc2012::names() }, indices)
        }
        None => {
            let names = by_folder.keys().cloned().map(Some).collect();
            (Classes { order: Order::ByName, names }, (0..by_folder.len() as u32).collect())
        }
    };
    let entries = by_folder
        .into_iter()
        .zip(indices)
        .flat_map(|((_, files), class)| files.into_iter().map(move |file| Entry { file, class }))
        .collect();
    Ok(Some(Dataset { root: root.to_owned(), entries, classes, unreadable, shard: None }))
}

/// Image files by sub-folder of `root`, at any depth, sorted. Links are
/// followed; a folder that leads back into itself is named and left out.
fn images_by_folder(
    root: &Path,
    unreadable: &mut Vec<(String, String)>,
) -> BTreeMap<String, Vec<String>> {
    let relative =
        |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    let mut folders = BTreeMap::<String, Vec<String>>::new();
    for item in walk.filter_entry(|item| item.depth() == 0 || !hidden(item.file_name())) {
        match item {
            Ok(item) if item.file_type().is_file() && is_image(item.path()) => {
                let file = relative(item.path());
                if let Some((folder, _)) = file.split_once('/') {
                    folders.entry(folder.to_owned()).or_default().push(file);
                }
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().map_or_else(String::new, relative);
                let reason = match error.loop_ancestor() {
                    Some(_) => "is a link to a folder that holds it",
                    None => "cannot be opened",
                };
                unreadable.push((path, reason.to_owned()));
            }
        }
    }
    folders
}
