//! Resizing 8-bit pixels as libyuv's `ARGBScale` does with `kFilterBilinear`: fixed point with 16
//! fractional bits, 8 of them down and 7 across. TensorFlow Lite's Task Library resizes this way.
//!
//! Source: source/scale_argb.cc and scale_common.cc (`ScaleSlope`, `ScaleFilterReduce`) of libyuv.
//! Whole even reductions are the mean of four pixels, rounded; libyuv's code for some CPUs rounds
//! those differently, by at most 1.

use multiversion::multiversion;

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

    /// The two inputs around an output.
    fn inputs(self, output: usize) -> [usize; 2] {
        let low = (self.at(output) >> 16) as usize;
        [low, (low + 1).min(self.from - 1)]
    }
}

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub fn resize(from: &Pixels, request: &ResampleRequest, to: &mut Vec<u8>) {
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
    let kind = match (whole, odd) {
        (true, [false, false]) if filtering != Filtering::None => RowKind::Means(filtering),
        (true, [true, true]) => RowKind::Nearest,
        _ if filtering == Filtering::None => RowKind::Nearest,
        _ => {
            RowKind::Filtered { down: filtering == Filtering::Both, across: width != window.width }
        }
    };
    let columns: Vec<usize> = (seen.left..seen.left + seen.width).collect();
    let row_bytes = seen.width * from.stride;
    to.clear();
    to.resize(seen.height * row_bytes, 0);
    let mut scratch = RowBuffers::default();
    for (line, target) in to.chunks_exact_mut(row_bytes.max(1)).enumerate() {
        let y = seen.top + line;
        let rows = down.inputs(y).map(|row| from.row(window, row));
        match kind {
            RowKind::Nearest => pick(rows[0], from.stride, across, &columns, target),
            RowKind::Means(filtering) => {
                let second = if filtering == Filtering::Both { rows[1] } else { rows[0] };
                means([rows[0], second], from.stride, across, &columns, target);
            }
            RowKind::Filtered { down: filters, across: shortens } => {
                let fraction = if filters { (down.at(y) >> 8) & 255 } else { 0 };
                let side = shortens.then_some(across);
                let shape = Shape { stride: from.stride, side, grows: down.step < ONE };
                scratch.row(rows, fraction as u32, shape, &columns, target);
            }
        }
    }
}

/// How a row is made.
#[derive(Debug, Clone, Copy)]
enum RowKind {
    Nearest,
    Means(Filtering),
    Filtered { down: bool, across: bool },
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

fn pick(row: &[u8], stride: usize, across: Slope, columns: &[usize], target: &mut [u8]) {
    for (column, target) in columns.iter().zip(target.chunks_exact_mut(stride)) {
        let at = across.inputs(*column)[0] * stride;
        target.copy_from_slice(&row[at..at + stride]);
    }
}

fn means(rows: [&[u8]; 2], stride: usize, across: Slope, columns: &[usize], target: &mut [u8]) {
    for (column, target) in columns.iter().zip(target.chunks_exact_mut(stride)) {
        let inputs = across.inputs(*column);
        for (channel, value) in target.iter_mut().enumerate() {
            let of = |row: &[u8], input: usize| u32::from(row[input * stride + channel]);
            let sum: u32 = rows.iter().flat_map(|row| inputs.map(|input| of(row, input))).sum();
            *value = ((sum + 2) >> 2) as u8;
        }
    }
}

/// Pixels, the side that is filtered across, and whether the height grows.
#[derive(Clone, Copy)]
struct Shape {
    stride: usize,
    side: Option<Slope>,
    grows: bool,
}

/// Rows between the two passes.
#[derive(Default)]
struct RowBuffers([Vec<u8>; 2]);

impl RowBuffers {
    /// One row: down first if the height shrinks, across first if it grows.
    fn row(
        &mut self,
        rows: [&[u8]; 2],
        fraction: u32,
        shape: Shape,
        columns: &[usize],
        target: &mut [u8],
    ) {
        let Shape { stride, side, grows } = shape;
        let [first, second] = &mut self.0;
        let Some(side) = side else {
            first.resize(rows[0].len(), 0);
            blend(rows, fraction, first);
            let at = columns.first().map_or(0, |column| column * stride);
            target.copy_from_slice(&first[at..at + target.len()]);
            return;
        };
        if grows {
            for (row, short) in rows.into_iter().zip([&mut *first, &mut *second]) {
                short.resize(target.len(), 0);
                shorten(row, stride, side, columns, short);
            }
            blend([first, second], fraction, target);
        } else {
            first.resize(rows[0].len(), 0);
            blend(rows, fraction, first);
            shorten(first, stride, side, columns, target);
        }
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend(rows: [&[u8]; 2], fraction: u32, target: &mut [u8]) {
    for ((a, b), target) in rows[0].iter().zip(rows[1]).zip(target) {
        *target = ((u32::from(*a) * (256 - fraction) + u32::from(*b) * fraction + 128) >> 8) as u8;
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn shorten(row: &[u8], stride: usize, across: Slope, columns: &[usize], target: &mut [u8]) {
    let mix = |a: u8, b: u8, fraction: u32| {
        ((u32::from(a) * (127 - fraction) + u32::from(b) * fraction) >> 7) as u8
    };
    if stride == 4 {
        let row = row.as_chunks::<4>().0;
        for (column, target) in columns.iter().zip(target.as_chunks_mut::<4>().0) {
            let fraction = ((across.at(*column) >> 9) & 127) as u32;
            let [a, b] = across.inputs(*column).map(|input| row[input]);
            *target = std::array::from_fn(|channel| mix(a[channel], b[channel], fraction));
        }
        return;
    }
    for (column, target) in columns.iter().zip(target) {
        let fraction = ((across.at(*column) >> 9) & 127) as u32;
        let [a, b] = across.inputs(*column).map(|input| row[input]);
        *target = mix(a, b, fraction);
    }
}
