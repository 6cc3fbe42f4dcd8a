//! What a model computes, holds and moves, derived from its file.

mod cost_sum;
mod onnx_axes;
pub(crate) mod onnx_cost;
mod onnx_moves;
mod onnx_numbers;
mod onnx_rules;
mod onnx_value;
mod onnx_windows;
pub(crate) mod tflite_cost;
