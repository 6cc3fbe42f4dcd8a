//! What a user sees of a delegate: how much it took, that it took nothing, or why
//! it does not run.

use std::process::Command;

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// What the program prints and its exit code.
fn shutterbench(arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench")).args(arguments).timely_output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{arguments:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

fn run(backend: &str, delegate: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let model = if backend == "onnxruntime" { "0.25_f32_onnx" } else { "0.25_f32" };
    let model = format!("fmnist_mobilenet_v1_{model}");
    let mut all = vec!["run", "--quiet", "--backend", backend, "--delegate", delegate];
    all.extend(["--model", &model, "--out", out.to_str().unwrap()]);
    all.extend(arguments);
    shutterbench(&all)
}

const TIMED: [&str; 7] = ["--no-accuracy", "--runs", "5", "--warmup", "1", "--processes", "1"];

/// The one row of a timed run, and the exit code.
fn row(backend: &str, delegate: &str, further: &[&str]) -> (Value, Option<i32>) {
    let (said, code) = run(backend, delegate, &[&TIMED[..], &["--json"], further].concat());
    let mut rows: Vec<Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(rows.len(), 1);
    (rows.remove(0), code)
}

fn external(options: &str) -> Option<String> {
    Some(format!("external:{}{options}", common::softmax_delegate()?.display()))
}

#[test]
fn a_delegate_that_took_a_part_says_how_much() {
    let Some(delegate) = external("") else { return };
    let (row, code) = row("tflite", &delegate, &[]);
    assert_eq!((&row["status"], code), (&Value::from("ok"), Some(0)), "{row}");
    assert_eq!(row["delegate_status"], "partial", "{row}");
    assert_eq!((row["nodes_delegated"].as_u64(), row["partitions"].as_u64()), (Some(1), Some(1)));
    assert_eq!(row["nodes_total"], 19, "{row}");
    assert_eq!(row["agreement_top1"], 1.0, "{row}");
}

#[test]
fn a_delegate_that_took_nothing_says_so_and_can_be_made_a_failure() {
    let Some(delegate) = external("?take=0") else { return };
    let (nothing, code) = row("tflite", &delegate, &[]);
    assert_eq!((&nothing["status"], code), (&Value::from("ok"), Some(0)), "{nothing}");
    assert_eq!(nothing["delegate_status"], "none", "{nothing}");
    assert_eq!(nothing["nodes_delegated"], 0, "{nothing}");
    let (table, _) = run("tflite", &delegate, &TIMED);
    // A narrow column wraps.
    let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("took no node") && words.contains("not delegated"), "{table}");
    let (required, code) = row("tflite", &delegate, &["--require-delegate"]);
    assert_eq!((&required["status"], code), (&Value::from("failed"), Some(1)), "{required}");
    assert!(required["error"].as_str().unwrap().contains("--require-delegate"), "{required}");
    // Scored without being timed, it fails alike.
    let scored = ["--json", "--require-delegate", "--no-latency", "--images", "50"];
    let (rows, code) = run("tflite", &delegate, &scored);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    assert_eq!((&rows[0]["status"], code), (&Value::from("failed"), Some(1)), "{}", rows[0]);
    assert!(rows[0]["top1"].is_null(), "{}", rows[0]);
}

#[test]
fn a_fast_wrong_answer_is_flagged() {
    let Some(delegate) = external("?wrong=1") else { return };
    let scored = ["--runs", "5", "--warmup", "1", "--processes", "1", "--images", "100"];
    let (table, _) = run("tflite", &delegate, &scored);
    assert!(table.contains("wrong answers"), "{table}");
    assert!(!table.contains("Fastest"), "a wrong answer wins nothing: {table}");
    let (row, _) = row("tflite", &delegate, &[]);
    assert!(row["agreement_top1"].as_f64().unwrap() < 0.5, "{row}");
    assert!(row["max_abs_error"].as_f64().unwrap() >= 0.9, "{row}");
}

