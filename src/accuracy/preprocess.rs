//! A decoded image to the bytes of a model's input tensor.

use super::interpolate;
use super::pixels::{Pixels, Window};
use super::resample::{self, Filter};
use crate::model::preprocessing::{Channels, InputSpec, Layout, Resize};
use crate::model::quantization::Quantization;
use crate::model::tensor::ElementType;

/// The central part of an image that is kept.
///
/// With antialias as `tf.image.central_crop`, by which the antialiased
/// references were evaluated: `(size - size * crop) / 2`, rounded down, goes
/// from either side. Without as TensorFlow Lite's accuracy tool
/// (`image_preprocessing_stage.cc`): `size * crop`, rounded, from the rounded
/// middle.
#[must_use]
pub fn crop(width: usize, height: usize, resize: Resize, crop: f64) -> Window {
    let side = |size: usize| match resize {
        Resize::Bilinear => {
            let kept = ((size as f64 * crop).round() as usize).clamp(1, size);
            (((size - kept) as f64 / 2.0).round() as usize, kept)
        }
        Resize::BilinearAntialias | Resize::BicubicAntialias => {
            let start = ((size as f64 - size as f64 * crop) / 2.0) as usize;
            let start = start.min((size - 1) / 2);
            (start, size - 2 * start)
        }
    };
    let ((left, width), (top, height)) = (side(width), side(height));
    Window { left, top, width, height }
}

/// Crops, resizes, normalises and lays out an image for `spec`.
#[must_use]
pub fn prepare(image: &Pixels, spec: &InputSpec) -> Vec<u8> {
    let image = match spec.channels {
        Channels::Grey => image.to_grey(),
        Channels::Rgb | Channels::Bgr => std::borrow::Cow::Borrowed(image),
    };
    let window = crop(image.width, image.height, spec.resize, spec.crop);
    let filter = match spec.resize {
        Resize::Bilinear => {
            let values = interpolate::resize(&image, window, spec.width, spec.height);
            return Placement::new(spec, image.stride).of_floats(&values);
        }
        Resize::BilinearAntialias => Filter::Triangle,
        Resize::BicubicAntialias => Filter::Cubic,
    };
    let resized = resample::resize(&image, window, filter, spec.width, spec.height);
    Placement::new(spec, image.stride).of_pixels(&resized.data)
}

/// Where values go in the tensor, and as what.
struct Placement<'a> {
    spec: &'a InputSpec,
    /// Bytes (or values) a pixel of the source.
    stride: usize,
}

