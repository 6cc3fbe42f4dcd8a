//! Which runtime executes a model.

use serde::{Deserialize, Serialize};

/// The runtimes that shutterbench knows.
#[derive(
    Debug,
    Clone,
    Default,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum BackendKind {
    /// TensorFlow Lite's C library, opened at run time.
    #[default]
    Tflite,
    /// The same library through the `tflitec` crate, linked at build time.
    Tflitec,
    /// LiteRT 2.x, its CompiledModel interface.
    Litert,
    /// tract, in pure Rust.
    Tract,
    /// ONNX Runtime.
    Onnxruntime,
    /// OpenVINO.
    Openvino,
}
