//! Named pipelines with parameters, as in `--preprocess torchvision,resize=232,crop=224` and a
//! description's `preprocess`. [`crate::record::preset_steps`] has the steps of each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::VariantNames;

use crate::record::pipeline::{Filter, Library};
use crate::record::preset_value::{Size, colour, numbers, one_of, positive, share, size, truth};

/// A publisher's pipeline.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantNames,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PresetName {
    /// TensorFlow Lite's evaluation tool for image classification.
    TfliteEval,
    /// TensorFlow-Slim's Inception preprocessing.
    Slim,
    /// The same crop with Pillow's antialiased resize; what `resize` and `crop` describe.
    SlimPillow,
    /// torchvision's transforms of its classification weights.
    Torchvision,
    /// timm's evaluation transforms.
    Timm,
    /// transformers' image processors.
    Hf,
    /// The preprocessing of TensorFlow's EfficientNet and EfficientNet-Lite.
    Efficientnet,
    /// Keras' loaders with its applications' `preprocess_input`.
    Keras,
    /// MLPerf Inference's image classification.
    Mlperf,
    /// TensorFlow Lite's Task Library.
    TaskLibrary,
    /// TensorFlow Lite's Support Library for Android.
    SupportLibrary,
    /// Ultralytics' classification transforms.
    Ultralytics,
    /// The whole image inside a frame of one colour, as Ultralytics' LetterBox.
    Letterbox,
}

/// A parameter of a preset.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Key {
    /// Pixels of the shorter side after the resize.
    Resize,
    /// Pixels of each side of the centre crop.
    Crop,
    /// Share that a crop keeps.
    Fraction,
    /// Input size over resized size (timm, transformers' ConvNeXT).
    CropPct,
    /// timm's way to the input's shape.
    CropMode,
    /// The filter.
    Interpolation,
    /// Whether the filter is widened by the reduction.
    Antialias,
    /// Subtracted from pixels in 0..1.
    Mean,
    /// Divides the result.
    Std,
    /// Factor of pixels before the mean is subtracted (transformers).
    Rescale,
    /// Whether 1 is subtracted then (transformers' EfficientNet).
    Offset,
    /// Keras' normalisation, or MLPerf's and EfficientNet's kind of model.
    Mode,
    /// Keras' loader.
    Loader,
    /// Colour of the frame.
    Colour,
    /// Whose arithmetic is used to resize.
    Library,
}

/// timm's `crop_mode`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantNames,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CropMode {
    /// Resize the shorter side, then crop.
    Center,
    /// Resize both sides, then crop.
    Squash,
    /// Resize the longer side, then pad with the mean colour.
    Border,
}

/// A variant within a preset: of Keras' `preprocess_input`, or of MLPerf's or EfficientNet's
/// models.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum PresetVariant {
    /// Keras: to -1..1.
    Tf,
    /// Keras: ImageNet's mean and deviation.
    Torch,
    /// Keras: BGR, ImageNet's mean subtracted.
    Caffe,
    /// Keras: pixels unchanged.
    None,
    /// MLPerf: OpenCV's area filter, mean subtracted.
    Vgg,
    /// MLPerf: OpenCV's linear filter, to -1..1.
    Mobilenet,
    /// EfficientNet: bilinear, `(pixel - 127) / 128`.
    Lite,
}

/// What Keras reads images with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Loader {
    /// `image_dataset_from_directory`: `tf.image.resize`.
    Dataset,
    /// `keras.utils.load_img`: Pillow's nearest.
    LoadImg,
}

/// A preset with its stated parameters. As text: `NAME[,KEY=VALUE...]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Preset {
    /// Which.
    pub name: PresetName,
    /// The stated parameters; the rest are the preset's defaults.
    pub parameters: Parameters,
}

