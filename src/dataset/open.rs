//! Which kind of dataset a folder is.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::dataset::entries::Dataset;
use crate::dataset::image_files::Files;
use crate::dataset::{
    contained, detection, file_name, folders, ground_truth, hint, ilsvrc2012, labels_csv, listing,
    unclassed,
};
use crate::image::sniff::{self, FileKind};
use crate::record::wanted_columns::WantedColumns;

/// Tables that label images wherever they lie, the surest first.
const TABLES: [&str; 6] = [
    "labels.csv",
    "labels.tsv",
    "_classes.csv",
    "LOC_val_solution.csv",
    "metadata.csv",
    "metadata.jsonl",
];
/// Where Kaggle has ILSVRC2012's images.
const KAGGLE: &str = "ILSVRC/Data/CLS-LOC/val";

impl Dataset {
    /// The dataset in a Parquet file or a tar archive; `None` if a folder has the images.
    #[must_use]
    pub(crate) fn contained(root: &Path, wanted: &WantedColumns) -> Option<Self> {
        let files = contained::files(root);
        let has_images = || root.is_dir() && Files::of(root).is_ok_and(|it| !it.images.is_empty());
        if files.is_empty() || has_images() {
            None
        } else {
            contained::open(root, files, wanted).ok()
        }
    }

    /// Opens a folder with our own listing, a table of labels, ILSVRC2012's images with their
    /// ground-truth file, or one sub-folder per class; or a table itself.
    ///
    /// # Errors
    /// One sentence if it is none of these, or its labels cannot be used.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_by(root, &WantedColumns::default())
    }

    /// The same, a table by the columns that are `wanted`.
    ///
    /// # Errors
    /// See [`Self::open`]; or there are no such columns.
    pub(crate) fn open_by(root: &Path, wanted: &WantedColumns) -> Result<Self> {
        let mut found = opened(root, wanted)?;
        ensure!(
            !found.entries.is_empty(),
            "dataset {} labels no image; write a line per image",
            root.display()
        );
        check_once(&found)?;
        if found.classes.used.is_empty() {
            let used: BTreeSet<u32> = found.entries.iter().map(|entry| entry.class).collect();
            found.classes.used = used.into_iter().collect();
        }
        found.measure();
        Ok(found)
    }
}

/// Refuses an image that is there twice.
fn check_once(dataset: &Dataset) -> Result<()> {
    let mut seen = HashMap::new();
    let name = |class: u32| {
        let name = dataset.classes.name(class).map(|name| format!("'{name}'"));
        name.unwrap_or_else(|| class.to_string())
    };
    for entry in &dataset.entries {
        let Some(first) = seen.insert(entry.file.as_str(), entry.class) else { continue };
        let classes = match first == entry.class {
            true => String::new(),
            false => format!(", as {} and as {}", name(first), name(entry.class)),
        };
        bail!(
            "dataset {} labels {} twice{classes}; keep one of the lines",
            dataset.root.display(),
            entry.file
        );
    }
    Ok(())
}

fn opened(root: &Path, wanted: &WantedColumns) -> Result<Dataset> {
    ensure!(
        root.exists(),
        "dataset {} does not exist; give a folder of images, a table of labels, a Parquet file or a tar archive",
        root.display()
    );
    if root.is_file() {
        let containers = contained::files(root);
        if !containers.is_empty() {
            return contained::open(root, containers, wanted);
        }
        let ending = root.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        ensure!(
            !matches!(ending.as_str(), "tar" | "parquet"),
            "dataset {} is empty or damaged: it does not begin as a .{ending} file does; get the file again",
            root.display()
        );
        ensure!(
            !matches!(sniff::kind_of(root), Some(FileKind::Image | FileKind::OtherImage(_))),
            "dataset {} is one image; give the folder that holds it, with its labels",
            root.display()
        );
        let folder =
            root.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return labels_csv::open(folder, root, &Files::of(folder)?, wanted);
    }
    if root.join(listing::FILE_NAME).is_file() {
        return listing::open(root);
    }
    if let Some((folder, table)) = kaggle(root) {
        return labels_csv::open(&folder, &table, &Files::of(&folder)?, wanted);
    }
    // On a file system that others share each listing counts: there is one.
    let files = Files::of(root)?;
    if files.images.is_empty() {
        let containers = contained::files(root);
        if !containers.is_empty() {
            return contained::open(root, containers, wanted);
        }
    }
    let mut found = labelled(root, &files, wanted)?;
    found.unreadable.splice(0..0, files.unreadable.clone());
    found.left_out.splice(0..0, files.left_out());
    Ok(found)
}

