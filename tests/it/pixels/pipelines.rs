//! Whole presets.

use std::collections::BTreeMap;

use serde_json::Value;
use shutterbench::image::preprocess::Preparer;
use shutterbench::record::channels::{Channels, Layout};
use shutterbench::record::options::Exif;
use shutterbench::record::preprocessing::InputSpec;
use shutterbench::record::preset::{Preset, PresetName};
use shutterbench::record::quantization::Quantization;
use shutterbench::record::tensor::ElementType;

use super::golden::{Distance, distance, number, photo, read, text};

const FILES: [&str; 10] = [
    "pipelines_grey.json",
    "pipelines_hf.json",
    "pipelines_keras.json",
    "pipelines_mlperf.json",
    "pipelines_slim_pillow.json",
    "pipelines_support_library.json",
    "pipelines_task_library.json",
    "pipelines_tensorflow.json",
    "pipelines_timm.json",
    "pipelines_torchvision.json",
];

/// How far a preset may be from its original, with the reason.
struct Bound {
    /// Of 8-bit pixels.
    pixels: f64,
    /// Share of these that may differ.
    share: f64,
    /// Of real values.
    values: f64,
}

/// Between two ways to normalise in f32: ours subtracts 255 mean and divides by 255 std, the
/// originals divide by 255 first. The rounding of values up to 1 and of mean and std (2^-24
/// each) is divided by a std of at least 0.224; two ulps of the largest values, 2.64.
const NORMALISED: f64 = 4.8e-7;

fn bound(preset: PresetName, parameters: &Value) -> Bound {
    let same = |values| Bound { pixels: 0.0, share: 0.0, values };
    match preset {
        // Equal to the last bit for 8-bit inputs.
        PresetName::TfliteEval => {
            same(if parameters["input_type"] == "f32" { 1.2e-7 } else { 0.0 })
        }
        // Interpolated on 0..255 here, on 0..1 there.
        PresetName::Slim => same(4.8e-7),
        // Rows first here, columns first there: 2e-4 of 255.
        PresetName::Efficientnet => same(5e-6),
        PresetName::Keras if parameters["mode"] == "caffe" => same(3.1e-5),
        PresetName::Keras if parameters["mode"] == "none" => same(0.0),
        // Values up to 151, whose ulp is 1.5e-5.
        PresetName::Mlperf if parameters["variant"] == "vgg" => same(1.6e-5),
        // Real values beyond 255, whose ulp is 3e-5.
        PresetName::Hf if parameters["do_rescale"] == false => same(3.1e-5),
        // Skia interpolates in its own fixed or floating point, by CPU: at most one level, mostly
        // at exact halves; a level is 2 / 255 of -1..1.
        PresetName::SupportLibrary => Bound { pixels: 1.0, share: 0.25, values: 0.0079 },
        // libyuv's mean of 2 x 2 pixels is rounded up by some CPUs' code.
        PresetName::TaskLibrary => Bound { pixels: 1.0, share: 0.25, values: 0.0079 },
        // Divided by a std twice: values up to 11.8.
        PresetName::Hf if parameters["include_top"] == true => same(2e-6),
        _ => same(NORMALISED),
    }
}

fn list(value: &Value) -> String {
    let numbers =
        value.as_array().unwrap().iter().map(|it| (it.as_f64().unwrap() as f32).to_string());
    numbers.collect::<Vec<_>>().join(":")
}

/// What divides twice, as one divisor.
fn squares(value: &Value) -> String {
    let square = |it: &Value| it.as_f64().map(|std| std * std);
    list(&value.as_array().unwrap().iter().map(square).collect())
}

/// The golden's parameters in our terms.
fn stated(preset: &str, of: &Value) -> String {
    let name = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
    match preset {
        "torchvision" => format!(
            "torchvision,resize={},crop={},interpolation={}{}",
            of["resize"],
            of["crop"],
            name("interpolation"),
            match of.get("mean") {
                Some(mean) => format!(",mean={},std={}", list(mean), list(&of["std"])),
                None => String::new(),
            }
        ),
        "timm" => format!(
            "timm,crop_pct={},crop_mode={},interpolation={},mean={},std={}",
            of["crop_pct"],
            name("crop_mode"),
            name("interpolation"),
            list(&of["mean"]),
            list(&of["std"])
        ),
        "hf" => hugging_face(of),
        "efficientnet" if of["variant"] == "lite" => "efficientnet,mode=lite".to_owned(),
        "keras" => format!("keras,loader={},mode={}", name("loader"), name("mode")),
        "mlperf" => format!("mlperf,mode={}", name("variant")),
        other => other.to_owned(),
    }
}