/// The stated parameters of a preset; see [`Key`].
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "each field is documented as a Key")]
pub struct Parameters {
    pub resize: Option<Size>,
    pub crop: Option<Size>,
    pub fraction: Option<f64>,
    pub crop_pct: Option<f64>,
    pub crop_mode: Option<CropMode>,
    pub interpolation: Option<Filter>,
    pub antialias: Option<bool>,
    pub mean: Option<Vec<f32>>,
    pub std: Option<Vec<f32>>,
    pub rescale: Option<f64>,
    pub offset: Option<bool>,
    pub mode: Option<PresetVariant>,
    pub loader: Option<Loader>,
    pub colour: Option<[u8; 3]>,
    pub library: Option<Library>,
}

impl PresetName {
    /// Whether the preset has its own normalisation, whatever a model's metadata says.
    #[must_use]
    pub(crate) const fn normalises(self) -> bool {
        !matches!(
            self,
            Self::TfliteEval
                | Self::Slim
                | Self::SlimPillow
                | Self::TaskLibrary
                | Self::SupportLibrary
        )
    }

    /// The parameters of this preset.
    #[must_use]
    pub(crate) const fn keys(self) -> &'static [Key] {
        match self {
            Self::TfliteEval | Self::Slim => &[Key::Fraction, Key::Mean, Key::Std],
            Self::SlimPillow => &[
                Key::Fraction,
                Key::Interpolation,
                Key::Antialias,
                Key::Library,
                Key::Mean,
                Key::Std,
            ],
            Self::Torchvision => {
                &[Key::Resize, Key::Crop, Key::Interpolation, Key::Library, Key::Mean, Key::Std]
            }
            Self::Timm => &[
                Key::CropPct,
                Key::CropMode,
                Key::Interpolation,
                Key::Library,
                Key::Mean,
                Key::Std,
            ],
            Self::Hf => &[
                Key::Resize,
                Key::Crop,
                Key::CropPct,
                Key::Interpolation,
                Key::Library,
                Key::Rescale,
                Key::Offset,
                Key::Mean,
                Key::Std,
            ],
            Self::Efficientnet => {
                &[Key::Mode, Key::Fraction, Key::Interpolation, Key::Mean, Key::Std]
            }
            Self::Keras => {
                &[Key::Loader, Key::Mode, Key::Interpolation, Key::Antialias, Key::Mean, Key::Std]
            }
            Self::Mlperf => &[Key::Mode, Key::Interpolation, Key::Mean, Key::Std],
            Self::TaskLibrary | Self::SupportLibrary => &[Key::Mean, Key::Std],
            Self::Ultralytics => &[Key::Mean, Key::Std, Key::Library],
            Self::Letterbox => {
                &[Key::Colour, Key::Interpolation, Key::Library, Key::Mean, Key::Std]
            }
        }
    }

    /// Its modes, if it has any.
    const fn modes(self) -> &'static [PresetVariant] {
        match self {
            Self::Keras => &[
                PresetVariant::Tf,
                PresetVariant::Torch,
                PresetVariant::Caffe,
                PresetVariant::None,
            ],
            Self::Mlperf => &[PresetVariant::Vgg, PresetVariant::Mobilenet],
            Self::Efficientnet => &[PresetVariant::None, PresetVariant::Lite],
            _ => &[],
        }
    }
}

impl Preset {
    /// A preset with its publisher's parameters.
    #[must_use]
    pub(crate) fn plain(name: PresetName) -> Self {
        Self { name, parameters: Parameters::default() }
    }

