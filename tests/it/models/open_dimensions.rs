//! What a file leaves open is never taken for 1, and what it fixes is kept.

use tempfile::TempDir;

use super::made::pb::StringStringEntryProto;
use super::made::pb::tensor_proto::DataType;
use super::made::{
    Dim, Named, Open, Size, colours, floats, inspected, mean_model, model, node, ran, refused,
    shutterbench, value, write,
};
use crate::common;
use crate::common::TimelyOutput;

const BACKENDS: [&str; 2] = ["--backend", "tract,onnxruntime"];

/// Runs a model of means on coloured photos: every one is right, at this size.
fn assert_scores(folder: &TempDir, model: &str, more: &[&str], side: u64) {
    let images = colours(folder.path());
    let arguments = ["--model", model, "--dataset", &images];
    let ran = ran(folder.path(), &[&arguments[..], &BACKENDS, more].concat());
    assert_eq!(ran.rows.len(), 2);
    for row in &ran.rows {
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["top1"], 1.0, "{row}");
        assert_eq!([&row["input_height"], &row["input_width"]], [side, side], "{row}");
    }
}

#[test]
fn an_open_size_is_asked_for_and_then_run() {
    let folder = TempDir::new().unwrap();
    let all_named = [Named("batch"), Named("channels"), Named("height"), Named("width")];
    let cases: [(&str, &[Dim]); 3] = [
        ("size", &[Size(1), Size(3), Named("h"), Named("w")]),
        ("nameless", &[Open, Size(3), Open, Open]),
        ("batch_too", &[Named("N"), Size(3), Named("H"), Named("W")]),
    ];
    for (name, dims) in cases {
        let path = write(folder.path(), &format!("{name}.onnx"), &mean_model(dims));
        let told = inspected(&[&path]);
        assert!(told.contains("2, 3 open"), "{told}");
        let said = refused(&["--model", &path, "--no-accuracy"]);
        assert!(said.contains("--input-size") && said.contains(name), "{said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
        assert_scores(&folder, &path, &["--input-size", "9x9"], 9);
    }
    // The names of the axes show their order; the channels are unknown.
    let path = write(folder.path(), "all.onnx", &mean_model(&all_named));
    let said = refused(&["--model", &path, "--no-accuracy", "--input-size", "9x9"]);
    assert!(said.contains("--channels rgb, bgr or grey"), "{said}");
    assert_scores(&folder, &path, &["--input-size", "9x9", "--channels", "rgb"], 9);
    std::fs::write(folder.path().join("all.toml"), "channels = \"rgb\"\ninput_size = [9, 9]\n")
        .unwrap();
    assert_scores(&folder, &path, &[], 9);
    let told = inspected(&[&path]);
    assert!(told.contains("[batch, channels, height, width]"), "{told}");
}

/// `[N, 3, H, W]` without a name on any axis, through a convolution that keeps channels.
#[test]
fn a_convolution_tells_channels_and_order() {
    let folder = TempDir::new().unwrap();
    let eye = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let mut nodes = vec![
        node("Conv", &["image", "eye"], "same", &[]),
        node("GlobalAveragePool", &["same"], "pooled", &[]),
        node("Flatten", &["pooled"], "means", &[("axis", 1)]),
    ];
    let all_open = model(
        nodes.clone(),
        vec![value("image", DataType::Float, Some(&[Open; 4]))],
        vec![value("means", DataType::Float, None)],
        vec![floats("eye", &[3, 3, 1, 1], &eye)],
    );
    let path = write(folder.path(), "open.onnx", &all_open);
    assert_scores(&folder, &path, &["--input-size", "7"], 7);
    // Nothing shows where the channels are once the convolution is gone.
    nodes[0] = node("Identity", &["image"], "same", &[]);
    let unknown = model(
        nodes,
        vec![value("image", DataType::Float, Some(&[Open; 4]))],
        vec![value("means", DataType::Float, None)],
        Vec::new(),
    );
    let path = write(folder.path(), "unknown.onnx", &unknown);
    let said = refused(&["--model", &path, "--no-accuracy", "--input-size", "7"]);
    assert!(said.contains("--layout nchw or nhwc"), "{said}");
    let more = ["--input-size", "7", "--layout", "nchw"];
    let said = refused(&[&["--model", &path, "--no-accuracy"], &more[..]].concat());
    assert!(said.contains("--channels"), "{said}");
    let more = [&more[..], &["--channels", "rgb"]].concat();
    assert_scores(&folder, &path, &more, 7);
    let told = inspected(&[&[path.as_str()], &more[..]].concat());
    assert!(told.contains("nchw 7 x 7") && told.contains("onnxruntime yes"), "{told}");
    // A fixed number of channels is not changed.
    let fixed =
        write(folder.path(), "fixed.onnx", &mean_model(&[Size(1), Size(3), Size(8), Size(8)]));
    let images = colours(folder.path());
    let grey = ["run", "--quiet", "--model", &fixed, "--dataset", &images, "--channels", "grey"];
    let output = shutterbench(&grey);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("3 input channels, but grey is stated"), "{said}");
}

