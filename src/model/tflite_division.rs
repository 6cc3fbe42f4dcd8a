//! How a delegate divides the graph of a TensorFlow Lite file, and what passes between the sides.

use std::collections::BTreeSet;

use tract_tflite::tflite as schema;

use crate::model::tflite_graph;
use crate::record::operator_profile::{GraphDivision, LeftNode};

/// The division if the nodes at `left`, each with the operator that ran there, stay with the
/// runtime, and a delegate takes all others in `partitions` pieces. `None` if we cannot read the
/// file, if these are not its nodes, or if it has several graphs, whose nodes share their numbers.
pub(crate) fn of(bytes: &[u8], left: &[(usize, &str)], partitions: usize) -> Option<GraphDivision> {
    let model = schema::root_as_model(bytes).ok()?;
    let graph = model.subgraphs().filter(|graphs| graphs.len() == 1)?.get(0);
    let (tensors, operators) = (graph.tensors()?, graph.operators()?);
    let tensor = |index: i32| {
        let place = usize::try_from(index).ok().filter(|place| *place < tensors.len());
        place.map(|place| tensors.get(place))
    };
    let mut nodes = Vec::new();
    for (index, operator) in left {
        let node = (*index < operators.len()).then(|| operators.get(*index))?;
        if tflite_graph::operator_name(&model, &node).as_deref() != Some(*operator) {
            return None;
        }
        let takes = node.inputs().and_then(|inputs| inputs.iter().next());
        let makes = node.outputs().and_then(|outputs| outputs.iter().next());
        nodes.push(LeftNode {
            index: Some(*index),
            operator: (*operator).to_owned(),
            name: makes.and_then(tensor).and_then(|it| it.name()).unwrap_or_default().to_owned(),
            takes: takes.and_then(tensor).and_then(|it| tflite_graph::element(it.type_())),
        });
    }
    let own: BTreeSet<usize> = left.iter().map(|(index, _)| *index).collect();
    let mut between = BTreeSet::new();
    for (maker, operator) in operators.iter().enumerate() {
        for made in operator.outputs().into_iter().flatten() {
            let crosses = operators.iter().enumerate().any(|(reader, operator)| {
                own.contains(&reader) != own.contains(&maker)
                    && operator.inputs().is_some_and(|read| read.iter().any(|it| it == made))
            });
            if crosses {
                between.insert(made);
            }
        }
    }
    let size = |index: &i32| {
        let tensor = tensor(*index)?;
        let width = tflite_graph::element(tensor.type_())?.width() as u64;
        let mut sizes = tensor.shape()?.iter().map(|size| u64::try_from(size).ok());
        sizes.try_fold(width, |product, size| product.checked_mul(size?))
    };
    Some(GraphDivision {
        left: nodes,
        partitions,
        tensors_between: Some(between.len()),
        bytes_between: between.iter().map(size).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tflite_nodes;

    const MODEL: &str = "models/fashion-mnist/fmnist_mobilenet_v1_0.25_int8.tflite";

    #[test]
    fn what_one_side_makes_and_the_other_reads_is_counted() {
        let bytes = std::fs::read(MODEL).unwrap();
        let nodes = tflite_nodes::of(&bytes);
        let place = |operator: &str| nodes.iter().position(|it| it.operator == operator).unwrap();
        let (pool, softmax) = (place("AVERAGE_POOL_2D"), place("SOFTMAX"));
        let division = |left: &[(usize, &str)]| of(&bytes, left, 2).unwrap();
        // The pool reads 64 to 256 channels and makes one number of each; ten scores go into the
        // softmax, whose result nobody reads.
        let one = division(&[(softmax, "SOFTMAX")]);
        assert_eq!((one.tensors_between, one.bytes_between), (Some(1), Some(10)));
        let both = division(&[(pool, "AVERAGE_POOL_2D"), (softmax, "SOFTMAX")]);
        assert_eq!(both.tensors_between, Some(3));
        assert_eq!(both.left[1].takes, Some(crate::record::tensor::ElementType::Int8));
        assert_eq!(both.left[0].name, nodes[pool].name);
        let nothing = division(&[]);
        assert_eq!((nothing.tensors_between, nothing.bytes_between), (Some(0), Some(0)));
    }

    #[test]
    fn nodes_of_another_file_are_not_divided() {
        let bytes = std::fs::read(MODEL).unwrap();
        assert_eq!(of(&bytes, &[(0, "SOFTMAX")], 1), None);
        assert_eq!(of(&bytes, &[(9_999, "SOFTMAX")], 1), None);
        assert_eq!(of(b"no model", &[], 1), None);
    }
}
