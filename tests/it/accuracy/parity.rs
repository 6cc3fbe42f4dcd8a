//! Scores equal those of an evaluation in Python that shares no code with ours: Pillow
//! decodes and resizes (the interpreter's own operation for `tflite-eval`), the interpreter
//! of ai-edge-litert infers.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::material::{score, shared_with_tflite};
use crate::common;
use crate::common::TimelyOutput;
use crate::common::said;

const MODELS: [&str; 2] = ["mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant"];
const IMAGES: usize = 500;
/// Minimum share of the images whose best class is the same.
const LEAST_EQUAL: f64 = 0.995;
/// Two steps of an 8-bit probability: different kernels round one, or two.
const NEAR_TIE: f64 = 2.5 / 256.0;

/// By model and image: the best classes with their scores.
type Scored = HashMap<(String, String), Vec<(i64, f64)>>;

/// Reads lines of `model,...,image,...,top1_class,top1_score,...`.
fn read(path: &Path) -> Scored {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let best = |row: &HashMap<String, String>| {
        (1..=5)
            .map(|rank| {
                let class = row[&format!("top{rank}_class")].parse().unwrap();
                (class, row[&format!("top{rank}_score")].parse().unwrap())
            })
            .collect()
    };
    rows.iter().map(|row| ((row["model"].clone(), row["image"].clone()), best(row))).collect()
}

#[test]
fn best_classes_equal_those_of_python_under_slim_pillow() {
    assert_equal_best_classes("slim-pillow");
}

#[test]
fn best_classes_equal_those_of_python_under_tflite_eval() {
    assert_equal_best_classes("tflite-eval");
}

#[test]
fn best_classes_equal_those_of_python_under_torchvision() {
    assert_equal_best_classes("torchvision");
}

fn assert_equal_best_classes(preset: &str) {
    let (Some(shared), Some(python)) = (shared_with_tflite(), common::python()) else { return };
    let folder = TempDir::new().unwrap();
    let models = MODELS.map(|model| shared.join(format!("models/{model}.tflite")));
    let dataset = shared.join("imagenet-sample");
    let run = folder.path().join("run");
    let mut arguments = vec!["--backend", "tflite", "--delegate", "xnnpack"];
    arguments.extend(["--preprocess", preset, "--dataset", dataset.to_str().unwrap()]);
    arguments.push("--model");
    arguments.extend(models.iter().map(|model| model.to_str().unwrap()));
    let output = score(&arguments, &run);
    assert!(output.status.success(), "{}", said(&output));

    let theirs = folder.path().join("python.csv");
    let output = Command::new(python)
        .arg(common::repository().join("tests/python/evaluate.py"))
        .arg(preset)
        .arg(&dataset)
        .arg(&theirs)
        .args(&models)
        .timely_output();
    assert!(output.status.success(), "{}", said(&output));

    let (ours, theirs) = (read(&run.join("predictions.csv")), read(&theirs));
    assert_eq!(ours.len(), MODELS.len() * IMAGES);
    assert_eq!(ours.len(), theirs.len());
    for model in MODELS {
        let mut different = 0;
        for ((name, image), expected) in theirs.iter().filter(|((name, _), _)| name == model) {
            let found = ours[&(name.clone(), image.clone())][0];
            if found.0 == expected[0].0 {
                continue;
            }
            different += 1;
            // Their score of our best class is next to that of theirs.
            let score = expected.iter().find(|(class, _)| *class == found.0).map(|(_, s)| *s);
            assert!(
                score.is_some_and(|score| expected[0].1 - score <= NEAR_TIE),
                "{model} {image}: {found:?} for {expected:?}"
            );
        }
        println!(
            "{preset} {model}: {different} of {IMAGES} images have another best class, each a near-tie"
        );
        let equal = 1.0 - f64::from(different) / IMAGES as f64;
        assert!(equal >= LEAST_EQUAL, "{model}: {equal}");
    }
}
