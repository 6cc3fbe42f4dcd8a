//! A decoded image to the bytes of a model's input tensor.

use std::borrow::Cow;

use crate::image::geometry::Geometry;
use crate::image::pixels::Pixels;
use crate::image::placement::Placement;
use crate::image::resample::ResampleRequest;
use crate::image::resize::{Numbers, Resizer};
use crate::record::channels::Channels;
use crate::record::preprocessing::InputSpec;

/// Makes tensors of images one after the other. What it needed for one it keeps for the
/// next.
#[derive(Default)]
pub struct Preparer {
    resizer: Resizer,
    framed: Vec<u8>,
    framed_floats: Vec<f32>,
    /// By what they are for.
    placements: Vec<Placement>,
}

impl Preparer {
    /// Takes an image through the pipeline of `spec`: its tensor goes behind what `tensors`
    /// holds.
    pub fn prepare(&mut self, image: &Pixels, spec: &InputSpec, tensors: &mut Vec<u8>) {
        let channels = spec.channels();
        let image = match channels {
            Channels::Grey => image.to_grey(),
            Channels::Rgb | Channels::Bgr => Cow::Borrowed(image),
        };
        let geometry = Geometry::new(&spec.pipeline, image.width, image.height);
        let Geometry { source, resized, seen, .. } = geometry;
        let request = ResampleRequest { window: source, size: resized, seen };
        let numbers = self.resizer.resize(&image, &request, spec.pipeline.resampling());
        let known = self.placements.iter().position(|it| it.is_for(spec));
        let known = known.unwrap_or_else(|| {
            self.placements.push(Placement::new(spec));
            self.placements.len() - 1
        });
        let placement = &mut self.placements[known];
        // Not before it is small.
        let colour = image.is_grey() && channels != Channels::Grey;
        let stride = if channels == Channels::Grey { 1 } else { 4 };
        match numbers {
            Numbers::Floats => {
                let values = &mut self.resizer.floats;
                if colour {
                    repeat(values);
                }
                let values = frame(values, &geometry, stride, f32::from, &mut self.framed_floats);
                placement.place_floats(values, tensors);
            }
            Numbers::Bytes => {
                let values = &mut self.resizer.bytes;
                if colour {
                    repeat(values);
                }
                let values = frame(values, &geometry, stride, |it| it, &mut self.framed);
                placement.place_pixels(values, tensors);
            }
        }
    }
}

/// Puts what is seen into its place in the output, unless it is all of it.
fn frame<'a, T: Copy + Default>(
    seen: &'a mut [T],
    geometry: &Geometry,
    stride: usize,
    value: impl Fn(u8) -> T,
    framed: &'a mut Vec<T>,
) -> &'a mut [T] {
    if geometry.fills() {
        return seen;
    }
    let (width, height) = geometry.output;
    let [r, g, b] = geometry.colour.map(value);
    framed.clear();
    framed.resize(width * height * stride, r);
    if stride == 4 {
        framed.as_chunks_mut::<4>().0.fill([r, g, b, T::default()]);
    }
    let row = geometry.seen.width * stride;
    let (left, top) = geometry.at;
    for (line, source) in seen.chunks_exact(row).enumerate() {
        let at = ((top + line) * width + left) * stride;
        framed[at..at + row].copy_from_slice(source);
    }
    framed
}

/// Makes four channels of one.
fn repeat<T: Copy + Default>(values: &mut Vec<T>) {
    let count = values.len();
    values.resize(count * 4, T::default());
    for at in (0..count).rev() {
        let value = values[at];
        values[at * 4..at * 4 + 4].fill(value);
    }
}

#[cfg(test)]
#[path = "preprocess_tests.rs"]
mod tests;
