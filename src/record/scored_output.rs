//! Which output of a model is scored, and how its numbers are read, as a run's header records it:
//! decided once per model, before anything is scored.

use serde::{Deserialize, Serialize};

use crate::record::output_kind::OutputKind;

/// The output of a model that is scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredOutput {
    /// The model.
    pub model: String,
    /// Which of its outputs, from 0.
    pub index: usize,
    /// What it holds for an image.
    pub form: OutputForm,
    /// Its number of classes; `None` if only the labels know.
    pub classes: Option<usize>,
    /// What its scores are; `None` if not yet known.
    pub kind: Option<OutputKind>,
    /// What the kind is known from, completing 'by ...'.
    pub kind_source: Option<String>,
    /// Why it is this output, if there are several.
    pub chosen: Option<String>,
    /// Names of its classes, if it outputs names instead of scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// What an output holds for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OutputForm {
    /// A score for each class.
    Scores,
    /// One score for the second of two classes.
    OneScore,
    /// The index of the best class.
    ClassIndex,
    /// The name of the best class.
    ClassName,
}

impl OutputForm {
    /// Whether it gives only the best class, so that there is no Top-5.
    #[must_use]
    pub(crate) const fn is_best_only(self) -> bool {
        matches!(self, Self::ClassIndex | Self::ClassName)
    }
}

/// What an output holds that the graph itself has sorted, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sorted {
    /// The indices of the best classes, or that of the best.
    Classes,
    /// Scores of which it does not say whose they are.
    Scores,
}
