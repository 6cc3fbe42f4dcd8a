//! What is decided about the models of a run before any image is scored: what their outputs mean,
//! and what had to be assumed.

use anyhow::Result;

use crate::dataset::entries::Dataset;
use crate::model::{resolve, sources};
use crate::record::description::{Description, Model};
use crate::record::model_pipeline::ModelPipeline;
use crate::record::names::together;
use crate::record::output_classes::OutputClasses;
use crate::record::scored_output::ScoredOutput;
use crate::run::matching::Matching;

/// What is decided, and the sentences about what was assumed.
pub struct ModelDecisions {
    /// What the models' outputs mean.
    pub outputs: Vec<OutputClasses>,
    /// How their photos are processed.
    pub pipelines: Vec<ModelPipeline>,
    /// One sentence for all models that share it.
    pub sentences: Vec<String>,
}

/// Decides about the models.
///
/// # Errors
/// One sentence: a model that is not an image classifier, or whose labels do not fit the dataset.
pub fn about(
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
