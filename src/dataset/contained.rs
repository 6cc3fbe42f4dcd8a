//! A dataset whose images lie in Parquet files or tar archives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};

use crate::dataset::container::{Container, ContainerKind};
use crate::dataset::entries::{ClassOrder, Classes, Dataset, LabelledImage, Store};
use crate::dataset::member::Label;
use crate::dataset::{ilsvrc2012, numbers};
use crate::record::wanted_columns::WantedColumns;

/// The Parquet files or tar archives that a path names: itself, or all in a folder, or in its
/// folder `data`, as hubs have them.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    if root.is_file() {
        return ContainerKind::of(root).map(|_| root.to_owned()).into_iter().collect();
    }
    let in_folder = |folder: PathBuf| {
        let items = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
        let mut files: Vec<PathBuf> = items
            .map(|item| item.path())
            .filter(|path| {
                let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
                let is_named = ending == "parquet" || ending == "tar";
                is_named
                    && matches!(
                        ContainerKind::of(path),
                        Some(ContainerKind::Parquet | ContainerKind::Tar)
                    )
            })
            .collect();
        files.sort();
        files
    };
    let here = in_folder(root.to_owned());
    if here.is_empty() { in_folder(root.join("data")) } else { here }
}

/// Opens the images in these files.
///
/// # Errors
/// One sentence: files of several splits, or without classes.
pub(crate) fn open(root: &Path, files: Vec<PathBuf>, wanted: &WantedColumns) -> Result<Dataset> {
    check_split(root, &files)?;
    let (container, contents) = Container::open(files, wanted)?;
    ensure!(!contents.members.is_empty(), "{} holds no image", root.display());
    let is_labelled = |label: &Option<Label>| !matches!(label, None | Some(Label::Index(..=-1)));
    let total = contents.members.len();
    let members: Vec<_> =
        contents.members.into_iter().filter(|member| is_labelled(&member.label)).collect();
    ensure!(
        !members.is_empty(),
        "{} has no classes: {}",
        root.display(),
        if container.is_table() {
            "all are -1 or missing, like many test splits; give the validation split"
        } else {
            "beside KEY.jpg it takes KEY.cls or KEY.json with 'label', or a folder for each class"
        }
    );
    let text = |label: &Option<Label>| match label {
        Some(Label::Index(index)) => index.to_string(),
        Some(Label::Name(name)) => name.clone(),
        None => String::new(),
    };
    let (classes, indices) = if contents.names.is_empty() {
        let mut names: Vec<String> = members.iter().map(|member| text(&member.label)).collect();
        names.sort_unstable();
        names.dedup();
        numbers::classes(names)
    } else {
        (
            named(&contents.names),
            (0..contents.names.len() as u32).map(|i| (i.to_string(), i)).collect(),
        )
    };
    let indices: std::collections::HashMap<String, u32> = indices.into_iter().collect();
    let mut dataset = Dataset::new(root.to_owned(), Vec::with_capacity(members.len()), classes);
    for member in members {
        let class = text(&member.label);
        let Some(index) = indices.get(&class).copied() else {
            anyhow::bail!(
                "{}: image {} has class {class}, which the file does not name",
                root.display(),
                member.name
            )
        };
        dataset.entries.push(LabelledImage::new(member.name, index));
    }
    dataset.left_out = contents.left_out;
    dataset.assumed = contents.assumed;
    if dataset.entries.len() < total {
        let count = total - dataset.entries.len();
        dataset.left_out.push(format!("{count} of {total} images have no class and are left out"));
    }
    dataset.store = Store::Inside(Arc::new(container));
    Ok(dataset)
}

/// Named classes; ImageNet's are known by their number and their first.
fn named(names: &[String]) -> Classes {
    if names.len() == 1000 && names[0].starts_with("tench") {
        return Classes::new(ClassOrder::Ilsvrc2012, ilsvrc2012::names());
    }
    Classes::new(ClassOrder::ByName, names.iter().cloned().map(Some).collect())
}

/// Hubs name files by their split: `test-00000-of-00002.parquet`.
fn check_split(root: &Path, files: &[PathBuf]) -> Result<()> {
    let split = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let known = ["train", "validation", "valid", "val", "test"];
        known.into_iter().find(|known| name.starts_with(known))
    };
    let Some(first) = files.first() else { return Ok(()) };
    let other = files.iter().find(|file| split(file) != split(first));
    if let Some(other) = other {
        anyhow::bail!(
            "dataset {} holds files of several splits; give one of them, such as {} or {}",
            root.display(),
            other.display(),
            first.display()
        );
    }
    Ok(())
}
