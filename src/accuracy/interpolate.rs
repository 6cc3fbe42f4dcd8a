//! Resizing without antialias, as TensorFlow Lite's `RESIZE_BILINEAR` does by
//! default: no aligned corners, no half-pixel centres, so that output `i` sits
//! at input `i * from / to`.
//!
//! Source: `tensorflow/lite/kernels/internal/reference/resize_bilinear.h`,
//! which the accuracy tool's `image_preprocessing_stage.cc` calls on floats.

use super::pixels::{Pixels, Window};

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

/// Resizes the pixels inside `window` to `width` x `height`, as floats in the
/// order of the source's channels, `from.stride` a pixel.
#[must_use]
pub fn resize(from: &Pixels, window: Window, width: usize, height: usize) -> Vec<f32> {
    let (across, down) = (axis(window.width, width), axis(window.height, height));
    let stride = from.stride;
    let mut out = Vec::with_capacity(width * height * stride);
    for y in &down {
        let (upper_row, lower_row) = (from.row(window, y.lower), from.row(window, y.upper));
        for x in &across {
            for channel in 0..stride {
                let [left, right] = [x.lower, x.upper].map(|x| x * stride + channel);
                let [a, b, c, d] =
                    [upper_row[left], lower_row[left], upper_row[right], lower_row[right]]
                        .map(f32::from);
                // The products in the order of the reference, for equal rounding.
                out.push(
                    a * (1.0 - y.share) * (1.0 - x.share)
                        + b * y.share * (1.0 - x.share)
                        + c * (1.0 - y.share) * x.share
                        + d * y.share * x.share,
                );
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
