//! The shapes that ONNX's operators make, by the rules of <https://onnx.ai/onnx/operators/>, for
//! those that image classifiers consist of.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;

use crate::model::cost::onnx_axes::broadcast;
use crate::model::cost::onnx_value::{NodeAttributes, OnnxValue};
use crate::model::cost::{onnx_moves, onnx_numbers, onnx_windows};

/// A shape, if it is known.
type MaybeShape = Option<Vec<usize>>;

/// What a node makes of `inputs`, by its outputs as far as they are known.
pub(super) fn outputs(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> Vec<OnnxValue> {
    if node.op_type == "Split" {
        return onnx_moves::split(node, inputs);
    }
    if let Some(value) = onnx_numbers::follow(node, inputs) {
        return vec![value];
    }
    let first = OnnxValue::of(shape(node, inputs), kind(node, inputs));
    let mut outputs = vec![first.clone()];
    match node.op_type.as_str() {
        "TopK" => outputs.push(OnnxValue::of(first.shape, Some(DataType::Int64))),
        "Dropout" => outputs.push(OnnxValue::of(first.shape, Some(DataType::Bool))),
        _ => {}
    }
    outputs
}

fn kind(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> Option<DataType> {
    let of = |place: usize| (*inputs.get(place)?)?.kind;
    let attributes = NodeAttributes(node);
    let stated = |name: &str| DataType::try_from(i32::try_from(attributes.int(name)?).ok()?).ok();
    match node.op_type.as_str() {
        "Cast" => stated("to"),
        "QuantizeLinear" => of(2).or_else(|| stated("output_dtype")).or(Some(DataType::Uint8)),
        "DequantizeLinear" => of(1),
        "DynamicQuantizeLinear" => Some(DataType::Uint8),
        "QLinearConv" | "QLinearMatMul" => of(7),
        "ConvInteger" | "MatMulInteger" => Some(DataType::Int32),
        "ArgMax" | "ArgMin" | "Shape" | "Size" | "NonZero" => Some(DataType::Int64),
        "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "Not" | "And" | "Or"
        | "Xor" | "IsNaN" | "IsInf" => Some(DataType::Bool),
        "Where" => of(1),
        "ConstantOfShape" => match attributes.tensor("value") {
            Some(value) => DataType::try_from(value.data_type).ok(),
            None => Some(DataType::Float),
        },
        _ => of(0),
    }
}

fn shape(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> MaybeShape {
    let of = |place: usize| (*inputs.get(place)?)?.shape.as_deref();
    let attributes = NodeAttributes(node);
    match node.op_type.as_str() {
        "Conv" | "ConvInteger" => convolved(attributes, of(0)?, of(1)?),
        "QLinearConv" => convolved(attributes, of(0)?, of(3)?),
        "ConvTranspose" => {
            let (input, weights) = (of(0)?, of(1)?);
            let group = usize::try_from(attributes.int("group").unwrap_or(1)).ok()?;
            let filters = weights.get(1)?.checked_mul(group)?;
            let spatial = onnx_windows::spread(attributes, input.get(2..)?, &kernel(weights)?)?;
            Some([&[*input.first()?, filters][..], &spatial].concat())
        }
        "MaxPool" | "AveragePool" | "LpPool" => {
            let input = of(0)?;
            let kernel = attributes.ints("kernel_shape")?;
            let spatial = onnx_windows::slid(attributes, input.get(2..)?, kernel)?;
            Some([input.get(..2)?, &spatial].concat())
        }
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => {
            let input = of(0)?;
            let ones = vec![1; input.len().checked_sub(2)?];
            Some([input.get(..2)?, &ones].concat())
        }
        "Gemm" => {
            let side = |place: usize, transposed: &str, axis: usize| {
                let flips = attributes.int(transposed).unwrap_or(0) != 0;
                of(place)?.get(if flips { 1 - axis } else { axis }).copied()
            };
            Some(vec![side(0, "transA", 0)?, side(1, "transB", 1)?])
        }
        "MatMul" | "MatMulInteger" => multiplied(of(0)?, of(1)?),
        "QLinearMatMul" => multiplied(of(0)?, of(3)?),
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Mod" | "Max" | "Min" | "Mean" | "Sum"
        | "Where" | "And" | "Or" | "Xor" | "Equal" | "Less" | "LessOrEqual" | "Greater"
        | "GreaterOrEqual" | "BitShift" => {
            let mut all = (0..inputs.len()).map(of);
            let first = all.next()??.to_vec();
            all.try_fold(first, |shape, other| broadcast(&shape, other?))
        }
        name if KEEP.contains(&name) => Some(of(0)?.to_vec()),
        _ => onnx_moves::shape(node, inputs),
    }
}

/// Operators whose output has the shape of their first input.
const KEEP: [&str; 45] = [
    "Relu",
    "LeakyRelu",
    "PRelu",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Tanh",
    "Clip",
    "Elu",
    "Selu",
    "Celu",
    "Softplus",
    "Softsign",
    "Gelu",
    "Mish",
    "Swish",
    "Erf",
    "Exp",
    "Log",
    "Sqrt",
    "Reciprocal",
    "Neg",
    "Abs",
    "Floor",
    "Ceil",
    "Round",
    "Sign",
    "Not",
    "Identity",
    "Cast",
    "Dropout",
    "Softmax",
    "LogSoftmax",
    "Hardmax",
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "LRN",
    "LpNormalization",
    "MeanVarianceNormalization",
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "ThresholdedRelu",
];

fn convolved(attributes: NodeAttributes<'_>, input: &[usize], weights: &[usize]) -> MaybeShape {
    let spatial = onnx_windows::slid(attributes, input.get(2..)?, &kernel(weights)?)?;
    Some([&[*input.first()?, *weights.first()?][..], &spatial].concat())
}

/// The window of a convolution's weights: all axes but filters and channels.
fn kernel(weights: &[usize]) -> Option<Vec<i64>> {
    weights.get(2..)?.iter().map(|size| i64::try_from(*size).ok()).collect()
}

/// The shape of a matrix product: NumPy's rule.
fn multiplied(left: &[usize], right: &[usize]) -> MaybeShape {
    match (left, right) {
        ([_], [_]) => Some(Vec::new()),
        ([_], [batch @ .., _, columns]) => Some([batch, &[*columns]].concat()),
        ([batch @ .., rows, _], [_]) => Some([batch, &[*rows]].concat()),
        ([left @ .., rows, _], [right @ .., _, columns]) => {
            Some([&broadcast(left, right)?[..], &[*rows, *columns]].concat())
        }
        _ => None,
    }
}
