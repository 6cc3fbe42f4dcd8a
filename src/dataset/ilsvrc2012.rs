//! ILSVRC2012: its 1000 classes, and its flat validation folder.
//!
//! A class index counts the WordNet ids in their order, from 0, as models do.
//! The development kit counts classes otherwise (`ILSVRC2012_ID`, from 1), and
//! its ground-truth file holds those numbers, a line an image.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::entries::{Classes, Dataset, Entry, Order, is_image, lines_of};

/// WordNet id, number in the development kit and words of each class, by class
/// index. Facts of ILSVRC2012 and WordNet 3.0.
const TABLE: &str = include_str!("ilsvrc2012.tsv");

struct Class {
    wnid: &'static str,
    devkit: u32,
    words: &'static str,
}

static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let class = |line: &'static str| {
        let mut fields = line.split('\t');
        Some(Class {
            wnid: fields.next()?,
            devkit: fields.next()?.parse().ok()?,
            words: fields.next()?,
        })
    };
    TABLE.lines().filter_map(class).collect()
});

/// Class index by number in the development kit.
static BY_DEVKIT: LazyLock<HashMap<u32, u32>> = LazyLock::new(|| {
    (0_u32..).zip(&*CLASSES).map(|(index, class)| (class.devkit, index)).collect()
});

/// The class index of a WordNet id, where it is one of the 1000.
#[must_use]
pub fn class_of_wnid(wnid: &str) -> Option<u32> {
    let place = CLASSES.binary_search_by(|class| class.wnid.cmp(wnid)).ok()?;
    u32::try_from(place).ok()
}

/// Length of a WordNet id.
pub(crate) const WNID_LENGTH: usize = 9;

/// Whether a text has the form of a noun's WordNet id: `n01440764`.
pub(crate) fn is_wnid(text: &str) -> bool {
    let digits = text.strip_prefix('n').filter(|_| text.len() == WNID_LENGTH);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The WordNet id of a class.
pub(crate) fn wnid_of(class: u32) -> Option<&'static str> {
    CLASSES.get(class as usize).map(|class| class.wnid)
}

/// The words of a class.
pub(crate) fn words_of(class: u32) -> Option<&'static str> {
    CLASSES.get(class as usize).map(|class| class.words)
}

/// The words of every class, by class index.
pub(crate) fn names() -> Vec<Option<String>> {
    CLASSES.iter().map(|class| Some(class.words.to_owned())).collect()
}

/// The file in `root` that tells the classes of a flat folder.
pub(crate) fn ground_truth_file(root: &Path) -> Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for item in root.read_dir().with_context(|| format!("cannot list {}", root.display()))? {
        let path = item.with_context(|| format!("cannot list {}", root.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let told = ["ground_truth", "groundtruth", "synset_labels", "validation_labels"];
        if name.ends_with(".txt")
            && (told.iter().any(|word| name.contains(word)) || name == "val.txt")
        {
            found.push(path);
        }
    }
    found.sort();
    ensure!(
        found.len() < 2,
        "dataset {} has {} ground-truth files; keep one",
        root.display(),
        found.len()
    );
    Ok(found.pop())
}

/// A flat folder and its ground truth: a line an image, in the order of the
/// images' names, with the development kit's number or a WordNet id; or lines
/// of a file name and a class index or WordNet id.
pub(crate) fn open(root: &Path, truth: &Path) -> Result<Dataset> {
    let mut lines = lines_of(truth)?;
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let named = lines.first().is_some_and(|line| line.split_whitespace().count() == 2);
    let mut entries = Vec::new();
    let at = |line: usize| format!("{} line {}", truth.display(), line + 1);
    if named {
        for (number, line) in lines.iter().enumerate() {
            let (file, class) = line
                .split_once(char::is_whitespace)
                .with_context(|| format!("{} is not a file name and a class", at(number)))?;
            ensure!(root.join(file).is_file(), "{}: {file} is not in the folder", at(number));
            let class = class.trim();
            let index = class.parse().ok().filter(|index| *index < 1000);
            let class = index.or_else(|| class_of_wnid(class)).with_context(|| {
                format!("{}: '{class}' is neither 0..999 nor a WordNet id", at(number))
            })?;
            entries.push(Entry { file: file.to_owned(), class });
        }
    } else {
        let files = flat_images(root)?;
        for (position, file) in files.iter().enumerate() {
            let line = line_of(file, position, files.len(), lines.len(), truth)?;
            let class = class_of_line(&lines[line]).with_context(|| {
                format!("{}: '{}' is neither 1..1000 nor a WordNet id", at(line), lines[line])
            })?;
            entries.push(Entry { file: file.clone(), class });
        }
    }
    let classes = Classes::new(Order::Ilsvrc2012, names());
    Ok(Dataset { root: root.to_owned(), entries, classes, unreadable: Vec::new(), shard: None })
}

fn class_of_line(line: &str) -> Option<u32> {
    match line.parse::<u32>() {
        Ok(devkit) => BY_DEVKIT.get(&devkit).copied(),
        Err(_) => class_of_wnid(line),
    }
}

fn flat_images(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for item in root.read_dir().with_context(|| format!("cannot list {}", root.display()))? {
        let path = item.with_context(|| format!("cannot list {}", root.display()))?.path();
        if is_image(&path) {
            files.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The line that tells an image's class: the number at the end of its name
/// (`ILSVRC2012_val_00000042.JPEG` is line 42, so that a part of the folder
/// will do), else its place, where there are as many lines as images.
fn line_of(
    file: &str,
    position: usize,
    images: usize,
    lines: usize,
    truth: &Path,
) -> Result<usize> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let number = stem.rsplit_once("_val_").and_then(|(_, number)| number.parse::<usize>().ok());
    match number {
        Some(number) if (1..=lines).contains(&number) => Ok(number - 1),
        Some(number) => {
            bail!("{} has {lines} lines, but {file} is image {number}", truth.display())
        }
        None if images == lines => Ok(position),
        None => bail!(
            "{} has {lines} lines for {images} images; it takes a line an image",
            truth.display()
        ),
    }
}
