//! Resizing with a filter as wide as the reduction, bit by bit as Pillow does.
//!
//! The algorithm and its constants are those of Pillow's `Resample.c`
//! (<https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c>):
//! weights in 22-bit fixed point, rows first, 8-bit pixels between the passes.
//! The order of the passes is that of every release up to 12; Pillow 13 takes
//! columns first where the height shrinks much more than the width
//! (<https://github.com/python-pillow/Pillow/pull/9549>), which moves a pixel
//! by at most 1.
//! Resizers with 16-bit weights are faster and differ by 1 in a seventh of the
//! pixels, which changed the Top-1 class of 2% to 9% of 500 photos on quantised
//! MobileNets; so exactness is worth this file.

use std::borrow::Cow;
use std::cell::Cell;

use multiversion::multiversion;

use super::pixels::{Pixels, Window};

/// Fractional bits of a weight: 32, less 8 for the pixel and 2 for the sum.
const PRECISION_BITS: u32 = 32 - 8 - 2;
/// One half in that fixed point.
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// The shape of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A triangle of half width 1.
    Triangle,
    /// Keys' cubic with a = -0.5, of half width 2.
    Cubic,
}

impl Filter {
    const fn support(self) -> f64 {
        match self {
            Self::Triangle => 1.0,
            Self::Cubic => 2.0,
        }
    }

