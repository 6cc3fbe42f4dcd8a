//! What the operators at the two ends of a TensorFlow Lite graph show, and the graph with its open
//! dimensions set.

use tract_tflite::tflite::{self as schema, BuiltinOperator, TensorType};

use crate::model::flatbuffer::FlatTable;
use crate::record::output_kind::OutputKind;
use crate::record::scored_output::Sorted;
use crate::record::tensor::{ElementType, TensorInfo};

/// Maximum number of operators that are looked through on the way from an input or to an output.
const MOST_STEPS: usize = 64;

/// What the numbers of each output are, by the operator that makes them.
pub(crate) fn output_kinds(
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
) -> Vec<Option<OutputKind>> {
    let outputs = graph.outputs().into_iter().flatten();
    outputs.map(|output| kind_of(model, graph, output)).collect()
}

fn kind_of(
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
    output: i32,
) -> Option<OutputKind> {
    let mut tensor = output;
    for _ in 0..MOST_STEPS {
        let operators = graph.operators()?;
        let makes = |operator: &schema::Operator<'_>| {
            operator.outputs().is_some_and(|outputs| outputs.iter().any(|it| it == tensor))
        };
        let operator = operators.iter().find(makes)?;
        match builtin(model, &operator)? {
            BuiltinOperator::SOFTMAX => return Some(OutputKind::Probabilities),
            BuiltinOperator::LOG_SOFTMAX => return Some(OutputKind::LogProbabilities),
            BuiltinOperator::LOGISTIC => return Some(OutputKind::Sigmoid),
            BuiltinOperator::FULLY_CONNECTED | BuiltinOperator::CONV_2D => {
                return Some(OutputKind::Logits);
            }
            BuiltinOperator::RESHAPE
            | BuiltinOperator::SQUEEZE
            | BuiltinOperator::QUANTIZE
            | BuiltinOperator::DEQUANTIZE
            | BuiltinOperator::CAST => tensor = operator.inputs()?.iter().next()?,
            _ => return None,
        }
    }
    None
}

/// By output: what it holds where the graph itself picks the best classes.
pub(crate) fn sorted_outputs(
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
) -> Vec<Option<Sorted>> {
    let of = |output: i32| {
        let mut tensor = output;
        for _ in 0..MOST_STEPS {
            let place = |operator: &schema::Operator<'_>| {
                operator.outputs()?.iter().position(|it| it == tensor)
            };
            let operators = graph.operators()?;
            let (operator, place) = operators.iter().find_map(|it| Some((it, place(&it)?)))?;
            match builtin(model, &operator)? {
                BuiltinOperator::ARG_MAX => return Some(Sorted::Classes),
                BuiltinOperator::TOPK_V2 if place == 0 => return Some(Sorted::Scores),
                BuiltinOperator::TOPK_V2 => return Some(Sorted::Classes),
                BuiltinOperator::RESHAPE | BuiltinOperator::SQUEEZE | BuiltinOperator::CAST => {
                    tensor = operator.inputs()?.iter().next()?;
                }
                _ => return None,
            }
        }
        None
    };
    graph.outputs().into_iter().flatten().map(of).collect()
}

/// The channels that the convolution takes which the first input goes into.
pub(crate) fn convolved_channels(
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
) -> Option<usize> {
    let mut tensor = graph.inputs()?.iter().next()?;
    for _ in 0..MOST_STEPS {
        let takes = |operator: &schema::Operator<'_>| {
            operator.inputs().is_some_and(|inputs| inputs.iter().next() == Some(tensor))
        };
        let operator = graph.operators()?.iter().find(takes)?;
        match builtin(model, &operator)? {
            // Its weights are stored as [filters, height, width, channels].
            BuiltinOperator::CONV_2D => {
                let weights = usize::try_from(operator.inputs()?.iter().nth(1)?).ok()?;
                let tensors = graph.tensors().filter(|tensors| weights < tensors.len())?;
                return usize::try_from(tensors.get(weights).shape()?.iter().nth(3)?).ok();
            }
            BuiltinOperator::QUANTIZE
            | BuiltinOperator::DEQUANTIZE
            | BuiltinOperator::CAST
            | BuiltinOperator::SUB
            | BuiltinOperator::ADD
            | BuiltinOperator::MUL
            | BuiltinOperator::DIV
            | BuiltinOperator::PAD => tensor = operator.outputs()?.iter().next()?,
            _ => return None,
        }
    }
    None
}

/// The code of a built-in operator, or that of a custom one; `None` if the file does not have it.
pub(crate) fn builtin(
    model: &schema::Model<'_>,
    operator: &schema::Operator<'_>,
) -> Option<BuiltinOperator> {
    code(model, operator).map(|code| number(&code))
}