impl<'a> Placement<'a> {
    const fn new(spec: &'a InputSpec, stride: usize) -> Self {
        Self { spec, stride }
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

    /// 8-bit pixels have 256 values a channel: each is converted once.
    fn of_pixels(&self, data: &[u8]) -> Vec<u8> {
        let tables: Vec<Vec<u8>> = (0..self.spec.channels.count())
            .map(|channel| {
                let mut table = Vec::with_capacity(256 * self.spec.element.width());
                (0..=u8::MAX).for_each(|value| self.push(&mut table, f32::from(value), channel));
                table
            })
            .collect();
        let element_bytes = self.spec.element.width();
        if element_bytes == 1 {
            let tables: Vec<[u8; 256]> =
                tables.iter().map(|table| std::array::from_fn(|value| table[value])).collect();
            return self.bytes_of_pixels(data, &tables);
        }
        let mut out =
            Vec::with_capacity(self.spec.shape().iter().product::<usize>() * element_bytes);
        for (pixel, channel) in self.order() {
            let value = usize::from(data[pixel * self.stride + self.source(channel)]);
            let stored = value * element_bytes..(value + 1) * element_bytes;
            out.extend_from_slice(&tables[channel][stored]);
        }
        out
    }

    /// The fast path of the common case: one byte an element, channels together.
    fn bytes_of_pixels(&self, data: &[u8], tables: &[[u8; 256]]) -> Vec<u8> {
        if let ([a, b, c], Layout::Nhwc, 4) = (tables, self.spec.layout, self.stride) {
            let [i, j, k] = [0, 1, 2].map(|channel| self.source(channel));
            let mut out = vec![0; data.len() / 4 * 3];
            let pixels = data.as_chunks::<4>().0.iter();
            let unchanged = |table: &[u8; 256]| table.iter().zip(0..).all(|(to, from)| *to == from);
            if tables.iter().all(unchanged) && [i, j, k] == [0, 1, 2] {
                for (target, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *target = [pixel[0], pixel[1], pixel[2]];
                }
                return out;
            }
            for (target, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                *target =
                    [a[usize::from(pixel[i])], b[usize::from(pixel[j])], c[usize::from(pixel[k])]];
            }
            return out;
        }
        self.order()
            .map(|(pixel, channel)| {
                tables[channel][usize::from(data[pixel * self.stride + self.source(channel)])]
            })
            .collect()
    }

    fn of_floats(&self, values: &[f32]) -> Vec<u8> {
        let mut out = Vec::with_capacity(values.len() * self.spec.element.width());
        for (pixel, channel) in self.order() {
            let value = values[pixel * self.stride + self.source(channel)];
            self.push(&mut out, value, channel);
        }
        out
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(element: ElementType, layout: Layout, channels: Channels) -> InputSpec {
        InputSpec {
            height: 1,
            width: 2,
            channels,
            layout,
            resize: Resize::BilinearAntialias,
            crop: 1.0,
            mean: vec![0.0],
            scale: vec![1.0],
            element,
            quantization: None,
        }
    }

    fn floats(bytes: &[u8]) -> Vec<f32> {
        bytes.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect()
    }

    #[test]
    fn crops_as_the_references_do() {
        // int((375 - 375 * 0.875) / 2) = 23 from each side, against
        // round(328.125) = 328 from round(23.5) = 24.
        let antialias = crop(500, 375, Resize::BilinearAntialias, 0.875);
        assert_eq!(antialias, Window { left: 31, top: 23, width: 438, height: 329 });
        let plain = crop(500, 375, Resize::Bilinear, 0.875);
        assert_eq!(plain, Window { left: 31, top: 24, width: 438, height: 328 });
        assert_eq!(
            crop(1, 1, Resize::Bilinear, 0.1),
            Window { left: 0, top: 0, width: 1, height: 1 }
        );
        assert_eq!(crop(1, 2, Resize::BicubicAntialias, 0.1).height, 2);
    }

    #[test]
    fn bytes_go_unchanged_into_identity_inputs() {
        let image = Pixels::rgbx(2, 1, vec![1, 2, 3, 0, 4, 5, 6, 0]);
        for resize in [Resize::Bilinear, Resize::BilinearAntialias, Resize::BicubicAntialias] {
            let nhwc =
                InputSpec { resize, ..spec(ElementType::Uint8, Layout::Nhwc, Channels::Rgb) };
            assert_eq!(prepare(&image, &nhwc), [1, 2, 3, 4, 5, 6]);
        }
        let nchw = spec(ElementType::Uint8, Layout::Nchw, Channels::Bgr);
        assert_eq!(prepare(&image, &nchw), [3, 6, 2, 5, 1, 4]);
    }

    #[test]
    fn floats_are_normalised_by_channel() {
        let image = Pixels::rgbx(2, 1, vec![10, 20, 30, 0, 40, 50, 60, 0]);
        let of = |resize| InputSpec {
            mean: vec![10.0, 0.0, 0.0],
            scale: vec![1.0, 2.0, 10.0],
            resize,
            ..spec(ElementType::Float32, Layout::Nhwc, Channels::Rgb)
        };
        for resize in [Resize::Bilinear, Resize::BilinearAntialias] {
            assert_eq!(floats(&prepare(&image, &of(resize))), [0.0, 10.0, 3.0, 30.0, 25.0, 6.0]);
        }
    }

    #[test]
    fn integers_are_rounded_and_held_in_range() {
        let image = Pixels::grey(2, 1, vec![0, 255]);
        let quantization = Some(Quantization { scale: 0.5, zero_point: -128 });
        let int8 = InputSpec {
            quantization,
            scale: vec![2.0],
            ..spec(ElementType::Int8, Layout::Nhwc, Channels::Grey)
        };
        assert_eq!(prepare(&image, &int8), [-128_i8, 127].map(|v| v as u8));
        let beyond = InputSpec { scale: vec![0.5], ..int8 };
        assert_eq!(prepare(&image, &beyond)[1], 127);
    }

    #[test]
    fn a_grey_image_fills_every_channel_and_colour_becomes_luma() {
        let grey = Pixels::grey(2, 1, vec![7, 9]);
        let rgb = spec(ElementType::Uint8, Layout::Nhwc, Channels::Rgb);
        assert_eq!(prepare(&grey, &rgb), [7, 7, 7, 9, 9, 9]);
        let colour = Pixels::rgbx(2, 1, vec![255, 0, 0, 0, 0, 255, 0, 0]);
        let one = spec(ElementType::Uint8, Layout::Nhwc, Channels::Grey);
        assert_eq!(prepare(&colour, &one), [76, 150]);
    }
}
