//! Bad input gets one clear sentence and exit code 2, and nothing is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::common::TimelyOutput;

fn embedded(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fashion-mnist").join(file)
}

/// Runs `shutterbench run` with these arguments in an empty folder, and returns its message.
/// Asserts exit code 2, one line, and that no run was begun.
fn refused(arguments: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .current_dir(&folder)
        .arg("run")
        .args(arguments)
        .timely_output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!folder.path().join("results").exists(), "{arguments:?} began a run");
    said
}

/// The same for our own errors, which are one sentence on one line. (clap's own add a hint and the
/// usage.)
fn refused_in_one_line(arguments: &[&str]) -> String {
    let said = refused(arguments);
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

#[test]
fn a_missing_model() {
    let said = refused_in_one_line(&["--model", "no/such/model.tflite"]);
    assert!(said.contains("no/such/model.tflite") && said.contains("list models"), "{said}");
}

#[test]
fn a_truncated_model() {
    let folder = TempDir::new().unwrap();
    for file in ["fmnist_mobilenet_v1_0.25_f32.tflite", "fmnist_mobilenet_v1_0.25_f32.onnx"] {
        let bytes = fs::read(embedded(file)).unwrap();
        let path = folder.path().join(file);
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let said = refused_in_one_line(&["--model", path.to_str().unwrap()]);
        assert!(said.contains(file) && said.contains("cut short"), "{said}");
    }
}

#[test]
fn a_text_file_named_tflite() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.tflite");
    fs::write(&path, "these are my notes, and no model").unwrap();
    let said = refused_in_one_line(&["--model", path.to_str().unwrap()]);
    assert!(said.contains("notes.tflite") && said.contains("not a TensorFlow Lite file"), "{said}");
}

#[test]
fn an_empty_model() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.onnx");
    fs::write(&path, "").unwrap();
    let said = refused_in_one_line(&["--model", path.to_str().unwrap()]);
    assert!(said.contains("is empty"), "{said}");
}

#[test]
fn a_dataset_without_labels() {
    let folder = TempDir::new().unwrap();
    let image = embedded("validation").read_dir().unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.extension().is_some_and(|e| e == "png").then_some(path)
    });
    fs::copy(image.unwrap(), folder.path().join("a.png")).unwrap();
    let dataset = folder.path().to_str().unwrap();
    let said =
        refused_in_one_line(&["--model", "fmnist_mobilenet_v1_0.25_f32", "--dataset", dataset]);
    assert!(said.contains(dataset) && said.contains("labels.csv"), "{said}");
}

#[test]
fn a_label_out_of_range() {
    let folder = TempDir::new().unwrap();
    let validation = embedded("validation");
    let table = fs::read_to_string(validation.join("labels.csv")).unwrap();
    let (name, _) = table.lines().nth(1).unwrap().split_once(',').unwrap();
    fs::copy(validation.join(name), folder.path().join(name)).unwrap();
    fs::write(folder.path().join("labels.csv"), format!("file,class_index\n{name},10\n")).unwrap();
    let dataset = folder.path().to_str().unwrap();
    let said =
        refused_in_one_line(&["--model", "fmnist_mobilenet_v1_0.25_f32", "--dataset", dataset]);
    assert!(said.contains(name) && said.contains("10"), "{said}");
}

#[test]
fn a_name_that_would_steer_the_terminal_is_escaped() {
    let said = refused_in_one_line(&["--model", "\u{1b}[2Jgone.tflite"]);
    assert!(said.contains("\\u{1b}[2Jgone") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn zero_threads_and_unknown_names() {
    assert!(refused(&["--threads", "0"]).contains("whole numbers of at least 1"));
    assert!(refused(&["--threads", "1,two"]).contains("whole numbers of at least 1"));
    assert!(refused(&["--backend", "tensorrt"]).contains("known: tflite"));
    assert!(refused(&["--delegate", "xnnpak"]).contains("xnnpack"));
    assert!(refused(&["--runs", "0"]).contains("at least 1"));
    assert!(refused(&["--min-seconds=-1"]).contains("from 0 to"));
    assert!(refused(&["--cooldown", "1e300"]).contains("from 0 to"));
    let said = refused(&["--no-latency", "--affinity", "0"]);
    assert!(said.contains("omit --affinity or --no-latency"), "{said}");
    assert!(refused(&["--timeout", "soon"]).contains("is not a number"));
}

#[test]
fn a_memory_limit_that_no_bytes_can_count_is_not_taken_for_none() {
    // In bytes the first of them is 2^64, of which 64 bits keep 0.
    for limit in ["17592186044416", "18446744073709551615", "0"] {
        let said = refused_in_one_line(&["--backend", "tract", "--memory-limit", limit]);
        assert!(said.contains(limit) && said.contains("17592186044415"), "{said}");
    }
}

#[test]
fn an_absent_backend_is_named_with_what_brings_it() {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .current_dir(&folder)
        .env("SHUTTERBENCH_ONNXRUNTIME_LIB", folder.path().join("nothing.so"))
        .args(["run", "--backend", "onnxruntime"])
        .timely_output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("onnxruntime") && said.contains("nothing.so"), "{said}");
}

#[test]
fn a_suite_with_a_wrong_key_or_value() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("suite.toml");
    fs::write(&path, "thread = [1]\n").unwrap();
    let output = refused(&[path.to_str().unwrap()]);
    assert!(output.contains("suite.toml") && output.contains("thread"), "{output}");
    fs::write(&path, "threads = [0]\n").unwrap();
    assert!(refused(&[path.to_str().unwrap()]).contains("suite.toml"));
}

#[test]
fn nothing_to_measure() {
    let said = refused_in_one_line(&["--no-latency", "--no-accuracy"]);
    assert!(said.contains("--no-latency"), "{said}");
}
