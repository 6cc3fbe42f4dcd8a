//! Tensors as they cross the border between us and a runtime.

use serde::{Deserialize, Serialize};

use crate::record::quantization::Quantization;

/// The type of one element.
#[derive(
    Debug,
    Clone,
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
pub enum ElementType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary16.
    Float16,
    /// Signed 8-bit.
    Int8,
    /// Unsigned 8-bit.
    Uint8,
    /// Signed 16-bit.
    Int16,
    /// Signed 32-bit.
    Int32,
    /// Signed 64-bit.
    Int64,
    /// One byte a truth value.
    Bool,
}

impl ElementType {
    /// Size of one element in bytes.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Float16 | Self::Int16 => 2,
            Self::Float32 | Self::Int32 => 4,
            Self::Int64 => 8,
        }
    }
}

/// Name, shape and type of one input or output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// The model's name for it.
    pub name: String,
    /// Dimensions, batch first; a dimension that the model leaves open is 1.
    pub shape: Vec<usize>,
    /// Element type.
    pub element: ElementType,
    /// Per-tensor quantisation, absent for real-valued tensors.
    pub quantization: Option<Quantization>,
}

impl TensorInfo {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether a dimension is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `bytes` of this tensor as real numbers, dequantised.
    #[must_use]
    pub fn real(&self, bytes: &[u8]) -> Vec<f32> {
        let (element, shape) = (self.element, self.shape.clone());
        let tensor = Tensor { element, shape, bytes: bytes.to_vec() };
        tensor.to_real(self.quantization.as_ref())
    }

    /// Size of the data in bytes.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.len() * self.element.width()
    }
}

/// A dense tensor: native-endian bytes in row-major order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Element type.
    pub element: ElementType,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// `shape.product() * element.width()` bytes.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// The elements as real numbers: dequantised where `quantization` is given,
    /// else converted as they are.
    #[must_use]
    pub fn to_real(&self, quantization: Option<&Quantization>) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            let (chunks, _) = bytes.as_chunks::<N>();
            chunks.iter().map(|chunk| read(*chunk)).collect()
        }
        let bytes = &self.bytes;
        let mut values = match self.element {
            ElementType::Float32 => each(bytes, f32::from_ne_bytes),
            ElementType::Float16 => each(bytes, |b| half::f16::from_ne_bytes(b).to_f32()),
            ElementType::Int8 => each(bytes, |b| f32::from(i8::from_ne_bytes(b))),
            ElementType::Uint8 | ElementType::Bool => each(bytes, |[b]| f32::from(b)),
            ElementType::Int16 => each(bytes, |b| f32::from(i16::from_ne_bytes(b))),
            ElementType::Int32 => each(bytes, |b| i32::from_ne_bytes(b) as f32),
            ElementType::Int64 => each(bytes, |b| i64::from_ne_bytes(b) as f32),
        };
        if let Some(quantization) = quantization {
            for value in &mut values {
                *value = quantization.dequantize(*value);
            }
        }
        values
    }
}
