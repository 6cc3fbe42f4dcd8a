//! Labels of object detection, which say where in an image objects are, not which single class
//! the image has. They cannot be scored; this only recognises them, so that a refusal can name them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::dataset::file_name;
use crate::dataset::image_files::{self, Files};

/// Bytes at either end of a file that are examined.
const EXAMINED: u64 = 64 << 10;
/// Files that are examined in one folder.
const MOST_FILES: usize = 50;
/// Folders that hold such labels, beside the images or beside the folder above them.
const BESIDE: [&str; 4] = ["annotations", "Annotations", "labels", "Labels"];

/// A form of labels for detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
pub(crate) enum DetectionForm {
    /// One JSON file with images, annotations and categories.
    #[strum(to_string = "COCO")]
    Coco,
    /// A JSON list of images with their annotations.
    #[strum(to_string = "CreateML")]
    CreateMl,
    /// A JSON file per image.
    #[strum(to_string = "LabelMe")]
    LabelMe,
    /// An XML file per image.
    #[strum(to_string = "Pascal VOC")]
    PascalVoc,
    /// A text file per image: class, centre, width and height.
    #[strum(to_string = "YOLO")]
    Yolo,
}

impl DetectionForm {
    /// The form of a file, by its ending and its two ends; `None` if it is another file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        if !matches!(ending.as_str(), "json" | "xml" | "txt") {
            return None;
        }
        let text = ends(path)?;
        let has = |word: &str| text.contains(word);
        match ending.as_str() {
            "xml" => (has("<annotation") && has("<bndbox")).then_some(Self::PascalVoc),
            "txt" => is_yolo(&text).then_some(Self::Yolo),
            _ if has("\"shapes\"") && has("\"imagePath\"") => Some(Self::LabelMe),
            _ if has("\"annotations\"") && has("\"coordinates\"") => Some(Self::CreateMl),
            _ => {
                let keys = ["\"images\"", "\"annotations\"", "\"categories\""];
                let is_coco = text.trim_start().starts_with('{')
                    && keys.into_iter().filter(|key| has(key)).count() > 1;
                is_coco.then_some(Self::Coco)
            }
        }
    }

    /// What such labels state, as the end of a sentence about them.
    pub(crate) fn told(self) -> String {
        format!(
            "in the {self} form of object detection, which states objects in an image, not its one class; write labels.csv with a line per image (columns file, class_index), or make one sub-folder per class"
        )
    }
}

/// The beginning and the end of a file.
fn ends(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(EXAMINED).read_to_end(&mut bytes).ok()?;
    if length > EXAMINED {
        file.seek(SeekFrom::Start(length.saturating_sub(EXAMINED).max(EXAMINED))).ok()?;
        file.take(EXAMINED).read_to_end(&mut bytes).ok()?;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Lines of a class index and at least four shares of the image's sides.
fn is_yolo(text: &str) -> bool {
    let Some(line) = text.lines().find(|line| !line.trim().is_empty()) else { return false };
    let mut fields = line.split_whitespace();
    let is_class = fields.next().is_some_and(|class| class.parse::<u32>().is_ok());
    let shares: Option<Vec<f64>> = fields.map(|share| share.parse().ok()).collect();
    let is_box = |shares: Vec<f64>| {
        shares.len() >= 4 && shares.iter().all(|share| (0.0..=1.0).contains(share))
    };
    is_class && shares.is_some_and(is_box)
}

/// Part of a sentence about the labels for detection in the folder `root` or beside it; empty
/// if none were found.
pub(crate) fn hint(root: &Path, files: &Files) -> String {
    let inside = files.others().map(|name| root.join(name)).take(MOST_FILES);
    let found = inside.chain(beside(root)).find_map(|path| Some((DetectionForm::of(&path)?, path)));
    found.map_or_else(String::new, |(form, path)| {
        let name = match path.strip_prefix(root) {
            Ok(within) => file_name::shown(within),
            Err(_) => path.display().to_string(),
        };
        format!("; {name} is {}", form.told())
    })
}

/// Files in the folders in which such labels lie beside `root`: `../labels`, and, where the images
/// are in `images/val`, `../../labels/val`.
fn beside(root: &Path) -> Vec<PathBuf> {
    let Ok(full) = std::fs::canonicalize(root) else { return Vec::new() };
    let mut folders = Vec::new();
    for above in full.ancestors().skip(1).take(2) {
        for name in BESIDE {
            let folder = above.join(name);
            folders.extend(full.file_name().map(|own| folder.join(own)));
            folders.push(folder);
        }
    }
    folders
        .iter()
        .flat_map(|folder| image_files::items(folder).into_iter().take(MOST_FILES))
        .collect()
}

/// Whether columns of these names state a box.
pub(crate) fn has_boxes(columns: &[String]) -> bool {
    let has = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    let known = [&["xmin", "ymin", "xmax", "ymax"][..], &["x1", "y1", "x2", "y2"], &["bbox"]];
    known.iter().any(|names| names.iter().all(|name| has(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_recognised_by_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            DetectionForm::of(&path)
        };
        let long = " ".repeat(200_000);
        let coco = format!("{{\"info\": {{}}, \"images\": [{long}], \"categories\": []}}");
        assert_eq!(of("instances.json", &coco), Some(DetectionForm::Coco));
        let labelme = "{\"shapes\": [], \"imagePath\": \"a.jpg\"}";
        assert_eq!(of("a.json", labelme), Some(DetectionForm::LabelMe));
        let createml =
            "[{\"image\": \"a.jpg\", \"annotations\": [{\"coordinates\": {}, \"label\": \"x\"}]}]";
        assert_eq!(of("a.json", createml), Some(DetectionForm::CreateMl));
        let voc = "<annotation><object><bndbox></bndbox></object></annotation>";
        assert_eq!(of("a.xml", voc), Some(DetectionForm::PascalVoc));
        assert_eq!(of("a.txt", "\n14 0.5 0.5 0.25 1\n"), Some(DetectionForm::Yolo));
        for (name, text) in [
            ("map.json", "{\"a.jpg\": \"cat\"}"),
            ("list.json", "[{\"image\": \"a.jpg\", \"label\": \"cat\"}]"),
            ("a.txt", "a.jpg 3\n"),
            ("b.txt", "3\n4\n"),
            ("c.txt", "1 2 3 4 5\n"),
            ("a.xml", "<cat/>"),
            ("a.csv", "14 0.5 0.5 0.25 1\n"),
        ] {
            assert_eq!(of(name, text), None, "{name}: {text}");
        }
    }
}
