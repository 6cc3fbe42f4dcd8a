//! The nodes of a TensorFlow Lite file, and the file with what one of them makes as its output.

use tract_tflite::tflite as schema;

use crate::model::tflite_graph;

/// A node of the first graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileNode {
    /// Its operator.
    pub operator: String,
    /// The name of what it makes.
    pub name: String,
    /// The tensor that it makes; `None` if it makes none.
    pub tensor: Option<i32>,
}

/// The nodes in the order in which they run; none if we cannot read the file.
pub(crate) fn of(bytes: &[u8]) -> Vec<FileNode> {
    let all = || {
        let model = schema::root_as_model(bytes).ok()?;
        let graph = model.subgraphs().filter(|graphs| !graphs.is_empty())?.get(0);
        let tensors = graph.tensors()?;
        let node = |operator: schema::Operator<'_>| {
            let tensor = operator.outputs().and_then(|outputs| outputs.iter().next());
            let place = tensor.and_then(|it| usize::try_from(it).ok());
            let place = place.filter(|place| *place < tensors.len());
            let name = place.and_then(|place| tensors.get(place).name()).unwrap_or_default();
            FileNode {
                operator: tflite_graph::operator_name(&model, &operator).unwrap_or_default(),
                name: name.to_owned(),
                tensor: tensor.filter(|_| place.is_some()),
            }
        };
        Some(graph.operators()?.iter().map(node).collect())
    };
    all().unwrap_or_default()
}

/// The bytes of a file whose first output is `tensor` instead: whatever runs it then shows what is
/// made on the way. `None` if we cannot read the file.
pub(crate) fn with_output(bytes: &[u8], tensor: i32) -> Option<Vec<u8>> {
    let model = schema::root_as_model(bytes).ok()?;
    let graph = model.subgraphs().filter(|graphs| !graphs.is_empty())?.get(0);
    let outputs = graph.outputs().filter(|outputs| !outputs.is_empty())?;
    // A vector of the file is little-endian bytes of it.
    let start = outputs.bytes().as_ptr() as usize - bytes.as_ptr() as usize;
    let mut changed = bytes.to_vec();
    changed.get_mut(start..start + size_of::<i32>())?.copy_from_slice(&tensor.to_le_bytes());
    Some(changed)
}
