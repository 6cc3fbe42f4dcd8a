//! One resize of a pipeline, by whatever library it repeats.

use multiversion::multiversion;

use crate::image::interpolate::Arithmetic;
use crate::image::pixels::{Pixels, nearest_byte};
use crate::image::resample::{Passes, ResampleRequest, Resampler};
use crate::image::{interpolate, libyuv, nearest, opencv, taps};
use crate::record::pipeline::{Filter, Library, Resampling};

/// Resizes images one after the other. What it needed for one it keeps for the next.
#[derive(Default)]
pub struct Resizer {
    resampler: Resampler,
    /// The result, if it is 8-bit.
    pub bytes: Vec<u8>,
    /// The result, if it is floating point.
    pub floats: Vec<f32>,
}

/// Which of a [`Resizer`]'s fields holds a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// `bytes`.
    Bytes,
    /// `floats`.
    Floats,
}

impl Resizer {
    /// Resizes a part of `from`; the result has as many values a pixel as `from`.
    pub fn resize(
        &mut self,
        from: &Pixels,
        request: &ResampleRequest,
        how: Option<&Resampling>,
    ) -> Numbers {
        let Some(how) = how else {
            nearest::resize(from, request, &mut self.bytes);
            return Numbers::Bytes;
        };
        match (how.library, how.filter) {
            (Library::Pillow | Library::Pillow12, Filter::Nearest) => {
                nearest::resize(from, request, &mut self.bytes);
            }
            (Library::Pillow | Library::Pillow12, filter) => {
                let newest = how.library == Library::Pillow;
                let passes = if newest { Passes::FewerFirst } else { Passes::RowsFirst };
                self.resampler.resize(from, request, filter, passes, &mut self.bytes);
            }
            (Library::OpenCv, filter) => opencv::resize(from, request, filter, &mut self.bytes),
            (Library::Libyuv, _) => libyuv::resize(from, request, &mut self.bytes),
            (Library::Tensorflow, Filter::Nearest) => {
                nearest::resize_as_tensorflow(from, request, how.coordinates, &mut self.bytes);
            }
            (Library::Tensorflow, Filter::Bilinear) if !how.antialias => {
                let to = &mut self.floats;
                interpolate::resize(from, request, how.coordinates, Arithmetic::Lerp, to);
                return Numbers::Floats;
            }
            (Library::Tensorflow, _) => {
                taps::resize(from, request, how, &mut self.floats);
                return Numbers::Floats;
            }
            (Library::Tflite, _) => {
                let to = &mut self.floats;
                interpolate::resize(from, request, how.coordinates, Arithmetic::Products, to);
                return Numbers::Floats;
            }
            (Library::Skia, _) => {
                let to = &mut self.floats;
                interpolate::resize(from, request, how.coordinates, Arithmetic::Lerp, to);
                self.bytes.resize(self.floats.len(), 0);
                round(&self.floats, &mut self.bytes);
            }
        }
        Numbers::Bytes
    }
}

/// To the nearest bytes, halves up.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn round(values: &[f32], to: &mut [u8]) {
    for (byte, value) in to.iter_mut().zip(values) {
        *byte = nearest_byte((value + 0.5).floor());
    }
}
