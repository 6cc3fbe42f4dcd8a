//! WebDataset's tar archives: the files of one sample share their name up to its first dot
//! (`0001.jpg`, `0001.cls`). An archive of class folders will do too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::dataset::member::{Contents, Label, Member, Place, span};
use crate::dataset::{file_name, image_files, splits};
use crate::image::sniff::{self, FileKind};

/// Largest file that is read for a label.
const MAX_LABEL_BYTES: u64 = 1 << 20;
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
}

/// Reads the positions of all members, and all labels.
pub(crate) fn read(path: &Path) -> Result<Contents> {
    let file = File::open(path)?;
    let items = items(path, &file)?;
    check_splits(&items)?;
    let parted = parted_by(&items);
    let mut samples = BTreeMap::<PathBuf, Sample<'_>>::new();
    let (mut others, mut further) = (0, 0);
    for item in &items {
        let (key, ending) = parted(&item.name);
        let sample = samples.entry(key).or_default();
        if item.is_image {
            sample.images.insert((ending.matches('.').count(), ending), item);
        } else if let Some(rank) = LABELS.iter().position(|known| *known == ending) {
            sample.labels.insert(rank, (item.offset, item.bytes));
        } else {
            others += 1;
        }
    }
    let mut contents = Contents::default();
    for sample in samples.values() {
        let Some(item) = sample.images.values().next() else { continue };
        further += sample.images.len() - 1;
        let label = label(&file, sample)?.or_else(|| folder(&item.name));
        let place = Place::Span { offset: item.offset, bytes: item.bytes };
        contents.members.push(Member { name: file_name::shown(&item.name), label, place });
    }
    let left_out = [
        (others, "files of the archive are no images and no classes"),
        (further, "images are left out that belong to samples with another one, such as masks"),
    ];
    let said = left_out.into_iter().filter(|(count, _)| *count > 0);
    contents.left_out.extend(said.map(|(count, what)| format!("{count} {what}")));
    if !ends(&file)? {
        contents.left_out.push(format!(
            "{} has no mark at its end, so that it may be cut short",
            file_name::shown(path.file_name().unwrap_or_default().as_ref())
        ));
    }
    Ok(contents)
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
fn items(path: &Path, file: &File) -> Result<Vec<Item>> {
    let length = file.metadata()?.len();
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let mut items = Vec::new();
    for entry in archive.entries_with_seek().context("it could not be read")? {
        let entry = entry.context("it is damaged")?;
        let name = entry.path().context("it is damaged")?.into_owned();
        let litter = name
            .components()
            .any(|part| image_files::is_litter(part.as_os_str()) && part.as_os_str() != ".");
        if !entry.header().entry_type().is_file() || litter {
            continue;
        }
        let (offset, bytes) = (entry.raw_file_position(), entry.size());
        ensure!(
            offset.checked_add(bytes).is_some_and(|end| end <= length),
            "it is cut short within {}; get the file again",
            file_name::shown(&name)
        );
        let is_label = LABELS.contains(&parted(&name).1.as_str());
        let is_image = !is_label && (image_files::is_image(&name) || is_image(file, offset, bytes));
        items.push(Item { name, offset, bytes, is_image });
    }
    Ok(items)
}

/// Whether an archive ends with a block of zeros, as all programs end them.
fn ends(file: &File) -> Result<bool> {
    const BLOCK: u64 = 512;
    let length = file.metadata()?.len();
    let last = span(file, length.saturating_sub(BLOCK), length.min(BLOCK))?;
    Ok(last.iter().all(|byte| *byte == 0))
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

fn label(file: &File, sample: &Sample<'_>) -> Result<Option<Label>> {
    let Some((rank, (offset, bytes))) = sample.labels.first_key_value() else { return Ok(None) };
    ensure!(*bytes <= MAX_LABEL_BYTES, "one of its classes has {bytes} bytes");
    let text = String::from_utf8(span(file, *offset, *bytes)?)
        .context("one of its classes is not text")?;
    if LABELS[*rank] != "json" {
        return Ok(text_label(text.trim()));
    }
    let value: serde_json::Value =
        serde_json::from_str(&text).context("the JSON of one of its samples is damaged")?;
    let field = match &value {
        serde_json::Value::Object(map) => KEYS.iter().find_map(|key| map.get(*key)),
        other => Some(other),
    };
    Ok(match field {
        Some(serde_json::Value::String(text)) => text_label(text.trim()),
        Some(number) => number.as_i64().map(Label::Index),
        None => None,
    })
}

fn text_label(text: &str) -> Option<Label> {
    match text.parse() {
        Ok(index) => Some(Label::Index(index)),
        Err(_) => Some(Label::Name(text.to_owned())).filter(|_| !text.is_empty()),
    }
}

/// The folder of an image, if it has one.
fn folder(name: &Path) -> Option<Label> {
    let folder = name.parent()?.file_name()?;
    Some(Label::Name(file_name::shown(folder.as_ref())))
}
