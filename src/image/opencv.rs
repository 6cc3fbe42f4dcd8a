//! Resizing 8-bit pixels as OpenCV's `cv2.resize` does: bilinear, cubic and Lanczos in fixed
//! point, of the pixels around where an output lies, without antialias.
//!
//! Source: modules/imgproc/src/resize.cpp of opencv/opencv (`resizeGeneric_`, `HResizeLinear`,
//! `VResizeLinear`, `HResizeCubic`, `VResizeCubicVec_32s8u`, `HResizeLanczos4`). Its code for
//! some CPUs rounds cubics otherwise, by at most 1.

use std::f64::consts::PI;
use std::ops::Range;

use multiversion::multiversion;

use crate::image::pixels::{Pixels, nearest_byte};
use crate::image::resample::ResampleRequest;
use crate::image::{nearest, opencv_area};
use crate::record::pipeline::Filter;

/// 1 in the fixed point of weights, of which two are multiplied: one across, one down.
const ONE: f32 = 2048.0;
/// Fractional bits of such a product.
const PRODUCT_BITS: u32 = 22;
/// How many values of a row OpenCV blends together in floating point where it blends
/// cubics; what is left over at the end of the row is blended in whole numbers.
const LANES: usize = 8;
/// Values of a pixel there; a grey photo has been read as three equal channels.
const CHANNELS: usize = 3;

/// The inputs of an output on one side, and their weights.
struct FixedTaps<const N: usize> {
    inputs: [usize; N],
    weights: [i16; N],
}

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub(crate) fn resize(from: &Pixels, request: &ResampleRequest, filter: Filter, to: &mut Vec<u8>) {
    let ResampleRequest { window, size, seen } = *request;
    let shrinks = window.width >= size.0 && window.height >= size.1;
    // Halves are the mean of four pixels by either filter.
    let halves = window.width == 2 * size.0 && window.height == 2 * size.1;
    match filter {
        Filter::Nearest => {
            let places = |from: usize, to: usize, seen: Range<usize>| -> Vec<usize> {
                let scale = 1.0 / (to as f64 / from as f64);
                seen.map(|output| ((output as f64 * scale) as usize).min(from - 1)).collect()
            };
            let rows = places(window.height, size.1, seen.top..seen.top + seen.height);
            let columns = places(window.width, size.0, seen.left..seen.left + seen.width);
            nearest::pick(from, window, &rows, &columns, to);
        }
        Filter::Area if shrinks => opencv_area::area(from, request, to),
        Filter::Bilinear if halves => opencv_area::area(from, request, to),
        Filter::Area => between(from, request, to, opencv_area::low_and_share, linear, blend_two),
        Filter::Bicubic => between(from, request, to, place, cubic, blend_four),
        Filter::Lanczos => between(from, request, to, place, lanczos, blend_eight),
        Filter::Bilinear | Filter::Hamming => {
            between(from, request, to, place, linear, blend_two);
        }
    }
}

/// The input at or before an output of a side, and how far behind it that lies.
fn place(from: usize, to: usize, output: usize) -> (isize, f32) {
    let scale = 1.0 / (to as f64 / from as f64);
    let at = ((output as f64 + 0.5) * scale - 0.5) as f32;
    (at.floor() as isize, at - at.floor())
}

fn linear(share: f32) -> [f32; 2] {
    [1.0 - share, share]
}

/// `interpolateCubic`.
fn cubic(x: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let rest = 1.0 - x;
    let far = ((A * (x + 1.0) - 5.0 * A) * (x + 1.0) + 8.0 * A) * (x + 1.0) - 4.0 * A;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let [first, second] = [near(x), near(rest)];
    [far, first, second, 1.0 - far - first - second]
}

