//! ILSVRC2012's flat validation folder, and the files with its classes: by number, WordNet id or
//! word, one line per image in the order of their names; by lines of a file name and a class; or by
//! lists of all correct classes (ReaL, by Beyer et al.).

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::entries::{ClassOrder, Classes, Dataset, LabelledImage};
use crate::dataset::image_files::{self, Files};
use crate::dataset::{ilsvrc2012, named_lines};
use crate::text_file;

/// Parts of the names of files with the classes.
const TOLD: [&str; 7] = [
    "ground_truth",
    "groundtruth",
    "synset_labels",
    "validation_labels",
    "val_map",
    "val_labels",
    "val_annotations",
];
/// Parts of the names of files with the images that are not to be scored.
const DENIED: [&str; 4] = ["blacklist", "denylist", "blocklist", "exclude"];
/// Where the images are relative to a file with their classes, the usual places first.
const BELOW: [&str; 5] = ["val", "ILSVRC2012_img_val", "validation", "images", "val/images"];

/// A file with classes, and the folder with its images within the dataset.
pub(crate) struct GroundTruth {
    pub truth: PathBuf,
    images: String,
}

/// The file with the classes of a flat folder: in the dataset's folder, or above it.
///
/// # Errors
/// Several such files.
pub(crate) fn find(root: &Path, files: &Files) -> Result<Option<GroundTruth>> {
    let Some(images) = flat_folder(files) else { return Ok(None) };
    let above = std::fs::canonicalize(root).ok().and_then(|root| Some(root.parent()?.to_owned()));
    let folders = std::iter::once(root.to_owned()).chain(above);
    for folder in folders.flat_map(|folder| [vec![folder.clone()], devkits(&folder)]).flatten() {
        let mut found = named(&folder, (root, files), is_truth)?;
        ensure!(
            found.len() < 2,
            "dataset {} has {} ground-truth files in {} ({}); keep one",
            root.display(),
            found.len(),
            folder.display(),
            found.iter().map(|it| file_name(it)).collect::<Vec<_>>().join(", ")
        );
        if let Some(truth) = found.pop() {
            return Ok(Some(GroundTruth { truth, images }));
        }
    }
    Ok(None)
}

/// The folders of a development kit in `folder` that hold its ground truth.
fn devkits(folder: &Path) -> Vec<PathBuf> {
    let items = folder.read_dir().into_iter().flatten().flatten();
    let is_kit = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        name.contains("devkit")
    };
    let mut kits: Vec<PathBuf> =
        items.map(|item| item.path()).filter(is_kit).map(|kit| kit.join("data")).collect();
    kits.retain(|data| data.is_dir());
    kits.sort();
    kits
}

/// If all images are in one folder: the beginning of their names. Class folders beside a list are
/// not.
fn flat_folder(files: &Files) -> Option<String> {
    let folder =
        |image: &'_ str| image.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let folders: BTreeSet<String> = files.images.iter().map(|image| folder(image)).collect();
    let flat = files.images.iter().filter(|image| !image.contains('/')).count();
    let mut known = BELOW.into_iter().filter(|known| folders.contains(*known));
    match (folders.len(), folders.first()) {
        (1, Some(only)) if only.is_empty() || BELOW.contains(&only.as_str()) => Some(only.clone()),
        (_, Some(first)) if first.is_empty() && flat * 2 > files.images.len() => {
            Some(String::new())
        }
        _ => known.next().map(str::to_owned),
    }
}

fn is_truth(name: &str) -> bool {
    let is_list = name.ends_with(".txt")
        && (TOLD.iter().any(|word| name.contains(word)) || name == "val.txt");
    (is_list && !is_denied(name)) || matches!(name, "real.json" | "real_labels.json")
}

fn is_denied(name: &str) -> bool {
    name.ends_with(".txt") && DENIED.iter().any(|word| name.contains(word))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files in a folder whose lower-case names are of one kind, sorted. What the dataset's
/// own folder holds is known.
fn named(
    folder: &Path,
    (root, files): (&Path, &Files),
    is_wanted: fn(&str) -> bool,
) -> Result<Vec<PathBuf>> {
    let cannot = || format!("could not list {}", folder.display());
    let all: Vec<PathBuf> = if folder == root {
        files.beside().map(|name| root.join(name)).collect()
    } else {
        let items = folder.read_dir().with_context(cannot)?;
        items.map(|item| Ok(item?.path())).collect::<Result<_>>().with_context(cannot)?
    };
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        is_wanted(&name.to_string_lossy().to_lowercase())
            && !image_files::is_litter(name)
            && path.is_file()
    };
    let mut found: Vec<PathBuf> = all.into_iter().filter(is_one).collect();
    found.sort();
    Ok(found)
}

