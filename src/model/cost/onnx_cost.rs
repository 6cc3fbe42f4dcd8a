//! The cost of an ONNX graph. Its file need not state the shapes inside: they follow from those of
//! the inputs, operator by operator.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::model::cost::cost_sum::{self, CostSum, NodeCost, Uncounted};
use crate::model::cost::onnx_rules;
use crate::model::cost::onnx_value::{NodeAttributes, OnnxValue};
use crate::record::cost::Cost;
use crate::record::tensor::TensorInfo;

/// Operators whose multiply-accumulates we do not count.
const UNCOUNTED: [&str; 9] =
    ["LSTM", "GRU", "RNN", "Einsum", "Attention", "RotaryEmbedding", "DeformConv", "DFT", "STFT"];
/// Operators of which only the first input is data: the others are shapes, axes, bounds, scales and
/// zero points.
const SETTINGS: [&str; 19] = [
    "Clip",
    "Pad",
    "Resize",
    "Upsample",
    "Dropout",
    "Reshape",
    "Slice",
    "Squeeze",
    "Unsqueeze",
    "Expand",
    "Tile",
    "TopK",
    "Split",
    "Gather",
    "QuantizeLinear",
    "DequantizeLinear",
    "ConstantOfShape",
    "OneHot",
    "CumSum",
];
/// Operators that convert or move a constant, which is then the same weight.
const MOVING: [&str; 9] = [
    "QuantizeLinear",
    "DequantizeLinear",
    "Cast",
    "Identity",
    "Reshape",
    "Flatten",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
];

/// The cost of `graph`, whose inputs without a default are `inputs`.
pub(crate) fn of(graph: &GraphProto, inputs: &[TensorInfo]) -> Cost {
    let mut known = OnnxValues::of(graph, inputs);
    let input_bytes = inputs.iter().map(|input| known.get(&input.name)?.bytes());
    let mut sum = CostSum::of_inputs(added(input_bytes));
    for node in &graph.node {
        let outputs = known.follow(node);
        // What follows from the file alone is computed before anything runs.
        if !outputs.iter().all(|output| output.numbers.is_some() || output.weight.is_some()) {
            sum.add(known.cost(node, &outputs));
        }
        known.keep(node, outputs);
    }
    sum.total()
}

/// What is known of a value before anything runs.
pub(crate) struct KnownValue {
    /// Its type.
    pub kind: Option<DataType>,
    /// Its dimensions.
    pub shape: Option<Vec<usize>>,
    /// Its bytes.
    pub bytes: Option<u64>,
}

/// What is known of each value of `graph`, as far as it follows from its `inputs`.
pub(crate) fn values(graph: &GraphProto, inputs: &[TensorInfo]) -> HashMap<String, KnownValue> {
    let mut known = OnnxValues::of(graph, inputs);
    for node in &graph.node {
        let outputs = known.follow(node);
        known.keep(node, outputs);
    }
    let plain = |(name, value): (&str, OnnxValue)| {
        let bytes = value.bytes();
        (name.to_owned(), KnownValue { kind: value.kind, shape: value.shape, bytes })
    };
    known.known.into_iter().map(plain).collect()
}

fn added(mut all: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    all.try_fold(0_u64, |sum, bytes| sum.checked_add(bytes?))
}

/// What is known of a graph's values, by their names.
struct OnnxValues<'a> {
    known: HashMap<&'a str, OnnxValue>,
    /// What the file states of values that do not follow.
    stated: HashMap<&'a str, OnnxValue>,
    /// The next constant's.
    id: usize,
}

