//! `--check-preprocessing`, through the program: a wrong normalisation is reported, the right one
//! is not, and nothing is changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::common;
use crate::common::TimelyOutput;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

fn run(out: &Path, more: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--no-latency", "--backend", "tract", "--out"])
        .arg(out)
        .args(more)
        .timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The checks in a run's `run.json`.
fn checks(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("run.json")).unwrap();
    let run: Value = serde_json::from_str(&text).unwrap();
    run["preprocessing_checks"].as_array().unwrap().clone()
}

#[test]
fn a_wrong_normalisation_is_told_and_nothing_is_switched() {
    let folder = tempfile::tempdir().unwrap();
    let (checked, plain) = (folder.path().join("checked"), folder.path().join("plain"));
    // The model was trained on pixels in 0..1.
    let wrong =
        ["--model", MODEL, "--images", "150", "--mean", "200", "--scale", "40", "--top-k", "3"];
    let output = run(&checked, &[&wrong[..], &["--check-preprocessing"]].concat());
    run(&plain, &wrong);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("is significantly worse than 'pixels to 0..1'"), "{told}");
    for file in ["report.md", "report.html"] {
        let report = fs::read_to_string(checked.join(file)).unwrap();
        assert!(report.contains("significantly worse than"), "{file}");
    }
    let [check] = &checks(&checked)[..] else { panic!("one model, one check") };
    assert_eq!(check["images"], 100);
    assert_eq!(check["better"], "pixels to 0..1");
    let pipelines = check["pipelines"].as_array().unwrap();
    assert_eq!(pipelines[0]["pipeline"], "in use");
    for pipeline in &pipelines[1..] {
        let [low, difference, high] = ["difference_low", "difference", "difference_high"]
            .map(|field| pipeline[field].as_f64().unwrap());
        assert!(low < high && (-1.0..=1.0).contains(&difference), "{pipeline}");
        let counted = |field: &str| pipeline[field].as_i64().unwrap();
        let in_use = pipelines[0]["images_right"].as_i64().unwrap();
        assert_eq!(counted("images_right") - in_use, counted("gained") - counted("lost"));
    }
    assert!(checks(&plain).is_empty());
    let predictions = |out: &Path| fs::read_to_string(out.join("predictions.csv")).unwrap();
    assert_eq!(predictions(&checked), predictions(&plain));
    // The reports can be made again from the journal.
    let report = checked.join("report.md");
    let before = fs::read_to_string(&report).unwrap();
    fs::remove_file(&report).unwrap();
    let again = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("report")
        .arg(&checked)
        .timely_output();
    assert!(again.status.success());
    assert_eq!(fs::read_to_string(&report).unwrap(), before);
}

#[test]
fn the_right_normalisation_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = run(&out, &["--model", MODEL, "--images", "120", "--check-preprocessing"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("tried is significantly better"), "{told}");
    assert_eq!(checks(&out)[0]["better"], Value::Null);
}

#[test]
fn where_nothing_is_stated_200_images_are_checked_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("mine.tflite");
    let from = format!("models/fashion-mnist/{MODEL}.tflite");
    fs::copy(common::repository().join(from), &model).unwrap();
    let dataset = common::repository().join("models/fashion-mnist/validation");
    let (model, dataset) = (model.to_str().unwrap(), dataset.to_str().unwrap());
    let named = ["--model", model, "--dataset", dataset];
    // The number of checks, and whether one is offered, everywhere alike.
    let count = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let told = run(&out, &[&named[..], more].concat()).stdout;
        let read = |file: &str| fs::read_to_string(out.join(file)).unwrap();
        let offer = "mine: nobody states the preprocessing; --check-preprocessing tries others on up to 100 images";
        let offered = String::from_utf8_lossy(&told).contains(offer);
        for file in ["report.md", "report.html", "run.json"] {
            assert_eq!(read(file).contains(offer), offered, "{name}: {file}");
        }
        (checks(&out).len(), offered)
    };
    assert_eq!(count("many", &["--images", "200"]), (1, false));
    assert_eq!(count("few", &["--images", "199"]), (0, true));
    assert_eq!(count("never", &["--images", "200", "--check-preprocessing=never"]), (0, false));
    let stated = ["--images", "199", "--mean", "0", "--scale", "255"];
    assert_eq!(count("stated", &stated), (0, false));
    // It would not check.
    let others = ["--images", "199", "--shard", "2/2"];
    assert_eq!(count("second shard", &others), (0, false));
}
