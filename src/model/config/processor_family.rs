//! The image processors of Hugging Face's transformers by class, with their defaults:
//! configurations written by old versions leave most fields out.
//!
//! Source: `__init__` of the class in
//! `src/transformers/models/*/image_processing_*.py`, huggingface/transformers.

use crate::model::config::field::PixelSize;
use crate::record::pipeline::Filter;

/// `IMAGENET_DEFAULT_MEAN` and `_STD` of transformers and timm.
pub(crate) const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// See [`IMAGENET_MEAN`].
pub(crate) const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
/// `IMAGENET_STANDARD_MEAN`, which is also `_STD`.
const HALF: [f64; 3] = [0.5; 3];
/// `OPENAI_CLIP_MEAN`.
const CLIP_MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// `OPENAI_CLIP_STD`.
const CLIP_STD: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];

/// Classes whose resizing follows a rule of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// As `size` says.
    AsStated,
    /// Below 384 pixels: the shorter side to `size / crop_pct` and the centre of it;
    /// from there on the whole photo, squashed.
    ConvNext,
    /// The shorter side to 256/224 of `size`.
    Levit,
    /// The shorter side to `size / crop_pct`.
    PoolFormer,
}

/// The defaults of a class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessorFamily {
    pub rule: Rule,
    /// Whether a size that is one number means both sides, not the shorter one.
    pub number_is_square: bool,
    pub size: Option<PixelSize>,
    pub filter: Filter,
    pub crops: bool,
    pub crop: Option<(usize, usize)>,
    pub rescales: bool,
    pub normalizes: bool,
    pub mean: [f64; 3],
    pub deviation: [f64; 3],
    pub flips_channels: bool,
    pub divides_again: bool,
}

impl ProcessorFamily {
    /// ViT's defaults, which most classes share; without a size.
    pub(crate) const fn common() -> Self {
        Self {
            rule: Rule::AsStated,
            number_is_square: true,
            size: None,
            filter: Filter::Bilinear,
            crops: false,
            crop: None,
            rescales: true,
            normalizes: true,
            mean: HALF,
            deviation: HALF,
            flips_channels: false,
            divides_again: false,
        }
    }

    const fn squashing(side: usize, filter: Filter) -> Self {
        let size = Some(PixelSize::Exact { height: side, width: side });
        Self { size, filter, ..Self::common() }
    }

    const fn cropping(shorter: usize, filter: Filter, crop: usize) -> Self {
        Self {
            number_is_square: false,
            size: Some(PixelSize::ShortestEdge(shorter)),
            filter,
            crops: true,
            crop: Some((crop, crop)),
            ..Self::common()
        }
    }

    const fn imagenet(self) -> Self {
        Self { mean: IMAGENET_MEAN, deviation: IMAGENET_STD, ..self }
    }

    const fn clip(self) -> Self {
        Self { mean: CLIP_MEAN, deviation: CLIP_STD, ..self }
    }

    /// The class of this name, in any of its forms: `ViTImageProcessor`,
    /// `ViTImageProcessorFast`, `ViTFeatureExtractor`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let stem = name.strip_suffix("Fast").unwrap_or(name);
        let stem = stem.strip_suffix("Pil").unwrap_or(stem);
        let stem = stem.strip_suffix("ImageProcessor").or(stem.strip_suffix("FeatureExtractor"))?;
        let square_crop =
            |family: Self, side| Self { crops: true, crop: Some((side, side)), ..family };
        Some(match stem {
            "ViT" | "ViTHybrid" | "Siglip" => match stem {
                "ViTHybrid" => Self::cropping(224, Filter::Bicubic, 224).clip(),
                "Siglip" => Self::squashing(224, Filter::Bicubic),
                _ => Self::squashing(224, Filter::Bilinear),
            },
            "DeiT" => square_crop(Self::squashing(256, Filter::Bicubic), 224),
            "Beit" => square_crop(Self::squashing(256, Filter::Bicubic), 224),
            "Pvt" | "Segformer" => {
                let side = if stem == "Pvt" { 224 } else { 512 };
                Self::squashing(side, Filter::Bilinear).imagenet()
            }
            "ConvNext" => Self {
                rule: Rule::ConvNext,
                number_is_square: false,
                size: Some(PixelSize::ShortestEdge(384)),
                ..Self::common()
            },
            "MobileNetV1" | "MobileNetV2" => Self::cropping(256, Filter::Bilinear, 224),
            "MobileViT" => Self {
                normalizes: false,
                flips_channels: true,
                ..Self::cropping(224, Filter::Bilinear, 256)
            },
            "EfficientNet" => Self {
                crop: Some((289, 289)),
                divides_again: true,
                ..Self::squashing(346, Filter::Nearest)
            },
            "EfficientFormer" => square_crop(Self::squashing(224, Filter::Bicubic), 224).imagenet(),
            "Levit" => {
                Self { rule: Rule::Levit, ..Self::cropping(224, Filter::Bicubic, 224).imagenet() }
            }
            "PoolFormer" => Self {
                rule: Rule::PoolFormer,
                ..Self::cropping(224, Filter::Bicubic, 224).imagenet()
            },
            "Bit" | "CLIP" | "ChineseCLIP" => Self::cropping(224, Filter::Bicubic, 224).clip(),
            _ => return None,
        })
    }
}
