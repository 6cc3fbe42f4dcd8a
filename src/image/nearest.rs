//! The nearest pixel, as Pillow takes it.
//!
//! Source: src/libImaging/Geometry.c (`ImagingScaleAffine`): places are summed up step by
//! step in f64, so that rounding errors are its own.

use crate::image::pixels::Pixels;
use crate::image::resample::ResampleRequest;

/// Resizes into `to`: rows of as many bytes a pixel as `from` has.
pub fn resize(from: &Pixels, request: &ResampleRequest, to: &mut Vec<u8>) {
    let ResampleRequest { window, size, seen } = *request;
    let places = |from: usize, to: usize, first: usize, count: usize| -> Vec<usize> {
        let step = from as f64 / to as f64;
        let mut at = step * 0.5;
        let mut places = Vec::with_capacity(count);
        for output in 0..first + count {
            if output >= first {
                places.push((at as usize).min(from - 1));
            }
            at += step;
        }
        places
    };
    let across = places(window.width, size.0, seen.left, seen.width);
    to.clear();
    for y in places(window.height, size.1, seen.top, seen.height) {
        let row = from.row(window, y);
        for x in &across {
            to.extend_from_slice(&row[x * from.stride..(x + 1) * from.stride]);
        }
    }
}
