//! A sweep over models, runtimes and the runtimes' own settings: it runs, resumes and compares, and
//! its names fit a terminal.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::report::csv::read_results;
use shutterbench::report::terminal;
use shutterbench::table::row::Row;
use tempfile::TempDir;

use crate::common::{self, TimelyOutput};

const MODELS: [&str; 3] =
    ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_1.0_f32", "fmnist_mobilenet_v1_0.5_f32"];
const RUNTIMES: [BackendKind; 4] =
    [BackendKind::Tflite, BackendKind::Litert, BackendKind::Tract, BackendKind::Openvino];

fn shutterbench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(folder).args(arguments).timely_output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn cases(folder: &Path) -> Vec<Row> {
    read_results(&folder.join("results.csv")).unwrap()
}

#[test]
fn three_models_on_four_runtimes_with_their_settings_run_resume_and_compare() {
    if !common::has_runtimes(&RUNTIMES) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let mut run = vec!["run", "--model"];
    run.extend(MODELS);
    run.extend(["--backend", "tflite,litert,tract,openvino"]);
    run.extend(["--set", "latest:latest_operators=true"]);
    run.extend(["--set", "f32:INFERENCE_PRECISION_HINT=f32", "--no-accuracy", "--quiet"]);
    run.extend(["--runs", "5", "--warmup", "1", "--processes", "1", "--out", "whole"]);
    let output = shutterbench(at, &run);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let rows = cases(&at.join("whole"));
    // TensorFlow Lite without and with XNNPACK, and with the set; LiteRT with XNNPACK, and the set;
    // tract; OpenVINO without and with its set.
    let all: Vec<String> = rows.iter().map(Row::case).collect();
    assert_eq!(all.len(), 3 * (3 + 2 + 1 + 2), "{all:?}");
    let names: BTreeSet<String> = all.into_iter().collect();
    assert_eq!(names.len(), rows.len());
    assert!(names.contains("fmnist_mobilenet_v1_0.25_f32 litert/xnnpack+latest x1"), "{names:?}");
    let lost = rows.iter().filter(|row| row.latency_p50_us.is_none());
    let lost: Vec<_> = lost.map(|row| (row.case(), row.status, row.error.clone())).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let table = terminal::table(&rows, Some(120), false);
    for line in table.lines().filter(|line| line.starts_with(' ')) {
        assert!(line.chars().count() <= 120, "{line}");
    }
    for name in ["xnnpack+latest", "none+f32", "tract/none"] {
        assert!(table.contains(name), "{name}: {table}");
    }

    // Cut off in the middle, it goes on, and is the same sweep.
    let journal = fs::read_to_string(at.join("whole/journal.jsonl")).unwrap();
    let lines: Vec<&str> = journal.lines().collect();
    fs::create_dir(at.join("cut")).unwrap();
    fs::write(at.join("cut/journal.jsonl"), lines[..lines.len() / 2].join("\n") + "\n").unwrap();
    let output = shutterbench(at, &["run", "--resume", "cut", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let resumed: BTreeSet<String> = cases(&at.join("cut")).iter().map(Row::case).collect();
    assert_eq!(resumed, names);

    let output = shutterbench(at, &["compare", "whole", "cut", "--json"]);
    // Whether anything became slower is up to the machine.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let compared = compared["cases"].as_array().unwrap();
    let compared: BTreeSet<&str> = compared.iter().map(|it| it["case"].as_str().unwrap()).collect();
    assert_eq!(compared, names.iter().map(String::as_str).collect());
}
