//! The runtimes behind the traits `Backend` and `Session`; the only module with `unsafe`.

pub mod backend;
pub mod backend_error;
pub mod boundary;
pub mod library;
pub mod litert;
pub mod litert_api;
mod litert_buffers;
pub mod litert_coverage;
mod litert_settings;
pub mod onnxruntime;
pub mod onnxruntime_output;
pub mod onnxruntime_profile;
pub mod onnxruntime_provider;
pub mod onnxruntime_recipe;
pub mod opened_runtime;
pub mod openvino;
pub mod refusal;
pub mod registry;
pub mod session;
pub mod tflite;
mod tflite_bare;
mod tflite_delegate;
pub mod tflite_plan;
mod tflite_profile;
mod tflite_profiler;
#[cfg(feature = "tflitec")]
pub mod tflitec;
pub mod tract;
mod xnnpack_flags;
