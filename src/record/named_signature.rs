//! The named ways into a model file that has several: TensorFlow Lite's signatures.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A signature: a graph of the file under a name, with names of its own for what goes in
/// and comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSignature {
    /// Its name.
    pub name: String,
    /// The graph that it runs, from 0.
    pub graph: usize,
    /// Its inputs.
    pub inputs: Vec<NamedTensor>,
    /// Its outputs.
    pub outputs: Vec<NamedTensor>,
}

/// What a signature calls a tensor of its graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedTensor {
    /// The signature's name for it.
    pub name: String,
    /// The tensor's own name.
    pub tensor: String,
}

impl fmt::Display for NamedSignature {
    /// `classify(image) -> (scores)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tensors: &[NamedTensor]| {
            tensors.iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        write!(f, "{}({}) -> ({})", self.name, names(&self.inputs), names(&self.outputs))
    }
}
