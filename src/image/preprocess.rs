//! A decoded image to the bytes of a model's input tensor.

use crate::image::interpolate;
use crate::image::pixels::{Pixels, Window};
use crate::image::placement::Placement;
use crate::image::resample::Resampler;
use crate::image::weights::Filter;
use crate::record::preprocessing::{Channels, InputSpec, Resize};

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

/// Makes tensors of images one after the other. What it needed for one it keeps for the
/// next.
#[derive(Default)]
pub struct Preparer {
    resampler: Resampler,
    resized: Vec<u8>,
    interpolated: Vec<f32>,
    /// By what they are for.
    placements: Vec<Placement>,
}

impl Preparer {
    /// Crops, resizes, normalises and lays out an image for `spec`: its tensor goes behind
    /// what `tensors` holds.
    pub fn prepare(&mut self, image: &Pixels, spec: &InputSpec, tensors: &mut Vec<u8>) {
        let image = match spec.channels {
            Channels::Grey => image.to_grey(),
            Channels::Rgb | Channels::Bgr => std::borrow::Cow::Borrowed(image),
        };
        let window = crop(image.width, image.height, spec.resize, spec.crop);
        let filter = match spec.resize {
            Resize::Bilinear => None,
            Resize::BilinearAntialias => Some(Filter::Triangle),
            Resize::BicubicAntialias => Some(Filter::Cubic),
        };
        let known = self.placements.iter().position(|it| it.is_for(spec));
        let known = known.unwrap_or_else(|| {
            self.placements.push(Placement::new(spec));
            self.placements.len() - 1
        });
        let placement = &mut self.placements[known];
        let size = (spec.width, spec.height);
        // Not before it is small.
        let colour = image.is_grey() && spec.channels != Channels::Grey;
        match filter {
            None => {
                interpolate::resize(&image, window, size, &mut self.interpolated);
                if colour {
                    repeat(&mut self.interpolated);
                }
                placement.place_floats(&mut self.interpolated, tensors);
            }
            Some(filter) => {
                self.resampler.resize(&image, window, filter, size, &mut self.resized);
                if colour {
                    repeat(&mut self.resized);
                }
                placement.place_pixels(&self.resized, tensors);
            }
        }
    }
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
mod tests {
    use super::*;
    use crate::record::preprocessing::Layout;
    use crate::record::quantization::Quantization;
    use crate::record::tensor::ElementType;

    fn prepare(image: &Pixels, spec: &InputSpec) -> Vec<u8> {
        let (mut preparer, mut tensors) = (Preparer::default(), Vec::new());
        // Behind the tensors of others, and of another kind.
        let grey = InputSpec { channels: Channels::Grey, ..spec.clone() };
        for spec in [spec, &grey, spec] {
            preparer.prepare(image, spec, &mut tensors);
        }
        let length = spec.shape().iter().product::<usize>() * spec.element.width();
        let last = tensors.split_off(tensors.len() - length);
        assert_eq!(last, tensors[..length]);
        last
    }

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
        for resize in [Resize::Bilinear, Resize::BicubicAntialias] {
            let rgb = InputSpec { resize, ..rgb.clone() };
            assert_eq!(prepare(&grey, &rgb), [7, 7, 7, 9, 9, 9]);
        }
        let colour = Pixels::rgbx(2, 1, vec![255, 0, 0, 0, 0, 255, 0, 0]);
        let one = spec(ElementType::Uint8, Layout::Nhwc, Channels::Grey);
        assert_eq!(prepare(&colour, &one), [76, 150]);
    }
}
