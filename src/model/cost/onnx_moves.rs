//! The shapes of what operators make that move, pick and reduce values.

use tract_onnx::pb::NodeProto;

use crate::model::cost::onnx_axes::{Cut, broadcast, elements, place, places, reduced, with_size};
use crate::model::cost::onnx_value::{NodeAttributes, OnnxValue};

/// The shape of the first output of an operator that moves values; `None` if it is not known.
pub(super) fn shape(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> Option<Vec<usize>> {
    let input = (*inputs.first()?)?;
    let attributes = NodeAttributes(node);
    let listed = |name: &str, place: usize| match attributes.ints(name) {
        Some(list) => Some(list.to_vec()),
        None => inputs.get(place).copied().flatten()?.whole(),
    };
    let is_given = |place: usize| inputs.get(place).copied().flatten().is_some();
    if node.op_type == "ConstantOfShape" {
        return input.whole()?.into_iter().map(|size| usize::try_from(size).ok()).collect();
    }
    let shape = input.shape.as_deref()?;
    match node.op_type.as_str() {
        "Reshape" => reshaped(shape, &listed("shape", 1)?, attributes.int("allowzero") == Some(1)),
        "Flatten" => {
            let axis = attributes.int("axis").unwrap_or(1);
            let (before, after) = shape.split_at_checked(place(axis, shape.len() + 1)?)?;
            Some(vec![elements(before)?, elements(after)?])
        }
        "Transpose" => match attributes.ints("perm") {
            None => Some(shape.iter().rev().copied().collect()),
            Some(order) => {
                order.iter().map(|axis| shape.get(place(*axis, shape.len())?).copied()).collect()
            }
        },
        "Concat" => concatenated(inputs, attributes.int("axis")?),
        "Squeeze" => {
            let axes = match listed("axes", 1) {
                Some(axes) => places(&axes, shape.len())?,
                None if is_given(1) => return None,
                None => (0..shape.len()).filter(|axis| shape[*axis] == 1).collect(),
            };
            let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
            Some(kept.map(|(_, size)| *size).collect())
        }
        "Unsqueeze" => {
            let axes = listed("axes", 1)?;
            let length = shape.len() + axes.len();
            let axes = places(&axes, length)?;
            let mut old = shape.iter();
            let size = |axis| if axes.contains(&axis) { Some(1) } else { old.next().copied() };
            (0..length).map(size).collect()
        }
        "Slice" => sliced(shape, &Cut::of(inputs, attributes)?),
        "Gather" => {
            let axis = place(attributes.int("axis").unwrap_or(0), shape.len())?;
            let indices = (*inputs.get(1)?)?.shape.as_deref()?;
            Some([&shape[..axis], indices, &shape[axis + 1..]].concat())
        }
        "Pad" => {
            let pads = listed("pads", 1).or_else(|| attributes.ints("paddings").map(<[_]>::to_vec));
            padded(shape, &pads?)
        }
        "Expand" => {
            let wanted = listed("shape", 1)?.into_iter().map(|size| usize::try_from(size).ok());
            broadcast(shape, &wanted.collect::<Option<Vec<_>>>()?)
        }
        "Tile" => {
            let repeats = listed("repeats", 1)?;
            let sizes = shape.iter().zip(repeats);
            sizes.map(|(size, times)| size.checked_mul(usize::try_from(times).ok()?)).collect()
        }
        "Resize" | "Upsample" => resized(node, inputs, shape),
        "DepthToSpace" | "SpaceToDepth" => blocks(node, shape),
        "TopK" => {
            let count = listed("k", 1)?;
            let axis = place(attributes.int("axis").unwrap_or(-1), shape.len())?;
            with_size(shape, axis, usize::try_from(*count.first()?).ok()?)
        }
        "ArgMax" | "ArgMin" => {
            let axis = attributes.int("axis").unwrap_or(0);
            Some(reduced(
                shape,
                &[place(axis, shape.len())?],
                attributes.int("keepdims") != Some(0),
            ))
        }
        name if name.starts_with("Reduce") => {
            let axes = match listed("axes", 1) {
                Some(axes) => places(&axes, shape.len())?,
                None if is_given(1) => return None,
                None if attributes.int("noop_with_empty_axes") == Some(1) => Vec::new(),
                None => (0..shape.len()).collect(),
            };
            Some(reduced(shape, &axes, attributes.int("keepdims") != Some(0)))
        }
        _ => None,
    }
}

/// What `Split` makes: parts along an axis, equal ones unless their sizes are given.
pub(super) fn split(node: &NodeProto, inputs: &[Option<&OnnxValue>]) -> Vec<OnnxValue> {
    let parts = || {
        let input = (*inputs.first()?)?;
        let attributes = NodeAttributes(node);
        let shape = input.shape.as_deref()?;
        let axis = place(attributes.int("axis").unwrap_or(0), shape.len())?;
        let given = inputs.get(1).copied().flatten();
        let sizes = match (attributes.ints("split"), given) {
            (Some(sizes), _) => sizes.to_vec(),
            (None, Some(sizes)) => sizes.whole()?,
            (None, None) => {
                let count = node.output.len();
                let part = shape[axis].div_ceil(count.max(1));
                let size = |at: usize| part.min(shape[axis].saturating_sub(at * part));
                (0..count).map(|at| i64::try_from(size(at)).ok()).collect::<Option<_>>()?
            }
        };
        let part = |size: &i64| {
            let shape = with_size(shape, axis, usize::try_from(*size).ok()?)?;
            Some(OnnxValue::of(Some(shape), input.kind))
        };
        sizes.iter().map(part).collect::<Option<Vec<_>>>()
    };
    parts().unwrap_or_default()
}

fn sliced(shape: &[usize], cut: &Cut) -> Option<Vec<usize>> {
    let size = |(start, end, step): (usize, usize, i64)| {
        Some(end.saturating_sub(start).div_ceil(usize::try_from(step).ok()?))
    };
    cut.along(shape)?.into_iter().map(size).collect()
}

/// `Reshape`: 0 keeps a size, and -1 stands for what is left.
fn reshaped(shape: &[usize], wanted: &[i64], zero_is_zero: bool) -> Option<Vec<usize>> {
    let size = |(axis, size): (usize, &i64)| match *size {
        0 if !zero_is_zero => shape.get(axis).copied(),
        -1 => Some(1),
        size => usize::try_from(size).ok(),
    };
    let mut sizes = wanted.iter().enumerate().map(size).collect::<Option<Vec<usize>>>()?;
    let all = elements(shape)?;
    if let Some(rest) = wanted.iter().position(|size| *size == -1) {
        sizes[rest] = all.checked_div(elements(&sizes)?)?;
    }
    (elements(&sizes)? == all).then_some(sizes)
}

fn concatenated(inputs: &[Option<&OnnxValue>], axis: i64) -> Option<Vec<usize>> {
    let shapes = inputs.iter().map(|input| (*input)?.shape.as_deref());
    let shapes = shapes.collect::<Option<Vec<&[usize]>>>()?;
    let first = *shapes.first()?;
    let axis = place(axis, first.len())?;
    let sizes = shapes.iter().map(|shape| shape.get(axis).copied());
    let sum = sizes.collect::<Option<Vec<usize>>>()?.into_iter().try_fold(0, usize::checked_add)?;
    with_size(first, axis, sum)
}

/// `Pad`: what is added before each axis, then what is added after each.
fn padded(shape: &[usize], pads: &[i64]) -> Option<Vec<usize>> {
    if pads.len() != 2 * shape.len() {
        return None;
    }
    let size = |(axis, size): (usize, &usize)| {
        let added = pads[axis].checked_add(pads[shape.len() + axis])?;
        usize::try_from(i64::try_from(*size).ok()?.checked_add(added)?).ok()
    };
    shape.iter().enumerate().map(size).collect()
}

/// `Resize` and `Upsample`: by sizes, or by factors of which the whole part counts.
fn resized(node: &NodeProto, inputs: &[Option<&OnnxValue>], shape: &[usize]) -> Option<Vec<usize>> {
    let attributes = NodeAttributes(node);
    let given = |place: usize| inputs.get(place).copied().flatten();
    // A policy may keep the ratio of the sides, and axes may be left out.
    let is_plain = attributes.ints("axes").is_none()
        && attributes.text("keep_aspect_ratio_policy").is_none_or(|policy| policy == "stretch");
    if let Some(sizes) = given(3).and_then(OnnxValue::whole).filter(|it| !it.is_empty()) {
        let sizes: Option<Vec<usize>> = sizes.iter().map(|it| usize::try_from(*it).ok()).collect();
        return sizes.filter(|sizes| is_plain && sizes.len() == shape.len());
    }
    let scales = match attributes.floats("scales") {
        Some(scales) => scales.iter().map(|scale| f64::from(*scale)).collect(),
        // The first versions have them second, later ones third.
        None => given(2).or(given(1))?.numbers.clone()?,
    };
    let sizes = shape.iter().zip(&scales).map(|(size, scale)| (*size as f64 * scale) as usize);
    (is_plain && scales.len() == shape.len()).then(|| sizes.collect())
}

/// `DepthToSpace` and `SpaceToDepth`: channels to blocks of pixels and back.
fn blocks(node: &NodeProto, shape: &[usize]) -> Option<Vec<usize>> {
    let side = NodeAttributes(node).int("blocksize")?;
    let side = usize::try_from(side).ok().filter(|side| *side > 0)?;
    let &[images, channels, height, width] = shape else { return None };
    let area = side.checked_mul(side)?;
    Some(match node.op_type.as_str() {
        "DepthToSpace" => {
            vec![images, channels / area, height.checked_mul(side)?, width.checked_mul(side)?]
        }
        _ => vec![images, channels.checked_mul(area)?, height / side, width / side],
    })
}
