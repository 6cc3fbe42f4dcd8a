//! How a provider divides the graph of an ONNX file, and what passes between the sides.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost::Message;
use tract_onnx::pb::{ModelProto, NodeProto};

use crate::model::cost::onnx_cost;
use crate::model::onnx_graph;
use crate::record::operator_profile::{GraphDivision, LeftNode};
use crate::record::tensor::TensorInfo;

/// A node that the runtime assigned: its name and type of operator.
pub(crate) type AssignedNode = (String, String);

/// The division of a file if a provider takes the nodes of `taken`, a list for each piece, and the
/// nodes at `left` stay with the runtime. What passes between the two can only be told if all of
/// them are nodes of the file; a node of the file that is none of them was merged into what makes
/// its input, or computed before the first run.
pub(crate) fn of(
    file: &[u8],
    inputs: &[TensorInfo],
    taken: &[Vec<AssignedNode>],
    left: &[AssignedNode],
) -> GraphDivision {
    let graph = ModelProto::decode(file).ok().and_then(|model| model.graph);
    let (nodes, values) = match &graph {
        Some(graph) => (graph.node.as_slice(), onnx_cost::values(graph, inputs)),
        None => (&[][..], HashMap::new()),
    };
    let places = places(nodes);
    let place = |(name, operator): &AssignedNode| {
        places.get(&(name.as_str(), operator.as_str())).copied().flatten()
    };
    let left_places: Vec<Option<usize>> = left.iter().map(place).collect();
    let left_node = |(node, place): (&AssignedNode, &Option<usize>)| {
        let first = place.and_then(|place| nodes[place].input.first());
        let kind = first.and_then(|name| values.get(name)).and_then(|value| value.kind);
        LeftNode {
            index: *place,
            operator: node.1.clone(),
            name: node.0.clone(),
            takes: kind.and_then(|kind| onnx_graph::element(kind as i32)),
        }
    };
    let taken_places = taken.iter().flatten().map(place).collect::<Option<HashSet<usize>>>();
    let left_known = left_places.iter().copied().collect::<Option<HashSet<usize>>>();
    let between = taken_places.zip(left_known).map(|(taken, left)| between(nodes, &taken, &left));
    let sizes = between.as_ref().and_then(|names| {
        let bytes = |name: &&str| values.get(*name).and_then(|value| value.bytes);
        names.iter().map(bytes).sum()
    });
    GraphDivision {
        left: left.iter().zip(&left_places).map(left_node).collect(),
        partitions: taken.len(),
        tensors_between: between.map(|names| names.len()),
        bytes_between: sizes,
    }
}

/// Where the nodes of a file are, by name and type of operator; `None` for those that share both.
/// Nodes without a name are left out.
fn places(nodes: &[NodeProto]) -> HashMap<(&str, &str), Option<usize>> {
    let mut places = HashMap::new();
    for (place, node) in nodes.iter().enumerate().filter(|(_, node)| !node.name.is_empty()) {
        let key = (node.name.as_str(), node.op_type.as_str());
        places.entry(key).and_modify(|known| *known = None).or_insert(Some(place));
    }
    places
}

/// Who runs a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RanBy {
    Provider,
    Runtime,
}

/// The values that one side makes and the other reads. What depends on no node of either side is
/// constant, as are weights.
fn between<'a>(
    nodes: &'a [NodeProto],
    taken: &HashSet<usize>,
    left: &HashSet<usize>,
) -> BTreeSet<&'a str> {
    // By value: who makes it, and under which name it was made.
    let mut makers: HashMap<&str, (RanBy, &str)> = HashMap::new();
    let mut between = BTreeSet::new();
    for (place, node) in nodes.iter().enumerate() {
        let read: Vec<(RanBy, &str)> =
            node.input.iter().filter_map(|name| makers.get(name.as_str()).copied()).collect();
        let side = match (taken.contains(&place), left.contains(&place)) {
            (true, _) => RanBy::Provider,
            (_, true) => RanBy::Runtime,
            // It was merged: what it makes is still what was made before it.
            _ => {
                if let Some(first) = read.first() {
                    makers.extend(node.output.iter().map(|name| (name.as_str(), *first)));
                }
                continue;
            }
        };
        between.extend(read.iter().filter(|(maker, _)| *maker != side).map(|(_, name)| *name));
        makers.extend(node.output.iter().map(|name| (name.as_str(), (side, name.as_str()))));
    }
    between
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx_file;

    const MODEL: &str = "models/fashion-mnist/fmnist_mobilenet_v1_0.25_f32.onnx";

    #[test]
    fn what_a_provider_leaves_in_the_middle_passes_twice() {
        let file = std::fs::read(MODEL).unwrap();
        let graph = ModelProto::decode(file.as_slice()).unwrap().graph.unwrap();
        let inputs = onnx_file::read(&file).unwrap().inputs;
        let assigned: Vec<AssignedNode> =
            graph.node.iter().map(|node| (node.name.clone(), node.op_type.clone())).collect();
        let middle = assigned.iter().position(|(_, operator)| operator == "Conv").unwrap() + 4;
        let (before, rest) = assigned.split_at(middle);
        let (left, after) = rest.split_at(1);
        let division = of(&file, &inputs, &[before.to_vec(), after.to_vec()], left);
        assert_eq!((division.partitions, division.tensors_between), (2, Some(2)), "{left:?}");
        assert!(division.bytes_between.is_some_and(|bytes| bytes > 1000), "{division:?}");
        assert_eq!(division.left[0].index, Some(middle));
        assert_eq!(division.left[0].takes, Some(crate::record::tensor::ElementType::Float32));
        // A node that the runtime merged into the one before it.
        let merged = of(&file, &inputs, &[before[..middle - 1].to_vec(), after.to_vec()], left);
        assert_eq!(merged.tensors_between, Some(2));
        let unknown = of(&file, &inputs, &[vec![("made up".into(), "Conv".into())]], left);
        assert_eq!((unknown.partitions, unknown.tensors_between), (1, None));
    }
}
