//! From an incomplete description to what is needed to feed a model.

use anyhow::{Result, bail};

use crate::model::input_geometry::{self, InputGeometry, TIMED_ONLY};
use crate::model::{choose_preset, normalisation};
use crate::record::channels::Channels;
use crate::record::description::{Description, Model, PipelineSource};
use crate::record::preprocessing::InputSpec;
use crate::record::preset::Preset;

/// Description fields with `over` winning over `under`.
#[must_use]
pub(crate) fn merged(over: &Description, under: &Description) -> Description {
    let under = without_other_names(under, over);
    let under = &without_another_size(without_another_pipeline(&under, over), over);
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
        signature,
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

/// `under` without its class names if `over` states others.
fn without_other_names(under: &Description, over: &Description) -> Description {
    let mut under = under.clone();
    if over.labels.is_some() || over.label_names.is_some() {
        (under.labels, under.label_names) = (None, None);
    }
    under
}

/// `under` without its size where `over` states another, in either way.
fn without_another_size(under: Description, over: &Description) -> Description {
    let stated = over.input_size.is_some() || over.resolution.is_some();
    Description { input_size: under.input_size.filter(|_| !stated), ..under }
}

/// Whether neither the options nor any source state how photos become this model's input.
#[must_use]
pub(crate) fn assumes_preprocessing(model: &Model, overrides: &Description) -> bool {
    let stated = merged(overrides, &model.description);
    let pixels = stated.mean.is_some() || stated.scale.is_some();
    !pixels && !stated.states_a_pipeline() && model.signature.normalization.is_none()
}

/// `under` without its pipeline if `over` states another one: parameters of two presets must not be
/// mixed.
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

/// How images become a model's input, and who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// From a photo to the tensor.
    pub spec: InputSpec,
    /// The preset that its pipeline comes from.
    pub preset: Preset,
    /// Who states it.
    pub source: PipelineSource,
    /// Part of a sentence for everything that is not stated.
    pub assumed: Vec<String>,
}

/// The preset of a model whose input's size nobody states yet, and who states it.
///
/// # Errors
/// One sentence: what is stated contradicts itself.
pub(crate) fn preset(model: &Model, overrides: &Description) -> Result<(Preset, PipelineSource)> {
    let stated = merged(overrides, &model.description);
    let chosen = choose_preset::choose(model, &stated, false)?;
    Ok((chosen.preset, source(model, overrides, chosen.is_stated)))
}

fn source(model: &Model, overrides: &Description, is_stated: bool) -> PipelineSource {
    match (is_stated, overrides.states_a_pipeline()) {
        (false, _) => PipelineSource::Assumed,
        (true, true) => PipelineSource::Options,
        (true, false) => model.pipeline_source.clone().unwrap_or(PipelineSource::Manifest),
    }
}

/// How images become this model's input. `images` is the width and height of the dataset's images,
/// if all have the same size.
///
/// # Errors
/// One sentence if the model takes no image (several inputs, no 4-D tensor, a channel count that is
/// neither 1 nor 3, an unsuitable type), or if its pipeline does not produce what it takes.
pub fn input_spec(
    model: &Model,
    overrides: &Description,
    images: Option<(usize, usize)>,
) -> Result<Input> {
    let stated = merged(overrides, &model.description);
    if let Some(error) = &model.config_error
        && assumes_preprocessing(model, overrides)
    {
        bail!("model {}: {error}, or state it with --preprocess", model.name);
    }
    let [input] = model.signature.inputs.as_slice() else {
        bail!(
            "model {} has {} inputs without a default, but an image classifier has one; {TIMED_ONLY}",
            model.name,
            model.signature.inputs.len()
        );
    };
    input_geometry::check_stated(model, &stated)?;
    let mut assumed = Vec::new();
    let InputGeometry { layout, height, width, channels: count, assumed: of_shape } =
        input_geometry::of(model, input, &stated)?;
    let chosen = choose_preset::choose(model, &stated, images == Some((width, height)))?;
    let (preset, is_stated) = (chosen.preset, chosen.is_stated);
    assumed.extend(chosen.assumed);
    let channels = match stated.channels.or(preset.channels().filter(|it| it.count() == count)) {
        Some(channels) => channels,
        None if count == 1 => Channels::Grey,
        None => {
            assumed.push("RGB order".to_owned());
            Channels::Rgb
        }
    };
    assumed.extend(of_shape);
    let (mean, scale) =
        normalisation::of(model, input, &stated, (&preset, is_stated), channels, &mut assumed)?;
    let pipeline = preset.pipeline(height, width, channels, Some((mean, scale)));
    if pipeline.output_size() != Some((height, width)) {
        let made = pipeline.output_size().map_or_else(
            || "images of several sizes".to_owned(),
            |(height, width)| format!("{width} x {height} pixels"),
        );
        bail!(
            "preprocess {preset} produces {made}, but model {} takes {width} x {height}; correct 'crop' or leave it out",
            model.name
        );
    }
    let source = source(model, overrides, is_stated);
    let (element, quantization) = (input.element, input.quantization);
    let spec = InputSpec { height, width, layout, pipeline, element, quantization };
    Ok(Input { spec, preset, source, assumed })
}