/// The name of an operator; `None` if the file does not have it.
pub(crate) fn operator_name(
    model: &schema::Model<'_>,
    operator: &schema::Operator<'_>,
) -> Option<String> {
    let code = code(model, operator)?;
    if let Some(custom) = code.custom_code() {
        return Some(custom.to_owned());
    }
    let builtin = number(&code);
    Some(builtin.variant_name().map_or_else(|| format!("BUILTIN_{}", builtin.0), str::to_owned))
}

fn code<'a>(
    model: &schema::Model<'a>,
    operator: &schema::Operator<'_>,
) -> Option<schema::OperatorCode<'a>> {
    let codes = model.operator_codes()?;
    let index = operator.opcode_index() as usize;
    (index < codes.len()).then(|| codes.get(index))
}

/// Old files keep the code in a byte, new ones in an int; readers take the larger.
fn number(code: &schema::OperatorCode<'_>) -> BuiltinOperator {
    BuiltinOperator(code.builtin_code().0.max(i32::from(code.deprecated_builtin_code())))
}

/// A type that inputs and outputs of classifiers have.
pub(crate) fn element(kind: TensorType) -> Option<ElementType> {
    Some(match kind {
        TensorType::FLOAT32 => ElementType::Float32,
        TensorType::FLOAT16 => ElementType::Float16,
        TensorType::FLOAT64 => ElementType::Float64,
        TensorType::INT8 => ElementType::Int8,
        TensorType::UINT8 => ElementType::Uint8,
        TensorType::INT16 => ElementType::Int16,
        TensorType::INT32 => ElementType::Int32,
        TensorType::INT64 => ElementType::Int64,
        TensorType::UINT16 => ElementType::Uint16,
        TensorType::UINT32 => ElementType::Uint32,
        TensorType::UINT64 => ElementType::Uint64,
        TensorType::BOOL => ElementType::Bool,
        _ => return None,
    })
}

/// By buffer: the offset and size of data that lies behind the file's tables.
pub(crate) fn behind_tables(bytes: &[u8]) -> Vec<Option<(u64, u64)>> {
    /// `buffers` of a `Model`, and `offset` and `size` of a `Buffer`, of `schema.fbs`.
    const BUFFERS: usize = 4;
    const OFFSET: usize = 1;
    const SIZE: usize = 2;
    let buffers = FlatTable::root(bytes).and_then(|model| model.tables(BUFFERS));
    // 0 and 1 mean none.
    let offset = |buffer: &FlatTable<'_>| buffer.long(OFFSET).filter(|offset| *offset > 1);
    let place = |buffer: &FlatTable<'_>| Some((offset(buffer)?, buffer.long(SIZE).unwrap_or(0)));
    buffers.unwrap_or_default().iter().map(place).collect()
}

/// The bytes of a file with the shapes of `inputs` and `outputs` written into its open dimensions,
/// so that a runtime that does not resize inputs runs it at that size. Tensors in between get
/// theirs from the operators.
///
/// `None` if nothing is open, or we cannot read the file.
#[must_use]
pub(crate) fn with_shapes(
    bytes: &[u8],
    inputs: &[TensorInfo],
    outputs: &[TensorInfo],
) -> Option<Vec<u8>> {
    let model = schema::root_as_model(bytes).ok()?;
    let graph = model.subgraphs().filter(|graphs| !graphs.is_empty())?.get(0);
    let tensors = graph.tensors()?;
    let mut changes = Vec::new();
    let inputs = graph.inputs().into_iter().flatten().zip(inputs);
    let outputs = graph.outputs().into_iter().flatten().zip(outputs);
    for (index, known) in inputs.chain(outputs) {
        let index = usize::try_from(index).ok().filter(|index| *index < tensors.len())?;
        let tensor = tensors.get(index);
        for stored in [tensor.shape(), tensor.shape_signature()].into_iter().flatten() {
            // A vector of the file is little-endian bytes of it.
            let start = stored.bytes().as_ptr() as usize - bytes.as_ptr() as usize;
            for (axis, (size, old)) in known.shape.iter().zip(stored.iter()).enumerate() {
                let size = i32::try_from(*size).ok()?;
                if old != size {
                    changes.push((start + axis * size_of::<i32>(), size));
                }
            }
        }
    }
    if changes.is_empty() {
        return None;
    }
    let mut changed = bytes.to_vec();
    for (at, size) in changes {
        changed.get_mut(at..at + size_of::<i32>())?.copy_from_slice(&size.to_le_bytes());
    }
    Some(changed)
}
