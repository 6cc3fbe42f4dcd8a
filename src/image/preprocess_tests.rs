use super::*;
use crate::record::channels::Layout;
use crate::record::pipeline::Pipeline;
use crate::record::preset::Preset;
use crate::record::quantization::Quantization;
use crate::record::tensor::ElementType;

fn prepare(image: &Pixels, spec: &InputSpec) -> Vec<u8> {
    let (mut preparer, mut tensors) = (Preparer::default(), Vec::new());
    // After the tensors of other images, and of another kind.
    let other = InputSpec { layout: Layout::Nchw, ..spec.clone() };
    for spec in [spec, &other, spec] {
        preparer.prepare(image, spec, &mut tensors);
    }
    let length = spec.shape().iter().product::<usize>() * spec.element.width();
    let last = tensors.split_off(tensors.len() - length);
    assert_eq!(last, tensors[..length]);
    last
}

/// One row of two pixels.
fn spec(element: ElementType, layout: Layout, pipeline: Pipeline) -> InputSpec {
    InputSpec { height: 1, width: 2, layout, pipeline, element, quantization: None }
}

fn pipeline(preset: &str, channels: Channels, mean: &[f32], scale: &[f32]) -> Pipeline {
    let preset: Preset = preset.parse().unwrap();
    preset.pipeline(1, 2, channels, Some((mean.to_vec(), scale.to_vec())))
}

fn unchanged(preset: &str, channels: Channels) -> Pipeline {
    pipeline(preset, channels, &[0.0], &[1.0])
}

const WHOLE: [&str; 6] = [
    "slim-pillow,fraction=1",
    "slim-pillow,fraction=1,antialias=false",
    "slim-pillow,fraction=1,interpolation=bicubic",
    "task-library",
    "keras",
    "keras,loader=load_img",
];

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_ne_bytes(*b)).collect()
}

#[test]
fn bytes_go_unchanged_into_identity_inputs() {
    let image = Pixels::rgbx(2, 1, vec![1, 2, 3, 0, 4, 5, 6, 0]);
    for preset in WHOLE {
        let nhwc = spec(ElementType::Uint8, Layout::Nhwc, unchanged(preset, Channels::Rgb));
        assert_eq!(prepare(&image, &nhwc), [1, 2, 3, 4, 5, 6], "{preset}");
    }
    let nchw = spec(ElementType::Uint8, Layout::Nchw, unchanged(WHOLE[0], Channels::Bgr));
    assert_eq!(prepare(&image, &nchw), [3, 6, 2, 5, 1, 4]);
}

#[test]
fn floats_are_normalised_by_channel() {
    let image = Pixels::rgbx(2, 1, vec![10, 20, 30, 0, 40, 50, 60, 0]);
    for preset in WHOLE {
        let (mean, scale) = ([10.0, 0.0, 0.0], [1.0, 2.0, 10.0]);
        let pipeline = pipeline(preset, Channels::Rgb, &mean, &scale);
        let made = prepare(&image, &spec(ElementType::Float32, Layout::Nhwc, pipeline));
        assert_eq!(floats(&made), [0.0, 10.0, 3.0, 30.0, 25.0, 6.0], "{preset}");
    }
}

#[test]
fn integers_are_rounded_and_held_in_range() {
    let image = Pixels::grey(2, 1, vec![0, 255]);
    let quantization = Some(Quantization { scale: 0.5, zero_point: -128 });
    let of = |scale: f32| InputSpec {
        quantization,
        ..spec(
            ElementType::Int8,
            Layout::Nhwc,
            pipeline(WHOLE[0], Channels::Grey, &[0.0], &[scale]),
        )
    };
    assert_eq!(prepare(&image, &of(2.0)), [-128_i8, 127].map(|v| v as u8));
    assert_eq!(prepare(&image, &of(0.5))[1], 127);
}

#[test]
fn a_grey_image_fills_every_channel_and_colour_becomes_luma() {
    let grey = Pixels::grey(2, 1, vec![7, 9]);
    for preset in WHOLE {
        let rgb = spec(ElementType::Uint8, Layout::Nhwc, unchanged(preset, Channels::Rgb));
        assert_eq!(prepare(&grey, &rgb), [7, 7, 7, 9, 9, 9], "{preset}");
    }
    let colour = Pixels::rgbx(2, 1, vec![255, 0, 0, 0, 0, 255, 0, 0]);
    let one = spec(ElementType::Uint8, Layout::Nhwc, unchanged(WHOLE[0], Channels::Grey));
    assert_eq!(prepare(&colour, &one), [76, 150]);
}

#[test]
fn what_an_image_lacks_is_filled_up() {
    let grey = Pixels::grey(1, 1, vec![9]);
    let rgb = Pixels::rgbx(1, 1, vec![9, 9, 9, 0]);
    let of = |preset, image| {
        prepare(image, &spec(ElementType::Uint8, Layout::Nhwc, unchanged(preset, Channels::Rgb)))
    };
    for image in [&grey, &rgb] {
        assert_eq!(of("torchvision,resize=1", image), [9, 9, 9, 0, 0, 0]);
        assert_eq!(of("letterbox,colour=1:2:3", image), [9, 9, 9, 1, 2, 3]);
    }
}
