//! Resizing 8-bit pixels as OpenCV's `cv2.resize` does: bilinear in fixed point, and the
//! area filter in floating point.
//!
//! Source: modules/imgproc/src/resize.cpp of opencv/opencv (`HResizeLinear`,
//! `VResizeLinear`, `ResizeArea_Invoker`, `ResizeAreaFast_Invoker`).

use std::ops::Range;

use multiversion::multiversion;

use crate::image::pixels::Pixels;
use crate::image::resample::ResampleRequest;
use crate::record::pipeline::Filter;

/// 1 in the fixed point of linear weights.
const ONE: i32 = 2048;

/// A place between two inputs of one side.
struct FixedBlend {
    inputs: [usize; 2],
    weights: [i32; 2],
}

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub fn resize(from: &Pixels, request: &ResampleRequest, filter: Filter, to: &mut Vec<u8>) {
    let ResampleRequest { window, size, seen } = *request;
    to.clear();
    to.resize(seen.width * seen.height * from.stride, 0);
    let shrinks = window.width >= size.0 && window.height >= size.1;
    // Halves are the mean of four pixels by either filter.
    let halves = window.width == 2 * size.0 && window.height == 2 * size.1;
    match filter {
        Filter::Nearest => nearest(from, request, to),
        Filter::Area if shrinks => area(from, request, to),
        _ if halves => area(from, request, to),
        _ => linear(from, request, filter == Filter::Area, to),
    }
}

fn nearest(from: &Pixels, ResampleRequest { window, size, seen }: &ResampleRequest, to: &mut [u8]) {
    let place = |from: usize, to: usize, output: usize| {
        ((output as f64 * (1.0 / (to as f64 / from as f64))).floor() as usize).min(from - 1)
    };
    let stride = from.stride;
    for (y, row) in to.chunks_exact_mut(seen.width * stride).enumerate() {
        let source = from.row(*window, place(window.height, size.1, seen.top + y));
        for (x, pixel) in row.chunks_exact_mut(stride).enumerate() {
            let at = place(window.width, size.0, seen.left + x) * stride;
            pixel.copy_from_slice(&source[at..at + stride]);
        }
    }
}

/// The positions of outputs; across, a position beyond the edge is moved onto it.
fn between(
    from: usize,
    to: usize,
    seen: Range<usize>,
    area: bool,
    across: bool,
) -> Vec<FixedBlend> {
    let inverse = to as f64 / from as f64;
    let scale = 1.0 / inverse;
    let last = from as isize - 1;
    seen.map(|output| {
        let (mut low, mut share);
        if area {
            low = (output as f64 * scale).floor() as isize;
            share = (output as f64 + 1.0 - (low as f64 + 1.0) * inverse) as f32;
            share = if share <= 0.0 { 0.0 } else { share - share.floor() };
        } else {
            share = ((output as f64 + 0.5) * scale - 0.5) as f32;
            low = share.floor() as isize;
            share -= low as f32;
        }
        if across && (low < 0 || low >= last) {
            share = 0.0;
        }
        low = if across { low.clamp(0, last) } else { low };
        let weight = |share: f32| (share * ONE as f32).round_ties_even() as i32;
        let inputs = [low, low + 1].map(|input| input.clamp(0, last) as usize);
        FixedBlend { inputs, weights: [weight(1.0 - share), weight(share)] }
    })
    .collect()
}

fn linear(
    from: &Pixels,
    ResampleRequest { window, size, seen }: &ResampleRequest,
    area: bool,
    to: &mut [u8],
) {
    let columns = seen.left..seen.left + seen.width;
    let lines = seen.top..seen.top + seen.height;
    let across = between(window.width, size.0, columns, area, true);
    let down = between(window.height, size.1, lines, area, false);
    let length = seen.width * from.stride;
    // The two rows of the last output, for the next one often needs one of them.
    let mut rows = [(usize::MAX, vec![0; length]), (usize::MAX, vec![0; length])];
    for (y, target) in down.iter().zip(to.chunks_exact_mut(length)) {
        if rows[1].0 == y.inputs[0] {
            rows.swap(0, 1);
        }
        for (input, (known, row)) in y.inputs.into_iter().zip(&mut rows) {
            if *known != input {
                *known = input;
                shorten(from.row(*window, input), from.stride, &across, row);
            }
        }
        blend([&rows[0].1, &rows[1].1], y.weights, target);
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn shorten(row: &[u8], stride: usize, across: &[FixedBlend], target: &mut [i32]) {
    if stride == 4 {
        let row = row.as_chunks::<4>().0;
        for (x, target) in across.iter().zip(target.as_chunks_mut::<4>().0) {
            let [a, b] = x.inputs.map(|input| row[input]);
            for channel in 0..4 {
                target[channel] =
                    i32::from(a[channel]) * x.weights[0] + i32::from(b[channel]) * x.weights[1];
            }
        }
        return;
    }
    for (x, target) in across.iter().zip(target) {
        let [a, b] = x.inputs.map(|input| i32::from(row[input]));
        *target = a * x.weights[0] + b * x.weights[1];
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend(rows: [&[i32]; 2], weights: [i32; 2], target: &mut [u8]) {
    for ((a, b), target) in rows[0].iter().zip(rows[1]).zip(target) {
        let sum = ((weights[0] * (a >> 4)) >> 16) + ((weights[1] * (b >> 4)) >> 16);
        *target = ((sum + 2) >> 2).clamp(0, 255) as u8;
    }
}

/// The shares of inputs in an output, for a side that shrinks or stays.
fn shares(from: usize, to: usize, output: usize) -> (usize, Vec<f32>) {
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

fn area(from: &Pixels, ResampleRequest { window, size, seen }: &ResampleRequest, to: &mut [u8]) {
    let whole = window.width.is_multiple_of(size.0) && window.height.is_multiple_of(size.1);
    let cells = (window.width / size.0) * (window.height / size.1);
    let run = |from: usize, to: usize, output: usize| {
        if whole {
            let step = from / to;
            // Of whole blocks the sum is taken first.
            (output * step, vec![1.0; step])
        } else {
            shares(from, to, output)
        }
    };
    let across: Vec<_> =
        (seen.left..seen.left + seen.width).map(|x| run(window.width, size.0, x)).collect();
    let stride = from.stride;
    let mut reduced = vec![0.0_f32; seen.width * stride];
    let mut sums = vec![0.0_f32; seen.width * stride];
    for (y, target) in to.chunks_exact_mut(seen.width * stride).enumerate() {
        let (first, weights) = run(window.height, size.1, seen.top + y);
        sums.fill(0.0);
        for (row, weight) in weights.iter().enumerate() {
            reduce(from.row(*window, first + row), stride, &across, &mut reduced);
            add(&reduced, *weight, &mut sums);
        }
        let scale = if whole { 1.0 / cells as f32 } else { 1.0 };
        let halves = whole && cells == 4 && window.width == 2 * size.0;
        for (target, sum) in target.iter_mut().zip(&sums) {
            *target = if halves {
                ((*sum as i32 + 2) >> 2) as u8
            } else {
                (sum * scale).round_ties_even() as u8
            };
        }
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn reduce(row: &[u8], stride: usize, across: &[(usize, Vec<f32>)], target: &mut [f32]) {
    if stride == 4 {
        let row = row.as_chunks::<4>().0;
        for ((first, weights), target) in across.iter().zip(target.as_chunks_mut::<4>().0) {
            let mut sums = [0.0; 4];
            for (pixel, weight) in row[*first..].iter().zip(weights) {
                for channel in 0..4 {
                    sums[channel] += f32::from(pixel[channel]) * weight;
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
