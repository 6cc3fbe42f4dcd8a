//! WebDataset's tar archives: the files of one sample share their name up to its first dot
//! (`0001.jpg`, `0001.cls`). An archive of class folders, or with a table of labels, will do too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::dataset::image_files::{self, Files};
use crate::dataset::locate::Locator;
use crate::dataset::member::{Contents, Label, Member, Place, of_lists, span};
use crate::dataset::text_table::TextTable;
use crate::dataset::{file_name, splits};
use crate::image::sniff::{self, FileKind};
use crate::text_file;

/// Largest file that is read for a label.
const MAX_LABEL_BYTES: u64 = 1 << 20;
/// Largest table of labels that is read.
const MAX_TABLE_BYTES: u64 = 64 << 20;
/// Extensions of the files with a class, the most reliable first.
const LABELS: [&str; 7] = ["cls", "cls.txt", "label", "label.txt", "class", "target", "json"];
/// What a class is called in a sample's JSON.
const KEYS: [&str; 7] =
    ["label", "cls", "class", "class_index", "target", "label_name", "class_name"];

/// A file of an archive.
struct Item {
    name: PathBuf,
    offset: u64,
    bytes: u64,
    /// Whether it is an image; else it may tell a class.
    is_image: bool,
}

/// A sample's files.
#[derive(Default)]
struct Sample<'a> {
    /// Images with what follows their key, the plainest first.
    images: BTreeMap<(usize, String), &'a Item>,
    /// By their place in [`LABELS`].
    labels: BTreeMap<usize, (u64, u64)>,
    /// A text, which is mostly what the image shows, but may be its class.
    text: Option<(u64, u64)>,
}

/// Reads the positions of all members, and all labels.
pub(crate) fn read(path: &Path) -> Result<Contents> {
    let file = File::open(path)?;
    let items = items(path, &file)?;
    check_splits(&items)?;
    let parted = parted_by(&items);
    let mut samples = BTreeMap::<PathBuf, Sample<'_>>::new();
    let (mut others, mut further, mut texts) = (0_usize, 0_usize, 0_usize);
    for item in &items {
        let (key, ending) = parted(&item.name);
        let sample = samples.entry(key).or_default();
        if item.is_image {
            sample.images.insert((ending.matches('.').count(), ending), item);
        } else if let Some(rank) = LABELS.iter().position(|known| *known == ending) {
            sample.labels.insert(rank, (item.offset, item.bytes));
        } else if ending == "txt" {
            sample.text = Some((item.offset, item.bytes));
            texts += 1;
        } else {
            others += 1;
        }
    }
    let folders: BTreeSet<&Path> =
        items.iter().filter(|item| item.is_image).filter_map(|item| item.name.parent()).collect();
    let mut contents = Contents::default();
    let mut all_labels = Vec::new();
    for sample in samples.values() {
        let Some(item) = sample.images.values().next() else { continue };
        further += sample.images.len() - 1;
        let mut labels = labels(&file, sample)?;
        if let (true, true, Some(text)) = (labels.is_empty(), folders.len() < 2, sample.text) {
            labels.extend(text_label(&content(&file, text)?));
            texts -= 1;
        }
        all_labels.push(labels);
        let place = Place::Span { offset: item.offset, bytes: item.bytes };
        let name = file_name::shown(&item.name);
        contents.members.push(Member { name, labels: Vec::new(), place });
    }
    if all_labels.iter().all(Vec::is_empty) {
        let names: Vec<String> = contents.members.iter().map(|it| it.name.clone()).collect();
        contents.table = table(path, &file, &items, (names, folders.len() > 1))?;
        let ending = contents.table.as_ref().and_then(|(name, _)| name.rsplit_once('.'));
        match ending {
            Some((_, "txt")) => texts -= 1,
            Some((_, ending)) if ending != "json" => others -= 1,
            _ => {}
        }
    }
    if all_labels.iter().any(|labels| labels.len() > 1) {
        contents.assumed.push(
            "any of the classes that the archive lists for an image counts as correct".to_owned(),
        );
    }
    for (member, labels) in contents.members.iter_mut().zip(of_lists(all_labels)?) {
        member.labels = match labels.is_empty() {
            true => folder(&member.name).into_iter().collect(),
            false => labels,
        };
    }
    let left_out = [
        (others + texts, "files in the archive are neither images nor classes"),
        (further, "images are left out that belong to samples with another one, such as masks"),
    ];
    let said = left_out.into_iter().filter(|(count, _)| *count > 0);
    contents.left_out.extend(said.map(|(count, what)| format!("{count} {what}")));
    Ok(contents)
}

