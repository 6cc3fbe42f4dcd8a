//! From a description with gaps to what is needed to feed a model.

use anyhow::{Result, bail, ensure};

use crate::model::geometry::{self, Geometry, TIMED_ONLY};
use crate::record::description::{Description, Model};
use crate::record::preprocessing::{Channels, InputSpec, Resize};
use crate::record::tensor::{ElementType, TensorInfo};

/// Description fields with `over` winning over `under`.
#[must_use]
pub fn merged(over: &Description, under: &Description) -> Description {
    let under = &without_another_pipeline(&without_other_names(under, over), over);
    macro_rules! either {
        ($($field:ident),*) => {
            Description { $($field: over.$field.clone().or_else(|| under.$field.clone())),* }
        };
    }
    either!(
        family,
        width,
        resolution,
        precision,
        reference,
        labels,
        label_names,
        label_offset,
        layout,
        input_size,
        scored_output,
        output,
        channels,
        preprocess,
        crop_pct,
        crop_mode,
        interpolation,
        resize,
        crop,
        mean,
        scale,
        source,
        sha256,
        licence,
        published
    )
}

/// `under` without its class names where `over` states others.
fn without_other_names(under: &Description, over: &Description) -> Description {
    let mut under = under.clone();
    if over.labels.is_some() || over.label_names.is_some() {
        (under.labels, under.label_names) = (None, None);
    }
    under
}

/// Whether neither the options nor any source state how photos become this model's input.
#[must_use]
pub fn assumes_preprocessing(model: &Model, overrides: &Description) -> bool {
    let stated = merged(overrides, &model.description);
    let pixels = stated.mean.is_some() || stated.scale.is_some();
    !pixels && !stated.states_a_pipeline() && model.anatomy.normalization.is_none()
}

/// `under` without its pipeline where `over` states another one: parameters of two presets
/// do not mix.
fn without_another_pipeline(under: &Description, over: &Description) -> Description {
    let mut under = under.clone();
    if over.preprocess.is_some() || over.resize.is_some() || over.crop.is_some() {
        let kept =
            if over.preprocess.is_some() { (None, None) } else { (under.resize, under.crop) };
        (under.resize, under.crop) = kept;
        (under.preprocess, under.crop_pct) = (None, None);
        (under.crop_mode, under.interpolation) = (None, None);
    }
    under
}

/// How images become this model's input, with a part of a sentence for everything
/// that neither `overrides` nor the model's description nor its file states.
///
/// # Errors
/// One sentence where the model takes no image: several inputs, no 4-D
/// tensor, a channel count that is neither 1 nor 3, a type that images do not fit.
pub fn input_spec(model: &Model, overrides: &Description) -> Result<(InputSpec, Vec<String>)> {
    let stated = merged(overrides, &model.description);
    if let Some(error) = &model.config_error
        && assumes_preprocessing(model, overrides)
    {
        bail!("model {}: {error}, or state it with --preprocess", model.name);
    }
    let [input] = model.anatomy.inputs.as_slice() else {
        bail!(
            "model {} has {} inputs without a default, a classifier of images has one; {TIMED_ONLY}",
            model.name,
            model.anatomy.inputs.len()
        );
    };
    let mut assumed = Vec::new();
    let Geometry { layout, height, width, channels: count, assumed: of_shape } =
        geometry::of(model, input, &stated)?;
    let channels = match stated.channels {
        Some(channels) if channels.count() == count => channels,
        Some(channels) => bail!(
            "model {} has {count} input channels, its description says {channels}; correct 'channels'",
            model.name
        ),
        None if count == 1 => Channels::Grey,
        None => {
            assumed.push("RGB order".to_owned());
            Channels::Rgb
        }
    };
    assumed.extend(of_shape);
    let resize = stated.resize.unwrap_or_else(|| {
        assumed.push("bilinear resize, as TensorFlow Lite does".to_owned());
        Resize::Bilinear
    });
    let crop = stated.crop.unwrap_or_else(|| {
        assumed.push("no crop".to_owned());
        1.0
    });
    ensure!(
        crop > 0.0 && crop <= 1.0,
        "crop {crop} of model {} is outside (0, 1]; give the share of each side to keep",
        model.name
    );
    let (mean, scale) = normalization(model, input, &stated, &mut assumed)?;
    for (what, values) in [("mean", &mean), ("scale", &scale)] {
        ensure!(
            values.len() == 1 || values.len() == count,
            "model {} has {count} input channels but {} values of {what}; give one, or one per channel",
            model.name,
            values.len()
        );
        ensure!(
            values.iter().all(|value| value.is_finite()),
            "{what} of model {} holds a value that is no finite number; give finite numbers",
            model.name
        );
    }
    ensure!(
        scale.iter().all(|s| *s != 0.0),
        "scale of model {} holds a 0; pixels are divided by it",
        model.name
    );
    let spec = InputSpec {
        height,
        width,
        channels,
        layout,
        resize,
        crop,
        mean,
        scale,
        element: input.element,
        quantization: input.quantization,
    };
    Ok((spec, assumed))
}

/// Stated, else from the file's metadata, else from the tensor's type: pixels
/// go unchanged into 8-bit inputs, as their quantisation intends, and to -1..=1
/// into floating-point ones, as the MobileNet family's do, and into 16-bit ones,
/// whose quantisation is symmetric.
fn normalization(
    model: &Model,
    input: &TensorInfo,
    stated: &Description,
    assumed: &mut Vec<String>,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let from_file = model.anatomy.normalization.clone();
    let gap = stated.mean.is_none() || stated.scale.is_none();
    if gap && matches!(input.element, ElementType::Uint8 | ElementType::Int8) {
        assumed.push("pixels unchanged into its 8-bit input".to_owned());
    }
    let (mean, scale) = match (from_file, input.element, input.quantization) {
        (Some(found), element, _) if element.is_real() => found,
        (_, ElementType::Uint8, Some(q)) => (vec![q.zero_point as f32], vec![1.0 / q.scale]),
        (_, ElementType::Int8, Some(q)) => (vec![(q.zero_point + 128) as f32], vec![1.0 / q.scale]),
        (_, ElementType::Uint8, None) => (vec![0.0], vec![1.0]),
        // Unsigned bytes less 128 are the signed ones that a converter makes of them.
        (_, ElementType::Int8, None) => {
            if gap {
                assumed.push("128 is subtracted from pixels".to_owned());
            }
            (vec![128.0], vec![1.0])
        }
        (_, element, quantization)
            if element.is_real() || (element == ElementType::Int16 && quantization.is_some()) =>
        {
            if gap {
                assumed.push("pixels brought to -1..1 (mean 127.5, scale 127.5)".to_owned());
            }
            (vec![127.5], vec![127.5])
        }
        // Wide integers hold the pixels as they are, if they are stated to hold pixels at all.
        (_, ElementType::Int16 | ElementType::Int32 | ElementType::Int64, _) if !gap => {
            (vec![0.0], vec![1.0])
        }
        (_, element, _) => bail!(
            "model {} takes {element} without quantisation; state how pixels become that with --mean and --scale (0 and 1 for pixels as they are), or time it with --no-accuracy",
            model.name
        ),
    };
    Ok((stated.mean.clone().unwrap_or(mean), stated.scale.clone().unwrap_or(scale)))
}
