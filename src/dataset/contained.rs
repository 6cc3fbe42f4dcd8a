//! A dataset whose images lie in Parquet files or tar archives.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use crate::dataset::container::{Container, ContainerKind};
use crate::dataset::entries::{ClassOrder, Classes, Dataset, LabelledImage, Store};
use crate::dataset::image_files::{self, Files};
use crate::dataset::member::{Contents, Label};
use crate::dataset::{ilsvrc2012, labels_csv, numbers};
use crate::record::wanted_columns::WantedColumns;

/// The Parquet files or tar archives that a path names: itself, or all in a folder, or in its
/// folder `data`, as hubs have them.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    if root.is_file() {
        return ContainerKind::of(root).map(|_| root.to_owned()).into_iter().collect();
    }
    let in_folder = |folder: PathBuf| {
        let mut files = image_files::items(&folder);
        files.retain(|path| {
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            ending == "parquet" || ending == "tar"
        });
        let is_one = |path: &PathBuf| {
            matches!(ContainerKind::of(path), Some(ContainerKind::Parquet | ContainerKind::Tar))
        };
        // A damaged one beside others is refused with its name, not passed over.
        if files.iter().any(is_one) { files } else { Vec::new() }
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
    if contents.table.is_some() {
        return by_table(root, container, contents, wanted);
    }
    let is_labelled = |labels: &[Label]| !matches!(labels, [] | [Label::Index(..=-1)]);
    let total = contents.members.len();
    let members: Vec<_> =
        contents.members.into_iter().filter(|member| is_labelled(&member.labels)).collect();
    ensure!(
        !members.is_empty(),
        "{} has no classes: {}",
        root.display(),
        if container.is_table() {
            "all are -1 or missing, like many test splits; give the validation split"
        } else {
            "beside KEY.jpg it takes KEY.cls, KEY.txt or KEY.json with 'label', a folder for each class, or one table of labels (file, label)"
        }
    );
    let (classes, indices) = if contents.names.is_empty() {
        let all = members.iter().flat_map(|member| &member.labels);
        let mut names: Vec<String> = all.map(Label::to_string).collect();
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
        let mut right = Vec::with_capacity(1);
        for label in &member.labels {
            let Some(index) = indices.get(&label.to_string()).copied() else {
                anyhow::bail!(
                    "{}: image {} has class {label}, which the file does not name",
                    root.display(),
                    member.name
                )
            };
            right.push(index);
        }
        let mut right = right.into_iter();
        if let Some(class) = right.next() {
            let entry = LabelledImage::new(member.name, class);
            dataset.entries.push(LabelledImage { also: right.collect(), ..entry });
        }
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

/// The images of an archive by the table that is inside it.
fn by_table(
    root: &Path,
    container: Container,
    contents: Contents,
    wanted: &WantedColumns,
) -> Result<Dataset> {
    let Contents { members, table, left_out, .. } = contents;
    let (name, table) = table.context("it has no table")?;
    let mut files = Files::default();
    files.images = members.into_iter().map(|member| member.name).collect();
    let mut dataset = labels_csv::by_table(root, (&root.join(name), table), &files, wanted)?;
    let inside: HashSet<&str> = files.images.iter().map(String::as_str).collect();
    let is_inside = |entry: &LabelledImage| inside.contains(entry.file.as_str());
    if let Some(entry) = dataset.entries.iter().find(|entry| !is_inside(entry)) {
        anyhow::bail!("{}: {} is not in the archive", root.display(), entry.file);
    }
    dataset.left_out.extend(left_out);
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
