//! `--exif`, through the program: photos are classified as they are stored unless it is requested,
//! and the report says what happened.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use image::{ImageFormat, RgbaImage};
use serde_json::Value;
use shutterbench::image::decode;
use shutterbench::record::options::Exif;

use crate::common;
use crate::common::TimelyOutput;

const PHOTOS: std::ops::RangeInclusive<u32> = 1..=8;

/// Runs a model on `dataset`; what the terminal shows.
fn run(dataset: &Path, out: &Path, more: &[&str]) -> String {
    let model = "fmnist_mobilenet_v1_0.25_f32";
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--no-latency", "--backend", "tract", "--model", model])
        .arg("--dataset")
        .arg(dataset)
        .arg("--out")
        .arg(out)
        .args(more)
        .timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn labels(folder: &Path, ending: &str) {
    let lines: String = PHOTOS.map(|photo| format!("exif{photo}.{ending},{photo}\n")).collect();
    fs::write(folder.join("labels.csv"), format!("file,class_index\n{lines}")).unwrap();
}

/// The predictions, the names of the files left out.
fn predictions(out: &Path) -> String {
    fs::read_to_string(out.join("predictions.csv")).unwrap().replace(".png", ".jpg")
}

#[test]
fn rotations_are_counted_and_applied_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (photos, upright) = (folder.path().join("photos"), folder.path().join("upright"));
    for folder in [&photos, &upright] {
        fs::create_dir(folder).unwrap();
    }
    for photo in PHOTOS {
        let name = format!("exif{photo}.jpg");
        let from = common::repository().join("tests/goldens/pictures").join(&name);
        fs::copy(&from, photos.join(&name)).unwrap();
        let gate = Mutex::new(());
        let decoded = decode::decode(&decode::load(&from).unwrap(), &gate).unwrap();
        let pixels = decoded.turned(Exif::Apply).pixels;
        let size = [pixels.width, pixels.height].map(|side| u32::try_from(side).unwrap());
        let picture = RgbaImage::from_raw(size[0], size[1], pixels.data).unwrap();
        let to = upright.join(format!("exif{photo}.png"));
        picture.save_with_format(to, ImageFormat::Png).unwrap();
    }
    labels(&photos, "jpg");
    labels(&upright, "png");
    let out = |name: &str| folder.path().join(name);

    let stored = run(&photos, &out("stored"), &[]);
    let sentence = "7 of 8 photos carry a rotation that was not applied (--exif apply)";
    assert!(stored.contains(sentence), "{stored}");
    for file in ["report.md", "report.html"] {
        assert!(fs::read_to_string(out("stored").join(file)).unwrap().contains(sentence), "{file}");
    }
    let turned = run(&photos, &out("turned"), &["--exif", "apply"]);
    assert!(turned.contains("7 of 8 photos were turned upright"), "{turned}");
    assert_ne!(predictions(&out("stored")), predictions(&out("turned")));
    // They are those of the same pictures without EXIF data.
    let plain = run(&upright, &out("plain"), &[]);
    assert!(!plain.contains("photos"), "{plain}");
    assert_eq!(predictions(&out("plain")), predictions(&out("turned")));
    // So do the JSON files, with what the photos went through.
    let report = out("report.json");
    let made = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("report")
        .arg(out("stored"))
        .arg("--json")
        .arg(&report)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for file in [report, out("stored").join("run.json")] {
        let json: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(json["orientation"], sentence, "{}", file.display());
        let pipeline = &json["pipelines"][0];
        assert_eq!(pipeline["models"][0], "fmnist_mobilenet_v1_0.25_f32");
        let steps = pipeline["steps"].as_str().unwrap();
        assert!(steps.contains("resize to 28 x 28"), "{steps}");
    }
    let run = fs::read_to_string(out("turned").join("run.json")).unwrap();
    let run: Value = serde_json::from_str(&run).unwrap();
    assert_eq!(run["options"]["accuracy"]["exif"], "apply");
    assert_eq!(run["decoded"]["turned"], 7);
}
