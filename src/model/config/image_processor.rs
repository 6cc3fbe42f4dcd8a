//! `preprocessor_config.json` of Hugging Face's transformers: what its image processors
//! do to a photo.
//!
//! Source: `src/transformers/models/*/image_processing_*.py` of huggingface/transformers
//! (each class's defaults and order of steps), `image_processing_utils.py` (the forms that
//! a size has), and PIL's `Image.Resampling` (the codes of filters).

use anyhow::{Context, Result, bail, ensure};

use crate::model::config::field::{Fields, PixelSize, parse};
use crate::model::config::processor_family::{ProcessorFamily, Rule};
use crate::record::pipeline::Filter;

/// File name beside a model.
pub(crate) const FILE_NAME: &str = "preprocessor_config.json";

/// How the photo is resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resizing {
    /// To these sides, whatever the aspect.
    Exact {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
    },
    /// The shorter side gets this many pixels, the other keeps the aspect.
    ShorterSide(usize),
}

/// What an image processor does, in its order: resize, crop the centre, subtract,
/// divide, turn the channels around.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageProcessor {
    /// Absent if photos keep their size.
    pub resize: Option<(Resizing, Filter)>,
    /// Height and width of the central crop, padded with 0 if the photo is smaller.
    pub crop: Option<(usize, usize)>,
    /// What a pixel in 0..=255 is multiplied by first.
    pub rescale: f64,
    /// Whether 1 is subtracted then.
    pub offset: bool,
    /// Subtracted next: one value, or one per channel.
    pub mean: Vec<f64>,
    /// Divides what is left: one value, or one per channel.
    pub deviation: Vec<f64>,
    /// Whether the model sees blue, green, red.
    pub bgr: bool,
    /// What had to be assumed, each a part of a sentence.
    pub assumed: Vec<String>,
}

/// Reads the bytes of a `preprocessor_config.json`.
///
/// # Errors
/// One sentence without the file's name: no JSON object, a field of the wrong type, or
/// a step that this program does not have.
pub fn read(bytes: &[u8]) -> Result<ImageProcessor> {
    let map = parse(bytes)?;
    let fields = Fields::new(&map);
    // A processor of text and images keeps the image part in a separate object.
    let fields = fields.object("image_processor")?.unwrap_or(fields);
    let mut assumed = Vec::new();
    let family = family(&fields, &mut assumed)?;
    let crop = crop(&fields, &family)?;
    let (resize, crop) = if fields.flag("do_resize")?.unwrap_or(true) {
        let filter = filter(&fields, &family)?;
        let (resizing, crop) = resizing(&fields, &family, crop)?;
        (Some((resizing, filter)), crop)
    } else {
        (None, crop)
    };
    let (rescale, offset) = rescaling(&fields, &family)?;
    let (mean, deviation) = normalization(&fields, &family, rescale)?;
    let bgr = match fields.flag("do_flip_channel_order")? {
        Some(flips) => flips,
        None => family.flips_channels,
    };
    Ok(ImageProcessor { resize, crop, rescale, offset, mean, deviation, bgr, assumed })
}

/// The class that the configuration is for. If it names none, or an unknown one, the steps are read
/// as for the common processors.
fn family(fields: &Fields<'_>, assumed: &mut Vec<String>) -> Result<ProcessorFamily> {
    let named = match fields.text("image_processor_type")? {
        Some(name) => Some(name),
        None => fields.text("feature_extractor_type")?,
    };
    let Some(named) = named else {
        assumed.push("an image processor without a stated class, read like ViT's".to_owned());
        return Ok(ProcessorFamily::common());
    };
    if let Some(family) = ProcessorFamily::named(named) {
        return Ok(family);
    }
    ensure!(
        fields.get("size").is_some() || fields.get("crop_size").is_some(),
        "'{named}' is not an image processor that this program knows, and 'size' is not stated; describe the model in a file NAME.toml beside it"
    );
    assumed
        .push(format!("'{}', an unknown image processor, read like ViT's", named.escape_debug()));
    Ok(ProcessorFamily::common())
}

fn crop(fields: &Fields<'_>, family: &ProcessorFamily) -> Result<Option<(usize, usize)>> {
    if !fields.flag("do_center_crop")?.unwrap_or(family.crops) {
        return Ok(None);
    }
    match fields.size("crop_size")? {
        Some(PixelSize::Number(side)) => Ok(Some((side, side))),
        Some(PixelSize::Exact { height, width }) => Ok(Some((height, width))),
        Some(PixelSize::ShortestEdge(side)) => Ok(Some((side, side))),
        None => Ok(Some(
            family
                .crop
                .with_context(|| "'do_center_crop' is true, but 'crop_size' is missing; add it")?,
        )),
    }
}

