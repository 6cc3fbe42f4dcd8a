//! `config.json` of Hugging Face's transformers: class names, and the input's size.
//!
//! Source: huggingface/transformers, `src/transformers/configuration_utils.py`
//! (`id2label`, `label2id`, `architectures`) and the `configuration_*.py` of the
//! models (`image_size`, `num_channels`).

use anyhow::Result;

use crate::model::config::config_labels;
use crate::model::config::field::{Fields, PixelSize, parse};

/// File name beside a model; timm's has the same.
pub(crate) const FILE_NAME: &str = "config.json";

/// What such a configuration states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelConfig {
    /// Class names in the order of the outputs; also absent if nobody named them.
    pub labels: Option<Vec<String>>,
    /// The classes of Python that it is for.
    pub architectures: Vec<String>,
    /// Height and width of the input in pixels.
    pub image_size: Option<(usize, usize)>,
    /// Channels of the input.
    pub channels: Option<u64>,
}

/// Reads the bytes of a `config.json`.
///
/// # Errors
/// One sentence without the file's name: no JSON object, or a field of the wrong type.
pub fn read(bytes: &[u8]) -> Result<ModelConfig> {
    let map = parse(bytes)?;
    let fields = Fields::new(&map);
    let labels = match config_labels::of(&fields, "id2label")? {
        Some(labels) => Some(labels),
        None => config_labels::inverted(&fields, "label2id")?,
    };
    let image_size = fields.size("image_size")?.map(|size| match size {
        PixelSize::Exact { height, width } => (height, width),
        PixelSize::Number(side) | PixelSize::ShortestEdge(side) => (side, side),
    });
    Ok(ModelConfig {
        labels,
        architectures: fields.texts("architectures")?.unwrap_or_default(),
        image_size,
        channels: fields.whole("num_channels")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_their_numbers() {
        let ids: Vec<String> = (0..11).map(|i| format!("\"{i}\":\"class {i}\"")).collect();
        // As JSON writers sort them: "10" before "2".
        let text = format!(
            "{{\"architectures\":[\"ViTForImageClassification\"],\"image_size\":[224,192],\
             \"num_channels\":3,\"id2label\":{{{},\"10\":\"class 10\",{}}},\"more\":[{{}}]}}",
            ids[..2].join(","),
            ids[2..10].join(",")
        );
        let config = read(text.as_bytes()).unwrap();
        let labels = config.labels.unwrap();
        assert_eq!((&*labels[2], &*labels[10], labels.len()), ("class 2", "class 10", 11));
        assert_eq!((config.image_size, config.channels), (Some((224, 192)), Some(3)));
        assert_eq!(config.architectures, ["ViTForImageClassification"]);
    }

    #[test]
    fn label2id_serves_too_and_placeholders_do_not() {
        let labels = |text: &str| read(text.as_bytes()).unwrap().labels;
        assert_eq!(labels(r#"{"label2id":{"dog":1,"cat":"0"}}"#).unwrap(), ["cat", "dog"]);
        assert_eq!(labels(r#"{"id2label":{"0":"LABEL_0","1":"LABEL_1"}}"#), None);
        assert_eq!(labels(r#"{"id2label":null,"image_size":null}"#), None);
    }

    #[test]
    fn a_wrong_type_is_named() {
        for (text, words) in [
            ("[]", "must hold one JSON object"),
            ("{", "not valid JSON"),
            (r#"{"id2label":"cats"}"#, "'id2label' must be a list of names"),
            (r#"{"id2label":{"cat":0}}"#, "'id2label' must be a list of names"),
            (r#"{"image_size":-1}"#, "'image_size' must be a whole number of pixels"),
            (r#"{"image_size":{"height":1}}"#, "'image_size' must have 'height' and 'width'"),
            (
                r#"{"architectures":"x"}"#,
                "'architectures' must be a list of strings, but is the string 'x'",
            ),
            (r#"{"num_channels":3.5}"#, "'num_channels' must be a whole number from 0, but is 3.5"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
