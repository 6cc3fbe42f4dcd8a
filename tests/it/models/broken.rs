//! Models that compute nothing sensible are told so in words, beside their figures.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::made::pb::tensor_proto::DataType;
use super::made::pb::{NodeProto, TensorProto};
use super::made::{Ran, Size, colours, floats, means, model, node, ran, value, write};

/// A model of `nodes` from the means of the channels to `y`.
fn made(folder: &Path, name: &str, nodes: Vec<NodeProto>, weights: Vec<TensorProto>) -> String {
    let image = [Size(1), Size(3), Size(8), Size(8)];
    let input = vec![value("image", DataType::Float, Some(&image))];
    let output = vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))];
    write(folder, name, &model([means(), nodes].concat(), input, output, weights))
}

/// The model timed and compared on random inputs, and scored.
fn both(folder: &Path, model: &str) -> [Ran; 2] {
    let images = colours(folder);
    let fixed = ["--model", model, "--backend", "tract", "--mean", "-1", "--scale", "1"];
    let timed = ran(folder, &[&fixed[..], &["--no-accuracy"]].concat());
    let scored = ran(folder, &[&fixed[..], &["--no-latency", "--dataset", &images]].concat());
    [timed, scored]
}

fn report(ran: &Ran) -> String {
    fs::read_to_string(ran.folder.join("report.md")).unwrap()
}

#[test]
fn outputs_that_are_no_numbers_are_said_and_agree_with_nothing() {
    let folder = TempDir::new().unwrap();
    // The root of what is below zero.
    let nodes = vec![node("Neg", &["means"], "less", &[]), node("Sqrt", &["less"], "y", &[])];
    let path = made(folder.path(), "nan.onnx", nodes, Vec::new());
    for ran in both(folder.path(), &path) {
        let row = ran.row();
        assert_eq!(row["agreement_top1"], 0.0, "{row}");
        assert_eq!(row["valid"], false, "{row}");
        let report = report(&ran);
        assert!(report.contains("not a number") && !report.contains("constant output"), "{report}");
        assert!(report.contains("16 of 16 inputs") || report.contains("12 of 12 images"));
    }
}

#[test]
fn infinite_outputs_are_said() {
    let folder = TempDir::new().unwrap();
    let nodes = vec![node("Div", &["means", "zero"], "y", &[])];
    let path = made(folder.path(), "inf.onnx", nodes, vec![floats("zero", &[1, 1], &[0.0])]);
    for (ran, inputs) in both(folder.path(), &path).iter().zip([16, 12]) {
        let report = report(ran);
        let sentence = format!("{inputs} of {inputs} inputs gave an infinite score");
        assert!(report.contains(&sentence), "{report}");
        assert_eq!(ran.json()["accuracies"][0]["outputs"]["infinite"], inputs);
    }
}

#[test]
fn an_output_that_never_changes_is_said_and_one_that_does_is_not() {
    let folder = TempDir::new().unwrap();
    let nodes = vec![
        node("Mul", &["means", "zero"], "none", &[]),
        node("Add", &["none", "bias"], "y", &[]),
    ];
    let weights =
        vec![floats("zero", &[1, 1], &[0.0]), floats("bias", &[1, 3], &[0.25, 0.5, 0.25])];
    let path = made(folder.path(), "constant.onnx", nodes, weights);
    let [timed, scored] = both(folder.path(), &path);
    assert!(report(&timed).contains("constant output"), "{}", report(&timed));
    assert!(!report(&timed).contains("0 images"), "nothing was scored: {}", report(&timed));
    let sentence = "its output was exactly the same for all 12 inputs";
    assert!(report(&scored).contains(sentence), "{}", report(&scored));
    let sound =
        made(folder.path(), "sound.onnx", vec![node("Identity", &["means"], "y", &[])], Vec::new());
    for ran in both(folder.path(), &sound) {
        let report = report(&ran);
        for tag in ["constant output", "infinite", "not a number", "denormal"] {
            assert!(!report.contains(tag), "{report}");
        }
    }
}

#[test]
fn denormal_weights_are_counted_and_said() {
    let folder = TempDir::new().unwrap();
    let nodes = vec![node("Mul", &["means", "weights"], "y", &[])];
    let weights = vec![floats("weights", &[1, 3], &[1e-40, 1.0, 2.0])];
    let path = made(folder.path(), "denormal.onnx", nodes, weights);
    for ran in both(folder.path(), &path) {
        let report = report(&ran);
        assert!(report.contains("denormal weights (1 of 3 weights, 33.3%)"), "{report}");
        let weights = &ran.json()["models"][0]["anatomy"]["float_weights"];
        assert_eq!((&weights["count"], &weights["denormal"]), (&3.into(), &1.into()));
    }
}
