//! Which real values a model's pixels become.

use anyhow::{Result, bail, ensure};

use crate::record::channels::Channels;
use crate::record::description::{Description, Model};
use crate::record::preset::Preset;
use crate::record::preset_steps::Normalisation;
use crate::record::quantization::Quantization;
use crate::record::tensor::{ElementType, TensorInfo};

/// How far the range of an 8-bit input may be from that of a normalisation which it is taken
/// to be made for, as a share of the range.
const SAME_RANGE: f64 = 0.1;

/// Steps of the quantisation within which a normalisation is the same as none.
const UNCHANGED_STEPS: f64 = 1.5;

/// Stated, else from the file's metadata, else the preset's. 8-bit inputs take pixels
/// unchanged, as their quantisation intends, unless it is made for the preset's values.
///
/// # Errors
/// One sentence: what is stated does not fit, or the input takes no pixels.
pub(super) fn of(
    model: &Model,
    input: &TensorInfo,
    stated: &Description,
    (preset, preset_is_stated): (&Preset, bool),
    channels: Channels,
    assumed: &mut Vec<String>,
) -> Result<Normalisation> {
    let usual = preset.normalisation(channels);
    let explicit = preset.parameters.mean.is_some() || preset.parameters.std.is_some();
    let gap = stated.mean.is_none() || stated.scale.is_none();
    let (mean, scale) = match (input.element, input.quantization) {
        (ElementType::Uint8 | ElementType::Int8, quantization) => {
            let unchanged = unchanged(input.element, quantization);
            if explicit || quantization.is_some_and(|it| is_made_for(input.element, it, &usual)) {
                usual
            } else {
                if gap {
                    assumed.push("pixels unchanged into its 8-bit input".to_owned());
                    if input.element == ElementType::Int8 && quantization.is_none() {
                        assumed.push("128 is subtracted from pixels".to_owned());
                    }
                }
                unchanged
            }
        }
        (element, quantization)
            if element.is_real() || (element == ElementType::Int16 && quantization.is_some()) =>
        {
            let metadata = model.signature.normalization.clone();
            let metadata = metadata.filter(|_| element.is_real() && !explicit);
            match metadata {
                Some(found) if !(preset_is_stated && preset.name.normalises()) => found,
                _ => {
                    if gap && !explicit && !(preset_is_stated && preset.name.normalises()) {
                        assumed.push(in_words(&usual));
                    }
                    usual
                }
            }
        }
        // Wide integers hold the pixels as they are, if they are stated to hold pixels at all.
        (element, _) if element.is_wide_integer() && !gap => (vec![0.0], vec![1.0]),
        (element, _) => bail!(
            "model {} takes {element} without quantisation; state the conversion of pixels with --mean and --scale (0 and 1 for unchanged pixels), or time it with --no-accuracy",
            model.name
        ),
    };
    let mean = stated.mean.clone().unwrap_or(mean);
    let scale = stated.scale.clone().unwrap_or(scale);
    check(model, channels.count(), &mean, &scale)?;
    Ok((mean, scale))
}

fn check(model: &Model, count: usize, mean: &[f32], scale: &[f32]) -> Result<()> {
    for (what, values) in [("mean", mean), ("scale", scale)] {
        ensure!(
            values.len() == 1 || values.len() == count,
            "model {} has {count} input channels but {} values of {what}; give one, or one per channel",
            model.name,
            values.len()
        );
        ensure!(
            values.iter().all(|value| value.is_finite()),
            "{what} of model {} holds a value that is not finite; give finite numbers",
            model.name
        );
    }
    ensure!(
        scale.iter().all(|s| *s != 0.0),
        "scale of model {} holds a 0; pixels are divided by it",
        model.name
    );
    Ok(())
}

/// Mean and scale by which pixels become the bytes of the input; unsigned bytes less 128 are
/// the signed ones that a converter makes of them.
fn unchanged(element: ElementType, quantization: Option<Quantization>) -> Normalisation {
    match (element, quantization) {
        (ElementType::Int8, Some(q)) => (vec![(q.zero_point + 128) as f32], vec![1.0 / q.scale]),
        (ElementType::Int8, None) => (vec![128.0], vec![1.0]),
        (_, Some(q)) => (vec![q.zero_point as f32], vec![1.0 / q.scale]),
        (_, None) => (vec![0.0], vec![1.0]),
    }
}

/// Whether the values that an 8-bit input can hold are those that the normalisation makes.
fn is_made_for(element: ElementType, q: Quantization, (mean, scale): &Normalisation) -> bool {
    let bytes = if element == ElementType::Int8 { (-128.0, 127.0) } else { (0.0, 255.0) };
    let real = |byte: f64| (byte - f64::from(q.zero_point)) * f64::from(q.scale);
    let of = |pixel: f64| {
        mean.iter()
            .zip(scale.iter().cycle())
            .map(move |(mean, scale)| (pixel - f64::from(*mean)) / f64::from(*scale))
    };
    let (low, high) = (of(0.0).fold(f64::MAX, f64::min), of(255.0).fold(f64::MIN, f64::max));
    let near = |a: f64, b: f64| (a - b).abs() <= SAME_RANGE * (high - low);
    let same_range = near(real(bytes.0), low) && near(real(bytes.1), high);
    // Pixels that stay as they are, as a publisher of quantised models feeds them.
    let unchanged = |pixel: f64| real(bytes.0 + pixel);
    let step = f64::from(q.scale) * UNCHANGED_STEPS;
    let differs = |pixel: f64| of(pixel).any(|value| (value - unchanged(pixel)).abs() > step);
    same_range && (differs(0.0) || differs(255.0))
}

fn in_words((mean, scale): &Normalisation) -> String {
    match (mean.as_slice(), scale.as_slice()) {
        ([mean], [scale]) if (*mean, *scale) == (127.5, 127.5) => {
            "pixels scaled to -1..1 (mean 127.5, scale 127.5)".to_owned()
        }
        _ => format!("pixels normalised by mean {mean:?} and scale {scale:?}"),
    }
}