fn labelled(root: &Path, files: &Files, wanted: &WantedColumns) -> Result<Dataset> {
    if let Some(table) = TABLES.iter().map(|name| root.join(name)).find(|table| table.is_file()) {
        return labels_csv::open(root, &table, files, wanted);
    }
    if let Some(truth) = ground_truth::find(root, files)? {
        check_unwanted(root, wanted)?;
        return ground_truth::open(root, &truth, files);
    }
    // Class folders count more than a table whose name says nothing.
    let are_classes = files.folders.len() > 1 && files.images.iter().all(|it| it.contains('/'));
    if let Some(table) = only_table(root, files).filter(|_| !are_classes) {
        return labels_csv::open(root, &table, files, wanted);
    }
    if let Some(folder) = only_folder(files).or_else(|| tabled_folder(root, files)) {
        let inner = root.join(file_name::path(folder));
        let mut found = labelled(&inner, &files.inside(folder), wanted)?;
        found.assumed.push(format!("the images are those in {}", inner.display()));
        return Ok(found);
    }
    if let Some(found) = folders::open(root, files)? {
        check_unwanted(root, wanted)?;
        return Ok(found);
    }
    bail!(
        "dataset {} has no labels: it holds neither labels.csv (columns file, class_index), nor sub-folders named by class, nor ILSVRC2012's ground-truth file{}{}{}",
        root.display(),
        found(files),
        hint::told(root),
        detection::hint(root, files)
    )
}

/// How many images there are, or what there is instead.
fn found(files: &Files) -> String {
    match files.images.len() {
        0 => {
            let others = files.left_out().into_iter().map(|told| format!("; {told}"));
            std::iter::once("; no image was found in it".to_owned()).chain(others).collect()
        }
        1 => "; 1 image was found in it".to_owned(),
        count => format!("; {count} images were found in it"),
    }
}

/// Refuses columns where no table has the labels.
fn check_unwanted(root: &Path, wanted: &WantedColumns) -> Result<()> {
    ensure!(
        wanted.is_empty(),
        "dataset {} has no table with its labels; leave out --image-column and --label-column, or name the table with --dataset",
        root.display()
    );
    Ok(())
}

/// The table of Kaggle's ILSVRC2012, at the top of its tree or above its images.
fn kaggle(root: &Path) -> Option<(PathBuf, PathBuf)> {
    const TABLE: &str = "LOC_val_solution.csv";
    let (folder, top) = match root.join(KAGGLE) {
        below if below.is_dir() => (below, root.to_owned()),
        _ => {
            let full = std::fs::canonicalize(root).ok()?;
            (root.to_owned(), full.ends_with(KAGGLE).then(|| full.ancestors().nth(4))??.to_owned())
        }
    };
    let table = top.join(TABLE);
    table.is_file().then_some((folder, table))
}

/// The one CSV or TSV file of a folder, else the one other text that names images of it.
fn only_table(root: &Path, files: &Files) -> Option<PathBuf> {
    let all: Vec<(PathBuf, String)> = files
        .beside()
        .map(|name| {
            let ending = name.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            (root.join(name), ending)
        })
        .collect();
    let of = |endings: &[&str]| -> Vec<PathBuf> {
        let fit = all.iter().filter(|(_, ending)| endings.contains(&ending.as_str()));
        fit.map(|(path, _)| path.clone()).collect()
    };
    let mut tables = of(&["csv", "tsv"]);
    if tables.is_empty() {
        tables = of(&["txt", "json", "jsonl", "lst"]);
        tables.retain(|path| labels_csv::names_images(root, path, files));
    }
    tables.pop().filter(|_| tables.is_empty())
}

/// The folder that holds everything, as after unpacking an archive into a folder of the same name;
/// others beside it may be classes without an image, unless no class has its name.
fn only_folder(files: &Files) -> Option<&str> {
    let [folder] = files.filled()[..] else { return None };
    let is_alone = files.folders.len() == 1 || unclassed::is_called(folder);
    let is_deep = |image: &String| image.matches('/').count() > 1;
    let holds_classes = files.images.iter().all(is_deep);
    (is_alone && holds_classes && !ilsvrc2012::is_wnid(folder)).then_some(folder)
}

/// The folder that holds all images and the table of their labels, such as `val/`.
fn tabled_folder<'a>(root: &Path, files: &'a Files) -> Option<&'a str> {
    let [folder] = files.filled()[..] else { return None };
    if !unclassed::is_called(folder) || files.images.iter().any(|image| !image.contains('/')) {
        return None;
    }
    let (inner, within) = (root.join(file_name::path(folder)), files.inside(folder));
    let has_table = TABLES.iter().any(|name| inner.join(name).is_file())
        || only_table(&inner, &within).is_some()
        || ground_truth::find(&inner, &within).ok().flatten().is_some();
    has_table.then_some(folder)
}

#[cfg(test)]
#[path = "dataset_tests.rs"]
mod tests;
