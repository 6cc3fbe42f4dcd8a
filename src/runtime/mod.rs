//! The runtimes behind the traits `Backend` and `Session`; the only module with `unsafe`.

pub mod backend;
pub mod backend_error;
pub(crate) mod boundary;
mod cached_file;
mod heard_stderr;
pub mod library;
pub(crate) mod litert;
pub(crate) mod litert_api;
mod litert_buffers;
pub(crate) mod litert_coverage;
mod litert_settings;
pub(crate) mod onnxruntime;
pub(crate) mod onnxruntime_keys;
pub(crate) mod onnxruntime_output;
pub(crate) mod onnxruntime_plugin;
pub(crate) mod onnxruntime_profile;
pub(crate) mod onnxruntime_provider;
pub(crate) mod onnxruntime_recipe;
mod onnxruntime_refusals;
pub(crate) mod opened_runtime;
pub(crate) mod openvino;
pub(crate) mod refusal;
pub mod registry;
pub mod session;
pub(crate) mod tflite;
mod tflite_bare;
mod tflite_delegate;
pub(crate) mod tflite_plan;
mod tflite_profile;
mod tflite_profiler;
mod tflite_refusals;
#[cfg(feature = "tflitec")]
pub(crate) mod tflitec;
mod told_refusals;
pub(crate) mod tract;
mod xnnpack_flags;
mod xnnpack_operator;
