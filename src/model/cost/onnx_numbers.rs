//! Numbers that follow from shapes and constants: exporters write the shape of a `Reshape` as
//! `Shape`, `Gather` and `Concat` of a value.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;

use crate::model::cost::onnx_axes::{Cut, clamped, place};
use crate::model::cost::onnx_value::{NodeAttributes, OnnxValue};

/// The numbers that a node makes of shapes and constants, if it does.
pub(super) fn follow(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> Option<OnnxValue> {
    let of = |place: usize| inputs.get(place).copied().flatten();
    let known = |place: usize| of(place)?.numbers.as_deref();
    let is_scalar = |place: usize| of(place).is_some_and(|it| it.shape.as_deref() == Some(&[]));
    let attributes = NodeAttributes(node);
    let same = |numbers: Vec<f64>| OnnxValue {
        numbers: Some(numbers),
        ..OnnxValue::of(of(0).and_then(|it| it.shape.clone()), of(0).and_then(|it| it.kind))
    };
    match node.op_type.as_str() {
        "Shape" => {
            let shape = of(0)?.shape.as_deref()?;
            let end = |name: &str, default: usize| match attributes.int(name) {
                None => default,
                Some(end) => clamped(end, shape.len()),
            };
            let shape = shape.get(end("start", 0)..end("end", shape.len()))?;
            Some(OnnxValue::numbers(shape.iter().map(|size| *size as f64).collect(), false))
        }
        "Gather" if of(0)?.shape.as_ref()?.len() == 1 => {
            let (all, wanted) = (known(0)?, of(1)?.whole()?);
            let picked = wanted.iter().map(|index| all.get(place(*index, all.len())?).copied());
            Some(OnnxValue::numbers(picked.collect::<Option<_>>()?, is_scalar(1)))
        }
        "Unsqueeze" if is_scalar(0) => Some(OnnxValue::numbers(known(0)?.to_vec(), false)),
        "Squeeze" if known(0)?.len() == 1 => Some(OnnxValue::numbers(known(0)?.to_vec(), true)),
        "Concat" => {
            let parts: Option<Vec<&[f64]>> = (0..inputs.len()).map(known).collect();
            Some(OnnxValue::numbers(parts?.concat(), false))
        }
        "Slice" => {
            let (all, cut) = (known(0)?, Cut::of(inputs, attributes)?);
            let [(start, end, step)] = cut.along(&[all.len()])?[..] else { return None };
            let step = usize::try_from(step).ok().filter(|step| *step > 0)?;
            let part = all.get(start..end.max(start))?.iter().step_by(step);
            Some(OnnxValue::numbers(part.copied().collect(), false))
        }
        "Cast" | "Identity" => Some(same(known(0)?.to_vec())),
        "Add" | "Sub" | "Mul" | "Div" => {
            let (left, right) = (known(0)?, known(1)?);
            let is_whole = of(0)?.kind != Some(DataType::Float);
            let result = |(one, other): (&f64, &f64)| match node.op_type.as_str() {
                "Add" => one + other,
                "Sub" => one - other,
                "Mul" => one * other,
                _ if is_whole => (one / other).trunc(),
                _ => one / other,
            };
            match (left, right) {
                _ if left.len() == right.len() => {
                    Some(same(left.iter().zip(right).map(result).collect()))
                }
                (_, [one]) => Some(same(left.iter().map(|it| result((it, one))).collect())),
                _ => None,
            }
        }
        _ => None,
    }
}
