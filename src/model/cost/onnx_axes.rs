//! Axes of ONNX's values: which one a number means, and what becomes of them.

use crate::model::cost::onnx_value::{NodeAttributes, OnnxValue};

/// The axis that `axis` means: negative ones count from the end.
pub(super) fn place(axis: i64, length: usize) -> Option<usize> {
    let from_start = if axis < 0 { axis.checked_add(i64::try_from(length).ok()?)? } else { axis };
    usize::try_from(from_start).ok().filter(|axis| *axis < length)
}

/// The axes that `axes` mean.
pub(super) fn places(axes: &[i64], length: usize) -> Option<Vec<usize>> {
    axes.iter().map(|axis| place(*axis, length)).collect()
}

/// A position of a slice, which may lie outside.
pub(super) fn clamped(position: i64, size: usize) -> usize {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let from_start = if position < 0 { position.saturating_add(size) } else { position };
    usize::try_from(from_start.clamp(0, size)).unwrap_or(0)
}

/// The common shape of two that are aligned at their ends: NumPy's rule.
pub(super) fn broadcast(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let length = one.len().max(other.len());
    let at = |shape: &[usize], place: usize| {
        (place + shape.len()).checked_sub(length).map_or(1, |index| shape[index])
    };
    let size = |place: usize| match (at(one, place), at(other, place)) {
        (same, size) if same == size => Some(size),
        (1, size) | (size, 1) => Some(size),
        _ => None,
    };
    (0..length).map(size).collect()
}

/// `shape` with another size of an axis.
pub(super) fn with_size(shape: &[usize], axis: usize, size: usize) -> Option<Vec<usize>> {
    let mut shape = shape.to_vec();
    *shape.get_mut(axis)? = size;
    Some(shape)
}

/// `shape` after its `axes` were reduced, which stay with size 1 or go.
pub(super) fn reduced(shape: &[usize], axes: &[usize], keeps: bool) -> Vec<usize> {
    let sizes = shape.iter().enumerate().filter(|(axis, _)| keeps || !axes.contains(axis));
    sizes.map(|(axis, size)| if axes.contains(&axis) { 1 } else { *size }).collect()
}

/// The product of some sizes.
pub(super) fn elements(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))
}

/// The parts of axes that `Slice` keeps.
pub(super) struct Cut {
    starts: Vec<i64>,
    ends: Vec<i64>,
    axes: Option<Vec<i64>>,
    steps: Option<Vec<i64>>,
}

impl Cut {
    /// Those of a node.
    pub(super) fn of(
        inputs: &[Option<&OnnxValue>],
        attributes: NodeAttributes<'_>,
    ) -> Option<Self> {
        let given = |place: usize| inputs.get(place).copied().flatten();
        let needed = |name: &str, place: usize| match attributes.ints(name) {
            Some(list) => Some(list.to_vec()),
            None => given(place)?.whole(),
        };
        let optional = |name: &str, place: usize| match (attributes.ints(name), given(place)) {
            (None, None) => Some(None),
            _ => needed(name, place).map(Some),
        };
        Some(Self {
            starts: needed("starts", 1)?,
            ends: needed("ends", 2)?,
            axes: optional("axes", 3)?,
            steps: optional("steps", 4)?,
        })
    }

    /// Start, end and step of each axis of `shape`.
    pub(super) fn along(&self, shape: &[usize]) -> Option<Vec<(usize, usize, i64)>> {
        let mut parts: Vec<_> = shape.iter().map(|size| (0, *size, 1)).collect();
        for (at, (start, end)) in self.starts.iter().zip(&self.ends).enumerate() {
            let axis = match &self.axes {
                None => at,
                Some(axes) => place(*axes.get(at)?, shape.len())?,
            };
            let size = *shape.get(axis)?;
            let step = self.steps.as_ref().map_or(Some(1), |steps| steps.get(at).copied())?;
            parts[axis] = match step {
                1.. => (clamped(*start, size), clamped(*end, size), step),
                0 => return None,
                // Backwards: as many as there are from start down to end.
                _ => {
                    let last = i64::try_from(size).ok()? - 1;
                    let at = |end: i64| if end < 0 { end.saturating_add(last + 1) } else { end };
                    let (from, to) = (at(*start).clamp(-1, last), at(*end).clamp(-1, last));
                    (0, usize::try_from(from - to).unwrap_or(0), step.checked_neg()?)
                }
            };
        }
        Some(parts)
    }
}
