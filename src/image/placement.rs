//! Resized pixels to the elements of a tensor: normalised, quantised, in its order.
//!
//! A pixel has one channel, or four of which the last has no meaning; so have the
//! elements that are made of it, until they are laid out.

use multiversion::multiversion;

use crate::image::pixels::nearest_byte;
use crate::record::channels::{Channels, Layout};
use crate::record::pipeline::Values;
use crate::record::preprocessing::InputSpec;
use crate::record::quantization::Quantization;
use crate::record::tensor::ElementType;

/// How values are converted, and where they go.
pub(crate) struct Placement {
    spec: InputSpec,
    /// Mean and scale of a pixel's channels.
    mean: [f32; 4],
    scale: [f32; 4],
    /// By channel of a pixel: the element of every 8-bit value.
    tables: Vec<Vec<u8>>,
    /// Whether those are the values themselves.
    unchanged: bool,
    /// Whether interpolated values lose their fraction, not rounded, to be integers.
    truncates: bool,
    /// Elements before they are laid out.
    elements: Vec<u8>,
}

impl Placement {
    /// For one spec. 8-bit pixels have 256 values per channel: each is converted once.
    pub(crate) fn new(spec: &InputSpec) -> Self {
        let channels = spec.channels();
        let of_pixel = |of: &[f32], other: f32| {
            let channel = |channel: usize| of.get(channel).or(of.first()).copied().unwrap_or(other);
            match channels {
                Channels::Grey => [channel(0); 4],
                Channels::Rgb => [channel(0), channel(1), channel(2), other],
                Channels::Bgr => [channel(2), channel(1), channel(0), other],
            }
        };
        let (mean, scale) = spec.pipeline.normalisation();
        let (mean, scale) = (of_pixel(mean, 0.0), of_pixel(scale, 1.0));
        let table = |channel: usize| {
            let mut values: Vec<f32> = (0..=u8::MAX).map(f32::from).collect();
            normalise(&mut values, &[mean[channel]; 4], &[scale[channel]; 4]);
            let mut table = Vec::new();
            store(&mut values, spec, &mut table);
            table
        };
        let tables: Vec<Vec<u8>> = (0..channels.count()).map(table).collect();
        let unchanged = tables.iter().all(|table| table.iter().copied().eq(0..=u8::MAX));
        let truncates = spec.pipeline.values() == Values::F32Truncated && !spec.element.is_real();
        let spec = spec.clone();
        Self { spec, mean, scale, tables, unchanged, truncates, elements: Vec::new() }
    }

    /// Whether it was made for this one.
    pub(crate) fn is_for(&self, spec: &InputSpec) -> bool {
        self.spec == *spec
    }

    /// Appends the elements of resized pixels.
    pub(crate) fn place_pixels(&mut self, pixels: &[u8], to: &mut Vec<u8>) {
        let layout = Arrangement::of(&self.spec);
        if self.unchanged {
            return layout.append::<1>(pixels, to);
        }
        let mut elements = std::mem::take(&mut self.elements);
        match self.spec.element.width() {
            _ if self.spec.element == ElementType::Float32 => {
                elements.resize(pixels.len() * 4, 0);
                let values = elements.as_chunks_mut::<4>().0;
                normalise_bytes(pixels, &self.mean, &self.scale, values);
            }
            1 => self.look_up::<1>(pixels, &mut elements),
            2 => self.look_up::<2>(pixels, &mut elements),
            4 => self.look_up::<4>(pixels, &mut elements),
            _ => self.look_up::<8>(pixels, &mut elements),
        }
        layout.append_elements(self.spec.element, &elements, to);
        self.elements = elements;
    }

