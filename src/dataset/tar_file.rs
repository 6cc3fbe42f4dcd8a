//! WebDataset's tar archives: the files of one sample share their name up to its first dot
//! (`0001.jpg`, `0001.cls`). An archive of class folders will do too.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::dataset::member::{Contents, Label, Member, Place, span};
use crate::dataset::{file_name, image_files};
use crate::image::sniff::{self, FileKind};

/// Largest file that is read for a label.
const MAX_LABEL_BYTES: u64 = 1 << 20;
/// Extensions of the files with a class, the most reliable first.
const LABELS: [&str; 7] = ["cls", "cls.txt", "label", "label.txt", "class", "target", "json"];
/// What a class is called in a sample's JSON.
const KEYS: [&str; 7] =
    ["label", "cls", "class", "class_index", "target", "label_name", "class_name"];

/// A sample's files.
#[derive(Default)]
struct Sample {
    image: Option<(PathBuf, Place)>,
    /// By their place in [`LABELS`].
    labels: BTreeMap<usize, (u64, u64)>,
}

/// Reads the positions of all members, and all labels.
pub(crate) fn read(path: &Path) -> Result<Contents> {
    let file = File::open(path)?;
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let mut samples = BTreeMap::<PathBuf, Sample>::new();
    let mut others = 0;
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
        let (key, ending) = parted(&name);
        let sample = samples.entry(key).or_default();
        if let Some(rank) = LABELS.iter().position(|known| *known == ending) {
            sample.labels.insert(rank, (offset, bytes));
        } else if image_files::is_image(&name) || is_image(&file, offset, bytes) {
            sample.image = Some((name, Place::Span { offset, bytes }));
        } else {
            others += 1;
        }
    }
    let mut contents = Contents { members: Vec::new(), names: Vec::new(), left_out: Vec::new() };
    for sample in samples.values() {
        let Some((name, place)) = &sample.image else { continue };
        let label = label(&file, sample)?.or_else(|| folder(name));
        contents.members.push(Member { name: file_name::shown(name), label, place: *place });
    }
    if others > 0 {
        contents
            .left_out
            .push(format!("{others} files of the archive are neither images nor classes"));
    }
    Ok(contents)
}

/// A name up to the first dot behind its folder, and what follows.
fn parted(name: &Path) -> (PathBuf, String) {
    let last = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = last.split_once('.').unwrap_or((&last, ""));
    (name.with_file_name(stem), ending.to_lowercase())
}

fn is_image(file: &File, offset: u64, bytes: u64) -> bool {
    let head = span(file, offset, bytes.min(sniff::HEAD_BYTES as u64)).unwrap_or_default();
    sniff::kind(&head) == FileKind::Image
}

fn label(file: &File, sample: &Sample) -> Result<Option<Label>> {
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
