//! Other pipelines that a model might have been made for: each differs in one thing from
//! the one in use.

use crate::record::channels::Channels;
use crate::record::preprocessing::InputSpec;
use crate::record::preset::{Parameters, Preset, PresetName};
use crate::record::preset_value::Size;
use crate::record::tensor::ElementType;

/// A pipeline to try.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alternative {
    /// In what it differs from the one in use.
    pub name: String,
    /// How images become the input under it.
    pub spec: InputSpec,
}

/// The plausible pipelines beside `spec`, without those that come to the same.
#[must_use]
pub(crate) fn alternatives(spec: &InputSpec) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    let mut add = |name: &str, spec_of: InputSpec| {
        let known = |it: &Alternative| alike(&it.spec, &spec_of);
        if !alike(spec, &spec_of) && !found.iter().any(known) {
            found.push(Alternative { name: name.to_owned(), spec: spec_of });
        }
    };
    for (name, mean, scale) in normalisations(spec) {
        add(name, with(spec, spec.channels(), mean, scale));
    }
    for (name, preset) in geometries(spec) {
        let (mean, scale) = spec.pipeline.normalisation();
        let values = Some((mean.to_vec(), scale.to_vec()));
        let pipeline = preset.pipeline(spec.height, spec.width, spec.channels(), values);
        add(&name, InputSpec { pipeline, ..spec.clone() });
    }
    if let Some(swapped) = swapped(spec) {
        add("red and blue swapped", swapped);
    }
    found
}

/// Normalisations that publishers use for floating-point inputs; for integers, the quantisation
/// states it.
fn normalisations(spec: &InputSpec) -> Vec<(&'static str, Vec<f32>, Vec<f32>)> {
    if !matches!(spec.element, ElementType::Float32 | ElementType::Float16) {
        return Vec::new();
    }
    let mut all = vec![
        ("pixels to 0..1", vec![0.0], vec![255.0]),
        ("pixels to -1..1", vec![127.5], vec![127.5]),
        ("pixels unchanged, 0..255", vec![0.0], vec![1.0]),
    ];
    if spec.channels().count() == 3 {
        let in_order = |mut values: Vec<f32>| {
            if spec.channels() == Channels::Bgr {
                values.reverse();
            }
            values
        };
        // Of red, green, blue: torchvision's and timm's, and Caffe's.
        let (mean, deviation) = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]);
        all.push((
            "ImageNet's mean and deviation",
            in_order(mean.to_vec()),
            in_order(deviation.to_vec()),
        ));
        all.push((
            "ImageNet's mean alone (Caffe)",
            in_order(vec![123.68, 116.779, 103.939]),
            vec![1.0],
        ));
    }
    all
}

/// The geometries that most models were trained for, unless photos are fed as they are.
fn geometries(spec: &InputSpec) -> Vec<(String, Preset)> {
    if spec.pipeline.resampling().is_none() {
        return Vec::new();
    }
    let squashed = Parameters {
        resize: Some(Size::Both(spec.height, spec.width)),
        crop: Some(Size::None),
        ..Parameters::default()
    };
    let (height, width) = (spec.height, spec.width);
    vec![
        (
            "shorter side resized, central seven eighths".to_owned(),
            Preset::plain(PresetName::Torchvision),
        ),
        ("central square".to_owned(), Preset::plain(PresetName::Ultralytics)),
        (
            format!("whole photo squashed to {width} x {height}"),
            Preset { name: PresetName::Hf, parameters: squashed },
        ),
    ]
}

/// The other order of channels, each with its own normalisation as before.
fn swapped(spec: &InputSpec) -> Option<InputSpec> {
    let channels = match spec.channels() {
        Channels::Rgb => Channels::Bgr,
        Channels::Bgr => Channels::Rgb,
        Channels::Grey => return None,
    };
    let reversed = |values: &[f32]| values.iter().rev().copied().collect();
    let (mean, scale) = spec.pipeline.normalisation();
    Some(with(spec, channels, reversed(mean), reversed(scale)))
}

/// The same geometry with other values.
fn with(spec: &InputSpec, channels: Channels, mean: Vec<f32>, scale: Vec<f32>) -> InputSpec {
    InputSpec { pipeline: spec.pipeline.with_values(channels, mean, scale), ..spec.clone() }
}

/// Whether both produce the same input to within a hundredth of the range of a pixel.
fn alike(one: &InputSpec, other: &InputSpec) -> bool {
    let real = |spec: &InputSpec, pixel: f32| -> Vec<f32> {
        let of = |values: &[f32], channel: usize| *values.get(channel).unwrap_or(&values[0]);
        let (mean, scale) = spec.pipeline.normalisation();
        (0..spec.channels().count())
            .map(|channel| (pixel - of(mean, channel)) / of(scale, channel))
            .collect()
    };
    let close = [0.0, 255.0].into_iter().all(|pixel| {
        real(one, pixel)
            .iter()
            .zip(real(other, pixel))
            .zip(one.pipeline.normalisation().1.iter().cycle())
            .all(|((a, b), scale)| (a - b).abs() <= 2.55 / scale.abs())
    });
    let bare = |spec: &InputSpec| with(spec, spec.channels(), Vec::new(), Vec::new());
    close && bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::channels::Layout;

    fn spec(
        preset: &str,
        channels: Channels,
        values: (f32, f32),
        element: ElementType,
    ) -> InputSpec {
        let preset: Preset = preset.parse().unwrap();
        let values = (vec![values.0], vec![values.1]);
        InputSpec {
            height: 224,
            width: 224,
            layout: Layout::Nhwc,
            pipeline: preset.pipeline(224, 224, channels, Some(values)),
            element,
            quantization: None,
        }
    }

    fn names(spec: &InputSpec) -> Vec<String> {
        alternatives(spec).into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn each_differs_from_the_one_in_use_in_one_thing() {
        let in_use = spec("torchvision", Channels::Rgb, (127.5, 127.5), ElementType::Float32);
        assert_eq!(
            names(&in_use),
            [
                "pixels to 0..1",
                "pixels unchanged, 0..255",
                "ImageNet's mean and deviation",
                "ImageNet's mean alone (Caffe)",
                "central square",
                "whole photo squashed to 224 x 224",
                "red and blue swapped",
            ]
        );
        for other in alternatives(&in_use) {
            assert_eq!(other.spec.shape(), in_use.shape());
            assert_ne!(other.spec, in_use);
        }
    }

    #[test]
    fn integers_keep_what_their_quantisation_states() {
        let eight_bit = spec("tflite-eval", Channels::Rgb, (0.0, 1.0), ElementType::Uint8);
        assert!(names(&eight_bit).iter().all(|name| !name.contains("pixels")));
        let grey = spec("tflite-eval", Channels::Grey, (0.0, 255.0), ElementType::Float32);
        assert!(
            names(&grey).iter().all(|name| !name.contains("ImageNet") && !name.contains("red"))
        );
    }

    #[test]
    fn a_mean_follows_its_channel() {
        let caffe = spec("keras", Channels::Bgr, (0.0, 1.0), ElementType::Float32);
        let others = alternatives(&caffe);
        let mean = |name: &str| {
            let other = others.iter().find(|it| it.name.contains(name)).unwrap();
            other.spec.pipeline.normalisation().0.to_vec()
        };
        assert_eq!(mean("Caffe"), [103.939, 116.779, 123.68]);
    }
}