#[test]
fn libraries_that_are_no_delegate_are_clear_errors() {
    let Some(library) = common::softmax_delegate() else { return };
    let tflite = shutterbench::runtime::library::RuntimeLibrary::Tflite.find().unwrap();
    let text = common::repository().join("Cargo.toml");
    for (path, options, status, message) in [
        ("/nowhere/libdelegate.so".into(), "", "failed", "does not exist"),
        (text, "", "failed", "could not be opened"),
        (tflite, "", "failed", "is not a TensorFlow Lite delegate"),
        (library.clone(), "?refuse=1", "failed", "refused to start"),
        (library, "?abort=1", "crashed", "SIGABRT"),
    ] {
        let (row, code) = row("tflite", &format!("external:{}{options}", path.display()), &[]);
        assert_eq!((&row["status"], code), (&Value::from(status), Some(1)), "{row}");
        let error = row["error"].as_str().unwrap();
        assert!(error.contains(message) && !error.contains('\n'), "{error}");
        assert!(row["latency_p50_us"].is_null(), "{row}");
    }
}

#[test]
fn what_cannot_run_here_is_unsupported_with_the_reason() {
    if !common::has_runtimes(&[BackendKind::Tflite, BackendKind::Onnxruntime]) {
        return;
    }
    for (backend, delegate, reason) in [
        ("tflite", "gpu", "for Android"),
        ("tflite", "nnapi", "only on Android"),
        ("onnxruntime", "cuda", "CUDAExecutionProvider"),
        ("onnxruntime", "xnnpack", "XnnpackExecutionProvider"),
        ("onnxruntime", "coreml", "CoreMLExecutionProvider"),
        ("onnxruntime", "qnn", "QNNExecutionProvider"),
        ("tract", "xnnpack", "only its own kernels"),
    ] {
        let (row, code) = row(backend, delegate, &[]);
        // Nothing else was measured either.
        assert_eq!((&row["status"], code), (&Value::from("unsupported"), Some(1)), "{row}");
        assert!(row["error"].as_str().unwrap().contains(reason), "{row}");
    }
}

#[test]
fn a_library_that_is_no_provider_is_one_sentence() {
    if !common::has_runtimes(&[BackendKind::Tflite, BackendKind::Onnxruntime]) {
        return;
    }
    let refused = |backend: &str, library: &str, status: &str| {
        let (row, code) = row(backend, &format!("plugin:{library}"), &[]);
        assert_eq!((&row["status"], code), (&Value::from(status), Some(1)), "{row}");
        let error = row["error"].as_str().unwrap().to_owned();
        assert!(error.contains(library) && !error.contains('\n'), "{error}");
        error
    };
    let missing = refused("onnxruntime", "/nowhere/libep.so", "failed");
    assert!(missing.contains("correct the path after 'plugin:'"), "{missing}");
    let text = common::repository().join("Cargo.toml");
    let none = refused("onnxruntime", text.to_str().unwrap(), "unsupported");
    assert!(none.contains("as a library of execution providers"), "{none}");
    refused("tflite", "/nowhere/libep.so", "unsupported");
    let Some(other) = common::softmax_delegate() else { return };
    let other = refused("onnxruntime", other.to_str().unwrap(), "unsupported");
    assert!(other.contains("CreateEpFactories"), "{other}");
}

#[test]
fn every_delegate_is_listed_and_what_cannot_run_has_its_reason() {
    if !common::has_runtimes(&[BackendKind::Tflite, BackendKind::Tflitec, BackendKind::Litert]) {
        return;
    }
    let (said, _) = shutterbench(&["list", "delegates", "--json"]);
    let listed: Vec<Value> = serde_json::from_str(&said).unwrap();
    let entry = |backend: &str, delegate: &str| {
        let found = listed.iter().find(|entry| {
            entry["backend"] == backend && entry["delegate"].as_str().unwrap().starts_with(delegate)
        });
        found.unwrap_or_else(|| panic!("{backend} {delegate} is not listed"))
    };
    for backend in ["tflite", "tflitec", "litert"] {
        assert_eq!(entry(backend, "xnnpack")["available"], true);
    }
    assert_eq!(entry("tflite", "external:PATH")["available"], true);
    for (backend, delegate) in [
        ("tflite", "gpu"),
        ("tflite", "nnapi"),
        ("onnxruntime", "nnapi"),
        ("onnxruntime", "coreml"),
        ("onnxruntime", "qnn"),
    ] {
        let entry = entry(backend, delegate);
        assert_eq!(entry["available"], false, "{entry}");
        assert!(entry["reason"].as_str().unwrap().len() > 20, "{entry}");
    }
    // Whether there is a GPU is found out by trying it.
    let gpu = entry("litert", "gpu");
    assert_eq!(gpu["available"].as_bool().unwrap(), gpu["reason"].is_null(), "{gpu}");
}