    /// Every value's element out of its channel's table.
    fn look_up<const WIDTH: usize>(&self, pixels: &[u8], elements: &mut Vec<u8>) {
        let table = |channel: usize| self.tables[channel].as_chunks::<WIDTH>().0;
        elements.resize(pixels.len() * WIDTH, 0);
        let elements = elements.as_chunks_mut::<WIDTH>().0;
        if self.spec.channels() == Channels::Grey {
            let grey = table(0);
            for (element, value) in elements.iter_mut().zip(pixels) {
                *element = grey[usize::from(*value)];
            }
            return;
        }
        let (red, green, blue) = (table(0), table(1), table(2));
        let pixels = pixels.as_chunks::<4>().0;
        for (elements, [r, g, b, _]) in elements.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
            elements[0] = red[usize::from(*r)];
            elements[1] = green[usize::from(*g)];
            elements[2] = blue[usize::from(*b)];
        }
    }

    /// Factor and offset that convert a channel's pixel to its integer. A factor that differs from
    /// 1 only by rounding is taken as 1; otherwise it would cost a whole step below.
    fn to_integers(&self) -> ([f32; 4], [f32; 4]) {
        let (scale, zero) = self
            .spec
            .quantization
            .map_or((1.0, 0.0), |q| (f64::from(q.scale), f64::from(q.zero_point)));
        let factor = |channel: usize| {
            let factor = 1.0 / (f64::from(self.scale[channel]) * scale);
            if (factor - 1.0).abs() < 1e-5 { 1.0 } else { factor }
        };
        let offset = |channel: usize| {
            let offset = zero - f64::from(self.mean[channel]) * factor(channel);
            if factor(channel) == 1.0 { offset.round() } else { offset }
        };
        (
            std::array::from_fn(|channel| factor(channel) as f32),
            std::array::from_fn(|channel| offset(channel) as f32),
        )
    }

    /// Appends the elements of interpolated values, which are used up.
    pub(crate) fn place_floats(&mut self, values: &mut [f32], to: &mut Vec<u8>) {
        let layout = Arrangement::of(&self.spec);
        self.elements.clear();
        if self.truncates {
            let (factor, offset) = self.to_integers();
            truncate(values, &factor, &offset);
            cast(values, self.spec.element, &mut self.elements);
        } else {
            normalise(values, &self.mean, &self.scale);
            if self.spec.element == ElementType::Float32 {
                return layout.append::<4>(bytemuck::cast_slice(values), to);
            }
            store(values, &self.spec, &mut self.elements);
        }
        layout.append_elements(self.spec.element, &self.elements, to);
    }
}

/// `value * factor + offset` toward zero, for the channels of each pixel.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn truncate(values: &mut [f32], factor: &[f32; 4], offset: &[f32; 4]) {
    let (pixels, rest) = values.as_chunks_mut::<4>();
    for pixel in pixels {
        for channel in 0..4 {
            pixel[channel] = (pixel[channel] * factor[channel] + offset[channel]).trunc();
        }
    }
    for value in rest {
        *value = (*value * factor[0] + offset[0]).trunc();
    }
}

/// `(value - mean) / scale`, for the channels of each pixel.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn normalise(values: &mut [f32], mean: &[f32; 4], scale: &[f32; 4]) {
    let (pixels, rest) = values.as_chunks_mut::<4>();
    for pixel in pixels {
        for channel in 0..4 {
            pixel[channel] = (pixel[channel] - mean[channel]) / scale[channel];
        }
    }
    // Only grey values may be of another number than four times some.
    for value in rest {
        *value = (*value - mean[0]) / scale[0];
    }
}

/// [`normalise`] of 8-bit values, into the bytes of real ones.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn normalise_bytes(pixels: &[u8], mean: &[f32; 4], scale: &[f32; 4], to: &mut [[u8; 4]]) {
    let (quads, rest) = pixels.as_chunks::<4>();
    let (targets, rest_of_targets) = to.as_chunks_mut::<4>();
    for (pixel, target) in quads.iter().zip(targets) {
        for channel in 0..4 {
            let real = (f32::from(pixel[channel]) - mean[channel]) / scale[channel];
            target[channel] = real.to_ne_bytes();
        }
    }
    for (value, target) in rest.iter().zip(rest_of_targets) {
        *target = ((f32::from(*value) - mean[0]) / scale[0]).to_ne_bytes();
    }
}