/// The one table of labels that names the archive's images, unless they are in class folders
/// and the table's name says nothing.
fn table(
    path: &Path,
    file: &File,
    items: &[Item],
    (images, are_classes): (Vec<String>, bool),
) -> Result<Option<(String, TextTable)>> {
    /// What such a table's name ends with.
    const ENDINGS: [&str; 6] = ["csv", "tsv", "json", "jsonl", "txt", "lst"];
    let mut files = Files::default();
    files.images = images;
    let locator = Locator::new(path, &files);
    let mut found: Vec<(String, TextTable)> = Vec::new();
    for item in items.iter().filter(|item| !item.is_image && item.bytes <= MAX_TABLE_BYTES) {
        let ending = item.name.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = item.name.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_sure = name.starts_with("labels.") || name.starts_with("metadata.");
        if !ENDINGS.contains(&ending.as_str()) || (are_classes && !is_sure) {
            continue;
        }
        let shown = file_name::shown(&item.name);
        let text = text_file::decode(&span(file, item.offset, item.bytes)?);
        let table = text.and_then(|text| TextTable::of(text, &path.join(&shown)).ok());
        let table = table.filter(|table| locator.is_named_in(&table.rows));
        found.extend(table.map(|table| (shown, table)));
    }
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    ensure!(
        found.len() < 2,
        "it holds several tables of labels ({}); unpack it and give one of them",
        names.join(", ")
    );
    Ok(found.pop())
}