impl<'a> OnnxValues<'a> {
    fn of(graph: &'a GraphProto, inputs: &[TensorInfo]) -> Self {
        let mut known = HashMap::new();
        for value in &graph.input {
            let info = inputs.iter().find(|info| info.name == value.name);
            let fixed = info.is_some_and(|info| info.open.iter().all(|open| open.axis == 0));
            let shape = info.filter(|it| fixed && !it.unshaped).map(|info| info.shape.clone());
            known.insert(value.name.as_str(), OnnxValue { shape, ..OnnxValue::stated(value) });
        }
        let sparse = graph.sparse_initializer.iter();
        for (id, tensor) in graph.initializer.iter().enumerate() {
            known.insert(tensor.name.as_str(), OnnxValue::constant(tensor, id));
        }
        let mut id = graph.initializer.len();
        for (sparse, values) in sparse.filter_map(|it| Some((it, it.values.as_ref()?))) {
            let shape = sparse.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
            let kind = DataType::try_from(values.data_type).ok();
            known.insert(values.name.as_str(), OnnxValue::of(shape, kind).with_weight(id));
            id += 1;
        }
        let stated = graph.value_info.iter().chain(&graph.output);
        let stated = stated.map(|value| (value.name.as_str(), OnnxValue::stated(value))).collect();
        Self { known, stated, id }
    }

    fn get(&self, name: &str) -> Option<&OnnxValue> {
        self.known.get(name)
    }

    /// The inputs of a node; one that is left out has no name.
    fn inputs(&self, node: &NodeProto) -> Vec<Option<&OnnxValue>> {
        node.input.iter().map(|name| self.get(name)).collect()
    }

    /// What a node makes.
    fn follow(&mut self, node: &'a NodeProto) -> Vec<OnnxValue> {
        let attributes = NodeAttributes(node);
        if !is_standard(node) {
            return node.output.iter().map(|_| OnnxValue::default()).collect();
        }
        if node.op_type == "Constant" {
            return vec![self.constant(attributes)];
        }
        let inputs = self.inputs(node);
        let first = inputs.first().copied().flatten();
        let weight = first.and_then(|first| first.weight.clone());
        let weight = weight.filter(|_| MOVING.contains(&node.op_type.as_str()));
        let mut outputs = onnx_rules::outputs(node, &inputs);
        outputs.resize(node.output.len(), OnnxValue::default());
        if let Some(output) = outputs.first_mut() {
            output.weight = weight;
            if node.op_type == "ConstantOfShape" {
                *output = std::mem::take(output).with_weight(self.id);
                self.id += 1;
            }
        }
        outputs
    }

    fn constant(&mut self, attributes: NodeAttributes<'_>) -> OnnxValue {
        self.id += 1;
        let id = self.id - 1;
        if let Some(tensor) = attributes.tensor("value") {
            return OnnxValue::constant(tensor, id);
        }
        let whole = |numbers: &[i64]| numbers.iter().map(|it| *it as f64).collect();
        match (attributes.int("value_int"), attributes.ints("value_ints")) {
            (Some(number), _) => OnnxValue::numbers(vec![number as f64], true),
            (None, Some(numbers)) => OnnxValue::numbers(whole(numbers), false),
            (None, None) => {
                let count = attributes.floats("value_floats").map(<[f32]>::len);
                let shape = count.map_or(Vec::new(), |count| vec![count]);
                OnnxValue::of(Some(shape), Some(DataType::Float)).with_weight(id)
            }
        }
    }

    /// Keeps what a node makes; where that is not known, what the file states of it.
    fn keep(&mut self, node: &'a NodeProto, outputs: Vec<OnnxValue>) {
        for (name, mut value) in node.output.iter().zip(outputs) {
            if let Some(stated) = self.stated.get(name.as_str()) {
                value.shape = value.shape.or_else(|| stated.shape.clone());
                value.kind = value.kind.or(stated.kind);
            }
            self.known.insert(name.as_str(), value);
        }
    }

