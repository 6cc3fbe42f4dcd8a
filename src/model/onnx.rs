//! The anatomy of an ONNX file.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, Result, ensure};
use prost::Message;
use tract_onnx::pb::{
    GraphProto, ModelProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto::dimension,
    type_proto,
};

use crate::model::config::onnx_metadata;
use crate::model::external;
use crate::record::anatomy::{Anatomy, by_frequency};
use crate::record::precision::Precision;
use crate::record::tensor::{ElementType, TensorInfo};

/// Reads the anatomy.
///
/// # Errors
/// Says what is wrong with the file: no ONNX model, cut short, a graph
/// without inputs or outputs, or external data outside its folder.
pub fn read(bytes: &[u8]) -> Result<Anatomy> {
    let model = ModelProto::decode(bytes)
        .map_err(|error| anyhow::anyhow!("it is no ONNX file or is cut short ({error})"))?;
    let external_data = external::files(&model)?;
    let properties = model.metadata_props;
    let graph = model.graph.context("it holds no ONNX graph; check the path or get it again")?;
    ensure!(!graph.node.is_empty(), "its ONNX graph has no nodes; get the file again");
    // Old files list the weights among the inputs.
    let weights: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let inputs = graph.input.iter().filter(|input| !weights.contains(input.name.as_str()));
    let inputs = inputs.map(tensor_info).collect::<Result<Vec<_>>>()?;
    let outputs = graph.output.iter().map(tensor_info).collect::<Result<Vec<_>>>()?;
    ensure!(!inputs.is_empty() && !outputs.is_empty(), "its graph has no inputs or no outputs");
    let classes = outputs.first().map(TensorInfo::len).filter(|classes| *classes > 1);
    let pairs: Vec<(&str, &str)> =
        properties.iter().map(|it| (it.key.as_str(), it.value.as_str())).collect();
    let metadata = onnx_metadata::read(&pairs, classes);
    Ok(Anatomy {
        inputs,
        outputs,
        precision: precision(&graph),
        operators: operators(&graph),
        normalization: None,
        labels: metadata.labels,
        preprocess: metadata.preprocess,
        external_data,
    })
}

fn tensor_info(value: &ValueInfoProto) -> Result<TensorInfo> {
    let name = value.name.clone();
    let Some(type_proto::Value::TensorType(tensor)) =
        value.r#type.as_ref().and_then(|kind| kind.value.clone())
    else {
        anyhow::bail!("'{name}' is no tensor");
    };
    let element = element(tensor.elem_type)
        .with_context(|| format!("tensor '{name}' has a type that classifiers do not use"))?;
    let dims = tensor.shape.map(|shape| shape.dim).unwrap_or_default();
    let shape = dims
        .iter()
        .map(|dim| match dim.value {
            Some(dimension::Value::DimValue(size)) => usize::try_from(size).unwrap_or(1).max(1),
            _ => 1,
        })
        .collect();
    Ok(TensorInfo { name, shape, element, quantization: None })
}

fn element(kind: i32) -> Option<ElementType> {
    Some(match DataType::try_from(kind).ok()? {
        DataType::Float => ElementType::Float32,
        DataType::Float16 => ElementType::Float16,
        DataType::Int8 => ElementType::Int8,
        DataType::Uint8 => ElementType::Uint8,
        DataType::Int16 => ElementType::Int16,
        DataType::Int32 => ElementType::Int32,
        DataType::Int64 => ElementType::Int64,
        DataType::Bool => ElementType::Bool,
        _ => return None,
    })
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
