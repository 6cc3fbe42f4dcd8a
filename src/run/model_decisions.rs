//! What is decided about the models of a run before any image is scored: what their outputs mean,
//! and what had to be assumed.

use std::num::NonZeroUsize;

use anyhow::Result;

use crate::dataset::entries::Dataset;
use crate::model::{input_geometry, resolve, shapes, sources};
use crate::record::description::{Description, Model};
use crate::record::model_pipeline::ModelPipeline;
use crate::record::names::together;
use crate::record::output_classes::OutputClasses;
use crate::record::scored_output::ScoredOutput;
use crate::run::matching::Matching;

/// What is decided, and the sentences about what was assumed.
pub(crate) struct ModelDecisions {
    /// What the models' outputs mean.
    pub outputs: Vec<OutputClasses>,
    /// How their photos are processed.
    pub pipelines: Vec<ModelPipeline>,
    /// One sentence for all models that share it.
    pub sentences: Vec<String>,
}

/// What is reported about each model however it is used: the images per run that its file fixes,
/// and which of several signatures runs.
///
/// # Errors
/// One sentence: what its shapes leave open and nothing states.
pub(crate) fn about_files(models: &[Model], overrides: &Description) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    for model in models {
        input_geometry::check_stated(model, &resolve::merged(overrides, &model.description))?;
        let shaped = shapes::of(model, overrides, NonZeroUsize::MIN)?;
        if shaped.images.get() > 1 {
            sentences.push(format!(
                "{}: its file fixes {} images per run; throughput and latency per image count each of them",
                model.name, shaped.images
            ));
        }
        sentences.extend(signature(model, overrides).map(|told| format!("{}: {told}", model.name)));
    }
    Ok(sentences)
}

/// Which of several signatures runs if none is named.
#[must_use]
pub(crate) fn signature(model: &Model, overrides: &Description) -> Option<String> {
    let signature = &model.signature;
    let is_named = overrides.signature.is_some() || model.description.signature.is_some();
    let run = signature.chosen.as_ref().filter(|_| signature.choices.len() > 1 && !is_named)?;
    let others = signature.choices.iter().filter(|other| *other != run);
    let others: Vec<String> = others.map(ToString::to_string).collect();
    Some(format!("its signature {run} runs; --signature selects another: {}", others.join(", ")))
}

/// Decides about the models.
///
/// # Errors
/// One sentence: a model that is not an image classifier, or whose labels do not fit the dataset.
pub(crate) fn about(
    dataset: &Dataset,
    models: &[Model],
    overrides: &Description,
    scored: &[ScoredOutput],
) -> Result<ModelDecisions> {
    let mut matching = Matching::new(dataset, overrides);
    let images = dataset.image_size();
    let (mut outputs, mut pipelines) = (Vec::new(), Vec::new());
    let mut assumed: Vec<(String, Vec<&str>)> = Vec::new();
    for model in models {
        let Some(scored) = scored.iter().find(|scored| scored.model == model.name) else {
            continue;
        };
        let input = resolve::input_spec(model, overrides, images)?;
        let mut parts = input.assumed;
        parts.extend(sources::found(model, overrides));
        let models = vec![model.name.clone()];
        let (preset, source, pipeline) = (input.preset, input.source, input.spec.pipeline);
        ModelPipeline { models, preset, source, pipeline }.add_to(&mut pipelines);
        let matched = matching.of(model, scored)?;
        parts.extend_from_slice(&matched.assumed);
        matched.into_classes(&model.name).add_to(&mut outputs);
        let text = parts.join("; ");
        match assumed.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(&model.name),
            None => assumed.push((text, vec![&model.name])),
        }
    }
    assumed.retain(|(text, _)| !text.is_empty());
    let sentences = assumed.iter().map(|(text, names)| format!("{}: {text}", together(names)));
    let sentences = sentences.collect();
    Ok(ModelDecisions { outputs, pipelines, sentences })
}
