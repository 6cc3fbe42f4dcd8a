//! Resizing 8-bit pixels as libyuv's `ARGBScale` does with `kFilterBilinear`: fixed point with 16
//! fractional bits, 8 of them down and 7 across. TensorFlow Lite's Task Library resizes this way.
//!
//! Source: source/scale_argb.cc and scale_common.cc (`ScaleSlope`, `ScaleFilterReduce`) of libyuv.
//! Whole even reductions are the mean of four pixels, rounded; libyuv's code for some CPUs rounds
//! those differently, by at most 1.

use std::ops::Range;

use multiversion::multiversion;

use crate::image::nearest;
use crate::image::pixels::Pixels;
use crate::image::resample::ResampleRequest;

/// Of places in the source.
const ONE: i64 = 1 << 16;

/// What is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filtering {
    Both,
    Across,
    None,
}

/// The positions of the outputs of a side: the first one, and the step from one to the next.
#[derive(Debug, Clone, Copy)]
struct Slope {
    start: i64,
    step: i64,
    from: usize,
}

impl Slope {
    /// Centres on a side that shrinks, corners on one that grows.
    fn filtered(from: usize, to: usize) -> Self {
        if to <= from {
            let step = ((from as i64) << 16) / to as i64;
            Self { start: step / 2 - ONE / 2, step, from }
        } else {
            let step = (((from as i64) << 16) - ONE - 1) / (to as i64 - 1);
            Self { start: 0, step, from }
        }
    }

    fn nearest(from: usize, to: usize) -> Self {
        let step = ((from as i64) << 16) / to as i64;
        Self { start: step / 2, step, from }
    }

    fn at(self, output: usize) -> i64 {
        (self.start + output as i64 * self.step).clamp(0, ((self.from as i64) - 1) << 16)
    }

    /// Where the outputs of a side that are seen lie.
    fn places(self, seen: Range<usize>) -> Vec<MixedPlace> {
        let place = |output: usize| {
            let at = self.at(output);
            let low = (at >> 16) as usize;
            let fraction = ((at >> 9) & 127) as u8;
            MixedPlace { low, high: (low + 1).min(self.from - 1), fraction }
        };
        seen.map(place).collect()
    }
}

/// The two inputs around an output, and the weight of the second, of 127.
#[derive(Debug, Clone, Copy)]
struct MixedPlace {
    low: usize,
    high: usize,
    fraction: u8,
}

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub(crate) fn resize(from: &Pixels, request: &ResampleRequest, to: &mut Vec<u8>) {
    let ResampleRequest { window, size: (width, height), seen } = *request;
    let filtering = reduced(window.width, window.height, width, height);
    let across = match filtering {
        Filtering::None => Slope::nearest(window.width, width),
        _ => Slope::filtered(window.width, width),
    };
    let down = match filtering {
        Filtering::Both => Slope::filtered(window.height, height),
        _ => Slope::nearest(window.height, height),
    };
    let whole = (across.step | down.step) % ONE == 0;
    let odd = [across.step, down.step].map(|step| step / ONE % 2 == 1);
    let columns = across.places(seen.left..seen.left + seen.width);
    let lines = seen.top..seen.top + seen.height;
    let filters_down = filtering == Filtering::Both;
    if filtering == Filtering::None || (whole && odd == [true, true]) {
        let columns: Vec<usize> = columns.iter().map(|place| place.low).collect();
        let rows: Vec<usize> = down.places(lines).iter().map(|place| place.low).collect();
        return nearest::pick(from, window, &rows, &columns, to);
    }
    let length = seen.width * from.stride;
    to.resize(seen.height * length, 0);
    let mut passes = RowPasses {
        stride: from.stride,
        grows: down.step < ONE,
        left: seen.left,
        across: (width != window.width).then(|| MixedRow::of(&columns, from.stride)),
        rows: Default::default(),
    };
    let rows = lines.clone().zip(down.places(lines));
    for ((y, place), target) in rows.zip(to.chunks_exact_mut(length)) {
        let rows = [place.low, place.high].map(|row| from.row(window, row));
        if whole && odd == [false, false] {
            let second = if filters_down { rows[1] } else { rows[0] };
            means([rows[0], second], from.stride, &columns, target);
        } else {
            let fraction = if filters_down { (down.at(y) >> 8) & 255 } else { 0 };
            passes.row(rows, fraction as u16, target);
        }
    }
}

