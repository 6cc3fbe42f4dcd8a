//! OpenCV's `INTER_AREA` on 8-bit pixels: the mean of what an output covers, in floating
//! point.
//!
//! Source: modules/imgproc/src/resize.cpp of opencv/opencv (`computeResizeAreaTab`,
//! `ResizeArea_Invoker`, `ResizeAreaFast_Invoker`).

use multiversion::multiversion;

use crate::image::pixels::{Pixels, nearest_byte};
use crate::image::resample::ResampleRequest;

/// First input and a run of weights.
type AreaShares = (usize, Vec<f32>);

/// Where outputs lie if a side grows: `share` of the way from `low` to the next input.
pub(crate) fn low_and_share(from: usize, to: usize, output: usize) -> (isize, f32) {
    let inverse = to as f64 / from as f64;
    let low = (output as f64 * (1.0 / inverse)).floor();
    let share = (output as f64 + 1.0 - (low + 1.0) * inverse) as f32;
    (low as isize, if share <= 0.0 { 0.0 } else { share - share.floor() })
}

/// The shares of inputs in an output, of a side that shrinks or stays.
fn shares(from: usize, to: usize, output: usize) -> AreaShares {
    let scale = 1.0 / (to as f64 / from as f64);
    let begin = output as f64 * scale;
    let end = begin + scale;
    let cell = scale.min(from as f64 - begin);
    let high = (end.floor() as usize).min(from - 1);
    let low = (begin.ceil() as usize).min(high);
    let (mut first, mut run) = (low, Vec::new());
    if low as f64 - begin > 1e-3 {
        first = low - 1;
        run.push(((low as f64 - begin) / cell) as f32);
    }
    run.extend((low..high).map(|_| (1.0 / cell) as f32));
    if end - high as f64 > 1e-3 {
        run.push(((end - high as f64).min(1.0).min(cell) / cell) as f32);
    }
    (first, run)
}

/// Resizes sides that shrink or stay into `to`.
pub(crate) fn area(
    from: &Pixels,
    ResampleRequest { window, size, seen }: &ResampleRequest,
    to: &mut Vec<u8>,
) {
    let is_whole = window.width.is_multiple_of(size.0) && window.height.is_multiple_of(size.1);
    let cells = (window.width / size.0) * (window.height / size.1);
    let run = |from: usize, to: usize, output: usize| {
        if is_whole {
            let step = from / to;
            // Of whole blocks the sum is taken first.
            (output * step, vec![1.0; step])
        } else {
            shares(from, to, output)
        }
    };
    let across: Vec<AreaShares> =
        (seen.left..seen.left + seen.width).map(|x| run(window.width, size.0, x)).collect();
    let length = seen.width * from.stride;
    let mut sums = vec![0.0_f32; length];
    // The last row, for the next output often begins with it.
    let (mut known, mut reduced) = (usize::MAX, vec![0.0_f32; length]);
    to.resize(seen.height * length, 0);
    for (y, target) in to.chunks_exact_mut(length).enumerate() {
        let (first, weights) = run(window.height, size.1, seen.top + y);
        sums.fill(0.0);
        for (input, weight) in (first..).zip(weights) {
            if input != known {
                known = input;
                reduce(from.row(*window, input), from.stride, &across, &mut reduced);
            }
            add(&reduced, weight, &mut sums);
        }
        if is_whole && cells == 4 && window.width == 2 * size.0 {
            quarter(&sums, target);
        } else {
            round(&sums, if is_whole { 1.0 / cells as f32 } else { 1.0 }, target);
        }
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn reduce(row: &[u8], stride: usize, across: &[AreaShares], target: &mut [f32]) {
    if stride == 4 {
        let row = row.as_chunks::<4>().0;
        for ((first, weights), target) in across.iter().zip(target.as_chunks_mut::<4>().0) {
            let mut sums = [0.0; 4];
            for (pixel, weight) in row[*first..].iter().zip(weights) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += f32::from(*value) * weight;
                }
            }
            *target = sums;
        }
        return;
    }
    for ((first, weights), target) in across.iter().zip(target) {
        let products = row[*first..].iter().zip(weights).map(|(pixel, w)| f32::from(*pixel) * w);
        *target = products.sum();
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn add(row: &[f32], weight: f32, sums: &mut [f32]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += value * weight;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn quarter(sums: &[f32], target: &mut [u8]) {
    for (target, sum) in target.iter_mut().zip(sums) {
        *target = ((*sum as i32 + 2) >> 2) as u8;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn round(sums: &[f32], scale: f32, target: &mut [u8]) {
    for (target, sum) in target.iter_mut().zip(sums) {
        *target = nearest_byte(sum * scale);
    }
}
