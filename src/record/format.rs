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
    /// The format of a file, by its first bytes where they tell, else by its
    /// name's ending.
    #[must_use]
    pub fn detect(path: &Path, head: &[u8]) -> Self {
        let onnx_name = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        if head.get(4..8) != Some(b"TFL3") && onnx_name { Self::Onnx } else { Self::Tflite }
    }
}