    /// States one of its parameters.
    ///
    /// # Errors
    /// One sentence: a key that this preset does not have, or a value that is none of it.
    pub(crate) fn state(&mut self, key: &str, value: &str) -> Result<(), String> {
        let known = self.name.keys();
        let Some(key) = key.parse::<Key>().ok().filter(|key| known.contains(key)) else {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            return Err(format!(
                "preset {} has no parameter '{key}'; it has {}",
                self.name,
                known.join(", ")
            ));
        };
        let wrong = |what: &str| format!("'{key}={value}' of preset {}: {what}", self.name);
        let to = &mut self.parameters;
        match key {
            Key::Resize => to.resize = Some(size(value).map_err(|what| wrong(&what))?),
            Key::Crop => to.crop = Some(size(value).map_err(|what| wrong(&what))?),
            Key::Fraction => to.fraction = Some(share(value).map_err(|what| wrong(&what))?),
            Key::CropPct => to.crop_pct = Some(share(value).map_err(|what| wrong(&what))?),
            Key::CropMode => to.crop_mode = Some(one_of(value).map_err(|what| wrong(&what))?),
            Key::Interpolation => {
                to.interpolation = Some(one_of(value).map_err(|what| wrong(&what))?);
            }
            Key::Antialias => to.antialias = Some(truth(value).map_err(|what| wrong(&what))?),
            Key::Mean => to.mean = Some(numbers(value).map_err(|what| wrong(&what))?),
            Key::Std => {
                let std = numbers(value).map_err(|what| wrong(&what))?;
                if std.contains(&0.0) {
                    return Err(wrong("pixels are divided by it, so it must not be 0"));
                }
                to.std = Some(std);
            }
            Key::Rescale => to.rescale = Some(positive(value).map_err(|what| wrong(&what))?),
            Key::Offset => to.offset = Some(truth(value).map_err(|what| wrong(&what))?),
            Key::Mode => {
                let modes = self.name.modes();
                let mode = value.parse().ok().filter(|mode| modes.contains(mode));
                let names: Vec<String> = modes.iter().map(ToString::to_string).collect();
                let refused = || wrong(&format!("it must be one of {}", names.join(", ")));
                to.mode = Some(mode.ok_or_else(refused)?);
            }
            Key::Loader => to.loader = Some(one_of(value).map_err(|what| wrong(&what))?),
            Key::Colour => to.colour = Some(colour(value).map_err(|what| wrong(&what))?),
            Key::Library => to.library = Some(one_of(value).map_err(|what| wrong(&what))?),
        }
        Ok(())
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let name = name.parse().map_err(|_| {
            format!("there is no preset '{name}'; known: {}", PresetName::VARIANTS.join(", "))
        })?;
        let mut preset = Self::plain(name);
        for part in parts {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                format!("'{part}' is not KEY=VALUE; write --preprocess {name},KEY=VALUE")
            })?;
            preset.state(key.trim(), value.trim())?;
        }
        preset.check()?;
        Ok(preset)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        let of = &self.parameters;
        let joined =
            |values: &[f32]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(":");
        let stated = [
            (Key::Resize, of.resize.map(|it| it.to_string())),
            (Key::Crop, of.crop.map(|it| it.to_string())),
            (Key::Fraction, of.fraction.map(|it| it.to_string())),
            (Key::CropPct, of.crop_pct.map(|it| it.to_string())),
            (Key::CropMode, of.crop_mode.map(|it| it.to_string())),
            (Key::Interpolation, of.interpolation.map(|it| it.to_string())),
            (Key::Antialias, of.antialias.map(|it| it.to_string())),
            (Key::Mean, of.mean.as_deref().map(joined)),
            (Key::Std, of.std.as_deref().map(joined)),
            (Key::Rescale, of.rescale.map(|it| it.to_string())),
            (Key::Offset, of.offset.map(|it| it.to_string())),
            (Key::Mode, of.mode.map(|it| it.to_string())),
            (Key::Loader, of.loader.map(|it| it.to_string())),
            (Key::Colour, of.colour.map(|[r, g, b]| format!("{r}:{g}:{b}"))),
            (Key::Library, of.library.map(|it| it.to_string())),
        ];
        for (key, value) in stated {
            if let Some(value) = value {
                write!(f, ",{key}={value}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Preset {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Preset> for String {
    fn from(preset: Preset) -> Self {
        preset.to_string()
    }
}

#[cfg(test)]
#[path = "preset_tests.rs"]
mod tests;
