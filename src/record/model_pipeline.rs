//! How photos are processed for a model of a run, as its header records it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::description::PipelineSource;
use crate::record::pipeline::Pipeline;
use crate::record::preset::Preset;

/// A pipeline and the models whose photos go through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelPipeline {
    /// The models' names.
    pub models: Vec<String>,
    /// The preset that it comes from.
    pub preset: Preset,
    /// Who states it.
    pub source: PipelineSource,
    /// Its steps.
    pub pipeline: Pipeline,
}

impl ModelPipeline {
    /// Adds it to those of other models; equal ones are kept once.
    pub(crate) fn add_to(self, known: &mut Vec<Self>) {
        let equal = |it: &&mut Self| {
            (&it.preset, &it.source, &it.pipeline) == (&self.preset, &self.source, &self.pipeline)
        };
        match known.iter_mut().find(equal) {
            Some(it) => it.models.extend(self.models),
            None => known.push(self),
        }
    }
}

impl fmt::Display for ModelPipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { preset, source, pipeline, .. } = self;
        write!(f, "{preset} ({}): {pipeline}", source.told())
    }
}