/// Opens a flat folder with the classes of its images.
pub(crate) fn open(root: &Path, found: &GroundTruth, files: &Files) -> Result<Dataset> {
    let GroundTruth { truth, images: folder } = found;
    let inside = |image: &&String| {
        let name = image.strip_prefix(folder.as_str()).unwrap_or(image);
        !name.trim_start_matches('/').contains('/') && image.starts_with(folder.as_str())
    };
    let images: Vec<&String> = files.images.iter().filter(inside).collect();
    let classes = Classes::new(ClassOrder::Ilsvrc2012, ilsvrc2012::names());
    let mut dataset = Dataset::new(root.to_owned(), Vec::new(), classes);
    let text = text_file::read(truth)?.text;
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    if text.trim_start().starts_with('[') {
        several(&mut dataset, &images, &text, truth)?;
    } else if named_lines::are(&lines, &images) {
        named_lines::read(&mut dataset, &lines, truth, files)?;
    } else {
        for (image, line) in with_lines(&images, lines.len(), truth)? {
            let classes = class_of_line(&lines, line).with_context(|| {
                format!(
                    "{} line {}: '{}' is not a number from 1 to 1000, a WordNet id or a class name",
                    truth.display(),
                    line + 1,
                    lines[line]
                )
            })?;
            push(&mut dataset, image, &classes);
        }
    }
    if lines.contains(&"0") && lines.iter().all(|line| line.parse::<u32>().is_ok()) {
        dataset.assumed.push(format!(
            "{} has class 0, so its numbers are taken as class indices, not as the development kit's numbers",
            truth.display()
        ));
    }
    deny(&mut dataset, truth, (root, files))?;
    Ok(dataset)
}

fn push(dataset: &mut Dataset, image: &str, classes: &[u32]) {
    if let Some((class, also)) = classes.split_first() {
        let entry = LabelledImage::new(image.to_owned(), *class);
        dataset.entries.push(LabelledImage { also: also.to_vec(), ..entry });
    }
}

/// The classes that a line names: one, or both if two classes share a word.
fn class_of_line(lines: &[&str], line: usize) -> Option<Vec<u32>> {
    let text = lines[line];
    match text.parse::<u32>() {
        // The development kit counts from 1.
        Ok(index) if lines.contains(&"0") => Some(vec![index]).filter(|_| index < 1000),
        Ok(devkit) => ilsvrc2012::class_of_devkit(devkit).map(|class| vec![class]),
        Err(_) => match ilsvrc2012::class_of_wnid(text) {
            Some(class) => Some(vec![class]),
            None => Some(ilsvrc2012::classes_of_word(text)).filter(|it| !it.is_empty()),
        },
    }
}

/// Every image with the number of its line from 0.
fn with_lines<'a>(
    images: &[&'a String],
    lines: usize,
    truth: &Path,
) -> Result<Vec<(&'a str, usize)>> {
    let placed = images.iter().enumerate().map(|(position, image)| {
        Ok((image.as_str(), line_of(image, position, images.len(), lines, truth)?))
    });
    placed.collect()
}

/// The line with an image's class: the number at the end of its name
/// (`ILSVRC2012_val_00000042.JPEG` is line 42, so that part of the folder is enough), else its
/// position, if there are as many lines as images.
fn line_of(
    image: &str,
    position: usize,
    images: usize,
    lines: usize,
    truth: &Path,
) -> Result<usize> {
    match number(image) {
        Some(number) if (1..=lines).contains(&number) => Ok(number - 1),
        Some(number) => {
            bail!("{} has {lines} lines, but {image} is image {number}", truth.display())
        }
        None if images == lines => Ok(position),
        None => bail!(
            "{} has {lines} lines for {images} images; it must have one line per image",
            truth.display()
        ),
    }
}

/// The number at the end of an image's name.
fn number(image: &str) -> Option<usize> {
    let stem = image.rsplit_once('.').map_or(image, |(stem, _)| stem);
    stem.rsplit_once("_val_").and_then(|(_, number)| number.parse().ok())
}

/// Lists of all correct classes for an image; an image without one is not scored.
fn several(dataset: &mut Dataset, images: &[&String], text: &str, truth: &Path) -> Result<()> {
    let lists: Vec<Vec<u32>> = serde_json::from_str(text).with_context(|| {
        format!("{} is not a JSON list of lists of class indices", truth.display())
    })?;
    let mut without = 0;
    for (image, line) in with_lines(images, lines_of(&lists), truth)? {
        let classes = &lists[line];
        if let Some(class) = classes.iter().find(|class| **class >= 1000) {
            bail!("{} entry {}: {class} is not from 0 to 999", truth.display(), line + 1);
        }
        without += usize::from(classes.is_empty());
        push(dataset, image, classes);
    }
    if without > 0 {
        dataset.left_out.push(format!(
            "{without} images have no class in {} and are left out",
            file_name(truth)
        ));
    }
    dataset.assumed.push(format!(
        "any of the classes that {} lists for an image counts as correct",
        truth.display()
    ));
    Ok(())
}

const fn lines_of(lists: &[Vec<u32>]) -> usize {
    lists.len()
}

/// Takes out what a list beside the ground truth denies, by number or by name.
fn deny(dataset: &mut Dataset, truth: &Path, known: (&Path, &Files)) -> Result<()> {
    let folder = truth.parent().unwrap_or(Path::new("."));
    for list in named(folder, known, is_denied)? {
        let text = text_file::read(&list)?.text;
        let denied: HashSet<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let before = dataset.entries.len();
        dataset.entries.retain(|entry| {
            let name = entry.file.rsplit_once('/').map_or(entry.file.as_str(), |(_, name)| name);
            let number = number(&entry.file).map(|number| number.to_string());
            !denied.contains(name) && !number.is_some_and(|number| denied.contains(number.as_str()))
        });
        dataset.left_out.push(format!(
            "{} of {before} images are left out because {} lists them",
            before - dataset.entries.len(),
            file_name(&list)
        ));
    }
    Ok(())
}
