//! A case can lose only itself: a real delegate does, in a real run, what
//! drivers have been seen to do.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// What the delegate does, and the status of its case.
const FAULTS: [(&str, &str); 9] = [
    ("segv", "crashed"),
    ("abort", "crashed"),
    ("exit", "crashed"),
    ("close", "crashed"),
    ("hang", "timeout"),
    ("stop", "timeout"),
    ("alloc", "out_of_memory"),
    ("flood", "ok"),
    ("garbage", "ok"),
];

/// Runs the embedded float32 model without a delegate and with every fault in run number `at`;
/// returns the rows and the exit code.
fn run(at: u32, arguments: &[&str]) -> Option<(Vec<Value>, Option<i32>)> {
    let folder = TempDir::new().unwrap();
    let library = common::softmax_delegate()?;
    let delegates: Vec<String> = FAULTS
        .iter()
        .map(|(fault, _)| format!("external:{}?fault={fault}&at={at}", library.display()))
        .collect();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--json", "--backend", "tflite"])
        .args(["--model", "fmnist_mobilenet_v1_0.25_f32", "--timeout", "4"])
        .args(["--memory-limit", "4000", "--delegate"])
        .arg(format!("none,{}", delegates.join(",")))
        .args(arguments)
        .arg("--out")
        .arg(folder.path().join("run"))
        .timely_output();
    let rows = common::rows(&output, arguments);
    assert_eq!(rows.len(), FAULTS.len() + 1, "every case has its row");
    Some((rows, output.status.code()))
}

fn assert_statuses(rows: &[Value]) {
    for ((fault, status), row) in FAULTS.iter().zip(&rows[1..]) {
        assert_eq!(row["status"], *status, "{fault}: {}", row["error"]);
        let error = row["error"].as_str();
        assert_eq!(error.is_some(), *status != "ok", "{fault}: {error:?}");
        assert!(!error.unwrap_or_default().contains('\n'));
    }
}

/// Latency is measured for 60 runs after 20 for warm-up and the first one.
const LATENCY: [&str; 7] = ["--no-accuracy", "--runs", "60", "--warmup", "20", "--processes", "1"];

fn latency_is_isolated(at: u32) {
    let Some((rows, code)) = run(at, &LATENCY) else { return };
    assert_statuses(&rows);
    assert_eq!(code, Some(1));
    for row in rows.iter().filter(|row| row["status"] == "ok") {
        assert_eq!(row["runs"], 60, "{row}");
        assert_eq!(row["warmup_runs"], 20, "{row}");
        assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn a_fault_while_loading() {
    latency_is_isolated(0);
}

#[test]
fn a_fault_in_warm_up() {
    latency_is_isolated(5);
}

#[test]
fn a_fault_in_a_block() {
    latency_is_isolated(40);
}

#[test]
fn a_fault_while_scoring() {
    let undisturbed = |rows: &[Value]| {
        ["status", "images", "top1", "top5", "ambiguous"].map(|column| rows[0][column].clone())
    };
    let Some((rows, code)) = run(30, &["--no-latency", "--images", "200"]) else { return };
    assert_statuses(&rows);
    assert_eq!(code, Some(1));
    let Some((alone, _)) = run(1_000_000, &["--no-latency", "--images", "200"]) else { return };
    assert_eq!(undisturbed(&rows), undisturbed(&alone), "the others lose nothing");
    assert_eq!(rows[0]["images"], 200);
}
