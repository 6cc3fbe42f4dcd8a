//! The cost of a TensorFlow Lite graph, whose file states the shape of every tensor.

use tract_tflite::tflite::{self as schema, BuiltinOperator, TensorType};

use crate::model::cost::cost_sum::{self, CostSum, NodeCost, Uncounted, UsedWeight};
use crate::model::tflite_graph;
use crate::record::cost::Cost;
use crate::record::tensor::TensorInfo;

/// Operators whose multiply-accumulates depend on more than shapes.
const UNCOUNTED: [BuiltinOperator; 15] = [
    BuiltinOperator::LSTM,
    BuiltinOperator::RNN,
    BuiltinOperator::SVDF,
    BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM,
    BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_RNN,
    BuiltinOperator::BIDIRECTIONAL_SEQUENCE_LSTM,
    BuiltinOperator::BIDIRECTIONAL_SEQUENCE_RNN,
    BuiltinOperator::CONV_3D_TRANSPOSE,
    BuiltinOperator::RFFT2D,
    BuiltinOperator::CUSTOM,
    BuiltinOperator::DELEGATE,
    BuiltinOperator::IF,
    BuiltinOperator::WHILE,
    BuiltinOperator::CALL,
    BuiltinOperator::CALL_ONCE,
];
/// Operators that run other graphs, or keep weights in ways of their own.
const HIDING: [BuiltinOperator; 7] = [
    BuiltinOperator::CUSTOM,
    BuiltinOperator::DELEGATE,
    BuiltinOperator::IF,
    BuiltinOperator::WHILE,
    BuiltinOperator::CALL,
    BuiltinOperator::CALL_ONCE,
    BuiltinOperator::READ_VARIABLE,
];
/// Operators that convert or move a constant, which is then the same weight.
const MOVING: [BuiltinOperator; 7] = [
    BuiltinOperator::DEQUANTIZE,
    BuiltinOperator::QUANTIZE,
    BuiltinOperator::CAST,
    BuiltinOperator::DENSIFY,
    BuiltinOperator::RESHAPE,
    BuiltinOperator::TRANSPOSE,
    BuiltinOperator::SQUEEZE,
];

/// The cost of `graph` of the file of `bytes`, whose inputs are `inputs`.
pub(crate) fn of(
    bytes: &[u8],
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
    inputs: &[TensorInfo],
) -> Cost {
    // Shapes inside the graph are those of some size that the converter chose.
    let is_fixed = inputs.iter().all(|input| input.open.iter().all(|open| open.axis == 0));
    let mut known = TensorFacts::of(model, graph, &tflite_graph::behind_tables(bytes), is_fixed);
    let mut input_bytes = Some(0_u64);
    for index in graph.inputs().into_iter().flatten() {
        let bytes = known.at(index).and_then(|tensor| tensor.bytes());
        input_bytes = input_bytes.and_then(|sum| sum.checked_add(bytes?));
    }
    let mut sum = CostSum::of_inputs(input_bytes);
    for operator in graph.operators().into_iter().flatten() {
        known.follow(model, &operator);
        sum.add(known.cost(model, &operator));
    }
    let mut cost = sum.total();
    if !is_fixed {
        cost.unknown = vec!["the size of its input, which the file leaves open".to_owned()];
    }
    cost
}

/// What is known of a tensor.
struct TensorFact {
    /// `None` where the file leaves it open.
    shape: Option<Vec<usize>>,
    element: String,
    bits: u64,
    is_number: bool,
    /// The constant that it is, or is made of.
    constant: Option<UsedWeight>,
}

impl TensorFact {
    fn elements(&self) -> Option<u64> {
        cost_sum::product(self.shape.as_deref()?)
    }

    fn bytes(&self) -> Option<u64> {
        cost_sum::bytes(self.elements()?, self.bits)
    }
}

/// What is known of a graph's tensors, in their order.
struct TensorFacts(Vec<TensorFact>);

