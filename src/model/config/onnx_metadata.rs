//! What exporters write into an ONNX file's `metadata_props`.
//!
//! Sources: ultralytics/ultralytics, `ultralytics/engine/exporter.py` (`author`, `task`,
//! `names`, `imgsz`: Python's text of a dict and a list); PaddleOCR's exporters
//! (`character`: a class per line); and what people write by hand (`labels`, `classes`,
//! `class_names`, `id2label`).

use crate::model::config::{config_labels, python_literal};
use crate::record::input_size::InputSize;
use crate::record::preset::{Preset, PresetName};

/// Keys under which class names are found, the surest first.
const NAMES: [&str; 6] = ["names", "id2label", "class_names", "classes", "labels", "character"];

/// What the metadata states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OnnxMetadata {
    /// Class names in the order of the outputs.
    pub labels: Option<Vec<String>>,
    /// Height and width of the images, if the exporter states them.
    pub image_size: Option<InputSize>,
    /// The pipeline, if the exporter states one.
    pub preprocess: Option<Preset>,
}

/// Reads pairs of keys and strings, for a model with this number of classes. If there are more or
/// fewer names, they name something else. What cannot be read counts as absent: metadata is an
/// annotation, and the report says what was assumed instead.
#[must_use]
pub fn read(pairs: &[(&str, &str)], classes: Option<usize>) -> OnnxMetadata {
    let value = |key: &str| pairs.iter().find(|(known, _)| *known == key).map(|(_, text)| *text);
    let fits = |names: &Vec<String>| classes.is_none_or(|classes| names.len() == classes);
    let labels = NAMES.iter().filter_map(|key| config_labels::from_text(value(key)?)).find(fits);
    let ultralytics = value("author").is_some_and(|author| author.starts_with("Ultralytics"));
    let classifies = value("task") == Some("classify");
    // Of height and width; versions differ in whether a square is one number.
    let size = |text| serde_json::from_value(python_literal::read(text)?).ok();
    let image_size = value("imgsz").filter(|_| ultralytics).and_then(size);
    let preprocess = (ultralytics && classifies).then(|| Preset::plain(PresetName::Ultralytics));
    OnnxMetadata { labels, image_size, preprocess }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ultralytics_states_names_and_its_transforms() {
        let pairs = [
            ("description", "Ultralytics YOLO11n-cls model trained on imagenet10"),
            ("author", "Ultralytics"),
            ("task", "classify"),
            ("imgsz", "[224, 160]"),
            ("names", "{0: 'tench', 1: \"cock's comb\"}"),
        ];
        let found = read(&pairs, Some(2));
        assert_eq!(found.labels.unwrap(), ["tench", "cock's comb"]);
        assert_eq!(found.image_size, InputSize::of(224, 160));
        assert_eq!(found.preprocess.unwrap().name, PresetName::Ultralytics);
        // A detector has other transforms.
        let detector = [("author", "Ultralytics"), ("task", "detect")];
        assert_eq!(read(&detector, None), OnnxMetadata::default());
    }

    #[test]
    fn other_exporters_name_classes_too() {
        for (key, text) in [
            ("character", "0\n180"),
            ("labels", "0,180"),
            ("classes", "[\"0\", \"180\"]"),
            ("id2label", "{\"0\": \"0\", \"1\": \"180\"}"),
        ] {
            assert_eq!(read(&[(key, text)], Some(2)).labels.unwrap(), ["0", "180"], "{key}");
        }
    }

    #[test]
    fn names_of_another_number_name_something_else() {
        let pairs = [("names", "{0: 'x', 1: 'y', 2: 'z'}"), ("labels", "a,b")];
        assert_eq!(read(&pairs, Some(2)).labels.unwrap(), ["a", "b"]);
        assert_eq!(read(&pairs, Some(7)).labels, None);
        assert_eq!(read(&[("names", "{0: 'x'")], Some(1)).labels, None);
    }
}
