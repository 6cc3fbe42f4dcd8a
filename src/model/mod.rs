//! A model: one file and what is needed to use it as a classifier.

pub mod alternatives;
pub mod catalogue;
pub mod choose_output;
mod choose_preset;
pub mod config;
pub mod external;
pub mod flatbuffer;
mod float_weights;
mod foreign;
pub mod input_geometry;
pub mod labels;
pub mod manifest;
pub mod metadata;
mod normalisation;
pub(crate) mod onnx_domains;
pub mod onnx_file;
pub(crate) mod onnx_graph;
pub mod published;
pub mod resolve;
pub mod select;
pub mod shapes;
pub mod sources;
pub mod tflite_file;
pub(crate) mod tflite_graph;
pub mod tflite_signature;
