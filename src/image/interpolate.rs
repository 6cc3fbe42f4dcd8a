//! Bilinear interpolation in floating point without antialias: of the four pixels around the
//! position of an output.
//!
//! Sources: `tensorflow/lite/kernels/internal/reference/resize_bilinear.h`, whose products
//! TensorFlow Lite's evaluation tool uses, and `tensorflow/core/kernels/image/
//! resize_bilinear_op.cc`, which interpolates one side after the other.

use multiversion::multiversion;

use crate::image::pixels::Pixels;
use crate::image::resample::ResampleRequest;
use crate::record::pipeline::Coordinates;

/// In which order the terms are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    /// Four products, added: TensorFlow Lite.
    Products,
    /// `a + (b - a) t`, across and then down: TensorFlow.
    Lerp,
}

/// The position of an output between two inputs.
struct Blend {
    lower: usize,
    upper: usize,
    /// Weight of `upper`.
    share: f32,
}

fn axis(
    from: usize,
    to: usize,
    seen: std::ops::Range<usize>,
    coordinates: Coordinates,
) -> Vec<Blend> {
    let scale = from as f32 / to as f32;
    seen.map(|output| {
        let at = match coordinates {
            Coordinates::Corner => output as f32 * scale,
            Coordinates::HalfPixel => (output as f32 + 0.5) * scale - 0.5,
        };
        let whole = at.floor();
        // Casts of negative numbers saturate at 0, which is the first pixel.
        let lower = (whole as usize).min(from - 1);
        let upper = (at.ceil() as usize).min(from - 1);
        Blend { lower, upper, share: at - whole }
    })
    .collect()
}

/// Resizes into `to`: floats in the order of the source's channels, `from.stride` per pixel.
pub(crate) fn resize(
    from: &Pixels,
    request: &ResampleRequest,
    coordinates: Coordinates,
    arithmetic: Arithmetic,
    to: &mut Vec<f32>,
) {
    let ResampleRequest { window, size, seen } = *request;
    let across = axis(window.width, size.0, seen.left..seen.left + seen.width, coordinates);
    let down = axis(window.height, size.1, seen.top..seen.top + seen.height, coordinates);
    let stride = from.stride;
    to.resize(seen.width * seen.height * stride, 0.0);
    for (y, target) in down.iter().zip(to.chunks_exact_mut(seen.width * stride)) {
        let rows = [from.row(window, y.lower), from.row(window, y.upper)];
        match (stride, arithmetic) {
            (1, Arithmetic::Products) => products::<1>(rows, y.share, &across, target),
            (1, Arithmetic::Lerp) => lerp::<1>(rows, y.share, &across, target),
            (_, Arithmetic::Products) => products_of_quads(rows, y.share, &across, target),
            (_, Arithmetic::Lerp) => lerp_of_quads(rows, y.share, &across, target),
        }
    }
}

/// [`products`] of four-byte pixels.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn products_of_quads(rows: [&[u8]; 2], share: f32, across: &[Blend], target: &mut [f32]) {
    products::<4>(rows, share, across, target);
}

/// [`lerp`] of four-byte pixels.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn lerp_of_quads(rows: [&[u8]; 2], share: f32, across: &[Blend], target: &mut [f32]) {
    lerp::<4>(rows, share, across, target);
}

/// A row of pixels of `N` bytes between two rows, of which the lower one weighs `share`.
#[inline(always)]
fn products<const N: usize>(rows: [&[u8]; 2], share: f32, across: &[Blend], target: &mut [f32]) {
    let [upper_row, lower_row] = rows.map(|row| row.as_chunks::<N>().0);
    for (x, target) in across.iter().zip(target.as_chunks_mut::<N>().0) {
        let (a, b) = (&upper_row[x.lower], &lower_row[x.lower]);
        let (c, d) = (&upper_row[x.upper], &lower_row[x.upper]);
        for channel in 0..N {
            // In the order of the reference, for equal rounding.
            target[channel] = f32::from(a[channel]) * (1.0 - share) * (1.0 - x.share)
                + f32::from(b[channel]) * share * (1.0 - x.share)
                + f32::from(c[channel]) * (1.0 - share) * x.share
                + f32::from(d[channel]) * share * x.share;
        }
    }
}

/// The same, across in both rows and then down.
#[inline(always)]
fn lerp<const N: usize>(rows: [&[u8]; 2], share: f32, across: &[Blend], target: &mut [f32]) {
    let [upper_row, lower_row] = rows.map(|row| row.as_chunks::<N>().0);
    for (x, target) in across.iter().zip(target.as_chunks_mut::<N>().0) {
        let (a, b) = (&upper_row[x.lower], &lower_row[x.lower]);
        let (c, d) = (&upper_row[x.upper], &lower_row[x.upper]);
        for channel in 0..N {
            let [a, b, c, d] = [a, b, c, d].map(|pixel| f32::from(pixel[channel]));
            let top = a + (c - a) * x.share;
            let bottom = b + (d - b) * x.share;
            target[channel] = top + (bottom - top) * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pixels::Window;

    fn resize(from: &Pixels, window: Window, width: usize, height: usize) -> Vec<f32> {
        let of = |arithmetic| {
            let mut to = vec![0.5; 7];
            let request = ResampleRequest::whole(window, (width, height));
            super::resize(from, &request, Coordinates::Corner, arithmetic, &mut to);
            to
        };
        let products = of(Arithmetic::Products);
        let lerp = of(Arithmetic::Lerp);
        assert!(products.iter().zip(&lerp).all(|(a, b)| (a - b).abs() < 1e-4));
        products
    }

    #[test]
    fn samples_where_tensorflow_lite_does() {
        // 4 -> 2 takes inputs 0 and 2 alone; 2 -> 4 repeats the last one.
        let wide = Pixels::grey(4, 1, vec![10, 20, 30, 40]);
        let all = |p: &Pixels| Window { left: 0, top: 0, width: p.width, height: p.height };
        assert_eq!(resize(&wide, all(&wide), 2, 1), [10.0, 30.0]);
        let narrow = Pixels::grey(2, 1, vec![10, 20]);
        assert_eq!(resize(&narrow, all(&narrow), 4, 1), [10.0, 15.0, 20.0, 20.0]);
        let three = Pixels::grey(3, 3, vec![0, 30, 60, 90, 120, 150, 180, 210, 240]);
        assert_eq!(resize(&three, all(&three), 2, 2), [0.0, 45.0, 135.0, 180.0]);
    }

    #[test]
    fn a_window_is_all_that_it_sees() {
        let image = Pixels::grey(4, 4, (0..16).collect());
        let window = Window { left: 1, top: 1, width: 2, height: 2 };
        assert_eq!(resize(&image, window, 2, 2), [5.0, 6.0, 9.0, 10.0]);
    }

    #[test]
    fn colour_and_grey_agree_to_the_last_bit() {
        let grey: Vec<u8> = (0..63_u32).map(|i| (i * 37 % 251) as u8).collect();
        let quads = grey.iter().flat_map(|v| [*v, 255 - *v, *v, 0]).collect();
        let (grey, quads) = (Pixels::grey(9, 7, grey), Pixels::rgbx(9, 7, quads));
        let window = Window { left: 1, top: 2, width: 7, height: 5 };
        for (width, height) in [(3, 4), (11, 13)] {
            let (grey, quads) =
                (resize(&grey, window, width, height), resize(&quads, window, width, height));
            assert!(
                grey.iter().zip(quads.as_chunks::<4>().0).all(|(g, q)| *g == q[0] && *g == q[2])
            );
        }
    }
}
