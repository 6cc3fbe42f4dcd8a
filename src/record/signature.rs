//! What a model file states, read without any runtime.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::record::cost::Cost;
use crate::record::input_size::InputSize;
use crate::record::named_signature::NamedSignature;
use crate::record::output_kind::OutputKind;
use crate::record::precision::Precision;
use crate::record::preset::Preset;
use crate::record::scored_output::Sorted;
use crate::record::tensor::TensorInfo;

/// Inputs, outputs and operators of a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// Inputs of the main graph.
    pub inputs: Vec<TensorInfo>,
    /// Outputs of the main graph.
    pub outputs: Vec<TensorInfo>,
    /// Operators and how often each occurs, most frequent first.
    pub operators: Vec<(String, usize)>,
    /// Precision as the tensors show it.
    pub precision: Precision,
    /// Normalisation from TensorFlow Lite metadata: (mean, std), one per channel or one for all.
    pub normalization: Option<(Vec<f32>, Vec<f32>)>,
    /// Class names from the file's metadata.
    pub labels: Option<Vec<String>>,
    /// The pipeline that the file's metadata states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocess: Option<Preset>,
    /// Height and width of its images, as the file's metadata states them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<InputSize>,
    /// Channels of the input, from the weights of the convolution that reads it, even if its shape
    /// leaves them open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convolved_channels: Option<usize>,
    /// By output: what its numbers are, by the operator that produces them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_kinds: Vec<Option<OutputKind>>,
    /// By output: what it holds where the graph itself picks the best classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sorted_outputs: Vec<Option<Sorted>>,
    /// Operators of an ONNX file that are not of ONNX's own domains, with their domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_operators: Vec<String>,
    /// Operators that an ONNX file uses and itself defines, as functions, with their domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_operators: Vec<String>,
    /// By output: the names of its classes, if the graph itself has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_classes: Vec<Option<Vec<String>>>,
    /// Its 32-bit floating-point weights, if all of them are in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_weights: Option<FloatWeights>,
    /// Files beside the model that hold weights of an ONNX model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_data: Vec<PathBuf>,
    /// How many bytes each of them has at least.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_least: Vec<u64>,
    /// How weights are kept, besides dense and inside the file's tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<WeightStorage>,
    /// The signatures that the file names, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<NamedSignature>,
    /// The one of them that this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<NamedSignature>,
    /// What a run of it computes, holds and moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// How a file keeps some of its weights, where that is not in the usual way: dense, inside
/// its tables.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "snake_case")]
pub enum WeightStorage {
    /// Only what is not zero, with its places.
    #[strum(to_string = "sparse")]
    Sparse,
    /// Behind the tables, where a TensorFlow Lite file may be larger than 2 GB.
    #[strum(to_string = "behind the file's tables")]
    BehindTables,
}

/// 32-bit floating-point weights of a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatWeights {
    /// How many.
    pub count: u64,
    /// How many of them are denormal: nearer to 0 than numbers of full precision, and slow to
    /// compute with on many processors.
    pub denormal: u64,
}

/// A model's signature as it runs, and how its file's open dimensions are set to that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shaped {
    /// Its inputs, all dimensions known, and its outputs as far as those follow.
    #[serde(rename = "anatomy")]
    pub signature: Signature,
    /// The sizes of the open dimensions that have names.
    pub dimensions: Vec<(String, usize)>,
    /// Images of one run.
    pub images: NonZeroUsize,
    /// Whether that is another number than the one that the file fixes.
    pub resized: bool,
    /// Whether the file leaves dimensions open, or is resized.
    pub differs: bool,
}

impl Signature {
    /// Nodes of the main graph.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.operators.iter().map(|(_, count)| count).sum()
    }

    /// Whether an input of images has an open height or width. Its images' channels may be
    /// open in their place, which nothing but its layout tells.
    #[must_use]
    pub(crate) fn leaves_size_open(&self) -> bool {
        let is_open = |input: &TensorInfo| (1..4).any(|axis| input.open_axis(axis).is_some());
        self.inputs.iter().any(|input| (3..=4).contains(&input.shape.len()) && is_open(input))
    }

    /// The graph of the file that this is of, from 0.
    #[must_use]
    pub fn graph(&self) -> usize {
        self.chosen.as_ref().map_or(0, |chosen| chosen.graph)
    }

    /// Number of classes: the elements of the first output for one image, if the file states them.
    #[must_use]
    pub(crate) fn classes(&self) -> Option<usize> {
        let output = self.outputs.first()?;
        let known = !output.unshaped && output.open.iter().all(|open| open.axis == 0);
        known.then(|| output.len())
    }
}

/// Operators by falling frequency, then by name.
pub(crate) fn by_frequency(counts: BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