    fn cost(&self, node: &NodeProto, outputs: &[OnnxValue]) -> NodeCost {
        let inputs = self.inputs(node);
        let name = node.op_type.as_str();
        let runs_graph = NodeAttributes(node).have_graph();
        let hides_weights = runs_graph || !is_standard(node);
        let bytes = |(name, value): (&String, &OnnxValue)| {
            let stated = self.stated.get(name.as_str());
            value.bytes().or_else(|| stated?.bytes())
        };
        let used = node.output.iter().zip(outputs).filter(|(name, _)| !name.is_empty());
        let macs = if hides_weights || UNCOUNTED.contains(&name) {
            Err(Uncounted::Operator)
        } else {
            self.macs(node, &inputs, outputs).ok_or(Uncounted::Shape)
        };
        let multiplies = places_of_factors(name).is_some();
        let data = data_places(name, inputs.len());
        let data = || data.iter().filter_map(|place| *inputs.get(*place)?);
        let is_weight = |value: &&OnnxValue| {
            let is_index =
                matches!(value.kind, Some(DataType::Int64 | DataType::Bool | DataType::String))
                    || (!multiplies && value.kind == Some(DataType::Int32));
            !is_index && (multiplies || value.elements() != Some(1))
        };
        let weights = data().filter(is_weight).filter_map(|value| value.weight.clone());
        let read = data().filter(|value| value.weight.is_none() && value.numbers.is_none());
        let moves = MOVING.contains(&name);
        NodeCost {
            operator: operator(node),
            macs,
            weights: weights.filter(|_| !moves).collect(),
            read_bytes: added(read.map(OnnxValue::bytes)),
            written_bytes: added(used.map(bytes)),
            hides_weights,
            is_behind_unknown: inputs.iter().flatten().any(|value| value.shape.is_none()),
        }
    }

    /// Multiply-accumulates by the shapes of weights and outputs; `None` if a shape is not known.
    fn macs(
        &self,
        node: &NodeProto,
        inputs: &[Option<&OnnxValue>],
        outputs: &[OnnxValue],
    ) -> Option<u64> {
        let Some((left, right)) = places_of_factors(&node.op_type) else { return Some(0) };
        let shape = |place: usize| (*inputs.get(place)?)?.shape.as_deref();
        let stated = self.stated.get(node.output.first()?.as_str());
        let made = outputs.first()?.elements().or_else(|| stated?.elements());
        match node.op_type.as_str() {
            // [filters, channels of a group, window]
            "Conv" | "ConvInteger" | "QLinearConv" => {
                made?.checked_mul(cost_sum::product(shape(right)?.get(1..)?)?)
            }
            // Each element of the input meets [filters of a group, window].
            "ConvTranspose" => {
                let per_input = cost_sum::product(shape(right)?.get(1..)?)?;
                cost_sum::product(shape(left)?)?.checked_mul(per_input)
            }
            "Gemm" => {
                let flips = NodeAttributes(node).int("transA").unwrap_or(0) != 0;
                let depth = *shape(left)?.get(usize::from(!flips))?;
                made?.checked_mul(u64::try_from(depth).ok()?)
            }
            _ => made?.checked_mul(u64::try_from(*shape(left)?.last()?).ok()?),
        }
    }
}

/// Which inputs are multiplied with each other, of a convolution or matrix product.
fn places_of_factors(operator: &str) -> Option<(usize, usize)> {
    match operator {
        "Conv" | "ConvInteger" | "ConvTranspose" | "Gemm" | "MatMul" | "MatMulInteger" => {
            Some((0, 1))
        }
        "QLinearConv" | "QLinearMatMul" => Some((0, 3)),
        _ => None,
    }
}

/// Which inputs of a node with `count` are data or weights, rather than what tells how to compute.
fn data_places(operator: &str, count: usize) -> Vec<usize> {
    match operator {
        "QLinearConv" => vec![0, 3, 8],
        "QLinearMatMul" => vec![0, 3],
        "ConvInteger" | "MatMulInteger" => vec![0, 1],
        name if SETTINGS.contains(&name) || name.starts_with("Reduce") => vec![0],
        _ => (0..count).collect(),
    }
}

/// Whether the operator is one of ONNX's own.
fn is_standard(node: &NodeProto) -> bool {
    node.domain.is_empty() || node.domain == "ai.onnx"
}

/// The name of an operator, with its domain unless that is ONNX's own.
fn operator(node: &NodeProto) -> String {
    if is_standard(node) {
        node.op_type.clone()
    } else {
        format!("{}:{}", node.domain, node.op_type)
    }
}
