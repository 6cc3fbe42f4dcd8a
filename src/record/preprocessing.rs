//! How an image becomes a model's input.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::quantization::Quantization;
use crate::record::tensor::{ElementType, TensorInfo};

/// The order of a 4-D image tensor's axes.
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
pub enum Layout {
    /// Batch, height, width, channels.
    Nhwc,
    /// Batch, channels, height, width.
    Nchw,
}

/// Which channels a model sees, in which order.
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
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One channel of luma.
    Grey,
}

impl Channels {
    /// Number of channels.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Grey => 1,
        }
    }
}

/// How an image is brought to a model's size.
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
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Resize {
    /// Two-point interpolation without antialias, as TensorFlow Lite's
    /// `RESIZE_BILINEAR` and its accuracy tool do.
    Bilinear,
    /// A triangle filter as wide as the reduction, as Pillow's `BILINEAR` does.
    BilinearAntialias,
    /// A cubic filter as wide as the reduction, as Pillow's `BICUBIC` does.
    BicubicAntialias,
}

/// Everything that turns a decoded image into one input tensor. Two models
/// with equal specs share the prepared tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Height of the input in pixels.
    pub height: usize,
    /// Width of the input in pixels.
    pub width: usize,
    /// Channels and their order.
    pub channels: Channels,
    /// Order of the axes.
    pub layout: Layout,
    /// Resampling filter.
    pub resize: Resize,
    /// Share of each side that the central crop keeps, in (0, 1].
    pub crop: f64,
    /// Subtracted from a pixel in 0..=255; one value, or one a channel.
    pub mean: Vec<f32>,
    /// Divides what is left: `real = (pixel - mean) / scale`.
    pub scale: Vec<f32>,
    /// Element type of the tensor.
    pub element: ElementType,
    /// Through which a real value is stored in an integer tensor.
    pub quantization: Option<Quantization>,
}

impl fmt::Display for InputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layout, channels, height, width, resize, crop, mean, scale, .. } = self;
        write!(
            f,
            "{layout} {channels} {height}x{width}, {resize}, crop {crop}, (pixel - {mean:?}) / {scale:?}"
        )
    }
}

impl InputSpec {
    /// The tensor's shape, batch of one.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        let channels = self.channels.count();
        match self.layout {
            Layout::Nhwc => vec![1, self.height, self.width, channels],
            Layout::Nchw => vec![1, channels, self.height, self.width],
        }
    }

    /// Whether the tensor that this makes fits `input`.
    #[must_use]
    pub fn fits(&self, input: &TensorInfo) -> bool {
        self.element == input.element && self.shape() == input.shape
    }
}
