use super::*;
use crate::record::pipeline::{Pipeline, Step};

const ELEMENTS: [ElementType; 13] = [
    ElementType::Float32,
    ElementType::Float64,
    ElementType::Float16,
    ElementType::Int8,
    ElementType::Uint8,
    ElementType::Int16,
    ElementType::Int32,
    ElementType::Int64,
    ElementType::Bfloat16,
    ElementType::Uint16,
    ElementType::Uint32,
    ElementType::Uint64,
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
            layout,
            pipeline: Pipeline {
                steps: vec![Step::Channels { channels }, Step::Normalise { mean, scale }],
            },
            element,
            quantization,
        })
    })
}

/// One element after the other, by the definition.
fn defined(spec: &InputSpec, values: &[f32]) -> Vec<u8> {
    let (count, channels) = (spec.width * spec.height, spec.channels().count());
    let (mean, scale) = spec.pipeline.normalisation();
    let mut tensor = Vec::new();
    for i in 0..count * channels {
        let (pixel, channel) = match spec.layout {
            Layout::Nhwc | Layout::Nhw => (i / channels, i % channels),
            Layout::Nchw => (i % count, i / count),
        };
        let value = match spec.channels() {
            Channels::Grey => values[pixel],
            Channels::Rgb => values[pixel * 4 + channel],
            Channels::Bgr => values[pixel * 4 + 2 - channel],
        };
        let of = |values: &[f32]| values[channel % values.len()];
        let real = (value - of(mean)) / of(scale);
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
            ElementType::Bfloat16 => tensor.extend(half::bf16::from_f32(real).to_ne_bytes()),
            ElementType::Uint16 => tensor.extend((whole as u16).to_ne_bytes()),
            ElementType::Uint32 => tensor.extend((whole as u32).to_ne_bytes()),
            ElementType::Uint64 => tensor.extend((whole as u64).to_ne_bytes()),
            ElementType::Bool => tensor.push(u8::from(whole != 0.0)),
            ElementType::Text => {}
        }
    }
    tensor
}

#[test]
fn every_kind_of_tensor_is_as_defined() {
    for spec in specs() {
        let stride = if spec.channels() == Channels::Grey { 1 } else { 4 };
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

#[test]
fn values_between_two_integers_are_truncated_where_the_pipeline_says_so() {
    use crate::record::pipeline::Values;
    let of = |element, quantization: Option<Quantization>, mean: f32| {
        let scale = vec![quantization.map_or(1.0, |q| 1.0 / q.scale)];
        let steps = vec![
            Step::Values { values: Values::F32Truncated },
            Step::Channels { channels: Channels::Grey },
            Step::Normalise { mean: vec![mean], scale },
        ];
        let spec = InputSpec {
            height: 1,
            width: 5,
            layout: Layout::Nhwc,
            pipeline: Pipeline { steps },
            element,
            quantization,
        };
        let mut tensors = Vec::new();
        Placement::new(&spec).place_floats(&mut [0.9, 100.0, 100.75, 128.5, 254.99], &mut tensors);
        tensors
    };
    let third = Some(Quantization { scale: 0.007_843_138, zero_point: 128 });
    assert_eq!(of(ElementType::Uint8, third, 128.0), [0, 100, 100, 128, 254]);
    assert_eq!(of(ElementType::Uint8, None, 0.0), [0, 100, 100, 128, 254]);
    let signed = Some(Quantization { scale: 0.003_921_569, zero_point: -128 });
    let expected: [i8; 5] = [-127, -28, -27, 0, 126];
    assert_eq!(of(ElementType::Int8, signed, 0.0), expected.map(i8::cast_unsigned));
}