/// `interpolateLanczos4`.
fn lanczos(x: f32) -> [f32; 8] {
    const EIGHTHS: [(f64, f64); 8] = {
        const S: f64 = std::f64::consts::FRAC_1_SQRT_2;
        [(1.0, 0.0), (-S, -S), (0.0, 1.0), (S, -S), (-1.0, 0.0), (S, S), (0.0, -1.0), (-S, S)]
    };
    let (sine, cosine) = (-f64::from(x + 3.0) * PI * 0.25).sin_cos();
    let weights: [f32; 8] = std::array::from_fn(|tap| {
        let far = x + 3.0 - tap as f32;
        if far.abs() < 1e-6 {
            // Outweighs all others.
            return 1e30;
        }
        let angle = -f64::from(far) * PI * 0.25;
        ((EIGHTHS[tap].0 * sine + EIGHTHS[tap].1 * cosine) / (angle * angle)) as f32
    });
    let scale = 1.0 / weights.iter().fold(0.0, |sum, weight| sum + weight);
    weights.map(|weight| weight * scale)
}

/// The taps of those outputs of a side that are seen. Across, a place of two taps that lies beyond
/// the edge is moved onto it.
fn taps<const N: usize>(
    (from, to): (usize, usize),
    seen: Range<usize>,
    place: impl Fn(usize, usize, usize) -> (isize, f32),
    weights: impl Fn(f32) -> [f32; N],
    across: bool,
) -> Vec<FixedTaps<N>> {
    let last = from as isize - 1;
    seen.map(|output| {
        let (mut low, mut share) = place(from, to, output);
        if N == 2 && across && (low < 0 || low >= last) {
            (low, share) = (low.clamp(0, last), 0.0);
        }
        let first = low + 1 - N as isize / 2;
        FixedTaps {
            inputs: std::array::from_fn(|tap| (first + tap as isize).clamp(0, last) as usize),
            weights: weights(share).map(|weight| (weight * ONE).round_ties_even() as i16),
        }
    })
    .collect()
}

/// Blends rows by their weights; OpenCV does some values of each in whole numbers.
type BlendRows<T, const N: usize> = fn([&[T]; N], [i16; N], &[usize], &mut [u8]);

/// Two passes. `T` is what a weighted sum of pixels across is kept as, a number that it holds
/// without rounding.
fn between<T: FromSum, const N: usize>(
    from: &Pixels,
    ResampleRequest { window, size, seen }: &ResampleRequest,
    to: &mut Vec<u8>,
    place: fn(usize, usize, usize) -> (isize, f32),
    weights: fn(f32) -> [f32; N],
    blend: BlendRows<T, N>,
) {
    let columns = seen.left..seen.left + seen.width;
    let lines = seen.top..seen.top + seen.height;
    let whole = left_over(size.0, columns.clone(), from.stride);
    let across = taps((window.width, size.0), columns, place, weights, true);
    let mut across = WeightedRow::of(&across, from.stride);
    let down = taps((window.height, size.1), lines, place, weights, false);
    let length = seen.width * from.stride;
    to.resize(seen.height * length, 0);
    // The rows of the last output, for the next one often needs some of them. As they follow
    // each other, each has a place of its own.
    let mut rows: [(usize, Vec<T>); N] =
        std::array::from_fn(|_| (usize::MAX, vec![T::default(); length]));
    for (y, target) in down.iter().zip(to.chunks_exact_mut(length)) {
        for input in y.inputs {
            let (known, row) = &mut rows[input % N];
            if *known != input {
                *known = input;
                keep(across.shorten(from.row(*window, input)), row);
            }
        }
        blend(y.inputs.map(|input| &*rows[input % N].1), y.weights, &whole, target);
    }
}

/// What sums of pixels, times weights of which [`ONE`] is 1, are kept as between the passes.
trait FromSum: Copy + Default {
    fn from_sum(sum: i32) -> Self;
}

/// Without the last 4 bits, which `VResizeLinear` drops: at most 255 * 2048 / 16.
impl FromSum for i16 {
    #[inline(always)]
    fn from_sum(sum: i32) -> Self {
        (sum >> 4) as Self
    }
}

impl FromSum for i32 {
    #[inline(always)]
    fn from_sum(sum: i32) -> Self {
        sum
    }
}

/// Sums have fewer bits than the 24 that it holds.
impl FromSum for f32 {
    #[inline(always)]
    fn from_sum(sum: i32) -> Self {
        sum as Self
    }
}

