//! A model under other pipelines than the one in use, on the same images.

use serde::{Deserialize, Serialize};

use crate::record::case::AccuracyKey;

/// Maximum images that every pipeline is scored on.
pub(crate) const IMAGES: usize = 100;

/// The result of trying a model's pipelines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreprocessingCheck {
    /// The model, and what it ran on.
    pub key: AccuracyKey,
    /// Images that every pipeline was scored on.
    pub images: usize,
    /// The pipelines; the first is the one in use.
    pub tried: Vec<Tried>,
    /// Why there is no result, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One pipeline, compared with the one in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// How it differs from the one in use.
    pub name: String,
    /// Its steps.
    pub steps: String,
    /// Images whose best class is correct.
    pub right: usize,
    /// Images that are correct only with this one.
    pub gained: usize,
    /// Images that are correct only with the one in use.
    pub lost: usize,
}
