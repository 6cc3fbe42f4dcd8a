//! The nearest pixel, as Pillow takes it, and TensorFlow.
//!
//! Sources: src/libImaging/Geometry.c (`ImagingScaleAffine`): places are summed up step by
//! step in f64, so that rounding errors are its own;
//! tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc.

use crate::image::pixels::{Pixels, Window};
use crate::image::resample::ResampleRequest;
use crate::record::pipeline::Coordinates;

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub(crate) fn resize(from: &Pixels, request: &ResampleRequest, to: &mut Vec<u8>) {
    let ResampleRequest { window, size, seen } = *request;
    let places = |from: usize, to: usize, first: usize, count: usize| -> Vec<usize> {
        let step = from as f64 / to as f64;
        let mut at = step * 0.5;
        let mut places = Vec::with_capacity(count);
        for output in 0..first + count {
            if output >= first {
                places.push((at as usize).min(from - 1));
            }
            at += step;
        }
        places
    };
    let rows = places(window.height, size.1, seen.top, seen.height);
    let columns = places(window.width, size.0, seen.left, seen.width);
    pick(from, window, &rows, &columns, to);
}

/// The same by TensorFlow's rule.
pub(crate) fn resize_as_tensorflow(
    from: &Pixels,
    request: &ResampleRequest,
    coordinates: Coordinates,
    to: &mut Vec<u8>,
) {
    let ResampleRequest { window, size, seen } = *request;
    let places = |from: usize, to: usize, first: usize, count: usize| -> Vec<usize> {
        let scale = from as f32 / to as f32;
        let half = if coordinates == Coordinates::HalfPixel { 0.5 } else { 0.0 };
        let outputs = first..first + count;
        outputs.map(|it| ((it as f32 + half) * scale) as usize).map(|it| it.min(from - 1)).collect()
    };
    let rows = places(window.height, size.1, seen.top, seen.height);
    let columns = places(window.width, size.0, seen.left, seen.width);
    pick(from, window, &rows, &columns, to);
}

/// The pixels of a window where these rows and columns meet.
pub(crate) fn pick(
    from: &Pixels,
    window: Window,
    rows: &[usize],
    columns: &[usize],
    to: &mut Vec<u8>,
) {
    let row_bytes = columns.len() * from.stride;
    to.resize(rows.len() * row_bytes, 0);
    for (row, target) in rows.iter().zip(to.chunks_exact_mut(row_bytes)) {
        take(from.row(window, *row), from.stride, columns, target);
    }
}

/// The pixels of a row in these columns; of one byte or four.
pub(crate) fn take(row: &[u8], stride: usize, columns: &[usize], target: &mut [u8]) {
    if stride == 4 {
        copy(row.as_chunks::<4>().0, columns, target.as_chunks_mut().0);
    } else {
        copy(row, columns, target);
    }
}

fn copy<T: Copy>(row: &[T], columns: &[usize], target: &mut [T]) {
    for (target, column) in target.iter_mut().zip(columns) {
        *target = row[*column];
    }
}