impl TensorFacts {
    fn of(
        model: &schema::Model<'_>,
        graph: &schema::SubGraph<'_>,
        behind: &[Option<(u64, u64)>],
        is_fixed: bool,
    ) -> Self {
        let buffers = model.buffers();
        let fact = |(id, tensor): (usize, schema::Tensor<'_>)| {
            let (element, bits) = stored(tensor.type_());
            let at = tensor.buffer() as usize;
            let buffer = buffers.filter(|all| at < all.len()).map(|all| all.get(at));
            let length = buffer.and_then(|buffer| buffer.data()).map_or(0, |data| data.len());
            let is_constant = length > 0 || behind.get(at).is_some_and(Option::is_some);
            let open = !is_fixed && !is_constant;
            let shape = shape(&tensor).filter(|_| !open);
            let elements = shape.as_deref().and_then(cost_sum::product);
            let constant = elements.filter(|_| is_constant).map(|elements| {
                let dense = cost_sum::bytes(elements, bits).unwrap_or(u64::MAX);
                // Sparse weights are stored in fewer bytes than they have elements.
                let bytes = if length > 0 { (length as u64).min(dense) } else { dense };
                UsedWeight { id, elements, element: element.clone(), bytes }
            });
            let is_number = !matches!(tensor.type_(), TensorType::STRING | TensorType::BOOL);
            TensorFact { shape, element, bits, is_number, constant }
        };
        Self(graph.tensors().into_iter().flatten().enumerate().map(fact).collect())
    }

    /// The tensor of an index; -1 is an input that is left out.
    fn at(&self, index: i32) -> Option<&TensorFact> {
        self.0.get(usize::try_from(index).ok()?)
    }

    /// What an operator makes of a constant alone is that constant.
    fn follow(&mut self, model: &schema::Model<'_>, operator: &schema::Operator<'_>) {
        let moves = tflite_graph::builtin(model, operator).is_some_and(|it| MOVING.contains(&it));
        let first = operator.inputs().and_then(|inputs| inputs.iter().next());
        let constant = first.and_then(|first| self.at(first)?.constant.clone());
        let output = operator.outputs().and_then(|outputs| outputs.iter().next());
        let output = output.and_then(|output| self.0.get_mut(usize::try_from(output).ok()?));
        if let (true, Some(constant), Some(output)) = (moves, constant, output) {
            output.constant = Some(constant);
        }
    }

    fn cost(&self, model: &schema::Model<'_>, operator: &schema::Operator<'_>) -> NodeCost {
        let builtin = tflite_graph::builtin(model, operator);
        let indices: Vec<i32> = operator.inputs().into_iter().flatten().collect();
        let outputs: Vec<i32> = operator.outputs().into_iter().flatten().collect();
        let macs = match builtin {
            Some(builtin) if UNCOUNTED.contains(&builtin) => Err(Uncounted::Operator),
            Some(builtin) => {
                self.macs(builtin, operator, &indices, &outputs).ok_or(Uncounted::Shape)
            }
            None => Err(Uncounted::Operator),
        };
        let moves = builtin.is_some_and(|it| MOVING.contains(&it));
        let multiplies = builtin.is_some_and(is_product);
        let is_weight = |place: usize, fact: &TensorFact| {
            let is_index = !multiplies && ["int32", "int64"].contains(&fact.element.as_str());
            let is_single = !multiplies && fact.elements() == Some(1);
            // The first input of a transposed convolution is the shape of its output.
            let is_shape = builtin == Some(BuiltinOperator::TRANSPOSE_CONV) && place == 0;
            fact.is_number && !moves && !is_index && !is_single && !is_shape
        };
        let facts = || indices.iter().enumerate().filter_map(|(at, it)| Some((at, self.at(*it)?)));
        let weights = facts().filter(|(place, fact)| is_weight(*place, fact));
        let read = facts().map(|(_, fact)| fact).filter(|fact| fact.constant.is_none());
        let written = outputs.iter().filter_map(|index| self.at(*index));
        let written = written.filter(|fact| fact.constant.is_none());
        NodeCost {
            operator: tflite_graph::operator_name(model, operator).unwrap_or_default(),
            macs,
            weights: weights.filter_map(|(_, fact)| fact.constant.clone()).collect(),
            read_bytes: sum(read.map(TensorFact::bytes)),
            written_bytes: sum(written.map(TensorFact::bytes)),
            is_behind_unknown: false,
            hides_weights: builtin.is_none_or(|it| HIDING.contains(&it)),
        }
    }

