//! Resizing without antialias, as TensorFlow Lite's `RESIZE_BILINEAR` does by
//! default: no aligned corners, no half-pixel centres, so that output `i` sits
//! at input `i * from / to`.
//!
//! Source: `tensorflow/lite/kernels/internal/reference/resize_bilinear.h`,
//! which the accuracy tool's `image_preprocessing_stage.cc` calls on floats.

use multiversion::multiversion;

use crate::image::pixels::{Pixels, Window};

/// Where an output lies between two inputs.
struct Between {
    lower: usize,
    upper: usize,
    /// Weight of `upper`.
    share: f32,
}

fn axis(from: usize, to: usize) -> Vec<Between> {
    let scale = from as f32 / to as f32;
    (0..to)
        .map(|output| {
            let at = output as f32 * scale;
            let lower = (at as usize).min(from - 1);
            Between { lower, upper: (lower + 1).min(from - 1), share: at - lower as f32 }
        })
        .collect()
}

/// Resizes the pixels inside `window` to `width` x `height`, into `to`: floats in the
/// order of the source's channels, `from.stride` a pixel.
pub fn resize(from: &Pixels, window: Window, (width, height): (usize, usize), to: &mut Vec<f32>) {
    let (across, down) = (axis(window.width, width), axis(window.height, height));
    let stride = from.stride;
    to.resize(width * height * stride, 0.0);
    for (y, target) in down.iter().zip(to.chunks_exact_mut(width * stride)) {
        let rows = [from.row(window, y.lower), from.row(window, y.upper)];
        if stride == 1 {
            blend::<1>(rows, y.share, &across, target);
        } else {
            blend_quads(rows, y.share, &across, target);
        }
    }
}

/// A row of four-byte pixels between two rows.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn blend_quads(rows: [&[u8]; 2], share: f32, across: &[Between], target: &mut [f32]) {
    blend::<4>(rows, share, across, target);
}

/// A row of pixels of `N` bytes between two rows, of which the lower one weighs `share`.
#[inline(always)]
fn blend<const N: usize>(rows: [&[u8]; 2], share: f32, across: &[Between], target: &mut [f32]) {
    let [upper_row, lower_row] = rows.map(|row| row.as_chunks::<N>().0);
    for (x, target) in across.iter().zip(target.as_chunks_mut::<N>().0) {
        let (a, b) = (&upper_row[x.lower], &lower_row[x.lower]);
        let (c, d) = (&upper_row[x.upper], &lower_row[x.upper]);
        for channel in 0..N {
            // The products in the order of the reference, for equal rounding.
            target[channel] = f32::from(a[channel]) * (1.0 - share) * (1.0 - x.share)
                + f32::from(b[channel]) * share * (1.0 - x.share)
                + f32::from(c[channel]) * (1.0 - share) * x.share
                + f32::from(d[channel]) * share * x.share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resize(from: &Pixels, window: Window, width: usize, height: usize) -> Vec<f32> {
        let mut to = vec![0.5; 7];
        super::resize(from, window, (width, height), &mut to);
        to
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
