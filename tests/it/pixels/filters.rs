//! Single resizes.

use serde_json::Value;
use shutterbench::image::pixels::{Pixels, Window};
use shutterbench::image::resample::ResampleRequest;
use shutterbench::image::resize::{Numbers, Resizer};
use shutterbench::record::pipeline::{Coordinates, Filter, Library, Resampling, Target};

use super::golden::{Distance, distance, number, picture, read, text};

fn resized(image: &Pixels, case: &Value, how: Resampling) -> (Vec<u8>, Vec<f32>, Numbers) {
    let window = Window { left: 0, top: 0, width: image.width, height: image.height };
    let request = ResampleRequest::whole(window, (number(case, "width"), number(case, "height")));
    let mut resizer = Resizer::default();
    let numbers = resizer.resize(image, &request, Some(&how));
    let rgb =
        |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().flat_map(|p| p[..3].to_vec()).collect();
    let floats = resizer.floats.as_chunks::<4>().0.iter().flat_map(|p| p[..3].to_vec()).collect();
    (rgb(&resizer.bytes), floats, numbers)
}

fn how(library: Library, filter: Filter) -> Resampling {
    Resampling {
        target: Target::Exact { height: 1, width: 1 },
        filter,
        antialias: false,
        coordinates: Coordinates::HalfPixel,
        library,
    }
}

#[test]
fn pillows_filters_are_equal_byte_by_byte_in_both_orders() {
    let goldens = read("filters_pillow.json");
    let mut compared = [0, 0];
    for case in goldens["cases"].as_array().unwrap() {
        let filter = match text(case, "filter") {
            "box" => Filter::Area,
            other => other.parse().unwrap(),
        };
        let image = picture(text(case, "picture"));
        for (library, version) in [(Library::Pillow12, "12"), (Library::Pillow, "13")] {
            let other = case.get("differs").and_then(|differs| {
                let mut other = differs.as_object().unwrap().iter();
                other
                    .find(|(known, _)| known.starts_with(version))
                    .map(|(_, other)| &other["result"])
            });
            let (made, ..) = resized(&image, case, how(library, filter));
            let away = distance(&made, other.unwrap_or(&case["result"]));
            assert_eq!(away.largest, 0.0, "{library} {case}");
            assert_eq!(away.share, 0.0, "{library} {case}");
            compared[usize::from(other.is_some())] += 1;
        }
    }
    assert!(compared[0] > 100 && compared[1] > 0, "{compared:?}");
}

#[test]
fn opencvs_filters_are_equal_byte_by_byte() {
    let goldens = read("filters_opencv.json");
    for case in goldens["cases"].as_array().unwrap() {
        let filter = match text(case, "filter") {
            "nearest" => Filter::Nearest,
            "linear" => Filter::Bilinear,
            "area" => Filter::Area,
            "cubic" => Filter::Bicubic,
            "lanczos4" => Filter::Lanczos,
            other => panic!("filter {other}"),
        };
        let image = picture(text(case, "picture"));
        let (made, ..) = resized(&image, case, how(Library::OpenCv, filter));
        let away = distance(&made, &case["result"]);
        assert!(away.largest == 0.0 && away.share == 0.0, "{away:?} {case}");
    }
    assert_eq!(goldens["cases"].as_array().unwrap().len(), 5 * 21);
}

/// Largest differences from TensorFlow on 0..255, with the reason.
fn bound(case: &Value, filter: Filter, antialias: bool) -> f64 {
    match (filter, antialias) {
        // The same operations in the same order.
        (Filter::Bilinear, false) | (Filter::Nearest, _) => 0.0,
        // Sums of f32 in another order; TensorFlow's sine is its own.
        (Filter::Lanczos, _) => 1e-3,
        // Shares of cells are exact here and f32 there.
        (Filter::Area, _) => 1e-3,
        // Rows first here, columns first there; up to 16 products of f32.
        (Filter::Bicubic, false) => 2e-4,
        (_, true) => 2e-4,
        _ => panic!("{case}"),
    }
}

#[test]
fn tensorflows_filters_differ_by_rounding_at_most() {
    let goldens = read("filters_tensorflow.json");
    let mut compared = 0;
    let mut worst = std::collections::BTreeMap::<String, Distance>::new();
    for case in goldens["cases"].as_array().unwrap() {
        let filter = match text(case, "filter") {
            "lanczos3" => Filter::Lanczos,
            other => other.parse().unwrap(),
        };
        let antialias = case["antialias"] == true;
        let v2 = text(case, "op") == "tf.image.resize";
        let half = v2 || case["half_pixel_centers"] == true;
        let coordinates = if half { Coordinates::HalfPixel } else { Coordinates::Corner };
        let how = Resampling { antialias, coordinates, ..how(Library::Tensorflow, filter) };
        let (bytes, floats, numbers) = resized(&picture(text(case, "picture")), case, how);
        let bytes = match text(&case["result"], "type") {
            "u8" => bytes,
            _ => floats.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        assert_eq!(numbers == Numbers::Bytes, filter == Filter::Nearest);
        let away = distance(&bytes, &case["result"]);
        let key = format!("{filter} antialias {antialias} half {half}");
        let known = worst.entry(key).or_default();
        *known = known.worst(away);
        let bound = bound(case, filter, antialias);
        assert!(away.largest <= bound, "{away:?}, at most {bound}: {case}");
        compared += 1;
    }
    eprintln!("{worst:#?}");
    assert!(compared > 100, "{compared}");
}