#[test]
fn a_fixed_size_is_not_changed() {
    let folder = TempDir::new().unwrap();
    let dims = [Size(1), Size(3), Size(8), Size(8)];
    let path = write(folder.path(), "fixed.onnx", &mean_model(&dims));
    let images = colours(folder.path());
    let more = ["--dataset", &images, "--input-size", "9x9"];
    let said = refused(&[&["--model", &path], &more[..]].concat());
    assert!(said.contains("9x9 is stated"), "{said}");
    let said = super::made::shutterbench(&["run", "--model", &path, "--input-size", "nine"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("HEIGHTxWIDTH"));
}

/// Sides that are not equal, in that order, wherever an exporter writes them.
#[test]
fn a_configuration_fills_an_open_size_and_leaves_a_fixed_one() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let timm = r#"{"architecture":"x","pretrained_cfg":{"input_size":[3,9,15],"crop_pct":1.0}}"#;
    let cases = [
        (
            "processor",
            "preprocessor_config.json",
            r#"{"image_processor_type":"ViTImageProcessor","size":{"height":9,"width":15}}"#,
        ),
        ("timm", "config.json", timm),
        ("transformers", "config.json", r#"{"model_type":"vit","image_size":[9,15]}"#),
        ("ultralytics", "", ""),
    ];
    let size_of = |path: &str, more: &[&str]| {
        let arguments = ["--model", path, "--dataset", &images, "--backend", "onnxruntime"];
        let ran = ran(folder.path(), &[&arguments[..], more].concat());
        let row = &ran.rows[0];
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
        let side = |name: &str| row[name].as_u64().unwrap();
        ([side("input_height"), side("input_width")], ran.json()["assumptions"].to_string())
    };
    for (name, config, text) in cases {
        let at = folder.path().join(name);
        std::fs::create_dir(&at).unwrap();
        let mut open = mean_model(&[Size(1), Size(3), Named("h"), Named("w")]);
        if config.is_empty() {
            let property = |key: &str, value: &str| StringStringEntryProto {
                key: key.into(),
                value: value.into(),
            };
            open.metadata_props = vec![
                property("author", "Ultralytics"),
                property("task", "classify"),
                property("imgsz", "[9, 15]"),
            ];
        } else {
            std::fs::write(at.join(config), text).unwrap();
        }
        let path = write(&at, "model.onnx", &open);
        let (size, assumed) = size_of(&path, &[]);
        assert_eq!(size, [9, 15], "{name}");
        assert!(assumed.contains("input size"), "{name}: {assumed}");
    }
    let timm = folder.path().join("timm");
    let path = timm.join("model.onnx");
    assert_eq!(size_of(path.to_str().unwrap(), &["--input-size", "7x5"]).0, [7, 5]);
    let path = write(&timm, "model.onnx", &mean_model(&[Size(1), Size(3), Size(8), Size(8)]));
    assert_eq!(size_of(&path, &[]).0, [8, 8]);
    std::fs::write(timm.join("model.toml"), "resolution = 6").unwrap();
    let path = write(&timm, "model.onnx", &mean_model(&[Size(1), Size(3), Open, Open]));
    assert_eq!(size_of(&path, &[]).0, [6, 6]);
}

#[test]
fn tensorflow_lite_leaves_dimensions_open_too() {
    let Some(python) = common::python() else { return };
    let folder = TempDir::new().unwrap();
    let script = common::repository().join("tests/python/make_models.py");
    let made = std::process::Command::new(python).arg(script).arg(folder.path()).timely_output();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let images = colours(folder.path());
    // One states what is open; the other is of the time when that was written as 1.
    for name in ["open_size", "single_pixel"] {
        let path = folder.path().join(format!("{name}.tflite"));
        let path = path.to_str().unwrap();
        let told = inspected(&[path]);
        assert!(told.contains("image [") && told.contains("1, 2 open"), "{told}");
        assert!(refused(&["--model", path]).contains("--input-size"));
        let arguments = ["--model", path, "--dataset", &images, "--input-size", "9x9"];
        let ran = ran(folder.path(), &[&arguments[..], &["--backend", "tflite,litert"]].concat());
        assert_eq!(ran.rows.len(), 3);
        for row in &ran.rows {
            assert_eq!(row["status"], "ok", "{row}");
            assert_eq!((&row["top1"], &row["input_width"]), (&1.0.into(), &9.into()), "{row}");
        }
    }
}

#[test]
fn a_batch_that_the_file_fixes_is_filled_with_images() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let path = |images: i64| {
        let dims = [Size(images), Size(3), Size(8), Size(8)];
        write(folder.path(), &format!("batch{images}.onnx"), &mean_model(&dims))
    };
    let (one, eight) = (path(1), path(8));
    // 12 images are a run of 8 and one of 4, which is filled up.
    let arguments = ["--model", &one, &eight, "--dataset", &images];
    let ran = ran(folder.path(), &[&arguments[..], &BACKENDS].concat());
    for row in &ran.rows {
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!((&row["images"], &row["top1"]), (&12.into(), &1.0.into()), "{row}");
        let batch = if row["model"] == "batch8" { 8.0 } else { 1.0 };
        assert_eq!(row["batch"].as_f64().unwrap(), batch, "{row}");
        let [run, image] =
            ["latency_p50_us", "latency_per_image_us"].map(|name| row[name].as_f64().unwrap());
        assert!((image * batch - run).abs() < 0.01 * batch, "{row}");
    }
    let predictions = std::fs::read_to_string(ran.folder.join("predictions.csv")).unwrap();
    let of = |model: &str| -> Vec<String> {
        let lines = predictions.lines().filter(|line| line.starts_with(&format!("{model},")));
        lines.map(|line| line.replacen(model, "", 1)).collect()
    };
    assert_eq!(of("batch1").len(), 24);
    assert_eq!(of("batch1"), of("batch8"));
    let said = ran.json()["assumptions"].to_string();
    assert!(said.contains("batch8: its file fixes 8 images per run"), "{said}");
}

