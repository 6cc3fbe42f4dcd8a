//! What the libraries that publish models write beside their files, and into them:
//! pure readers from bytes to typed values.

pub(crate) mod beside;
pub(crate) mod config_labels;
pub(crate) mod field;
pub mod hugging_face;
pub mod image_processor;
pub mod onnx_metadata;
pub(crate) mod processor_family;
pub mod python_literal;
pub mod steps;
pub mod timm;
