//! What a model file says of itself, read without any runtime.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::record::precision::Precision;
use crate::record::preset::Preset;
use crate::record::tensor::TensorInfo;

/// Inputs, outputs and operators of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anatomy {
    /// Inputs of the main graph.
    pub inputs: Vec<TensorInfo>,
    /// Outputs of the main graph.
    pub outputs: Vec<TensorInfo>,
    /// Operators and how often each occurs, most frequent first.
    pub operators: Vec<(String, usize)>,
    /// Precision as the tensors show it.
    pub precision: Precision,
    /// Normalisation from TensorFlow Lite metadata: (mean, std), one value a
    /// channel or one for all.
    pub normalization: Option<(Vec<f32>, Vec<f32>)>,
    /// Class names from the file's metadata.
    pub labels: Option<Vec<String>>,
    /// The pipeline that the file's metadata states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocess: Option<Preset>,
    /// Files beside the model that hold weights of an ONNX model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_data: Vec<PathBuf>,
}

impl Anatomy {
    /// Nodes of the main graph.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.operators.iter().map(|(_, count)| count).sum()
    }

    /// Number of classes: the elements of the first output.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        self.outputs.first().map(TensorInfo::len)
    }
}

/// Operators by falling frequency, then by name.
pub(crate) fn by_frequency(counts: BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
