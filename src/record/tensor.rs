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
    /// IEEE 754 binary64.
    Float64,
    /// The upper half of IEEE 754 binary32.
    Bfloat16,
    /// Signed 8-bit.
    Int8,
    /// Unsigned 8-bit.
    Uint8,
    /// Signed 16-bit.
    Int16,
    /// Unsigned 16-bit.
    Uint16,
    /// Signed 32-bit.
    Int32,
    /// Unsigned 32-bit.
    Uint32,
    /// Signed 64-bit.
    Int64,
    /// Unsigned 64-bit.
    Uint64,
    /// One byte per truth value.
    Bool,
    /// UTF-8, filled with zeros to [`TEXT_BYTES`].
    Text,
}

/// Size of a text in a tensor of [`ElementType::Text`]; longer ones are cut.
pub(crate) const TEXT_BYTES: usize = 256;

impl ElementType {
    /// Whether it holds real numbers as they are.
    #[must_use]
    pub(crate) const fn is_real(self) -> bool {
        matches!(self, Self::Bfloat16 | Self::Float16 | Self::Float32 | Self::Float64)
    }

    /// Whether it holds integers of more than 8 bits.
    #[must_use]
    pub(crate) const fn is_wide_integer(self) -> bool {
        matches!(
            self,
            Self::Int16 | Self::Uint16 | Self::Int32 | Self::Uint32 | Self::Int64 | Self::Uint64
        )
    }

    /// Size of one element in bytes.
    #[must_use]
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Bfloat16 | Self::Float16 | Self::Int16 | Self::Uint16 => 2,
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
            Self::Text => TEXT_BYTES,
        }
    }
}

/// Name, shape and type of one input or output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TensorInfo {
    /// The model's name for it.
    pub name: String,
    /// Dimensions, batch first; an axis among `open` holds 1.
    pub shape: Vec<usize>,
    /// Element type.
    pub element: ElementType,
    /// Per-tensor quantisation, absent for real-valued tensors.
    pub quantization: Option<Quantization>,
    /// Axes whose size the file leaves open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenAxis>,
    /// Whether the file states no shape at all; `shape` is empty then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unshaped: bool,
}

/// An axis whose size a model file leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAxis {
    /// Which, from 0.
    pub axis: usize,
    /// What the file calls its size; axes of one name have one size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl TensorInfo {
    /// A tensor whose dimensions are all known.
    #[must_use]
    pub const fn fixed(
        name: String,
        shape: Vec<usize>,
        element: ElementType,
        quantization: Option<Quantization>,
    ) -> Self {
        Self { name, shape, element, quantization, open: Vec::new(), unshaped: false }
    }

    /// Whether a dimension is not known.
    #[must_use]
    pub(crate) const fn is_open(&self) -> bool {
        self.unshaped || !self.open.is_empty()
    }

    /// The size of an axis; `None` if it is open or there is no such axis.
    #[must_use]
    pub(crate) fn size(&self, axis: usize) -> Option<usize> {
        self.shape.get(axis).copied().filter(|_| self.open_axis(axis).is_none())
    }

    /// What the file states about an axis that it leaves open.
    #[must_use]
    pub(crate) fn open_axis(&self, axis: usize) -> Option<&OpenAxis> {
        self.open.iter().find(|open| open.axis == axis)
    }

    /// The same with every dimension known.
    #[must_use]
    pub(crate) fn with_shape(&self, shape: Vec<usize>) -> Self {
        Self { shape, open: Vec::new(), unshaped: false, ..self.clone() }
    }

    /// The part of one image in a tensor that holds `images` images, one after the other along the
    /// first axis. `None` if the tensor does not.
    #[must_use]
    pub(crate) fn of_one_image(&self, images: usize) -> Option<Self> {
        match self.shape.split_first() {
            _ if images == 1 => Some(self.clone()),
            Some((first, rest)) if *first == images => {
                Some(self.with_shape(std::iter::once(1).chain(rest.iter().copied()).collect()))
            }
            _ => None,
        }
    }

    /// The shape for display, with the name of an open axis, or `?`, instead of its size.
    #[must_use]
    pub(crate) fn shape_text(&self) -> String {
        if self.unshaped {
            return "without a stated shape".to_owned();
        }
        let axis = |(axis, size): (usize, &usize)| match self.open_axis(axis) {
            Some(open) => open.name.clone().unwrap_or_else(|| "?".to_owned()),
            None => size.to_string(),
        };
        let axes: Vec<String> = self.shape.iter().enumerate().map(axis).collect();
        format!("[{}]", axes.join(", "))
    }

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

    /// `bytes` of this tensor as numbers, integers as they are stored.
    #[must_use]
    pub(crate) fn stored(&self, bytes: &[u8]) -> Vec<f64> {
        fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
        }
        match self.element {
            // Up to 2^53 exactly.
            ElementType::Int64 => each(bytes, |b| i64::from_ne_bytes(b) as f64),
            ElementType::Uint64 => each(bytes, |b| u64::from_ne_bytes(b) as f64),
            ElementType::Int32 => each(bytes, |b| f64::from(i32::from_ne_bytes(b))),
            ElementType::Uint32 => each(bytes, |b| f64::from(u32::from_ne_bytes(b))),
            ElementType::Float64 => each(bytes, f64::from_ne_bytes),
            _ => {
                let plain = Self { quantization: None, ..self.clone() };
                plain.real(bytes).into_iter().map(f64::from).collect()
            }
        }
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
    /// The elements as real numbers: dequantised where `quantization` is given, otherwise converted
    /// unchanged.
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
            ElementType::Bfloat16 => each(bytes, |b| half::bf16::from_ne_bytes(b).to_f32()),
            ElementType::Float64 => each(bytes, |b| f64::from_ne_bytes(b) as f32),
            ElementType::Int8 => each(bytes, |b| f32::from(i8::from_ne_bytes(b))),
            ElementType::Uint8 | ElementType::Bool => each(bytes, |[b]| f32::from(b)),
            ElementType::Int16 => each(bytes, |b| f32::from(i16::from_ne_bytes(b))),
            ElementType::Int32 => each(bytes, |b| i32::from_ne_bytes(b) as f32),
            ElementType::Int64 => each(bytes, |b| i64::from_ne_bytes(b) as f32),
            ElementType::Uint16 => each(bytes, |b| f32::from(u16::from_ne_bytes(b))),
            ElementType::Uint32 => each(bytes, |b| u32::from_ne_bytes(b) as f32),
            ElementType::Uint64 => each(bytes, |b| u64::from_ne_bytes(b) as f32),
            // A text is not a number.
            ElementType::Text => each(bytes, |_: [u8; TEXT_BYTES]| f32::NAN),
        };
        if let Some(quantization) = quantization {
            for value in &mut values {
                *value = quantization.dequantize(*value);
            }
        }
        values
    }
}
