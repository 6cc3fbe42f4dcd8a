//! TensorFlow's other resizes, in floating point: bicubic, area and Lanczos, and those with
//! antialias. One side after the other, by weights of neighbouring pixels.
//!
//! Sources: tensorflow/core/kernels/image/resize_bicubic_op.cc, resize_area_op.cc and
//! scale_and_translate_op.cc.

use std::ops::Range;

use multiversion::multiversion;

use crate::image::pixels::Pixels;
use crate::image::resample::ResampleRequest;
use crate::record::pipeline::{Coordinates, Filter, Resampling};

/// Steps of TensorFlow's table of cubic weights.
const CUBIC_STEPS: f64 = 1024.0;

/// By output: the first input and a run of weights.
struct Taps(Vec<(usize, Vec<f32>)>);

/// Resizes into `to`: floats in the order of the source's channels, `from.stride` per pixel.
pub(crate) fn resize(
    from: &Pixels,
    request: &ResampleRequest,
    how: &Resampling,
    to: &mut Vec<f32>,
) {
    let ResampleRequest { window, size, seen } = *request;
    let across = taps(how, window.width, size.0, seen.left..seen.left + seen.width);
    let down = taps(how, window.height, size.1, seen.top..seen.top + seen.height);
    let stride = from.stride;
    let mut row = vec![0.0; window.width * stride];
    to.resize(seen.width * seen.height * stride, 0.0);
    for ((first, weights), target) in down.0.iter().zip(to.chunks_exact_mut(seen.width * stride)) {
        row.fill(0.0);
        for (offset, weight) in weights.iter().enumerate() {
            add(from.row(window, first + offset), *weight, &mut row);
        }
        shorten(&row, stride, &across.0, target);
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn add(pixels: &[u8], weight: f32, row: &mut [f32]) {
    for (sum, pixel) in row.iter_mut().zip(pixels) {
        *sum += f32::from(*pixel) * weight;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn shorten(row: &[f32], stride: usize, across: &[(usize, Vec<f32>)], target: &mut [f32]) {
    if stride == 1 {
        for ((first, weights), target) in across.iter().zip(target) {
            *target = row[*first..].iter().zip(weights).map(|(pixel, weight)| pixel * weight).sum();
        }
        return;
    }
    let row = row.as_chunks::<4>().0;
    for ((first, weights), target) in across.iter().zip(target.as_chunks_mut::<4>().0) {
        let mut sums = [0.0; 4];
        for (pixel, weight) in row[*first..].iter().zip(weights) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += value * weight;
            }
        }
        *target = sums;
    }
}

fn taps(how: &Resampling, from: usize, to: usize, seen: Range<usize>) -> Taps {
    let of = |output: usize| match (how.filter, how.antialias) {
        (Filter::Area, _) => area(from, to, output),
        (Filter::Bicubic, false) => bicubic(how.coordinates, from, to, output),
        (filter, antialias) => spread(filter, antialias, from, to, output),
    };
    Taps(seen.map(of).collect())
}

/// Exact shares of what an output covers.
fn area(from: usize, to: usize, output: usize) -> (usize, Vec<f32>) {
    let scale = from as f64 / to as f64;
    let (begin, end) = (output as f64 * scale, (output as f64 + 1.0) * scale);
    let first = (begin.floor() as usize).min(from - 1);
    let last = (end.ceil() as usize).clamp(first + 1, from);
    let covered = |input: usize| (end.min(input as f64 + 1.0) - begin.max(input as f64)) / scale;
    (first, (first..last).map(|input| covered(input) as f32).collect())
}

/// Four weights out of a table; outside of the image they are the edge's with corner
/// coordinates and none with half pixels.
fn bicubic(coordinates: Coordinates, from: usize, to: usize, output: usize) -> (usize, Vec<f32>) {
    let scale = from as f32 / to as f32;
    let (a, at) = match coordinates {
        Coordinates::Corner => (-0.75, output as f32 * scale),
        Coordinates::HalfPixel => (-0.5, (output as f32 + 0.5) * scale - 0.5),
    };
    let whole = at.floor();
    let step = (f64::from(at - whole) * CUBIC_STEPS).round_ties_even();
    let near = |x: f64| (((a + 2.0) * x - (a + 3.0)) * x * x + 1.0) as f32;
    let far = |x: f64| (((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a) as f32;
    let (x, rest) = (step / CUBIC_STEPS, (CUBIC_STEPS - step) / CUBIC_STEPS);
    let weights = [far(x + 1.0), near(x), near(rest), far(rest + 1.0)];
    let place = |tap: usize| whole as isize - 1 + tap as isize;
    let last = from as isize - 1;
    let first = place(0).clamp(0, last);
    let length = (place(3).clamp(0, last) - first + 1) as usize;
    let mut run = vec![0.0; length];
    for (tap, weight) in weights.into_iter().enumerate() {
        let inside = (0..=last).contains(&place(tap));
        if inside || coordinates == Coordinates::Corner {
            run[(place(tap).clamp(0, last) - first) as usize] += weight;
        }
    }
    if coordinates == Coordinates::HalfPixel {
        let total: f32 = run.iter().sum();
        run.iter_mut().for_each(|weight| *weight /= total);
    }
    (first as usize, run)
}

/// A filter that is widened by the reduction, with antialias.
fn spread(
    filter: Filter,
    antialias: bool,
    from: usize,
    to: usize,
    output: usize,
) -> (usize, Vec<f32>) {
    let inverse = 1.0 / (to as f32 / from as f32);
    let width = if antialias { inverse.max(1.0) } else { 1.0 };
    let radius: f32 = match filter {
        Filter::Lanczos => 3.0,
        Filter::Bicubic => 2.0,
        _ => 1.0,
    };
    let centre = (output as f32 + 0.5) * inverse;
    let first = (centre - radius * width - 0.5).ceil().max(0.0) as usize;
    let end = ((centre + radius * width - 0.5).floor() as usize + 1).min(from);
    let weight = |input: usize| value(filter, (input as f32 + 0.5 - centre) / width);
    let mut run: Vec<f32> = (first..end).map(weight).collect();
    let total: f32 = run.iter().sum();
    run.iter_mut().for_each(|weight| *weight /= total);
    (first, run)
}

fn value(filter: Filter, x: f32) -> f32 {
    let x = x.abs();
    match filter {
        Filter::Lanczos if x > 3.0 => 0.0,
        Filter::Lanczos if x <= 1e-3 => 1.0,
        Filter::Lanczos => {
            let angle = std::f32::consts::PI * x;
            3.0 * angle.sin() * (angle / 3.0).sin() / (angle * angle)
        }
        Filter::Bicubic if x < 1.0 => ((1.5 * x - 2.5) * x) * x + 1.0,
        Filter::Bicubic if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        Filter::Bicubic => 0.0,
        _ => (1.0 - x).max(0.0),
    }
}
