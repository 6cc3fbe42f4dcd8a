//! Outputs are those of the runtimes' own Python packages, bit for bit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shutterbench::record::backend_kind::BackendKind;

use crate::common;
use crate::common::TimelyOutput;
use crate::material::{embedded, load, open, random, run, shared};

/// Runs `script` on each model and compares it with `kind`.
fn compare(kind: BackendKind, delegate: &str, script: &str, models: &[PathBuf]) {
    let (Some(backend), Some(python)) = (open(kind), common::python()) else { return };
    let folder = tempfile::tempdir().unwrap();
    for model in models {
        let mut session = load(&*backend, model, delegate, 1).unwrap();
        let input = random(&session.inputs()[0], 11);
        let ours = run(&mut *session, &input);
        let element = [input.element, ours.element].map(|element| element.to_string());
        let theirs = peer(&python, script, model, &element, &input.bytes, &ours, folder.path());
        assert!(ours.bytes == theirs, "{}: {kind} differs from Python", model.display());
    }
    assert!(!models.is_empty());
}

fn peer(
    python: &Path,
    script: &str,
    model: &Path,
    [input_type, output_type]: &[String; 2],
    input: &[u8],
    ours: &shutterbench::record::tensor::Tensor,
    folder: &Path,
) -> Vec<u8> {
    let (from, to) = (folder.join("input"), folder.join("output"));
    fs::write(&from, input).unwrap();
    let elements: usize = ours.shape.iter().product();
    let output = Command::new(python)
        .arg(common::repository().join("tests/python").join(script))
        .arg(model)
        .args([input_type, output_type])
        .arg(elements.to_string())
        .args([&from, &to])
        .timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(&to).unwrap()
}

#[test]
fn litert_is_bit_equal_to_python() {
    let models = shared("tflite");
    if !models.is_empty() {
        compare(BackendKind::Litert, "xnnpack", "litert_outputs.py", &models);
    }
}

#[test]
fn litert_is_bit_equal_to_python_on_the_embedded_models() {
    compare(BackendKind::Litert, "xnnpack", "litert_outputs.py", &embedded("tflite"));
}

#[test]
fn onnxruntime_is_bit_equal_to_python() {
    compare(BackendKind::Onnxruntime, "none", "onnxruntime_outputs.py", &embedded("onnx"));
}