/// Latency per image and throughput are what the timed runs in samples.csv make of 8 images
/// in each of them.
#[test]
fn figures_per_image_are_those_of_the_runs_by_their_images() {
    let folder = TempDir::new().unwrap();
    let fixed = mean_model(&[Size(8), Size(3), Size(8), Size(8)]);
    let open = mean_model(&[Named("N"), Size(3), Size(8), Size(8)]);
    let fixed = write(folder.path(), "fixed.onnx", &fixed);
    let open = write(folder.path(), "open.onnx", &open);
    for (path, more) in [(fixed, &[][..]), (open, &["--batch", "8"])] {
        let arguments = ["--model", &path, "--no-accuracy", "--samples"];
        let ran = ran(folder.path(), &[&arguments[..], &BACKENDS, more].concat());
        let samples = std::fs::read_to_string(ran.folder.join("samples.csv")).unwrap();
        for row in &ran.rows {
            assert_eq!((&row["status"], &row["batch"]), (&"ok".into(), &8.into()), "{row}");
            let backend = format!(" {}/", row["backend"].as_str().unwrap());
            let lines = samples.lines().filter(|line| line.contains(&backend));
            let mut runs: Vec<f64> =
                lines.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
            runs.sort_by(f64::total_cmp);
            let number = |name: &str| row[name].as_f64().unwrap();
            let median = (runs[(runs.len() - 1) / 2] + runs[runs.len() / 2]) / 2.0;
            let per_image = median / 1000.0 / 8.0;
            assert!((number("latency_per_image_us") - per_image).abs() < 0.01, "{row}");
            let images = 8.0 * runs.len() as f64 / (runs.iter().sum::<f64>() / 1e9);
            assert!((number("throughput_per_s") / images - 1.0).abs() < 1e-3, "{row}");
        }
    }
}

/// Names that only say that an axis is open do not tie its size to that of another.
#[test]
fn axes_that_share_a_mark_are_not_one_size() {
    let folder = TempDir::new().unwrap();
    for (number, mark) in ["?", "-1", "None", "dynamic"].into_iter().enumerate() {
        let dims = [Named(mark), Size(3), Named(mark), Named(mark)];
        let path = write(folder.path(), &format!("marked{number}.onnx"), &mean_model(&dims));
        assert_scores(&folder, &path, &["--input-size", "6x6"], 6);
    }
}

#[test]
fn what_contradicts_the_file_is_refused_before_anything_is_measured() {
    let folder = TempDir::new().unwrap();
    let dims = [Size(1), Size(3), Size(8), Size(8)];
    let path = write(folder.path(), "fixed.onnx", &mean_model(&dims));
    for (option, given, words) in [
        ("--channels", "grey", "has 3 input channels, but grey is stated; correct --channels"),
        ("--layout", "nhwc", "takes [1, 3, 8, 8], which is not nhwc as stated; omit --layout"),
    ] {
        let said = refused(&["--model", &path, "--no-accuracy", option, given]);
        assert!(said.contains(words) && said.trim_end().lines().count() == 1, "{said}");
        let images = colours(folder.path());
        assert_eq!(said, refused(&["--model", &path, "--dataset", &images, option, given]));
    }
}
