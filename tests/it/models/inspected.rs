//! `inspect` shows of every model its name, shapes with what is open, types, quantisation, and the
//! pipeline and the kind of the scores with their sources.

use tempfile::TempDir;

use super::made::{Named, Size, inspected, mean_model, write};
use crate::common;

/// The parts of what is printed, one per model.
fn of_each(models: &str) -> Vec<String> {
    let told = inspected(&[models]);
    let mut parts: Vec<String> = Vec::new();
    for line in told.lines() {
        if line.starts_with("model ") {
            parts.push(String::new());
        }
        *parts.last_mut().unwrap() += &format!("{line}\n");
    }
    parts
}

fn line<'a>(part: &'a str, name: &str) -> &'a str {
    let found = part.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {name}: {part}")).trim()
}

/// Everything that is known without running a model on images.
fn assert_whole(part: &str) {
    let name = line(part, "model");
    for tensor in [line(part, "input"), line(part, "output")] {
        let element = ["float32", "float16", "uint8", "int8"].iter().any(|it| tensor.contains(it));
        assert!(element && (tensor.contains('[') || tensor.contains("without a stated")), "{part}");
        let is_open = tensor.contains('?') || tensor.contains("[N") || tensor.contains("[batch");
        assert_eq!(is_open, tensor.ends_with(" open"), "{name}: {tensor}");
    }
    let input = line(part, "input");
    let takes_bytes = input.contains(" int8") || input.contains(" uint8");
    assert!(!takes_bytes || name == "uint8_nhwc_input" || input.contains("zero point"), "{part}");
    let pipeline = line(part, "pipeline");
    assert!(pipeline.contains("(assumed)") || pipeline.contains("(stated by the "), "{part}");
    assert!(line(part, "classes").parse::<usize>().is_ok(), "{part}");
    let scores = line(part, "scores");
    assert!(scores.contains(", by ") || scores.starts_with("not stated in the file"), "{part}");
}

#[test]
fn every_model_is_shown_with_its_sources() {
    let embedded = of_each("fmnist_mobilenet_v1_0.25_*");
    assert_eq!(embedded.len(), 8);
    for part in &embedded {
        assert_whole(part);
        assert!(line(part, "pipeline").contains("(stated by the manifest)"), "{part}");
        assert_eq!(line(part, "scores"), "probabilities, by the operator that makes it");
    }
    let Some(shared) = common::shared() else { return };
    let given = of_each(shared.join("models/*.tflite").to_str().unwrap());
    assert_eq!(given.len(), 8);
    given.iter().for_each(|part| assert_whole(part));
    assert!(given.iter().all(|part| line(part, "pipeline").contains("by the catalogue")));
    let cases = shared.join("cases/models");
    if !cases.is_dir() {
        return common::skip("no cases in the shared folder");
    }
    for ending in ["onnx", "tflite"] {
        let parts = of_each(cases.join(format!("*.{ending}")).to_str().unwrap());
        assert!(parts.len() > 2);
        parts.iter().for_each(|part| assert_whole(part));
    }
}

/// What `inspect --json` says of the only model.
fn as_json(arguments: &[&str]) -> serde_json::Value {
    let text = inspected(&[arguments, &["--json"]].concat());
    serde_json::from_str::<serde_json::Value>(&text).unwrap()[0].take()
}

#[test]
fn json_states_the_kind_of_the_scores_and_its_source() {
    let embedded = as_json(&["fmnist_mobilenet_v1_0.25_f32"]);
    assert_eq!(embedded["scored"]["kind"], "probabilities");
    assert_eq!(embedded["scored"]["kind_source"], "the operator that makes it");
    assert_eq!([&embedded["scored"]["classes"], &embedded["scored"]["index"]], [10, 0]);
    assert!(embedded["unscored"].is_null());
    let folder = TempDir::new().unwrap();
    let open = [Size(1), Size(3), Named("h"), Named("w")];
    let path = write(folder.path(), "open.onnx", &mean_model(&open));
    let open = as_json(&[&path]);
    assert!(open["unscored"].as_str().unwrap().contains("--input-size"), "{open}");
    assert_eq!(open["scored"]["classes"], 3, "{open}");
    let sized = as_json(&[&path, "--input-size", "8x8"]);
    assert!(sized["unscored"].is_null() && sized["scored"]["kind"].is_null(), "{sized}");
}
