//! One sub-folder a class, named by its label or its WordNet id.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use walkdir::WalkDir;

use crate::dataset::entries::{Classes, Dataset, Entry, Order, is_image};
use crate::dataset::ilsvrc2012;

/// The dataset in `root`, where its sub-folders hold images.
pub(crate) fn open(root: &Path) -> Result<Option<Dataset>> {
    let mut unreadable = Vec::new();
    let by_folder = images_by_folder(root, &mut unreadable)?;
    if by_folder.is_empty() {
        return Ok(None);
    }
    check_names(root, &by_folder)?;
    let wnids: Option<Vec<u32>> =
        by_folder.keys().map(|name| ilsvrc2012::class_of_wnid(name)).collect();
    let (classes, indices) = match wnids {
        Some(indices) => (Classes::new(Order::Ilsvrc2012, ilsvrc2012::names()), indices),
        None => {
            let names = by_folder.keys().cloned().map(Some).collect();
            (Classes::new(Order::ByName, names), (0..by_folder.len() as u32).collect())
        }
    };
    let entries = by_folder
        .into_iter()
        .zip(indices)
        .flat_map(|((_, files), class)| files.into_iter().map(move |file| Entry { file, class }))
        .collect();
    Ok(Some(Dataset { root: root.to_owned(), entries, classes, unreadable, shard: None }))
}

/// Among folders named by WordNet id one with another name is no class.
fn check_names(root: &Path, by_folder: &BTreeMap<String, Vec<String>>) -> Result<()> {
    let mut odd = by_folder.keys().filter(|name| !ilsvrc2012::is_wnid(name)).peekable();
    let named = by_folder.keys().filter(|name| ilsvrc2012::is_wnid(name)).count();
    match odd.peek() {
        Some(first) if named * 2 > by_folder.len() => bail!(
            "{named} of the dataset's folders are named by WordNet id, but '{}' is not; move it out of {}, or rename it",
            first,
            root.display()
        ),
        _ => Ok(()),
    }
}

/// Image files by sub-folder of `root`, at any depth, sorted. Links are
/// followed; a folder that leads back into itself is named and left out. One that
/// cannot be listed would take its class away, and is refused.
fn images_by_folder(
    root: &Path,
    unreadable: &mut Vec<(String, String)>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let relative =
        |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
    let walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    let mut folders = BTreeMap::<String, Vec<String>>::new();
    let mut add = |file: String| {
        if let Some((folder, _)) = file.split_once('/') {
            folders.entry(folder.to_owned()).or_default().push(file);
        }
    };
    for item in walk.filter_entry(|item| item.depth() == 0 || !hidden(item.file_name())) {
        match item {
            Ok(item) if item.file_type().is_file() && is_image(item.path()) => {
                add(relative(item.path()));
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(root);
                if error.loop_ancestor().is_some() {
                    let reason = "is a link to a folder that holds it";
                    unreadable.push((relative(path), reason.to_owned()));
                } else if path.is_dir() || (error.depth() == 1 && !is_image(path)) {
                    bail!(
                        "folder {} of the dataset cannot be listed; make it readable, or remove it with its class",
                        path.display()
                    );
                } else if is_image(path) {
                    // Counted as the unreadable image that it will be found to be.
                    add(relative(path));
                } else {
                    unreadable.push((relative(path), "cannot be opened".to_owned()));
                }
            }
        }
    }
    Ok(folders)
}
