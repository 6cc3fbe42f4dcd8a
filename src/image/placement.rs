//! Resized pixels to the elements of a tensor: normalised, quantised, in its order.
//!
//! A pixel has one channel, or four of which the last has no meaning; so have the
//! elements that are made of it, until they are laid out.

use multiversion::multiversion;

use crate::record::preprocessing::{Channels, InputSpec, Layout};
use crate::record::quantization::Quantization;
use crate::record::tensor::ElementType;

/// What becomes of values, and where they go.
pub(crate) struct Placement {
    spec: InputSpec,
    /// Mean and scale of a pixel's channels.
    mean: [f32; 4],
    scale: [f32; 4],
    /// By channel of a pixel: the element of every 8-bit value.
    tables: Vec<Vec<u8>>,
    /// Whether those are the values themselves.
    unchanged: bool,
    /// Elements before they are laid out.
    elements: Vec<u8>,
}

impl Placement {
    /// For one spec. 8-bit pixels have 256 values a channel: each is converted once.
    pub(crate) fn new(spec: &InputSpec) -> Self {
        let of_pixel = |of: &[f32], other: f32| {
            let channel = |channel: usize| of.get(channel).or(of.first()).copied().unwrap_or(other);
            match spec.channels {
                Channels::Grey => [channel(0); 4],
                Channels::Rgb => [channel(0), channel(1), channel(2), other],
                Channels::Bgr => [channel(2), channel(1), channel(0), other],
            }
        };
        let (mean, scale) = (of_pixel(&spec.mean, 0.0), of_pixel(&spec.scale, 1.0));
        let table = |channel: usize| {
            let mut values: Vec<f32> = (0..=u8::MAX).map(f32::from).collect();
            normalise(&mut values, &[mean[channel]; 4], &[scale[channel]; 4]);
            let mut table = Vec::new();
            store(&mut values, spec, &mut table);
            table
        };
        let tables: Vec<Vec<u8>> = (0..spec.channels.count()).map(table).collect();
        let unchanged = tables.iter().all(|table| table.iter().copied().eq(0..=u8::MAX));
        Self { spec: spec.clone(), mean, scale, tables, unchanged, elements: Vec::new() }
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
        if self.spec.channels == Channels::Grey {
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

    /// Appends the elements of interpolated values, which are used up.
    pub(crate) fn place_floats(&mut self, values: &mut [f32], to: &mut Vec<u8>) {
        normalise(values, &self.mean, &self.scale);
        self.elements.clear();
        store(values, &self.spec, &mut self.elements);
        Arrangement::of(&self.spec).append_elements(self.spec.element, &self.elements, to);
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

/// To the nearest integer, through a quantisation where there is one.
#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn round(values: &mut [f32], quantization: Option<Quantization>) {
    match quantization {
        Some(quantization) => values.iter_mut().for_each(|v| *v = quantization.quantize(*v)),
        None => values.iter_mut().for_each(|v| *v = v.round()),
    }
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn append_u8(values: &[f32], to: &mut Vec<u8>) {
    to.extend(values.iter().map(|value| *value as u8));
}

#[multiversion(targets("x86_64+avx2", "x86_64+sse4.1"))]
fn append_i8(values: &[f32], to: &mut Vec<u8>) {
    to.extend(values.iter().map(|value| (*value as i8).cast_unsigned()));
}

/// Appends real values as elements, integers held inside their type's range: casts from
/// floating point saturate.
fn store(values: &mut [f32], spec: &InputSpec, to: &mut Vec<u8>) {
    if !spec.element.is_real() {
        round(values, spec.quantization);
    }
    match spec.element {
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
    const fn of(spec: &InputSpec) -> Self {
        Self { channels: spec.channels, layout: spec.layout }
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
            Layout::Nhwc => {
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
mod tests {
    use super::*;
    use crate::record::preprocessing::Resize;

    const ELEMENTS: [ElementType; 9] = [
        ElementType::Float32,
        ElementType::Float64,
        ElementType::Float16,
        ElementType::Int8,
        ElementType::Uint8,
        ElementType::Int16,
        ElementType::Int32,
        ElementType::Int64,
        ElementType::Bool,
    ];

    fn specs() -> impl Iterator<Item = InputSpec> {
        let channels = [Channels::Rgb, Channels::Bgr, Channels::Grey];
        let kinds = ELEMENTS.into_iter().flat_map(move |element| {
            channels.into_iter().flat_map(move |channels| {
                [Layout::Nhwc, Layout::Nchw].map(move |layout| (element, channels, layout))
            })
        });
        let integer = Quantization { scale: 0.02, zero_point: -3 };
        let normalised = (vec![120.0, 110.0, 100.0], vec![50.0, 60.0, 70.0]);
        let ways = [
            (vec![0.0], vec![1.0], None),
            (vec![127.5], vec![127.5], Some(integer)),
            (normalised.0, normalised.1, Some(integer)),
        ];
        kinds.flat_map(move |(element, channels, layout)| {
            ways.clone().map(move |(mean, scale, quantization)| InputSpec {
                height: 3,
                width: 5,
                channels,
                layout,
                resize: Resize::Bilinear,
                crop: 1.0,
                mean,
                scale,
                element,
                quantization,
            })
        })
    }

    /// One element after the other, by the definition.
    fn defined(spec: &InputSpec, values: &[f32]) -> Vec<u8> {
        let (count, channels) = (spec.width * spec.height, spec.channels.count());
        let mut tensor = Vec::new();
        for i in 0..count * channels {
            let (pixel, channel) = match spec.layout {
                Layout::Nhwc => (i / channels, i % channels),
                Layout::Nchw => (i % count, i / count),
            };
            let value = match spec.channels {
                Channels::Grey => values[pixel],
                Channels::Rgb => values[pixel * 4 + channel],
                Channels::Bgr => values[pixel * 4 + 2 - channel],
            };
            let of = |values: &[f32]| values[channel % values.len()];
            let real = (value - of(&spec.mean)) / of(&spec.scale);
            let whole = spec.quantization.map_or(real.round(), |q| q.quantize(real));
            match spec.element {
                ElementType::Float32 => tensor.extend(real.to_ne_bytes()),
                ElementType::Float64 => tensor.extend(f64::from(real).to_ne_bytes()),
                ElementType::Float16 => tensor.extend(half::f16::from_f32(real).to_ne_bytes()),
                ElementType::Int8 => tensor.extend((whole as i8).to_ne_bytes()),
                ElementType::Uint8 => tensor.push(whole as u8),
                ElementType::Int16 => tensor.extend((whole as i16).to_ne_bytes()),
                ElementType::Int32 => tensor.extend((whole as i32).to_ne_bytes()),
                ElementType::Int64 => tensor.extend((whole as i64).to_ne_bytes()),
                ElementType::Bool => tensor.push(u8::from(whole != 0.0)),
                ElementType::Text => {}
            }
        }
        tensor
    }

    #[test]
    fn every_kind_of_tensor_is_as_defined() {
        for spec in specs() {
            let stride = if spec.channels == Channels::Grey { 1 } else { 4 };
            let pixels: Vec<u8> = (0..15 * stride).map(|i| (i * 89 % 256) as u8).collect();
            let whole: Vec<f32> = pixels.iter().copied().map(f32::from).collect();
            let between: Vec<f32> = whole.iter().map(|value| value * 0.99 + 0.3).collect();
            let mut placement = Placement::new(&spec);
            let mut tensors = Vec::new();
            placement.place_pixels(&pixels, &mut tensors);
            placement.place_floats(&mut between.clone(), &mut tensors);
            let expected = [defined(&spec, &whole), defined(&spec, &between)].concat();
            assert_eq!(tensors, expected, "{spec:?}");
        }
    }
}
