//! Resized pixels to the elements of a tensor: in its order, normalised, quantised.

use multiversion::multiversion;

use crate::model::preprocessing::{Channels, InputSpec, Layout};
use crate::model::quantization::Quantization;
use crate::model::tensor::ElementType;

/// Where values go in the tensor, and as what.
pub(super) struct Placement {
    spec: InputSpec,
    /// Bytes (or values) a pixel of the source.
    stride: usize,
    /// By channel: the stored element of every 8-bit value.
    tables: Vec<Vec<u8>>,
}

impl Placement {
    /// For images of `stride` bytes a pixel. Their pixels have 256 values a channel: each
    /// is converted once.
    pub(super) fn new(spec: &InputSpec, stride: usize) -> Self {
        let mut placement = Self { spec: spec.clone(), stride, tables: Vec::new() };
        let table = |channel| {
            let mut table = Vec::with_capacity(256 * spec.element.width());
            (0..=u8::MAX).for_each(|value| placement.push(&mut table, f32::from(value), channel));
            table
        };
        placement.tables = (0..spec.channels.count()).map(table).collect();
        placement
    }

    /// Whether it was made for these.
    pub(super) fn is_for(&self, spec: &InputSpec, stride: usize) -> bool {
        self.stride == stride && self.spec == *spec
    }

    /// The source's channel that becomes the tensor's channel `channel`.
    fn source(&self, channel: usize) -> usize {
        match self.spec.channels {
            _ if self.stride == 1 => 0,
            Channels::Bgr => 2 - channel,
            Channels::Rgb | Channels::Grey => channel,
        }
    }

    /// Tensor elements in order, each as (pixel, channel of the tensor).
    fn order(&self) -> impl Iterator<Item = (usize, usize)> {
        let (pixels, channels) = (self.spec.width * self.spec.height, self.spec.channels.count());
        let layout = self.spec.layout;
        (0..pixels * channels).map(move |i| match layout {
            Layout::Nhwc => (i / channels, i % channels),
            Layout::Nchw => (i % pixels, i / pixels),
        })
    }

    /// Appends the elements of resized pixels.
    pub(super) fn place_pixels(&self, pixels: &[u8], to: &mut Vec<u8>) {
        if self.keeps_pixels() {
            return append_rgb(pixels, to);
        }
        let width = self.spec.element.width();
        for (pixel, channel) in self.order() {
            let value = usize::from(pixels[pixel * self.stride + self.source(channel)]);
            to.extend_from_slice(&self.tables[channel][value * width..(value + 1) * width]);
        }
    }

    /// Whether pixels enter as they are but for their fourth byte: the common case.
    fn keeps_pixels(&self) -> bool {
        let unchanged = |table: &Vec<u8>| table.iter().copied().eq(0..=u8::MAX);
        (self.spec.layout, self.spec.channels, self.stride) == (Layout::Nhwc, Channels::Rgb, 4)
            && self.tables.iter().all(unchanged)
    }

    /// Appends the elements of interpolated values.
    pub(super) fn place_floats(&self, values: &[f32], to: &mut Vec<u8>) {
        for (pixel, channel) in self.order() {
            self.push(to, values[pixel * self.stride + self.source(channel)], channel);
        }
    }

    /// Appends one element's bytes: `(value - mean) / scale`, quantised to the
    /// nearest integer and held inside the type's range.
    fn push(&self, out: &mut Vec<u8>, value: f32, channel: usize) {
        let of = |values: &[f32]| values[if values.len() == 1 { 0 } else { channel }];
        let real = (value - of(&self.spec.mean)) / of(&self.spec.scale);
        let stored =
            || self.spec.quantization.map_or(real.round(), |q: Quantization| q.quantize(real));
        // Casts from float saturate at the type's ends.
        match self.spec.element {
            ElementType::Float32 => out.extend_from_slice(&real.to_ne_bytes()),
            ElementType::Float16 => {
                out.extend_from_slice(&half::f16::from_f32(real).to_ne_bytes());
            }
            ElementType::Uint8 => out.push(stored() as u8),
            ElementType::Int8 => out.extend_from_slice(&(stored() as i8).to_ne_bytes()),
            ElementType::Int16 => out.extend_from_slice(&(stored() as i16).to_ne_bytes()),
            ElementType::Int32 => out.extend_from_slice(&(stored() as i32).to_ne_bytes()),
            ElementType::Int64 => out.extend_from_slice(&(stored() as i64).to_ne_bytes()),
            ElementType::Bool => out.push(u8::from(stored() != 0.0)),
        }
    }
}

/// Appends pixels without their fourth bytes.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn append_rgb(pixels: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    to.resize(start + pixels.len() / 4 * 3, 0);
    let targets = to[start..].as_chunks_mut::<3>().0.iter_mut();
    for (target, [r, g, b, _]) in targets.zip(pixels.as_chunks::<4>().0) {
        *target = [*r, *g, *b];
    }
}