/// To the nearest integer, through a quantisation if there is one.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn round(values: &mut [f32], quantization: Option<Quantization>) {
    match quantization {
        Some(quantization) => values.iter_mut().for_each(|v| *v = quantization.quantize(*v)),
        None => values.iter_mut().for_each(|v| *v = v.round()),
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn append_u8(values: &[f32], to: &mut Vec<u8>) {
    to.extend(values.iter().map(|value| nearest_byte(*value)));
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn append_i8(values: &[f32], to: &mut Vec<u8>) {
    // From 128 on, the bits of an unsigned byte are those of a signed one from 0 on.
    to.extend(values.iter().map(|value| nearest_byte(*value + 128.0) ^ 0x80));
}

/// Appends real values as elements, integers held inside their type's range: casts from
/// floating point saturate.
fn store(values: &mut [f32], spec: &InputSpec, to: &mut Vec<u8>) {
    if !spec.element.is_real() {
        round(values, spec.quantization);
    }
    cast(values, spec.element, to);
}

/// Appends values as elements; integers are whole already.
fn cast(values: &[f32], element: ElementType, to: &mut Vec<u8>) {
    match element {
        ElementType::Float32 => to.extend_from_slice(bytemuck::cast_slice(values)),
        ElementType::Float64 => {
            to.extend(values.iter().flat_map(|v| f64::from(*v).to_ne_bytes()));
        }
        ElementType::Float16 => {
            to.extend(values.iter().flat_map(|v| half::f16::from_f32(*v).to_ne_bytes()));
        }
        ElementType::Uint8 => append_u8(values, to),
        ElementType::Int8 => append_i8(values, to),
        ElementType::Int16 => to.extend(values.iter().flat_map(|v| (*v as i16).to_ne_bytes())),
        ElementType::Int32 => to.extend(values.iter().flat_map(|v| (*v as i32).to_ne_bytes())),
        ElementType::Int64 => to.extend(values.iter().flat_map(|v| (*v as i64).to_ne_bytes())),
        ElementType::Uint16 => to.extend(values.iter().flat_map(|v| (*v as u16).to_ne_bytes())),
        ElementType::Uint32 => to.extend(values.iter().flat_map(|v| (*v as u32).to_ne_bytes())),
        ElementType::Uint64 => to.extend(values.iter().flat_map(|v| (*v as u64).to_ne_bytes())),
        ElementType::Bfloat16 => {
            to.extend(values.iter().flat_map(|v| half::bf16::from_f32(*v).to_ne_bytes()));
        }
        ElementType::Bool => to.extend(values.iter().map(|value| u8::from(*value != 0.0))),
        // No pipeline is made for an input of texts.
        ElementType::Text => {}
    }
}

/// The order of a tensor's elements.
#[derive(Clone, Copy)]
struct Arrangement {
    channels: Channels,
    layout: Layout,
}

impl Arrangement {
    fn of(spec: &InputSpec) -> Self {
        Self { channels: spec.channels(), layout: spec.layout }
    }

    fn append_elements(self, element: ElementType, elements: &[u8], to: &mut Vec<u8>) {
        match element.width() {
            1 => self.append::<1>(elements, to),
            2 => self.append::<2>(elements, to),
            4 => self.append::<4>(elements, to),
            _ => self.append::<8>(elements, to),
        }
    }

    /// Lays out elements of `WIDTH` bytes.
    fn append<const WIDTH: usize>(self, elements: &[u8], to: &mut Vec<u8>) {
        let order = match self.channels {
            Channels::Grey => return to.extend_from_slice(elements),
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        let pixels = elements.as_chunks::<WIDTH>().0.as_chunks::<4>().0;
        let start = to.len();
        to.resize(start + pixels.len() * 3 * WIDTH, 0);
        let targets = to[start..].as_chunks_mut::<WIDTH>().0;
        match self.layout {
            Layout::Nhwc if WIDTH == 1 && self.channels == Channels::Rgb => {
                drop_fourth(elements, targets.as_flattened_mut());
            }
            // Images of three channels have an axis for them.
            Layout::Nhwc | Layout::Nhw => {
                for (target, pixel) in targets.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *target = order.map(|channel| pixel[channel]);
                }
            }
            Layout::Nchw => {
                for (plane, channel) in targets.chunks_exact_mut(pixels.len().max(1)).zip(order) {
                    for (target, pixel) in plane.iter_mut().zip(pixels) {
                        *target = pixel[channel];
                    }
                }
            }
        }
    }
}

/// Copies pixels of one byte a channel without their fourth.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn drop_fourth(pixels: &[u8], to: &mut [u8]) {
    let targets = to.as_chunks_mut::<3>().0.iter_mut();
    for (target, [r, g, b, _]) in targets.zip(pixels.as_chunks::<4>().0) {
        *target = [*r, *g, *b];
    }
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