/// What is left of the filter for sides of one pixel, equal ones and thirds.
fn reduced(from_width: usize, from_height: usize, width: usize, height: usize) -> Filtering {
    if from_width == 1 {
        return Filtering::None;
    }
    if from_height == 1 || height == from_height || height * 3 == from_height {
        if width == from_width || width * 3 == from_width {
            return Filtering::None;
        }
        return Filtering::Across;
    }
    Filtering::Both
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn means(rows: [&[u8]; 2], stride: usize, columns: &[MixedPlace], target: &mut [u8]) {
    let mean = |of: [u8; 4]| ((of.into_iter().map(u16::from).sum::<u16>() + 2) >> 2) as u8;
    let [upper, lower] = rows;
    if stride == 4 {
        let [upper, lower] = rows.map(|row| row.as_chunks::<4>().0);
        for (MixedPlace { low, high, .. }, target) in
            columns.iter().zip(target.as_chunks_mut::<4>().0)
        {
            let [a, b, c, d] = [upper[*low], upper[*high], lower[*low], lower[*high]];
            *target = std::array::from_fn(|it| mean([a[it], b[it], c[it], d[it]]));
        }
        return;
    }
    for (MixedPlace { low, high, .. }, target) in columns.iter().zip(target) {
        *target = mean([upper[*low], upper[*high], lower[*low], lower[*high]]);
    }
}

/// A row is made down first where the height shrinks, across first where it grows.
struct RowPasses {
    stride: usize,
    grows: bool,
    /// The first column that is seen.
    left: usize,
    /// Absent where nothing is filtered across.
    across: Option<MixedRow>,
    /// Between the passes.
    rows: [Vec<u8>; 2],
}

impl RowPasses {
    fn row(&mut self, rows: [&[u8]; 2], fraction: u16, target: &mut [u8]) {
        let [first, second] = &mut self.rows;
        let Some(across) = &mut self.across else {
            let begin = self.left * self.stride;
            let seen = rows.map(|row| &row[begin..begin + target.len()]);
            return blend(seen, fraction, target);
        };
        if self.grows {
            for (row, short) in rows.into_iter().zip([&mut *first, &mut *second]) {
                short.resize(target.len(), 0);
                across.shorten(row, self.stride, short);
            }
            blend([first, second], fraction, target);
        } else {
            first.resize(rows[0].len(), 0);
            blend(rows, fraction, first);
            across.shorten(first, self.stride, target);
        }
    }
}

/// The pass across: all first inputs of a row, then all second ones, which vectors can mix.
struct MixedRow {
    low: Vec<usize>,
    high: Vec<usize>,
    /// By value.
    fractions: Vec<u8>,
    pixels: [Vec<u8>; 2],
}

impl MixedRow {
    fn of(places: &[MixedPlace], stride: usize) -> Self {
        let fractions = places.iter().flat_map(|it| std::iter::repeat_n(it.fraction, stride));
        let fractions: Vec<u8> = fractions.collect();
        Self {
            low: places.iter().map(|place| place.low).collect(),
            high: places.iter().map(|place| place.high).collect(),
            pixels: [vec![0; fractions.len()], vec![0; fractions.len()]],
            fractions,
        }
    }

    fn shorten(&mut self, row: &[u8], stride: usize, target: &mut [u8]) {
        let [first, second] = &mut self.pixels;
        nearest::take(row, stride, &self.low, first);
        nearest::take(row, stride, &self.high, second);
        mix([first, second], &self.fractions, target);
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend(rows: [&[u8]; 2], fraction: u16, target: &mut [u8]) {
    // At most 255 * 256 + 128, which 16 bits hold.
    for ((a, b), target) in rows[0].iter().zip(rows[1]).zip(target) {
        *target = ((u16::from(*a) * (256 - fraction) + u16::from(*b) * fraction + 128) >> 8) as u8;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn mix(rows: [&[u8]; 2], fractions: &[u8], target: &mut [u8]) {
    for (((a, b), fraction), target) in rows[0].iter().zip(rows[1]).zip(fractions).zip(target) {
        let fraction = u16::from(*fraction);
        *target = ((u16::from(*a) * (127 - fraction) + u16::from(*b) * fraction) >> 7) as u8;
    }
}
