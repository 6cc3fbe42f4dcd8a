//! The steps of each class's configuration, new and old; expected values by hand from
//! the class's `preprocess` in transformers.

use super::*;

fn processor(text: &str) -> ImageProcessor {
    read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Mean and scale of pixels in 0..=255.
fn in_pixels(it: &ImageProcessor) -> (Vec<f64>, Vec<f64>) {
    let offset = f64::from(u8::from(it.offset));
    let mean = it.mean.iter().map(|mean| (mean + offset) / it.rescale).collect();
    (mean, it.deviation.iter().map(|deviation| deviation / it.rescale).collect())
}

fn exact(side: usize) -> Resizing {
    Resizing::Exact { height: side, width: side }
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-6, "{found:?} {expected:?}");
    }
}

#[test]
fn vit_squashes_the_photo() {
    let new = processor(
        r#"{"do_normalize":true,"do_rescale":true,"do_resize":true,"image_mean":[0.5,0.5,0.5],
            "image_processor_type":"ViTImageProcessor","image_std":[0.5,0.5,0.5],"resample":2,
            "rescale_factor":0.00392156862745098,"size":{"height":224,"width":224}}"#,
    );
    let old = processor(
        r#"{"do_normalize":true,"do_resize":true,"feature_extractor_type":"ViTFeatureExtractor",
            "image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"resample":2,"size":224}"#,
    );
    let bare = processor(r#"{"image_processor_type":"ViTImageProcessorFast"}"#);
    for it in [new, old, bare] {
        assert_eq!((it.resize, it.crop), (Some((exact(224), Filter::Bilinear)), None));
        near(&in_pixels(&it).0, &[127.5; 3]);
        near(&in_pixels(&it).1, &[127.5; 3]);
        assert!(it.assumed.is_empty() && !it.bgr);
    }
}

#[test]
fn convnext_crops_below_384_pixels_only() {
    let of = |size: &str| {
        processor(&format!(
            r#"{{"image_processor_type":"ConvNextImageProcessor","crop_pct":0.875,"resample":3,
                 "image_mean":[0.485,0.456,0.406],"image_std":[0.229,0.224,0.225],"size":{size}}}"#
        ))
    };
    for size in ["224", r#"{"shortest_edge":224}"#] {
        let it = of(size);
        assert_eq!(it.resize, Some((Resizing::ShorterSide(256), Filter::Bicubic)));
        assert_eq!(it.crop, Some((224, 224)));
        near(&in_pixels(&it).0, &[123.675, 116.28, 103.53]);
        near(&in_pixels(&it).1, &[58.395, 57.12, 57.375]);
    }
    let large = of(r#"{"shortest_edge":384}"#);
    assert_eq!((large.resize, large.crop), (Some((exact(384), Filter::Bicubic)), None));
}

#[test]
fn deit_and_beit_crop_what_they_squashed() {
    let it = processor(
        r#"{"feature_extractor_type":"DeiTFeatureExtractor","size":256,"crop_size":224}"#,
    );
    assert_eq!(it.resize, Some((exact(256), Filter::Bicubic)));
    assert_eq!(it.crop, Some((224, 224)));
    let it = processor(
        r#"{"crop_size":224,"do_center_crop":false,"feature_extractor_type":"BeitFeatureExtractor",
            "image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5],"resample":2,"size":224}"#,
    );
    assert_eq!((it.resize, it.crop), (Some((exact(224), Filter::Bilinear)), None));
}

#[test]
fn mobile_networks_crop_the_shorter_side() {
    let it = processor(
        r#"{"crop_size":{"height":224,"width":224},"do_center_crop":true,"size":{"shortest_edge":256},
            "image_processor_type":"MobileNetV1ImageProcessor","resample":2}"#,
    );
    assert_eq!(it.resize, Some((Resizing::ShorterSide(256), Filter::Bilinear)));
    assert_eq!(it.crop, Some((224, 224)));
    near(&in_pixels(&it).1, &[127.5; 3]);
}

#[test]
fn mobilevit_sees_blue_first_and_is_not_normalised() {
    for flip in ["\"do_flip_channel_order\":true", "\"do_flip_channels\":true"] {
        let it = processor(&format!(
            r#"{{"crop_size":256,"feature_extractor_type":"MobileViTFeatureExtractor","size":288,{flip}}}"#
        ));
        assert!(it.bgr);
        assert_eq!(it.resize, Some((Resizing::ShorterSide(288), Filter::Bilinear)));
        near(&in_pixels(&it).0, &[0.0]);
        near(&in_pixels(&it).1, &[255.0]);
    }
}

