//! How an image becomes a model's input.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::channels::{Channels, Layout};
use crate::record::pipeline::Pipeline;
use crate::record::quantization::Quantization;
use crate::record::tensor::{ElementType, TensorInfo};

/// Filters as descriptions name them for the preset `slim-pillow`.
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
    /// Two-point interpolation without antialias, with corner coordinates.
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
    /// Order of the axes.
    pub layout: Layout,
    /// From the photo to real values.
    pub pipeline: Pipeline,
    /// Element type of the tensor.
    pub element: ElementType,
    /// Through which a real value is stored in an integer tensor.
    pub quantization: Option<Quantization>,
}

impl fmt::Display for InputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} x {}, {}", self.layout, self.width, self.height, self.pipeline)
    }
}

impl InputSpec {
    /// Which channels the model sees.
    #[must_use]
    pub(crate) fn channels(&self) -> Channels {
        self.pipeline.channels()
    }

    /// The tensor's shape, batch of one.
    #[must_use]
    pub(crate) fn shape(&self) -> Vec<usize> {
        let channels = self.channels().count();
        match self.layout {
            Layout::Nhwc => vec![1, self.height, self.width, channels],
            Layout::Nchw => vec![1, channels, self.height, self.width],
            Layout::Nhw => vec![1, self.height, self.width],
        }
    }

    /// Whether the tensor that this makes fits `input`.
    #[must_use]
    pub(crate) fn fits(&self, input: &TensorInfo) -> bool {
        self.element == input.element && self.shape() == input.shape
    }
}
