//! How a photo becomes a model's input, as an ordered list of steps.
//!
//! Quantisation and layout are the tensor's, not the pipeline's.

use serde::{Deserialize, Serialize};

use crate::record::channels::Channels;

/// An ordered list of steps, from the decoded photo to real values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pipeline {
    /// The steps: at most one resize, one crop before it, and one crop or pad after it.
    pub steps: Vec<Step>,
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// To another size.
    Resize(Resampling),
    /// The centre, of a fixed size in pixels. If the image is smaller, the rest is black.
    CropCentre {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Where it begins.
        start: Start,
    },
    /// The central square.
    CropSquare {
        /// Share of the shorter side.
        fraction: f64,
        /// How its side and its start become whole numbers.
        rule: SquareRule,
    },
    /// The central share of each side.
    CropSides {
        /// Share of each side, in (0, 1].
        fraction: f64,
        /// How the sides become whole numbers.
        rule: SidesRule,
    },
    /// Into the middle of an empty image; what does not fit is cut off.
    Pad {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Red, green, blue.
        colour: [u8; 3],
    },
    /// How pixels are represented after the resize.
    Values {
        /// The type.
        values: Values,
    },
    /// Which channels, in which order.
    Channels {
        /// The order.
        channels: Channels,
    },
    /// `(pixel - mean) / scale`, with pixels in 0..=255.
    Normalise {
        /// Subtracted; one value, or one per channel in the order of the channels.
        mean: Vec<f32>,
        /// Divides the result.
        scale: Vec<f32>,
    },
}

/// How an image is brought to another size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Resampling {
    /// The size.
    pub target: Target,
    /// The shape of the filter.
    pub filter: Filter,
    /// Whether the filter is widened by the reduction.
    pub antialias: bool,
    /// Where an output pixel lies in the source.
    pub coordinates: Coordinates,
    /// Whose arithmetic is used: libraries round differently.
    pub library: Library,
}

/// The size that an image is resized to, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The shorter side; the longer one follows, `pixels * long / short` rounded down.
    ShorterSide(usize),
    /// Keeps the aspect ratio and covers this size; rounded half to even.
    Covering {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Keeps the aspect ratio and stays within this size (of a square: its longer side); sides
    /// are divided by their ratio to it, and rounded half to even (timm).
    Within {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The same, but sides are multiplied by the ratio of this size to them, which now and
    /// then rounds differently (Ultralytics).
    Fitting {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Exactly this size; the aspect ratio is lost.
    Exact {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}

/// The shape of a resampling filter.
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
    strum::VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Filter {
    /// The nearest pixel.
    Nearest,
    /// A triangle of half width 1.
    Bilinear,
    /// Keys' cubic, of half width 2.
    Bicubic,
    /// The mean of what an output pixel covers.
    Area,
    /// Hamming's window of half width 1.
    Hamming,
    /// Lanczos' filter of half width 3.
    Lanczos,
}

/// Where the centre of output pixel `i` lies in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinates {
    /// `(i + 0.5) * from / to - 0.5`.
    HalfPixel,
    /// `i * from / to`.
    Corner,
}

/// Whose resize is reproduced, to the last bit if the tests have goldens of the library.
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
pub enum Library {
    /// Pillow up to 12: rows first.
    #[serde(rename = "pillow-12")]
    #[strum(serialize = "pillow-12")]
    Pillow12,
    /// Pillow from 13: columns first if that is less work.
    Pillow,
    /// OpenCV's `cv2.resize`.
    #[serde(rename = "opencv")]
    #[strum(serialize = "opencv")]
    OpenCv,
    /// TensorFlow's `tf.image` and `tf.raw_ops`.
    Tensorflow,
    /// TensorFlow Lite's operation RESIZE_BILINEAR, reference kernel.
    Tflite,
    /// libyuv's `ARGBScale`, which TensorFlow Lite's Task Library calls.
    Libyuv,
    /// Skia's linear sampling, which Android's bitmaps are scaled by.
    Skia,
}

/// Where a central crop begins, given what remains on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Half of it, rounded half to even; if pixels are missing, half of them rounded down
    /// (torchvision's `center_crop`).
    HalfEven,
    /// Half of it, rounded down (transformers, MLPerf).
    Down,
}

/// How a central square becomes whole pixels, of an image of `h` x `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SquareRule {
    /// The side is `min(round(f h), round(f w))`, the start `round((h - side) / 2)`; C's
    /// `round` (TensorFlow Lite's evaluation tool).
    Rounded,
    /// The side is `int(f min(h, w))` in f32, the start `(h - side + 1) // 2`
    /// (EfficientNet's preprocessing.py).
    Truncated,
    /// The side is `min(h, w)`, the start `(h - side) // 2` (TensorFlow Lite's Support
    /// Library).
    Whole,
}

/// How the central share of a side becomes whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SidesRule {
    /// `int((size - size f) / 2)` goes from either end (`tf.image.central_crop`).
    Margins,
    /// `round(size f)` stays, from `round((size - kept) / 2)`.
    Kept,
}

/// Representation of pixels after the resize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// 8 bits, rounded.
    U8Rounded,
    /// Floating point.
    F32,
    /// Floating point; truncated for an integer tensor.
    F32Truncated,
}

impl Pipeline {
    /// The resize, if there is one.
    #[must_use]
    pub(crate) fn resampling(&self) -> Option<&Resampling> {
        self.steps.iter().find_map(|step| match step {
            Step::Resize(resampling) => Some(resampling),
            _ => None,
        })
    }

    /// The channels that the model sees.
    #[must_use]
    pub(crate) fn channels(&self) -> Channels {
        let found = self.steps.iter().find_map(|step| match step {
            Step::Channels { channels } => Some(*channels),
            _ => None,
        });
        found.unwrap_or(Channels::Rgb)
    }

    /// The type of the values after the resize.
    #[must_use]
    pub(crate) fn values(&self) -> Values {
        let found = self.steps.iter().find_map(|step| match step {
            Step::Values { values } => Some(*values),
            _ => None,
        });
        found.unwrap_or(Values::U8Rounded)
    }

    /// Mean and scale; (0, 1) if pixels stay unchanged.
    #[must_use]
    pub(crate) fn normalisation(&self) -> (&[f32], &[f32]) {
        let found = self.steps.iter().find_map(|step| match step {
            Step::Normalise { mean, scale } => Some((mean.as_slice(), scale.as_slice())),
            _ => None,
        });
        found.unwrap_or((&[0.0], &[1.0]))
    }

    /// The same with other channels and another normalisation.
    #[must_use]
    pub(crate) fn with_values(&self, channels: Channels, mean: Vec<f32>, scale: Vec<f32>) -> Self {
        let mut steps = self.steps.clone();
        steps.retain(|step| !matches!(step, Step::Channels { .. } | Step::Normalise { .. }));
        steps.extend([Step::Channels { channels }, Step::Normalise { mean, scale }]);
        Self { steps }
    }

    /// Height and width of the result, if they are the same for every image.
    #[must_use]
    pub(crate) fn output_size(&self) -> Option<(usize, usize)> {
        self.steps.iter().rev().find_map(|step| match *step {
            Step::CropCentre { height, width, .. }
            | Step::Pad { height, width, .. }
            | Step::Resize(Resampling { target: Target::Exact { height, width }, .. }) => {
                Some(Some((height, width)))
            }
            Step::Resize(_) | Step::CropSquare { .. } | Step::CropSides { .. } => Some(None),
            _ => None,
        })?
    }
}