fn filter(fields: &Fields<'_>, family: &ProcessorFamily) -> Result<Filter> {
    Ok(match fields.whole("resample")? {
        None => family.filter,
        Some(0) => Filter::Nearest,
        Some(1) => Filter::Lanczos,
        Some(2) => Filter::Bilinear,
        Some(3) => Filter::Bicubic,
        Some(4) => Filter::Area,
        Some(5) => Filter::Hamming,
        Some(code) => bail!("'resample' is {code}; Pillow's filters are 0 to 5"),
    })
}

/// What `size` asks for, before the rules of classes.
fn stated_size(fields: &Fields<'_>, family: &ProcessorFamily) -> Result<Resizing> {
    let size = match fields.size("size")? {
        Some(size) => size,
        None => family.size.context("'size' is missing; add it")?,
    };
    Ok(match size {
        PixelSize::Exact { height, width } => Resizing::Exact { height, width },
        PixelSize::Number(side) if family.number_is_square => {
            Resizing::Exact { height: side, width: side }
        }
        PixelSize::Number(side) | PixelSize::ShortestEdge(side) => Resizing::ShorterSide(side),
    })
}

/// The size, and the central crop that some classes derive from it.
fn resizing(
    fields: &Fields<'_>,
    family: &ProcessorFamily,
    crop: Option<(usize, usize)>,
) -> Result<(Resizing, Option<(usize, usize)>)> {
    let size = stated_size(fields, family)?;
    let share = fields.positive("crop_pct")?;
    let enlarged = |side: usize, share: f64| pixels(side as f64 / share);
    Ok(match (family.rule, size) {
        (Rule::ConvNext, Resizing::ShorterSide(side)) if side < 384 => {
            let share = share.unwrap_or(224.0 / 256.0);
            (Resizing::ShorterSide(enlarged(side, share)?), Some((side, side)))
        }
        (Rule::ConvNext, Resizing::ShorterSide(side)) => {
            (Resizing::Exact { height: side, width: side }, None)
        }
        (Rule::Levit, Resizing::ShorterSide(side)) => {
            (Resizing::ShorterSide(pixels(256.0 / 224.0 * side as f64)?), crop)
        }
        (Rule::PoolFormer, size) => {
            // Stated as null, it is left out.
            let share = share.or(fields.is_absent("crop_pct").then_some(0.9));
            let Some(share) = share else { return Ok((size, crop)) };
            let resizing = match size {
                Resizing::Exact { height, width } if height != width => Resizing::Exact {
                    height: enlarged(height, share)?,
                    width: enlarged(width, share)?,
                },
                Resizing::Exact { height: side, .. } | Resizing::ShorterSide(side) => {
                    Resizing::ShorterSide(enlarged(side, share)?)
                }
            };
            (resizing, crop)
        }
        (_, size) => (size, crop),
    })
}

/// A side that was computed, its fraction dropped as Python's `int` does.
fn pixels(side: f64) -> Result<usize> {
    ensure!(
        (1.0..=65536.0).contains(&side),
        "its 'size' and 'crop_pct' give {side} pixels; correct them"
    );
    Ok(side as usize)
}

/// `rescale_factor`, and whether 1 is subtracted then.
fn rescaling(fields: &Fields<'_>, family: &ProcessorFamily) -> Result<(f64, bool)> {
    let factor = fields.positive("rescale_factor")?.unwrap_or(1.0 / 255.0);
    let offset = fields.flag("rescale_offset")?.unwrap_or(false);
    let rescales = fields.flag("do_rescale")?.unwrap_or(family.rescales);
    Ok(if rescales { (factor, offset) } else { (1.0, false) })
}

/// `image_mean` and `image_std`; 0 and 1 if nothing is normalised.
fn normalization(
    fields: &Fields<'_>,
    family: &ProcessorFamily,
    rescale: f64,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mean = fields.channels("image_mean")?.unwrap_or_else(|| family.mean.to_vec());
    let deviation = fields.divisors("image_std")?.unwrap_or_else(|| family.deviation.to_vec());
    if !fields.flag("do_normalize")?.unwrap_or(family.normalizes) {
        return Ok((vec![0.0], vec![1.0]));
    }
    // EfficientNet's divides a second time for classification.
    let again = family.divides_again && fields.flag("include_top")?.unwrap_or(true);
    let divisor = |deviation: &f64| if again { deviation * deviation } else { *deviation };
    let deviation: Vec<f64> = deviation.iter().map(divisor).collect();
    ensure!(
        deviation.iter().all(|deviation| (1e-9..1e9).contains(&(deviation / rescale))),
        "its 'image_std' and 'rescale_factor' divide pixels by {deviation:?} / {rescale}; correct them"
    );
    Ok((mean, deviation))
}

#[cfg(test)]
#[path = "image_processor_tests.rs"]
mod tests;