    fn at(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Triangle if x < 1.0 => 1.0 - x,
            Self::Cubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Cubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// The weights of one axis: for every output the first input and a run of weights.
struct Axis {
    first: Vec<usize>,
    start: Vec<usize>,
    weights: Vec<i32>,
    /// The same weights for two pixels of four channels at a time; where their
    /// number is odd, the last one's partner weighs nothing.
    pairs: Vec<[i32; 8]>,
    pair_start: Vec<usize>,
}

impl Axis {
    fn new(filter: Filter, from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let mut axis = Self {
            first: Vec::new(),
            start: vec![0],
            weights: Vec::new(),
            pairs: Vec::new(),
            pair_start: vec![0],
        };
        let mut reals: Vec<f64> = Vec::new();
        for output in 0..to {
            let center = (output as f64 + 0.5) * scale;
            // Casts of negative numbers saturate at 0, which is the first pixel.
            let first = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weight =
                |input: usize| filter.at((input as f64 - center + 0.5) * (1.0 / filter_scale));
            reals.clear();
            reals.extend((first..end).map(weight));
            let total: f64 = reals.iter().sum();
            axis.weights.extend(reals.iter().map(|weight| {
                let fixed = weight / total * f64::from(1 << PRECISION_BITS);
                (fixed + 0.5_f64.copysign(fixed)) as i32
            }));
            let run = &axis.weights[axis.start[output]..];
            axis.pairs
                .extend(run.chunks(2).map(|two| {
                    std::array::from_fn(|lane| two.get(lane / 4).copied().unwrap_or(0))
                }));
            axis.pair_start.push(axis.pairs.len());
            axis.first.push(first);
            axis.start.push(axis.weights.len());
        }
        axis
    }

    fn len(&self) -> usize {
        self.first.len()
    }

    /// The first input of `output` and the weights from there on.
    #[inline(always)]
    fn run(&self, output: usize) -> (usize, &[i32]) {
        (self.first[output], &self.weights[self.start[output]..self.start[output + 1]])
    }

    /// The same as pairs.
    #[inline(always)]
    fn pairs(&self, output: usize) -> (usize, &[[i32; 8]]) {
        (self.first[output], &self.pairs[self.pair_start[output]..self.pair_start[output + 1]])
    }
}

#[inline(always)]
fn clipped(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Resizes the pixels inside `window` to `width` x `height`.
#[must_use]
pub fn resize(
    from: &Pixels,
    window: Window,
    filter: Filter,
    width: usize,
    height: usize,
) -> Pixels {
    let (across, down) =
        (Axis::new(filter, window.width, width), Axis::new(filter, window.height, height));
    let stride = from.stride;
    let row_bytes = width * stride;
    let mut rows = ROWS.take();
    rows.resize(window.height * row_bytes, 0);
    // Pillow leaves out a pass that changes nothing; the weights would be
    // exact ones, so doing it changes nothing either.
    let mut sums = vec![[0_i32; 8]; BAND * width];
    for (band, target) in rows.chunks_mut(BAND * row_bytes).enumerate() {
        let source = |row: usize| row_of(from, window, band * BAND + row);
        if stride == 1 {
            for (row, target) in target.chunks_exact_mut(row_bytes).enumerate() {
                row_of_bytes(&source(row), &across, target);
            }
        } else {
            // The last band may have fewer rows; its last one stands in for the others.
            let last = target.len() / row_bytes - 1;
            let sources: [_; BAND] = std::array::from_fn(|row| source(row.min(last)));
            band_of_quads(sources.each_ref().map(AsRef::as_ref), &across, &mut sums);
            pixels_of_sums(&sums, target);
        }
    }
    let mut data = vec![0_u8; height * row_bytes];
    for (output, target) in data.chunks_exact_mut(row_bytes).enumerate() {
        let (first, weights) = down.run(output);
        blend_rows(&rows[first * row_bytes..], weights, target);
    }
    ROWS.set(rows);
    Pixels { width, height, stride, data }
}

thread_local! {
    /// Rows between the two passes, kept for the next image: to map fresh memory costs
    /// as much as to filter it.
    static ROWS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Rows that are reduced together, so that their weights are read once.
const BAND: usize = 4;
/// Bytes of a row whose sums stay in registers while rows are blended.
const TILE: usize = 32;

/// A row of `window` and one pixel more, which a pair of weights may reach and weighs
/// with 0; only beyond the end of the image it has to be made.
fn row_of(from: &Pixels, window: Window, row: usize) -> Cow<'_, [u8]> {
    let stride = from.stride;
    let start = ((window.top + row) * from.width + window.left) * stride;
    let end = start + window.width * stride;
    match from.data.get(start..end + stride) {
        Some(source) => Cow::Borrowed(source),
        None => Cow::Owned([&from.data[start..end], &vec![0; stride]].concat()),
    }
}

/// Sums up the pairs of [`BAND`] rows of four-byte pixels; `sums` holds theirs, one row
/// after the other. The halves of a sum are added later ([`pixels_of_sums`]), or the
/// compiler would use vectors of half the size.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn band_of_quads(sources: [&[u8]; BAND], axis: &Axis, sums: &mut [[i32; 8]]) {
    let (a, rest) = sums.split_at_mut(axis.len());
    let (b, rest) = rest.split_at_mut(axis.len());
    let (c, d) = rest.split_at_mut(axis.len());
    let [p, q, r, s] = sources;
    for (output, (((a, b), c), d)) in a.iter_mut().zip(b).zip(c).zip(d).enumerate() {
        let (first, pairs) = axis.pairs(output);
        let (p, q) = (run_of(p, first, pairs.len()), run_of(q, first, pairs.len()));
        let (r, s) = (run_of(r, first, pairs.len()), run_of(s, first, pairs.len()));
        // Apart, so that each stays in a register.
        let (mut i, mut j, mut k, mut l) = ([0; 8], [0; 8], [0; 8], [0; 8]);
        for ((((p, q), r), s), weights) in p.iter().zip(q).zip(r).zip(s).zip(pairs) {
            add_weighted(&mut i, p, weights);
            add_weighted(&mut j, q, weights);
            add_weighted(&mut k, r, weights);
            add_weighted(&mut l, s, weights);
        }
        (*a, *b, *c, *d) = (i, j, k, l);
    }
}

/// Adds the sums of both pixels of each pair, and rounds.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn pixels_of_sums(sums: &[[i32; 8]], targets: &mut [u8]) {
    // The last band may have fewer rows than there are sums for.
    let (groups, rest) = sums[..targets.len() / 4].as_chunks::<4>();
    let (quads, rest_of_targets) = targets.as_chunks_mut::<16>();
    for (group, target) in groups.iter().zip(quads) {
        let mut whole = [0; 16];
        for pixel in 0..4 {
            for channel in 0..4 {
                whole[pixel * 4 + channel] = group[pixel][channel] + group[pixel][channel + 4];
            }
        }
        for lane in 0..16 {
            target[lane] = clipped(HALF + whole[lane]);
        }
    }
    for (sums, target) in rest.iter().zip(rest_of_targets.as_chunks_mut::<4>().0) {
        for channel in 0..4 {
            target[channel] = clipped(HALF + sums[channel] + sums[channel + 4]);
        }
    }
}

/// The pairs of four-byte pixels that a run of weights is for.
#[inline(always)]
fn run_of(source: &[u8], first: usize, pairs: usize) -> &[[u8; 8]] {
    source[first * 4..first * 4 + pairs * 8].as_chunks().0
}

#[inline(always)]
fn add_weighted(sums: &mut [i32; 8], values: &[u8; 8], weights: &[i32; 8]) {
    for lane in 0..8 {
        sums[lane] += i32::from(values[lane]) * weights[lane];
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn row_of_bytes(source: &[u8], axis: &Axis, target: &mut [u8]) {
    for (output, pixel) in target.iter_mut().enumerate() {
        let (first, weights) = axis.run(output);
        let inputs = &source[first..first + weights.len()];
        let products = inputs.iter().zip(weights).map(|(input, weight)| i32::from(*input) * weight);
        *pixel = clipped(HALF + products.sum::<i32>());
    }
}

/// The weighted sum of the first rows of `rows`, each as long as `target`.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend_rows(rows: &[u8], weights: &[i32], target: &mut [u8]) {
    let row_bytes = target.len();
    let (tiles, rest) = target.as_chunks_mut::<TILE>();
    let rest_at = tiles.len() * TILE;
    for (tile, target) in tiles.iter_mut().enumerate() {
        let mut sums = [HALF; TILE];
        for (row, weight) in weights.iter().enumerate() {
            let at = row * row_bytes + tile * TILE;
            for (sum, pixel) in sums.iter_mut().zip(&rows[at..at + TILE]) {
                *sum += i32::from(*pixel) * weight;
            }
        }
        for (value, sum) in target.iter_mut().zip(&sums) {
            *value = clipped(*sum);
        }
    }
    for (column, target) in rest.iter_mut().enumerate() {
        let pixels = rows[rest_at + column..].iter().step_by(row_bytes);
        let products = pixels.zip(weights).map(|(pixel, weight)| i32::from(*pixel) * weight);
        *target = clipped(HALF + products.sum::<i32>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(pixels: &Pixels) -> Window {
        Window { left: 0, top: 0, width: pixels.width, height: pixels.height }
    }

    const TRIANGLE: [u8; 12] = [58, 71, 124, 203, 74, 95, 176, 211, 117, 142, 73, 172];
    const CUBIC: [u8; 12] = [58, 67, 123, 209, 68, 96, 185, 213, 116, 146, 63, 178];

    #[test]
    fn an_equal_size_changes_nothing() {
        let image = Pixels::grey(5, 4, (0..20).map(|v| v * 12).collect());
        for filter in [Filter::Triangle, Filter::Cubic] {
            assert_eq!(resize(&image, whole(&image), filter, 5, 4), image);
        }
    }

    #[test]
    fn values_are_those_of_pillow() {
        // Pillow 13: Image.frombytes("L", (7, 5), bytes(i * i * 7 % 256 for i
        // in range(35))).resize((4, 3), filter).
        let image = Pixels::grey(7, 5, (0..35_u32).map(|i| (i * i * 7 % 256) as u8).collect());
        let triangle = resize(&image, whole(&image), Filter::Triangle, 4, 3);
        let cubic = resize(&image, whole(&image), Filter::Cubic, 4, 3);
        assert_eq!(triangle.data, TRIANGLE);
        assert_eq!(cubic.data, CUBIC);
    }

    #[test]
    fn the_last_row_of_an_image_needs_no_pixel_beyond_it() {
        // Odd runs of weights at the right edge of the last row.
        for width in 1..12 {
            let pixels: Vec<u8> = (0..width * 3 * 4).map(|v| (v * 53 % 256) as u8).collect();
            let red = pixels.iter().step_by(4).copied().collect();
            let (quads, grey) = (Pixels::rgbx(width, 3, pixels), Pixels::grey(width, 3, red));
            for (filter, to) in [(Filter::Triangle, 1), (Filter::Cubic, 2), (Filter::Cubic, 5)] {
                let a = resize(&quads, whole(&quads), filter, to, 3);
                let b = resize(&grey, whole(&grey), filter, to, 3);
                assert!(a.data.iter().step_by(4).eq(&b.data), "{width} to {to}");
            }
        }
    }

    #[test]
    fn colour_and_grey_agree() {
        let grey: Vec<u8> = (0..63_u32).map(|i| (i * 37 % 251) as u8).collect();
        let quads = grey.iter().flat_map(|v| [*v, 255 - *v, *v, 0]).collect();
        let (grey, quads) = (Pixels::grey(9, 7, grey), Pixels::rgbx(9, 7, quads));
        let window = Window { left: 1, top: 2, width: 7, height: 5 };
        let (a, b) = (
            resize(&grey, window, Filter::Cubic, 3, 4),
            resize(&quads, window, Filter::Cubic, 3, 4),
        );
        assert!(a.data.iter().zip(b.data.chunks_exact(4)).all(|(g, q)| *g == q[0] && *g == q[2]));
    }
}
