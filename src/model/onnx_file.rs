//! The signature of an ONNX file.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, Result, ensure};
use prost::Message;
use tract_onnx::pb::{
    GraphProto, ModelProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto::dimension,
    type_proto,
};

use crate::model::config::onnx_metadata;
use crate::model::cost::onnx_cost;
use crate::model::onnx_domains::OperatorDomains;
use crate::model::{external, float_weights, onnx_graph};
use crate::record::precision::Precision;
use crate::record::signature::{Signature, WeightStorage, by_frequency};
use crate::record::tensor::{ElementType, OpenAxis, TensorInfo};

/// Reads the signature.
///
/// # Errors
/// Says what is wrong with the file: no ONNX model, cut short, a graph
/// without inputs or outputs, or external data outside its folder.
pub fn read(bytes: &[u8]) -> Result<Signature> {
    let model = ModelProto::decode(bytes).map_err(|error| {
        anyhow::anyhow!(
            "it is not an ONNX file, or is cut short ({error}); download the file again"
        )
    })?;
    let external_data = external::files(&model)?;
    let float_weights = float_weights::of_onnx(&model, !external_data.is_empty());
    let properties = model.metadata_props;
    let functions = model.functions;
    let graph =
        model.graph.context("it holds no ONNX graph; check the path or download it again")?;
    ensure!(!graph.node.is_empty(), "its ONNX graph has no nodes; download the file again");
    // Old files list the weights among the inputs.
    let dense = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let sparse = graph.sparse_initializer.iter().filter_map(|tensor| tensor.values.as_ref());
    let weights: HashSet<&str> = dense.chain(sparse.map(|tensor| tensor.name.as_str())).collect();
    let inputs = graph.input.iter().filter(|input| !weights.contains(input.name.as_str()));
    let mut inputs = inputs.map(tensor_info).collect::<Result<Vec<_>>>()?;
    for input in inputs.iter_mut().filter(|input| !input.element.is_real()) {
        input.quantization = onnx_graph::input_quantization(&graph, &input.name);
    }
    let output_classes = onnx_graph::output_classes(&graph);
    let outputs = graph.output.iter().zip(&output_classes).map(output_info);
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    ensure!(!inputs.is_empty() && !outputs.is_empty(), "its graph has no inputs or no outputs");
    let classes = outputs.first().map(TensorInfo::len).filter(|classes| *classes > 1);
    let pairs: Vec<(&str, &str)> =
        properties.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
    let metadata = onnx_metadata::read(&pairs, classes);
    let domains = OperatorDomains::of(&graph, &functions);
    Ok(Signature {
        precision: precision(&graph),
        operators: operators(&graph),
        normalization: None,
        labels: metadata.labels,
        preprocess: metadata.preprocess,
        image_size: metadata.image_size,
        convolved_channels: inputs
            .first()
            .and_then(|input| onnx_graph::convolved_channels(&graph, &input.name)),
        output_kinds: onnx_graph::output_kinds(&graph),
        sorted_outputs: onnx_graph::sorted_outputs(&graph),
        foreign_operators: domains.foreign,
        own_operators: domains.own,
        output_classes,
        float_weights,
        external_least: external_data.values().copied().collect(),
        external_data: external_data.into_keys().collect(),
        storage: if graph.sparse_initializer.is_empty() {
            Vec::new()
        } else {
            vec![WeightStorage::Sparse]
        },
        choices: Vec::new(),
        chosen: None,
        cost: Some(onnx_cost::of(&graph, &inputs)),
        inputs,
        outputs,
    })
}

/// A tensor, or a map from classes to scores for each image, which counts as a tensor of
/// the scores in the order of the `classes`.
fn output_info((value, classes): (&ValueInfoProto, &Option<Vec<String>>)) -> Result<TensorInfo> {
    let Some(classes) = classes else { return tensor_info(value) };
    let info =
        TensorInfo::fixed(value.name.clone(), vec![1, classes.len()], ElementType::Float32, None);
    Ok(TensorInfo { open: vec![OpenAxis { axis: 0, name: None }], ..info })
}

fn tensor_info(value: &ValueInfoProto) -> Result<TensorInfo> {
    let name = value.name.clone();
    let Some(type_proto::Value::TensorType(tensor)) =
        value.r#type.as_ref().and_then(|kind| kind.value.clone())
    else {
        anyhow::bail!(
            "its input or output '{name}' is not a tensor but a sequence or the like; export it \
             with tensors alone"
        );
    };
    let element = onnx_graph::element(tensor.elem_type).with_context(|| {
        let kind = DataType::try_from(tensor.elem_type);
        let kind = kind.map_or("unknown", |kind| kind.as_str_name()).to_lowercase();
        format!(
            "its input or output '{name}' holds numbers of type {kind}, which are not fed; \
                 export it with float32 there"
        )
    })?;
    let unshaped = tensor.shape.is_none();
    let (mut shape, mut open) = (Vec::new(), Vec::new());
    for (axis, dim) in tensor.shape.unwrap_or_default().dim.into_iter().enumerate() {
        match dim.value {
            Some(dimension::Value::DimValue(size @ 1..)) => {
                shape.push(usize::try_from(size).context("a dimension is too large")?);
            }
            // Some converters write 0 or -1 for what they leave open.
            value => {
                let name = match value {
                    Some(dimension::Value::DimParam(name)) if is_name(&name) => Some(name),
                    _ => None,
                };
                open.push(OpenAxis { axis, name });
                shape.push(1);
            }
        }
    }
    forget_the_images_name(&mut open);
    Ok(TensorInfo { name, shape, element, quantization: None, open, unshaped })
}

/// Whether axes that are called so have the same size: `?`, `None` and `-1` only say that an axis
/// is open.
fn is_name(text: &str) -> bool {
    text.contains(char::is_alphabetic) && !text.eq_ignore_ascii_case("none")
}

/// Takes the first axis' name away where others have it too: there are not as many images as rows
/// of pixels, whatever the exporter called them.
fn forget_the_images_name(open: &mut [OpenAxis]) {
    let Some(first) = open.first().filter(|first| first.axis == 0) else { return };
    let name = first.name.clone();
    if open.iter().skip(1).any(|other| other.name == name) {
        open.iter_mut().filter(|axis| axis.name == name).for_each(|axis| axis.name = None);
    }
}

fn operators(graph: &GraphProto) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::<String, usize>::new();
    for node in &graph.node {
        *counts.entry(node.op_type.clone()).or_default() += 1;
    }
    by_frequency(counts)
}

/// A graph that quantises activations is `int8`; one that only stores weights
/// in 8 bits is `dynamic_int8`.
fn precision(graph: &GraphProto) -> Precision {
    let has = |names: &[&str]| graph.node.iter().any(|node| names.contains(&node.op_type.as_str()));
    let weights_are = |kind: DataType| {
        graph.initializer.iter().any(|t| t.dims.len() >= 2 && t.data_type == kind as i32)
    };
    if has(&["QuantizeLinear", "QLinearConv", "QLinearMatMul"]) {
        Precision::Int8
    } else if weights_are(DataType::Int8) || weights_are(DataType::Uint8) {
        Precision::DynamicInt8
    } else if weights_are(DataType::Float16) {
        Precision::Float16
    } else {
        Precision::Float32
    }
}
