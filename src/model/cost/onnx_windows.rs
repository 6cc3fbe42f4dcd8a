//! Sizes of what convolutions and pools make, by the rules of ONNX's operators
//! (<https://onnx.ai/onnx/operators/>).

use crate::model::cost::onnx_value::NodeAttributes;

/// How a window moves along one axis.
#[derive(Debug, Clone, Copy)]
struct AxisWindow {
    kernel: i64,
    stride: i64,
    dilation: i64,
    before: i64,
    after: i64,
}

/// The spatial axes of the output of a convolution or pool whose window has the sizes `kernel` over
/// the spatial axes `input`.
pub(super) fn slid(
    attributes: NodeAttributes<'_>,
    input: &[usize],
    kernel: &[i64],
) -> Option<Vec<usize>> {
    let auto_pad = attributes.text("auto_pad").unwrap_or("NOTSET");
    let rounds_up = attributes.int("ceil_mode") == Some(1);
    let windows = windows(attributes, input.len(), kernel)?;
    let size = |(size, window): (&usize, AxisWindow)| {
        let size = i64::try_from(*size).ok()?;
        let extent = window.dilation.checked_mul(window.kernel - 1)?.checked_add(1)?;
        let (before, after) = match auto_pad {
            "SAME_UPPER" | "SAME_LOWER" => {
                return whole(size.checked_add(window.stride - 1)? / window.stride);
            }
            "VALID" => (0, 0),
            _ => (window.before, window.after),
        };
        let room = size.checked_add(before)?.checked_add(after)?.checked_sub(extent)?;
        if room < 0 {
            return None;
        }
        let mut steps = room / window.stride;
        // A last window that begins behind the input is none.
        if rounds_up && room % window.stride != 0 {
            steps += 1;
            if steps.checked_mul(window.stride)? >= size.checked_add(before)? {
                steps -= 1;
            }
        }
        whole(steps + 1)
    };
    input.iter().zip(windows).map(size).collect()
}

/// The spatial axes of the output of a transposed convolution.
pub(super) fn spread(
    attributes: NodeAttributes<'_>,
    input: &[usize],
    kernel: &[i64],
) -> Option<Vec<usize>> {
    if let Some(stated) = attributes.ints("output_shape") {
        let spatial = stated.get(stated.len().checked_sub(input.len())?..)?;
        return spatial.iter().map(|size| whole(*size)).collect();
    }
    let auto_pad = attributes.text("auto_pad").unwrap_or("NOTSET");
    let added = attributes.ints("output_padding").unwrap_or_default();
    let windows = windows(attributes, input.len(), kernel)?;
    let size = |(axis, (size, window)): (usize, (&usize, AxisWindow))| {
        let size = i64::try_from(*size).ok()?;
        if auto_pad.starts_with("SAME") {
            return whole(size.checked_mul(window.stride)?);
        }
        let extent = window.dilation.checked_mul(window.kernel - 1)?.checked_add(1)?;
        let pads = if auto_pad == "VALID" { 0 } else { window.before.checked_add(window.after)? };
        let made = window.stride.checked_mul(size - 1)?.checked_add(extent)?.checked_sub(pads)?;
        whole(made.checked_add(added.get(axis).copied().unwrap_or(0))?)
    };
    input.iter().zip(windows).enumerate().map(size).collect()
}

fn windows(attributes: NodeAttributes<'_>, axes: usize, kernel: &[i64]) -> Option<Vec<AxisWindow>> {
    if kernel.len() != axes {
        return None;
    }
    let of = |name: &str, axis: usize, default: i64| match attributes.ints(name) {
        Some(list) if !list.is_empty() => list.get(axis).copied(),
        _ => Some(default),
    };
    let window = |(axis, kernel): (usize, &i64)| {
        let window = AxisWindow {
            kernel: *kernel,
            stride: of("strides", axis, 1)?,
            dilation: of("dilations", axis, 1)?,
            before: of("pads", axis, 0)?,
            after: of("pads", axes + axis, 0)?,
        };
        (window.kernel > 0 && window.stride > 0 && window.dilation > 0).then_some(window)
    };
    kernel.iter().enumerate().map(window).collect()
}

fn whole(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|size| *size > 0)
}
