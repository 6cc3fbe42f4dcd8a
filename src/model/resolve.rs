//! From a description with gaps to what is needed to feed a model.

use anyhow::{Result, bail, ensure};

use crate::record::description::{Description, Model};
use crate::record::preprocessing::{Channels, InputSpec, Layout, Resize};
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
            "model {} has {} inputs, a classifier of images has one; --no-accuracy times it without scoring it",
            model.name,
            model.anatomy.inputs.len()
        );
    };
    let mut assumed = Vec::new();
    let (layout, height, width, count) = geometry(model, input, stated.layout)?;
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
    if stated.layout.is_none() {
        assumed.push(format!("layout {layout}, by the shape of the input"));
    }
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
            "model {} has {count} input channels but {} values of {what}; give one, or one a channel",
            model.name,
            values.len()
        );
    }
    ensure!(
        scale.iter().all(|s| s.is_finite() && *s != 0.0),
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

/// Checks that the outputs are those of a classifier: one tensor with one score
/// a class.
///
/// # Errors
/// One sentence: why the model cannot be scored, and that it can be timed.
pub fn check_classifier(model: &Model) -> Result<()> {
    let [output] = model.anatomy.outputs.as_slice() else {
        bail!(
            "model {} has {} outputs, a classifier has one; --no-accuracy times it without scoring it",
            model.name,
            model.anatomy.outputs.len()
        );
    };
    let long = output.shape.iter().filter(|size| **size > 1).count();
    ensure!(
        long == 1 && output.shape.first() == Some(&1),
        "output '{}' of model {} has the shape {:?}, a classifier's is [1, classes]; --no-accuracy times it without scoring it",
        output.name,
        model.name,
        output.shape
    );
    Ok(())
}

fn geometry(
    model: &Model,
    input: &TensorInfo,
    stated: Option<Layout>,
) -> Result<(Layout, usize, usize, usize)> {
    let [_, a, b, c] = *input.shape.as_slice() else {
        bail!(
            "model {} takes a tensor of shape {:?}, a classifier of images takes 4 dimensions; --no-accuracy times it without scoring it",
            model.name,
            input.shape
        );
    };
    let is_channels = |n: usize| n == 1 || n == 3;
    let layout = match stated {
        Some(layout) => layout,
        None if is_channels(c) => Layout::Nhwc,
        None => Layout::Nchw,
    };
    let (height, width, channels) = match layout {
        Layout::Nhwc => (a, b, c),
        Layout::Nchw => (b, c, a),
    };
    ensure!(
        is_channels(channels) && height > 0 && width > 0,
        "model {} takes a tensor of shape {:?}, which is no {layout} image of 1 or 3 channels; correct 'layout'",
        model.name,
        input.shape
    );
    Ok((layout, height, width, channels))
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
        (Some(found), ElementType::Float32 | ElementType::Float16, _) => found,
        (_, ElementType::Uint8, Some(q)) => (vec![q.zero_point as f32], vec![1.0 / q.scale]),
        (_, ElementType::Int8, Some(q)) => (vec![(q.zero_point + 128) as f32], vec![1.0 / q.scale]),
        (_, ElementType::Uint8, None) => (vec![0.0], vec![1.0]),
        (_, ElementType::Float32 | ElementType::Float16, _) | (_, ElementType::Int16, Some(_)) => {
            if gap {
                assumed.push("pixels brought to -1..1 (mean 127.5, scale 127.5)".to_owned());
            }
            (vec![127.5], vec![127.5])
        }
        (_, element, _) => {
            bail!("model {} takes {element} without quantisation; images do not fit it", model.name)
        }
    };
    Ok((stated.mean.clone().unwrap_or(mean), stated.scale.clone().unwrap_or(scale)))
}