/// Where in a row of what is seen the values are that OpenCV has left over at the end of a
/// row of `width` pixels.
fn left_over(width: usize, seen: Range<usize>, stride: usize) -> Vec<usize> {
    let in_lanes = width * CHANNELS / LANES * LANES;
    let first = (in_lanes / CHANNELS).max(seen.start);
    let values = (first..seen.end).flat_map(|column| (0..stride).map(move |it| (column, it)));
    let left_over = values.filter(|(column, channel)| column * CHANNELS + channel >= in_lanes);
    left_over.map(|(column, channel)| (column - seen.start) * stride + channel).collect()
}

/// The pass across: tap by tap over all of a row, which vectors can do.
struct WeightedRow<const N: usize> {
    stride: usize,
    /// By tap: the input of each output, and the weight of each of its values.
    taps: [(Vec<usize>, Vec<i16>); N],
    pixels: Vec<u8>,
    sums: Vec<i32>,
}

impl<const N: usize> WeightedRow<N> {
    fn of(taps: &[FixedTaps<N>], stride: usize) -> Self {
        let of = |tap: usize| {
            let weights = taps.iter().flat_map(|it| std::iter::repeat_n(it.weights[tap], stride));
            (taps.iter().map(|it| it.inputs[tap]).collect(), weights.collect())
        };
        let values = taps.len() * stride;
        let (pixels, sums) = (vec![0; values], vec![0; values]);
        Self { stride, taps: std::array::from_fn(of), pixels, sums }
    }

    /// The weighted sums of a row's pixels.
    fn shorten(&mut self, row: &[u8]) -> &[i32] {
        self.sums.fill(0);
        for (inputs, weights) in &self.taps {
            nearest::take(row, self.stride, inputs, &mut self.pixels);
            add(&self.pixels, weights, &mut self.sums);
        }
        &self.sums
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn add(values: &[u8], weights: &[i16], sums: &mut [i32]) {
    for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
        *sum += i32::from(i16::from(*value)) * i32::from(*weight);
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn keep<T: FromSum>(sums: &[i32], to: &mut [T]) {
    for (to, sum) in to.iter_mut().zip(sums) {
        *to = T::from_sum(*sum);
    }
}

/// `VResizeLinear`, all of it in whole numbers.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend_two(rows: [&[i16]; 2], weights: [i16; 2], _left_over: &[usize], target: &mut [u8]) {
    let [first, second] = rows.map(|row| &row[..target.len()]);
    let part = |value: i16, weight: i16| ((i32::from(value) * i32::from(weight)) >> 16) as i16;
    for (at, target) in target.iter_mut().enumerate() {
        let sum = part(first[at], weights[0]) + part(second[at], weights[1]);
        *target = ((sum + 2) >> 2).clamp(0, 255) as u8;
    }
}

/// `VResizeCubicVec_32s8u`, in floating point, and `VResizeCubic` for what is left over.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend_four(rows: [&[f32]; 4], weights: [i16; 4], left_over: &[usize], target: &mut [u8]) {
    let [a, b, c, d] = rows.map(|row| &row[..target.len()]);
    let [wa, wb, wc, wd] = weights.map(|weight| f32::from(weight) * (1.0 / (ONE * ONE)));
    for (at, target) in target.iter_mut().enumerate() {
        // From the last one on, for equal rounding.
        *target = nearest_byte(a[at] * wa + (b[at] * wb + (c[at] * wc + d[at] * wd)));
    }
    for at in left_over {
        target[*at] = whole(rows.map(|row| row[*at] as i32), weights);
    }
}

/// `VResizeLanczos4`, all of it in whole numbers.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend_eight(rows: [&[i32]; 8], weights: [i16; 8], _left_over: &[usize], target: &mut [u8]) {
    let rows = rows.map(|row| &row[..target.len()]);
    for (at, target) in target.iter_mut().enumerate() {
        *target = whole(std::array::from_fn(|row: usize| rows[row][at]), weights);
    }
}

/// The weighted sum, rounded half up.
#[inline(always)]
fn whole<const N: usize>(values: [i32; N], weights: [i16; N]) -> u8 {
    let mut sum = 1 << (PRODUCT_BITS - 1);
    for (value, weight) in values.into_iter().zip(weights) {
        sum += value * i32::from(weight);
    }
    (sum >> PRODUCT_BITS).clamp(0, 255) as u8
}