    /// Multiply-accumulates by the shapes of weights and outputs (`schema.fbs` has the order of
    /// their axes); `None` if a shape is not known.
    fn macs(
        &self,
        builtin: BuiltinOperator,
        operator: &schema::Operator<'_>,
        inputs: &[i32],
        outputs: &[i32],
    ) -> Option<u64> {
        let input = |place: usize| self.at(*inputs.get(place)?);
        let output = || self.at(*outputs.first()?)?.elements();
        let of_weights = |axes: &[usize]| {
            let shape = input(1)?.shape.as_deref()?;
            let sizes = axes.iter().map(|axis| shape.get(*axis).copied());
            cost_sum::product(&sizes.collect::<Option<Vec<usize>>>()?)
        };
        let per_output = match builtin {
            // [filters, height, width, channels of a group]
            BuiltinOperator::CONV_2D => of_weights(&[1, 2, 3])?,
            // [1, height, width, channels]
            BuiltinOperator::DEPTHWISE_CONV_2D => of_weights(&[1, 2])?,
            // [outputs, inputs]
            BuiltinOperator::FULLY_CONNECTED => of_weights(&[1])?,
            // [depth, height, width, channels, filters]
            BuiltinOperator::CONV_3D => of_weights(&[0, 1, 2, 3])?,
            // Each element of the input meets [filters, height, width, channels].
            BuiltinOperator::TRANSPOSE_CONV => {
                return input(2)?.elements()?.checked_mul(of_weights(&[0, 1, 2])?);
            }
            BuiltinOperator::BATCH_MATMUL => {
                let options = operator.builtin_options_as_batch_mat_mul_options();
                let from_end = if options.is_some_and(|it| it.adj_x()) { 2 } else { 1 };
                let shape = input(0)?.shape.as_deref()?;
                u64::try_from(*shape.get(shape.len().checked_sub(from_end)?)?).ok()?
            }
            _ => return Some(0),
        };
        output()?.checked_mul(per_output)
    }
}

/// Whether it multiplies by weights, so that even a single one is a parameter, and whole numbers of
/// 32 bits are biases.
fn is_product(builtin: BuiltinOperator) -> bool {
    matches!(
        builtin,
        BuiltinOperator::CONV_2D
            | BuiltinOperator::DEPTHWISE_CONV_2D
            | BuiltinOperator::FULLY_CONNECTED
            | BuiltinOperator::CONV_3D
            | BuiltinOperator::TRANSPOSE_CONV
            | BuiltinOperator::BATCH_MATMUL
    )
}

/// The shape, with one image where their number is open.
fn shape(tensor: &schema::Tensor<'_>) -> Option<Vec<usize>> {
    let stored: Vec<i32> = tensor.shape().into_iter().flatten().collect();
    let signature: Vec<i32> = tensor.shape_signature().into_iter().flatten().collect();
    let size = |(axis, size): (usize, &i32)| {
        let open = *size < 0 || signature.get(axis).is_some_and(|size| *size < 0);
        match open {
            true if axis == 0 => Some(1),
            true => None,
            false => usize::try_from(*size).ok(),
        }
    };
    stored.iter().enumerate().map(size).collect()
}

/// The name of a type, and the bits of an element; 0 for those of no fixed size.
fn stored(kind: TensorType) -> (String, u64) {
    if let Some(element) = tflite_graph::element(kind) {
        return (element.to_string(), 8 * element.width() as u64);
    }
    let name = kind.variant_name().unwrap_or("unknown").to_lowercase();
    (name, if kind == TensorType::INT4 { 4 } else { 0 })
}

fn sum(all: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut all = all;
    all.try_fold(0_u64, |sum, bytes| sum.checked_add(bytes?))
}
