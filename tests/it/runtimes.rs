//! One command over every runtime: what a user sees of one embedded variant in all
//! of its formats.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use shutterbench::worker::runtime_probe::{BackendListing, backends};
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// Images that are scored, and so compared.
const IMAGES: usize = 200;

fn run(arguments: &[&str]) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--json", "--runs", "5", "--warmup", "1", "--processes", "1"])
        .args(arguments)
        .arg("--out")
        .arg(folder.path().join("run"))
        .timely_output();
    common::rows(&output, arguments)
}

/// Every backend, as the program's workers report it.
fn listed() -> Vec<BackendListing> {
    backends(&common::workers())
}

/// Whether every backend is here; a skip if one is not.
fn all_backends() -> bool {
    let absent: Vec<String> = listed()
        .into_iter()
        .filter(|listed| !listed.present)
        .map(|listed| format!("{}: {}", listed.backend, listed.reason.unwrap_or_default()))
        .collect();
    if !absent.is_empty() {
        common::skip(&absent.join("; "));
    }
    absent.is_empty()
}

#[test]
fn one_variant_in_all_formats_on_all_runtimes() {
    if !all_backends() {
        return;
    }
    let rows = run(&[
        "--model",
        "fmnist_mobilenet_v1_0.25_*",
        "--backend",
        "tflite,tflitec,litert,tract,onnxruntime,openvino",
        "--threads",
        "1,2",
        "--images",
        &IMAGES.to_string(),
    ]);
    let models: BTreeSet<&str> = rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(models.len(), 8, "{models:?}");
    let reference = rows
        .iter()
        .find(|row| {
            row["model"] == "fmnist_mobilenet_v1_0.25_f32"
                && row["backend"] == "tflite"
                && row["delegate"] == "none"
        })
        .unwrap();
    let expected = reference["top1"].as_f64().unwrap();
    let mut worked = BTreeSet::new();
    for row in &rows {
        let name = format!("{} {}/{}", row["model"], row["backend"], row["delegate"]);
        if row["status"] == "unsupported" {
            assert_eq!(row["backend"], "tract", "{name}: {}", row["error"]);
            assert!(row["error"].as_str().unwrap().len() > 20, "{name}");
            continue;
        }
        assert_eq!(row["status"], "ok", "{name}: {}", row["error"]);
        worked.insert((row["backend"].as_str().unwrap(), row["format"].as_str().unwrap()));
        // Another best class on a share of the images moves Top-1 by no more than that.
        let agreement = row["agreement_top1"].as_f64().unwrap();
        let apart = (row["top1"].as_f64().unwrap() - expected).abs();
        assert!(apart <= 1.0 - agreement + 1e-6, "{name}: {apart} apart, {agreement} agree");
        assert!(agreement >= 0.95, "{name}: {agreement}");
        assert_eq!(row["agreement_inputs"], IMAGES, "{name}");
        assert!(row["max_abs_error"].as_f64().unwrap() < 0.5, "{name}: {row}");
        assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0, "{name}");
        let asked = row["threads"].as_u64().unwrap();
        let used = row["threads_used"].as_u64().unwrap();
        match row["backend"].as_str().unwrap() {
            "tract" => assert_eq!(used, 1, "{name} x{asked}"),
            "onnxruntime" => assert_eq!(used, asked, "{name} x{asked}"),
            // It takes no more than there are CPUs.
            "openvino" => assert!(used == asked || used < 2, "{name} x{asked}: {used}"),
            // XNNPACK, ruy and Eigen have a pool each, and which of them the kernels of a graph
            // use goes by the CPU: hybrid ones take ruy and Eigen where there is no AVX-512.
            _ if asked == 1 => assert_eq!(used, 1, "{name}"),
            _ => assert!(used <= 3 * asked, "{name} x{asked}: {used}"),
        }
    }
    let expected: BTreeSet<(&str, &str)> = BTreeSet::from([
        ("tflite", "tflite"),
        ("tflitec", "tflite"),
        ("litert", "tflite"),
        ("tract", "tflite"),
        ("tract", "onnx"),
        ("onnxruntime", "onnx"),
        ("openvino", "tflite"),
        ("openvino", "onnx"),
    ]);
    assert_eq!(worked, expected);
}

/// The setting has an effect: XNNPACK's pool has a thread for each but the caller's.
#[test]
fn threads_that_are_asked_for_are_there() {
    if !all_backends() {
        return;
    }
    let rows = run(&[
        "--no-accuracy",
        "--model",
        "fmnist_mobilenet_v1_1.0_f32",
        "--backend",
        "tflite,tflitec,litert,tract",
        "--delegate",
        "xnnpack,none",
        "--threads",
        "1,3",
    ]);
    for row in rows.iter().filter(|row| row["delegate"] == "xnnpack") {
        assert_eq!(row["threads_used"], row["threads"], "{row}");
    }
    // Every requested pair that exists has its rows.
    for backend in ["tflite", "tflitec", "litert"] {
        for delegate in ["xnnpack", "none"] {
            for threads in [1, 3] {
                let found = rows.iter().any(|row| {
                    row["backend"] == backend
                        && row["delegate"] == delegate
                        && row["threads"] == threads
                        && row["status"] == "ok"
                });
                assert!(found, "{backend}/{delegate} x{threads} is missing");
            }
        }
    }
    let tract = rows.iter().find(|row| row["backend"] == "tract" && row["threads"] == 3).unwrap();
    assert_eq!(tract["threads_used"], 1, "{tract}");
}

#[test]
fn without_images_outputs_are_compared_on_random_inputs() {
    if !all_backends() {
        return;
    }
    // The references are in no run: the manifest knows them.
    let rows = run(&[
        "--no-accuracy",
        "--model",
        "fmnist_mobilenet_v1_0.25_int8",
        "fmnist_mobilenet_v1_0.25_int8_onnx",
        "--backend",
        "litert,onnxruntime",
    ]);
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in rows {
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["agreement_inputs"], 16, "{row}");
        assert!(row["agreement_top1"].as_f64().unwrap() >= 0.75, "{row}");
        assert!(row["max_abs_error"].as_f64().unwrap() > 0.0, "8 bits are not 32: {row}");
        assert!(row["top1"].is_null(), "{row}");
    }
}

#[test]
fn doctor_names_every_runtime_found_or_missing() {
    let doctor = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        // Without adb: when asked for devices, it would leave a server behind that outlives the
        // test.
        command.env("SHUTTERBENCH_ADB", "/nowhere/adb");
        let output = command.arg("doctor").args(arguments).timely_output();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = doctor(&[]);
    for listed in listed() {
        let line = match listed.version {
            Some(version) => format!("runtime {}: {version}\n", listed.backend),
            None => format!("runtime {} is missing: ", listed.backend),
        };
        assert!(text.contains(&line), "{line} in {text}");
    }
    let json: Value = serde_json::from_str(&doctor(&["--json"])).unwrap();
    assert_eq!(json["runtimes"][0]["backend"], "tflite");
}
