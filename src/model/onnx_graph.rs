//! What the operators at the two ends of an ONNX graph show.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::model::onnx_domains;
use crate::record::output_kind::OutputKind;
use crate::record::quantization::Quantization;
use crate::record::scored_output::Sorted;
use crate::record::tensor::ElementType;

/// Maximum number of operators that are looked through on the way from an input or to an output.
const MOST_STEPS: usize = 64;

/// Operators that move or convert values without changing their meaning.
const CONVERSIONS: [&str; 11] = [
    "Identity",
    "Cast",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "QuantizeLinear",
    "DequantizeLinear",
    "Dropout",
    "ZipMap",
];
/// Operators that keep an image's channels where they are.
const POINTWISE: [&str; 11] = [
    "Identity",
    "Cast",
    "Sub",
    "Add",
    "Mul",
    "Div",
    "Clip",
    "Pad",
    "BatchNormalization",
    "QuantizeLinear",
    "DequantizeLinear",
];

/// What the numbers of each output are, by the operator that makes them.
pub(crate) fn output_kinds(graph: &GraphProto) -> Vec<Option<OutputKind>> {
    let makers: HashMap<&str, &NodeProto> = graph
        .node
        .iter()
        .flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node)))
        .collect();
    graph.output.iter().map(|output| kind_of(&makers, &output.name)).collect()
}

fn kind_of(makers: &HashMap<&str, &NodeProto>, output: &str) -> Option<OutputKind> {
    let mut name = output;
    for _ in 0..MOST_STEPS {
        let node = makers.get(name)?;
        match onnx_domains::known(node)? {
            "Softmax" => return Some(OutputKind::Probabilities),
            "LogSoftmax" => return Some(OutputKind::LogProbabilities),
            "Sigmoid" => return Some(OutputKind::Sigmoid),
            "Gemm" | "MatMul" | "Conv" => return Some(OutputKind::Logits),
            // A bias is added to what a MatMul made, on either side.
            "Add" => {
                name = node.input.iter().find(|input| makers.contains_key(input.as_str()))?;
            }
            other if CONVERSIONS.contains(&other) => name = node.input.first()?,
            _ => return None,
        }
    }
    None
}

/// By output: what it holds where the graph itself picks the best classes.
pub(crate) fn sorted_outputs(graph: &GraphProto) -> Vec<Option<Sorted>> {
    let of = |output: &str| {
        let mut name = output;
        for _ in 0..MOST_STEPS {
            let makes = |node: &&NodeProto| node.output.iter().any(|it| it == name);
            let node = graph.node.iter().find(makes)?;
            match onnx_domains::known(node)? {
                "ArgMax" => return Some(Sorted::Classes),
                "TopK" if node.output.first().is_some_and(|first| first == name) => {
                    return Some(Sorted::Scores);
                }
                "TopK" => return Some(Sorted::Classes),
                other if CONVERSIONS.contains(&other) => name = node.input.first()?,
                _ => return None,
            }
        }
        None
    };
    graph.output.iter().map(|output| of(&output.name)).collect()
}

/// The class names of a `ZipMap`, in the order of its scores, by output.
pub(crate) fn output_classes(graph: &GraphProto) -> Vec<Option<Vec<String>>> {
    let classes = |name: &str| {
        let makes = |node: &&NodeProto| node.output.iter().any(|output| output == name);
        let node = graph.node.iter().find(makes).filter(|node| node.op_type == "ZipMap")?;
        node.attribute.iter().find_map(|attribute| match attribute.name.as_str() {
            "classlabels_strings" => Some(
                attribute.strings.iter().map(|text| String::from_utf8_lossy(text).into()).collect(),
            ),
            "classlabels_int64s" => Some(attribute.ints.iter().map(i64::to_string).collect()),
            _ => None,
        })
    };
    graph.output.iter().map(|output| classes(&output.name)).collect()
}

/// The channels that the convolution takes which `input` goes into. ONNX's convolutions have them
/// at axis 1 of their input, so this shows the order of the axes as well.
pub(crate) fn convolved_channels(graph: &GraphProto, input: &str) -> Option<usize> {
    let mut name = input;
    for _ in 0..MOST_STEPS {
        let node = graph.node.iter().find(|node| node.input.iter().any(|it| it == name))?;
        match node.op_type.as_str() {
            "Conv" | "ConvInteger" => return channels(graph, node, 1),
            "QLinearConv" => return channels(graph, node, 3),
            other if POINTWISE.contains(&other) => name = node.output.first()?,
            _ => return None,
        }
    }
    None
}

/// The quantisation of an integer input, by the `DequantizeLinear` that it goes into.
pub(crate) fn input_quantization(graph: &GraphProto, input: &str) -> Option<Quantization> {
    let takes = |node: &&NodeProto| node.input.first().is_some_and(|name| name == input);
    let node = graph.node.iter().find(takes).filter(|node| node.op_type == "DequantizeLinear")?;
    let weight = |at: usize| {
        let name = node.input.get(at).filter(|name| !name.is_empty())?;
        graph.initializer.iter().find(|tensor| tensor.name == *name)
    };
    let scale = weight(1)?;
    let scale = match (scale.float_data.as_slice(), scale.raw_data.as_slice()) {
        ([scale], _) => *scale,
        ([], raw) => f32::from_le_bytes(raw.try_into().ok()?),
        _ => return None,
    };
    let zero_point = match weight(2) {
        None => 0,
        Some(tensor) => match (tensor.int32_data.as_slice(), tensor.raw_data.as_slice()) {
            ([zero_point], _) => *zero_point,
            ([], [byte]) if tensor.data_type == DataType::Int8 as i32 => {
                i32::from(byte.cast_signed())
            }
            ([], [byte]) => i32::from(*byte),
            ([], [low, high]) => i32::from(i16::from_le_bytes([*low, *high])),
            _ => return None,
        },
    };
    (scale > 0.0).then_some(Quantization { scale, zero_point })
}

/// A type that inputs and outputs of classifiers have.
pub(crate) fn element(kind: i32) -> Option<ElementType> {
    Some(match DataType::try_from(kind).ok()? {
        DataType::Float => ElementType::Float32,
        DataType::Float16 => ElementType::Float16,
        DataType::Double => ElementType::Float64,
        DataType::Int8 => ElementType::Int8,
        DataType::Uint8 => ElementType::Uint8,
        DataType::Int16 => ElementType::Int16,
        DataType::Int32 => ElementType::Int32,
        DataType::Int64 => ElementType::Int64,
        DataType::Uint16 => ElementType::Uint16,
        DataType::Uint32 => ElementType::Uint32,
        DataType::Uint64 => ElementType::Uint64,
        DataType::Bfloat16 => ElementType::Bfloat16,
        DataType::Bool => ElementType::Bool,
        DataType::String => ElementType::Text,
        _ => return None,
    })
}

/// Axis 1 of a convolution's weights, which may be stored quantised, times its groups.
fn channels(graph: &GraphProto, node: &NodeProto, weights: usize) -> Option<usize> {
    let mut name = node.input.get(weights)?;
    let made = graph.node.iter().find(|maker| maker.output.first() == Some(name));
    if let Some(maker) = made.filter(|maker| maker.op_type == "DequantizeLinear") {
        name = maker.input.first()?;
    }
    let weights = graph.initializer.iter().find(|tensor| tensor.name == *name)?;
    let group = node.attribute.iter().find(|attribute| attribute.name == "group");
    let group = group.map_or(1, |attribute| attribute.i);
    usize::try_from(weights.dims.get(1)?.checked_mul(group)?).ok()
}
