//! Cold and warm starts through the program.

use std::fs;
use std::process::Command;

use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;
use crate::scenarios::{field, rows, said, shutterbench};

#[test]
fn starts_are_measured_cold_or_say_why_not_and_warm() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--runs", "5", "--cold-starts", "3"], &run);
    let rows = rows(&run);
    let [cold, warm] = rows.as_slice() else { panic!("{}", said(&output)) };
    assert_eq!((field(cold, "scenario"), field(warm, "scenario")), ("cold_start", "warm_start"));
    assert_eq!((field(warm, "status"), field(warm, "rounds")), ("ok", "3"), "{warm:?}");
    for part in ["open", "load", "first"] {
        assert!(field(warm, &format!("{part}_p50_us")).parse::<f64>().unwrap() > 0.0, "{warm:?}");
    }
    // A file system in memory has no cold files.
    if field(cold, "status") == "ok" {
        assert_eq!(field(cold, "rounds"), "3", "{cold:?}");
        // More than half of the model.
        assert!(field(cold, "disk_bytes").parse::<u64>().unwrap() > 45_000, "{cold:?}");
        assert!(said(&output).contains("from the disk"), "{}", said(&output));
    } else {
        assert_eq!(field(cold, "status"), "unsupported", "{cold:?}");
        assert!(field(cold, "error").contains("not cold"), "{cold:?}");
    }
}

#[test]
fn a_start_from_a_file_system_in_memory_is_never_called_cold() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let memory = TempDir::new_in("/dev/shm").unwrap();
    let model = memory.path().join("model.onnx");
    let embedded = common::repository().join("models/fashion-mnist");
    fs::copy(embedded.join("fmnist_mobilenet_v1_0.25_f32.onnx"), &model).unwrap();
    let run = folder.path().join("run");
    // The runtime's library is on a disk, from which more comes than the whole model has.
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "onnxruntime", "--no-accuracy", "--runs", "5"])
        .args(["--warmup", "1", "--processes", "1", "--cold-starts", "1", "--model"])
        .arg(&model)
        .arg("--out")
        .arg(&run)
        .timely_output();
    let rows = rows(&run);
    let [cold, warm] = rows.as_slice() else { panic!("{}", said(&output)) };
    assert_eq!(field(cold, "status"), "unsupported", "{cold:?}");
    assert!(field(cold, "error").starts_with("its start is not cold"), "{cold:?}");
    let figures = ["latency_p50_us", "load_p50_us", "disk_bytes"];
    assert!(figures.iter().all(|name| field(cold, name).is_empty()), "{cold:?}");
    assert_eq!(field(warm, "status"), "ok", "{warm:?}");
    let results = fs::read_to_string(run.join("results.csv")).unwrap();
    let mut results = csv::Reader::from_reader(results.as_bytes());
    let at = results.headers().unwrap().iter().position(|it| it == "load_cold_ms").unwrap();
    assert_eq!(&results.records().next().unwrap().unwrap()[at], "");
}