#[test]
fn efficientnet_divides_twice_for_classification() {
    let of = |more: &str| {
        processor(&format!(
            r#"{{"image_processor_type":"EfficientNetImageProcessor","size":{{"height":224,"width":224}},
                 "resample":0,"do_center_crop":false,"image_mean":[0.485,0.456,0.406],
                 "image_std":[0.47853944,0.4732864,0.47434163]{more}}}"#
        ))
    };
    let it = of("");
    assert_eq!((it.resize, it.crop), (Some((exact(224), Filter::Nearest)), None));
    near(&in_pixels(&it).0, &[123.675, 116.28, 103.53]);
    // The squares of these are ImageNet's deviations.
    near(
        &in_pixels(&it).1,
        &[
            0.478_539_44_f64.powi(2) * 255.0,
            0.473_286_4_f64.powi(2) * 255.0,
            0.474_341_63_f64.powi(2) * 255.0,
        ],
    );
    near(&in_pixels(&of(r#","include_top":false"#)).1[..1], &[0.478_539_44 * 255.0]);
    let offset =
        of(r#","rescale_offset":true,"rescale_factor":0.00784313725490196,"do_normalize":false"#);
    near(&in_pixels(&offset).0, &[127.5]);
    near(&in_pixels(&offset).1, &[127.5]);
}

#[test]
fn classes_with_a_rule_of_their_own() {
    let it =
        processor(r#"{"image_processor_type":"LevitImageProcessor","size":{"shortest_edge":224}}"#);
    assert_eq!(it.resize, Some((Resizing::ShorterSide(256), Filter::Bicubic)));
    let of = |rest: &str| {
        processor(&format!(r#"{{"image_processor_type":"PoolFormerImageProcessor",{rest}}}"#))
            .resize
    };
    let shorter = |side| Some((Resizing::ShorterSide(side), Filter::Bicubic));
    assert_eq!(of(r#""size":{"shortest_edge":224},"crop_pct":0.95"#), shorter(235));
    assert_eq!(of(r#""size":{"height":224,"width":224}"#), shorter(248));
    assert_eq!(of(r#""size":224,"crop_pct":null"#), shorter(224));
}

#[test]
fn flags_switch_steps_off() {
    let it = processor(
        r#"{"image_processor_type":"ViTImageProcessor","do_resize":false,"do_rescale":false,"do_normalize":false}"#,
    );
    assert_eq!((it.resize, it.crop), (None, None));
    assert_eq!(in_pixels(&it), (vec![0.0], vec![1.0]));
    let it = processor(
        r#"{"image_processor_type":"ViTImageProcessor","do_rescale":false,"image_mean":127.5,"image_std":[127.5]}"#,
    );
    assert_eq!(in_pixels(&it), (vec![127.5], vec![127.5]));
}

#[test]
fn an_unknown_class_is_read_like_vit_and_said() {
    let it = processor(
        r#"{"image_processor_type":"NewImageProcessor","size":{"height":64,"width":96},"_valid":[]}"#,
    );
    assert_eq!(it.resize.unwrap().0, Resizing::Exact { height: 64, width: 96 });
    assert!(it.assumed[0].contains("'NewImageProcessor'"), "{:?}", it.assumed);
    let it = processor(r#"{"size":{"shortest_edge":64},"crop_size":48,"do_center_crop":true}"#);
    assert!(it.assumed[0].contains("without a stated class"));
    assert_eq!((it.resize.unwrap().0, it.crop), (Resizing::ShorterSide(64), Some((48, 48))));
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    for (text, words) in [
        ("", "not valid JSON"),
        ("3", "must hold one JSON object, not 3"),
        (
            r#"{"size":"big"}"#,
            "'size' must be a whole number of pixels from 1 to 16384, but is the string 'big'",
        ),
        (r#"{"size":0}"#, "'size' must be a whole number"),
        (r#"{"size":224.5}"#, "'size' must be a whole number"),
        (r#"{"size":{"height":224}}"#, "'size' must have 'height' and 'width'"),
        (r#"{"size":{"shortest_edge":224,"longest_edge":300}}"#, "or 'shortest_edge' alone"),
        (r#"{"size":{"shortest_edge":"a"}}"#, "'shortest_edge' of 'size' must be a whole number"),
        (r#"{"size":[1,2,3]}"#, "'size' must be [height, width]"),
        (r#"{"size":1,"resample":6}"#, "'resample' is 6; Pillow's filters are 0 to 5"),
        (r#"{"size":1,"resample":"bicubic"}"#, "'resample' must be a whole number"),
        (
            r#"{"size":1,"image_mean":[0.5,0.5]}"#,
            "'image_mean' must be a number, or 1 or 3 numbers, but is a list",
        ),
        (r#"{"size":1,"image_std":[0.5,0,0.5]}"#, "'image_std' must hold numbers above 0"),
        (r#"{"size":1,"image_std":1e-300}"#, "'image_std' must hold numbers above 0"),
        (r#"{"size":1,"rescale_factor":0}"#, "'rescale_factor' must be a number above 0, but is 0"),
        (r#"{"size":1,"do_resize":"yes"}"#, "'do_resize' must be true or false"),
        (r#"{"do_resize":true}"#, "'size' is missing"),
        (r#"{"size":1,"do_center_crop":true}"#, "'crop_size' is missing"),
        (
            r#"{"image_processor_type":"ImageGPTImageProcessor"}"#,
            "not an image processor that this program knows",
        ),
        (
            r#"{"image_processor_type":"LevitImageProcessor","size":16384,"crop_pct":-1}"#,
            "'crop_pct' must be a number above 0",
        ),
        (
            r#"{"image_processor_type":"PoolFormerImageProcessor","size":16384,"crop_pct":0.001}"#,
            "pixels; correct them",
        ),
    ] {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains('\n'), "{text}: {error}");
    }
}
