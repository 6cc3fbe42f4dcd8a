//! Affine quantisation: `real = (q - zero_point) * scale`.
//!
//! Source: TensorFlow Lite's 8-bit quantisation specification,
//! <https://ai.google.dev/edge/litert/models/quantization_spec>.

use serde::{Deserialize, Serialize};

/// Scale and zero point of a whole tensor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// The real value of one step; positive.
    pub scale: f32,
    /// The integer that represents 0.
    pub zero_point: i32,
}

impl Quantization {
    /// The real value of the stored integer `q`.
    #[must_use]
    pub(crate) fn dequantize(&self, q: f32) -> f32 {
        (q - self.zero_point as f32) * self.scale
    }

    /// The stored integer nearest to `real`, before it is clamped to a type's range.
    #[must_use]
    pub(crate) fn quantize(&self, real: f32) -> f32 {
        (real / self.scale).round() + self.zero_point as f32
    }
}
