//! `config.json` of timm: how its models see photos (`pretrained_cfg`), and their
//! class names.
//!
//! Source: huggingface/pytorch-image-models, `timm/models/_hub.py` (`_parse_model_cfg`:
//! the forms of the file), `timm/data/config.py` (`resolve_data_config`: defaults),
//! `timm/data/transforms_factory.py` (`transforms_imagenet_eval`: what is done with it).

use anyhow::{Result, bail, ensure};

use crate::model::config::config_labels;
use crate::model::config::field::{Fields, parse};
use crate::model::config::processor_family::{IMAGENET_MEAN, IMAGENET_STD};
use crate::record::pipeline::Filter;
use crate::record::preset::CropMode;

/// `DEFAULT_CROP_PCT` of timm.
const CROP_PCT: f64 = 0.875;

/// What a timm configuration states.
#[derive(Debug, Clone, PartialEq)]
pub struct Timm {
    /// Channels, height and width of the input, if stated.
    pub input_size: Option<[usize; 3]>,
    /// The filter.
    pub filter: Filter,
    /// Size of the input over that of the resized photo.
    pub crop_pct: f64,
    /// How it is cut.
    pub crop_mode: CropMode,
    /// Subtracted from a pixel in 0..=1: one value, or one per channel.
    pub mean: Vec<f64>,
    /// Divides what is left: one value, or one per channel.
    pub deviation: Vec<f64>,
    /// Class names in the order of the outputs.
    pub labels: Option<Vec<String>>,
    /// Number of classes.
    pub classes: Option<u64>,
}

/// Reads the bytes of a `config.json`; `None` if it is not one of timm's.
///
/// # Errors
/// One sentence without the file's name: no JSON object, a field of the wrong type, or
/// a value that this program does not have.
pub fn read(bytes: &[u8]) -> Result<Option<Timm>> {
    let map = parse(bytes)?;
    let whole = Fields::new(&map);
    let nested = whole.object("pretrained_cfg")?;
    // Old files have the fields of `pretrained_cfg` at the top.
    let flat = ["input_size", "crop_pct", "interpolation", "mean", "std"];
    let is_flat =
        whole.get("architecture").is_some() && flat.iter().any(|key| whole.get(key).is_some());
    let Some(fields) = nested.or_else(|| is_flat.then_some(whole)) else { return Ok(None) };
    let label_keys = [(whole, "label_names"), (fields, "label_names"), (fields, "labels")];
    let mut names = None;
    for (fields, key) in label_keys {
        if names.is_none() {
            names = config_labels::of(&fields, key)?;
        }
    }
    let classes = match whole.whole("num_classes")? {
        Some(count) => Some(count),
        None => fields.whole("num_classes")?,
    };
    let crop_pct = fields.positive("crop_pct")?.unwrap_or(CROP_PCT);
    ensure!(
        (0.05..=1.0).contains(&crop_pct),
        "'crop_pct' must be from 0.05 to 1, but is {crop_pct}"
    );
    Ok(Some(Timm {
        input_size: input_size(&fields)?,
        filter: filter(&fields)?,
        crop_pct,
        crop_mode: crop_mode(&fields)?,
        mean: fields.channels("mean")?.unwrap_or_else(|| IMAGENET_MEAN.to_vec()),
        deviation: fields.divisors("std")?.unwrap_or_else(|| IMAGENET_STD.to_vec()),
        labels: names,
        classes,
    }))
}

fn input_size(fields: &Fields<'_>) -> Result<Option<[usize; 3]>> {
    let Some(sides) = fields.sides("input_size")? else { return Ok(None) };
    match sides.try_into() {
        Ok(sides) => Ok(Some(sides)),
        Err(_) => bail!("'input_size' must be [channels, height, width]"),
    }
}

fn filter(fields: &Fields<'_>) -> Result<Filter> {
    Ok(match fields.text("interpolation")? {
        None | Some("" | "bicubic") => Filter::Bicubic,
        // 'random' is for training; in evaluation it is bilinear.
        Some("bilinear" | "random") => Filter::Bilinear,
        Some("lanczos") => Filter::Lanczos,
        Some("nearest") => Filter::Nearest,
        Some("box") => Filter::Area,
        Some("hamming") => Filter::Hamming,
        Some(other) => bail!(
            "'interpolation' is '{}'; Pillow's filters are nearest, bilinear, bicubic, box, hamming and lanczos",
            other.escape_debug()
        ),
    })
}

fn crop_mode(fields: &Fields<'_>) -> Result<CropMode> {
    match fields.text("crop_mode")? {
        None | Some("") => Ok(CropMode::Center),
        Some(text) => text.parse().or_else(|_| {
            bail!("'crop_mode' must be center, squash or border, but is '{}'", text.escape_debug())
        }),
    }
}

#[cfg(test)]
#[path = "timm_tests.rs"]
mod tests;
