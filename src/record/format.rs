//! The file formats of models.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// What kind of file a model is.
#[derive(
    Debug,
    Clone,
    Default,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// A TensorFlow Lite flatbuffer.
    #[default]
    Tflite,
    /// An ONNX protocol buffer.
    Onnx,
}

impl Format {
    /// The format of a file, by its first bytes if they show it, else by its extension: package
    /// caches name files by their hashes.
    #[must_use]
    pub(crate) fn detect(path: &Path, head: &[u8]) -> Self {
        let named = |ending: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
        // An ONNX file begins with its IR version, field 1 of the protocol buffer.
        let onnx = matches!(head, [0x08, 1..=0x7f, ..]);
        if head.get(4..8) == Some(b"TFL3") {
            Self::Tflite
        } else if named("onnx") || onnx {
            Self::Onnx
        } else {
            Self::Tflite
        }
    }
}