/// Refuses an archive whose images are in several splits, such as `train/` and `val/`: they
/// would be mixed.
fn check_splits(items: &[Item]) -> Result<()> {
    let split = |item: &Item| {
        let folders = item.name.parent()?.components();
        let mut names = folders.map(|it| file_name::shown(it.as_os_str().as_ref()));
        names.find(|name| splits::is_split(name))
    };
    let images = items.iter().filter(|item| item.is_image);
    // A class may be called `train`: then others are called otherwise.
    let Some(names) = images.map(split).collect::<Option<BTreeSet<String>>>() else {
        return Ok(());
    };
    ensure!(
        names.len() < 2,
        "it holds several splits ({}); unpack it and give the folder of one of them",
        names.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

/// The files of an archive but for litter.
///
/// # Errors
/// Part of a sentence: damaged, or cut short, so that images may be missing.
fn items(path: &Path, file: &File) -> Result<Vec<Item>> {
    const BLOCK: u64 = 512;
    let length = file.metadata()?.len();
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    // Archives that were joined have marks of their ends in their midst.
    archive.set_ignore_zeros(true);
    let mut items = Vec::new();
    let mut last = 0;
    for entry in archive.entries_with_seek().context("it could not be read")? {
        let entry = entry.context("it is damaged")?;
        let name = entry.path().context("it is damaged")?.into_owned();
        let (offset, bytes) = (entry.raw_file_position(), entry.size());
        let end = offset.checked_add(bytes).filter(|end| *end <= length);
        let is_file = entry.header().entry_type().is_file();
        ensure!(
            end.is_some() || !is_file,
            "it is cut short within {}; get the file again",
            file_name::shown(&name)
        );
        last = last.max(end.unwrap_or(offset).next_multiple_of(BLOCK));
        let litter = name
            .components()
            .any(|part| image_files::is_litter(part.as_os_str()) && part.as_os_str() != ".");
        if !is_file || litter {
            continue;
        }
        let is_label = LABELS.contains(&parted(&name).1.as_str());
        let is_image = !is_label && (image_files::is_image(&name) || is_image(file, offset, bytes));
        items.push(Item { name, offset, bytes, is_image });
    }
    // All programs end an archive with blocks of zeros.
    let mark = span(file, length.saturating_sub(BLOCK), length.min(BLOCK))?;
    ensure!(
        last + BLOCK <= length && mark.iter().all(|byte| *byte == 0),
        "it is cut short: the mark that ends an archive is missing, so images may be too; get the file again, or pack it again if it is whole"
    );
    Ok(items)
}

/// How names are parted: at their first dot, as WebDataset does, unless most images would
/// fall together then (`photo.v1.0001.jpg`).
fn parted_by(items: &[Item]) -> fn(&Path) -> (PathBuf, String) {
    let images = || items.iter().filter(|item| item.is_image);
    let keys: BTreeSet<PathBuf> = images().map(|item| parted(&item.name).0).collect();
    if keys.len() * 2 < images().count() { parted_late } else { parted }
}

/// A name up to the first dot behind its folder, and what follows.
fn parted(name: &Path) -> (PathBuf, String) {
    let last = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = last.split_once('.').unwrap_or((&last, ""));
    (name.with_file_name(stem), ending.to_lowercase())
}

/// The same at its last dot.
fn parted_late(name: &Path) -> (PathBuf, String) {
    let last = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = last.rsplit_once('.').unwrap_or((&last, ""));
    (name.with_file_name(stem), ending.to_lowercase())
}

fn is_image(file: &File, offset: u64, bytes: u64) -> bool {
    let head = span(file, offset, bytes.min(sniff::HEAD_BYTES as u64)).unwrap_or_default();
    sniff::kind(&head) == FileKind::Image
}

/// The classes that a sample's own files state.
fn labels(file: &File, sample: &Sample<'_>) -> Result<Vec<Label>> {
    let Some((rank, place)) = sample.labels.first_key_value() else { return Ok(Vec::new()) };
    let text = content(file, *place)?;
    if LABELS[*rank] != "json" {
        return Ok(text_label(&text).into_iter().collect());
    }
    let value: Value =
        serde_json::from_str(&text).context("the JSON of one of its samples is damaged")?;
    let field = match &value {
        Value::Object(map) => KEYS.iter().find_map(|key| map.get(*key)),
        other => Some(other),
    };
    Ok(match field {
        Some(Value::Array(several)) => {
            several.iter().map(json_label).collect::<Option<_>>().unwrap_or_default()
        }
        one => one.and_then(json_label).into_iter().collect(),
    })
}

fn json_label(value: &Value) -> Option<Label> {
    match value {
        Value::String(text) => text_label(text),
        Value::Number(number) => text_label(&number.to_string()),
        _ => None,
    }
}

/// The text of a file with a class.
fn content(file: &File, (offset, bytes): (u64, u64)) -> Result<String> {
    ensure!(bytes <= MAX_LABEL_BYTES, "one of its classes has {bytes} bytes");
    let text = text_file::decode(&span(file, offset, bytes)?);
    Ok(text_file::without_invisible(&text.context("one of its classes is not text")?.text))
}

fn text_label(text: &str) -> Option<Label> {
    let text = text.trim();
    match text.strip_suffix(".0").unwrap_or(text).parse().ok() {
        Some(index) => Some(Label::Index(index)),
        None => Some(Label::Name(text.to_owned())).filter(|_| !text.is_empty()),
    }
}

/// The folder of an image, if it has one.
fn folder(name: &str) -> Option<Label> {
    let (folders, _) = name.rsplit_once('/')?;
    let folder = folders.rsplit_once('/').map_or(folders, |(_, folder)| folder);
    Some(Label::Name(folder.to_owned())).filter(|_| folder != "." && !folder.is_empty())
}
