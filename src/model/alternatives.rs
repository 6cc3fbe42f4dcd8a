//! Other pipelines that a model might have been made for: each differs in one thing from
//! the one in use.

use crate::record::channels::Channels;
use crate::record::preprocessing::InputSpec;
use crate::record::tensor::ElementType;

/// A pipeline to try.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// In what it differs from the one in use.
    pub name: String,
    /// How images become the input under it.
    pub spec: InputSpec,
}

/// The plausible pipelines beside `spec`, without those that come to the same.
#[must_use]
pub fn alternatives(spec: &InputSpec) -> Vec<Alternative> {
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
    if let Some(swapped) = swapped(spec) {
        add("red and blue swapped", swapped);
    }
    found
}

/// Normalisations that publishers use, of floating-point inputs: what an integer stands
/// for is stated by its quantisation.
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

/// Whether both make the same input to within a hundredth of the range of a pixel.
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