fn hugging_face(of: &Value) -> String {
    let mut text = "hf".to_owned();
    let mut add = |key: &str, value: String| text += &format!(",{key}={value}");
    let size = &of["size"];
    if of.get("crop_pct").is_some() {
        add("crop_pct", of["crop_pct"].to_string());
    } else if of["do_resize"] == false {
        add("resize", "none".into());
    } else if size.get("shortest_edge").is_some() {
        add("resize", size["shortest_edge"].to_string());
    }
    let filters = ["nearest", "lanczos", "bilinear", "bicubic"];
    add("interpolation", filters[number(of, "resample")].into());
    let rescaled = of["do_rescale"] != false;
    add("rescale", if rescaled { of["rescale_factor"].to_string() } else { "1".into() });
    if of["rescale_offset"] == true {
        add("offset", "true".into());
    }
    if of["do_normalize"] == true {
        add("mean", list(&of["image_mean"]));
        add(
            "std",
            if of["include_top"] == true {
                squares(&of["image_std"])
            } else {
                list(&of["image_std"])
            },
        );
    } else {
        add("mean", "0".into());
        add("std", "1".into());
    }
    text
}

fn prepared(case: &Value, preset: &Preset, element: ElementType, pixels: bool) -> Vec<u8> {
    let (height, width) = (number(case, "height"), number(case, "width"));
    let is_grey = text(case, "layout") == "NCHW" && case["input"]["shape"][0] == 1;
    let channels = match preset.channels().filter(|_| !pixels) {
        _ if is_grey => Channels::Grey,
        stated => stated.unwrap_or(Channels::Rgb),
    };
    // Bytes go in unchanged, as 8-bit inputs intend.
    let bytes = element != ElementType::Float32;
    let unchanged = bytes.then(|| (vec![0.0], vec![1.0]));
    let signed = Quantization { scale: 1.0, zero_point: -128 };
    let spec = InputSpec {
        height,
        width,
        layout: if pixels {
            Layout::Nhwc
        } else {
            text(case, "layout").to_lowercase().parse().unwrap()
        },
        pipeline: preset.pipeline(height, width, channels, unchanged),
        element,
        quantization: (element == ElementType::Int8).then_some(signed),
    };
    let mut tensor = Vec::new();
    let exif = if case["exif"] == "apply" { Exif::Apply } else { Exif::Ignore };
    Preparer::default().prepare(&photo(text(case, "picture"), exif), &spec, &mut tensor);
    tensor
}

#[test]
fn presets_make_what_their_publishers_make() {
    let mut wrong = Vec::new();
    let mut worst: BTreeMap<String, (Distance, Distance, usize)> = BTreeMap::new();
    for file in FILES {
        for case in read(file)["cases"].as_array().unwrap() {
            let text_of = stated(text(case, "preset"), &case["parameters"]);
            let preset: Preset = text_of.parse().unwrap();
            let limit = bound(preset.name, &case["parameters"]);
            let element = match text(&case["input"], "type") {
                "u8" => ElementType::Uint8,
                "i8" => ElementType::Int8,
                _ => ElementType::Float32,
            };
            let values = distance(&prepared(case, &preset, element, false), &case["input"]);
            let pixels = case.get("pixels").map_or_else(Distance::default, |golden| {
                distance(&prepared(case, &preset, ElementType::Uint8, true), golden)
            });
            let known = worst.entry(preset.name.to_string()).or_default();
            *known = (known.0.worst(pixels), known.1.worst(values), known.2 + 1);
            let exact = limit.pixels == 0.0 && pixels.share > 0.0;
            let beyond = pixels.largest > limit.pixels || pixels.share > limit.share;
            if exact || beyond || values.largest > limit.values {
                let size = (number(case, "width"), number(case, "height"));
                wrong.push(format!(
                    "{text_of} {} {size:?}: pixels {pixels:?}, values {values:?}",
                    case["picture"]
                ));
            }
        }
    }
    eprintln!("{worst:#?}");
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(
        worst.len(),
        <PresetName as strum::VariantArray>::VARIANTS.len(),
        "{:?}",
        worst.keys()
    );
}
