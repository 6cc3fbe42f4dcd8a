//! The nodes of an ONNX file, and the file with what one of them makes as its output.

use std::collections::HashSet;

use prost::Message;
use tract_onnx::pb::{
    ModelProto, TensorShapeProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto,
};

use crate::model::cost::onnx_cost;
use crate::model::tflite_nodes::FileNode;
use crate::record::tensor::TensorInfo;

/// The nodes that depend on an input, each with its place in the file, in the order in which they
/// are listed, which is one in which they can run; none if we cannot read the file.
pub(crate) fn of(bytes: &[u8]) -> Vec<(usize, FileNode)> {
    let Some(graph) = ModelProto::decode(bytes).ok().and_then(|model| model.graph) else {
        return Vec::new();
    };
    let constants: HashSet<&str> = graph.initializer.iter().map(|it| it.name.as_str()).collect();
    let inputs = graph.input.iter().map(|it| it.name.as_str());
    let mut changing: HashSet<&str> = inputs.filter(|it| !constants.contains(it)).collect();
    let mut nodes = Vec::new();
    for (place, node) in graph.node.iter().enumerate() {
        if !node.input.iter().any(|name| changing.contains(name.as_str())) {
            continue;
        }
        changing.extend(node.output.iter().map(String::as_str));
        let name = node.output.first().cloned().unwrap_or_default();
        nodes.push((place, FileNode { operator: node.op_type.clone(), name, tensor: None }));
    }
    nodes
}

/// The bytes of a file whose only output is the value `name`, with the nodes up to the one that
/// makes it; `inputs` are the file's. `None` if we cannot read the file or it has no such value.
pub(crate) fn with_output(bytes: &[u8], name: &str, inputs: &[TensorInfo]) -> Option<Vec<u8>> {
    let mut model = ModelProto::decode(bytes).ok()?;
    let graph = model.graph.as_mut()?;
    let place = graph.node.iter().position(|node| node.output.iter().any(|it| it == name))?;
    let value = onnx_cost::values(graph, inputs).remove(name)?;
    let size = |size: usize| {
        let size = tensor_shape_proto::dimension::Value::DimValue(i64::try_from(size).ok()?);
        Some(tensor_shape_proto::Dimension { value: Some(size), ..Default::default() })
    };
    let dimensions =
        value.shape.and_then(|it| it.into_iter().map(size).collect::<Option<Vec<_>>>());
    let tensor = type_proto::Tensor {
        elem_type: value.kind? as i32,
        shape: dimensions.map(|dim| TensorShapeProto { dim }),
    };
    let kind =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() };
    graph.node.truncate(place + 1);
    graph.output =
        vec![ValueInfoProto { name: name.to_owned(), r#type: Some(kind), ..Default::default() }];
    Some(model.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::onnx_file;

    const MODEL: &str = "models/fashion-mnist/fmnist_mobilenet_v1_0.25_f32.onnx";

    #[test]
    fn a_file_ends_where_it_is_cut() {
        let bytes = std::fs::read(MODEL).unwrap();
        let inputs = onnx_file::read(&bytes).unwrap().inputs;
        let nodes = of(&bytes);
        assert!(nodes.len() > 15, "{}", nodes.len());
        for (place, node) in &nodes {
            let cut = with_output(&bytes, &node.name, &inputs).unwrap();
            let signature = onnx_file::read(&cut).unwrap();
            assert_eq!(signature.outputs.len(), 1);
            assert_eq!(signature.outputs[0].name, node.name, "{place}");
            assert!(!signature.outputs[0].unshaped, "{node:?}");
        }
        assert_eq!(with_output(&bytes, "nothing", &inputs), None);
        assert_eq!(of(b"no model"), []);
    }
}
