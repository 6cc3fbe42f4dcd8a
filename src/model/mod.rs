//! A model: one file and what is needed to use it as a classifier.

pub mod catalogue;
pub mod description;
mod external;
pub mod flatbuffer;
pub mod format;
pub mod inspect;
pub mod labels;
pub mod manifest;
pub mod metadata;
pub mod onnx;
pub mod precision;
pub mod preprocessing;
pub mod published;
pub mod quantization;
pub mod resolve;
pub mod select;
pub mod tensor;
pub mod tflite;

pub use description::{Description, Model};
pub use format::Format;
pub use precision::Precision;
