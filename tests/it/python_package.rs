//! `shutterbench.read`: the frames hold what the program's files hold, and the example runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, repository, skip};

const MODELS: [&str; 2] = ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_int8"];

/// A run of two models, of which tract cannot run one.
fn measured(root: &Path) -> PathBuf {
    let folder = root.join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tract", "--model"])
        .args(MODELS)
        .args(["--max-seconds", "0.2", "--min-seconds", "0", "--processes", "1"])
        .args(["--images", "30", "--out"])
        .arg(&folder)
        .timely_output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(folder.join("run.json").is_file(), "{said}");
    folder
}

/// Python with the package and with the program on its path.
fn python_with_package() -> Option<Command> {
    let mut python = Command::new(common::python()?);
    let program = Path::new(env!("CARGO_BIN_EXE_shutterbench")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    python.env("PATH", format!("{}:{path}", program.display()));
    python.env("PYTHONPATH", repository().join("python"));
    Some(python)
}

fn table(path: &Path) -> (Vec<String>, usize) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (header, reader.records().count())
}

#[test]
fn frames_are_the_tables_of_the_program() {
    let Some(mut python) = python_with_package() else { return };
    let root = TempDir::new().unwrap();
    let run = measured(root.path());
    python.arg(repository().join("tests/python/read_run.py")).arg(&run);
    let output = python.timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (frame, file) in [("cases", "results.csv"), ("predictions", "predictions.csv")] {
        let (header, rows) = table(&run.join(file));
        let columns: BTreeSet<&String> =
            facts[frame]["types"].as_object().unwrap().keys().collect();
        assert_eq!(columns, header.iter().collect(), "{frame}");
        assert_eq!(facts[frame]["rows"].as_array().unwrap().len(), rows, "{frame}");
        assert!(rows > 0);
    }
    let cases = facts["cases"]["rows"].as_array().unwrap();
    let runs: u64 = cases.iter().filter_map(|case| case["runs"].as_u64()).sum();
    let samples = facts["samples"]["rows"].as_array().unwrap();
    assert_eq!(samples.len() as u64, runs);
    let types = |frame: &str, column: &str| facts[frame]["types"][column].as_str().unwrap();
    for (column, kind) in
        [("model", "string"), ("threads", "Int64"), ("top1", "Float64"), ("valid", "boolean")]
    {
        assert_eq!(types("cases", column), kind, "{column}");
    }
    assert_eq!(types("samples", "latency_ns"), "Int64");
    for (column, kind) in [("tie", "boolean"), ("top1_score", "Float64"), ("options", "string")] {
        assert_eq!(types("predictions", column), kind, "{column}");
    }
    assert_eq!(facts["absent"], true, "an unsupported case has no latency");
    let unsupported = cases.iter().find(|case| case["status"] == "unsupported").unwrap();
    assert!(unsupported["latency_p50_us"].is_null());
    assert!(facts["refused"].as_str().unwrap().contains("not the folder of a run"), "{facts}");
    let text = fs::read_to_string(run.join("run.json")).unwrap();
    let info: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(facts["run_id"], info["run_id"]);
}

#[test]
fn the_example_makes_its_plots() {
    let Some(mut python) = python_with_package() else { return };
    python.args(["-c", "import matplotlib"]);
    if !python.timely_output().status.success() {
        return skip("no matplotlib, which scripts/test installs");
    }
    let root = TempDir::new().unwrap();
    let run = measured(root.path());
    let Some(mut python) = python_with_package() else { return };
    python.arg(repository().join("python/examples/plots.py")).arg(&run).arg(root.path());
    let output = python.timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let text = fs::read_to_string(repository().join("python/examples/plots.py")).unwrap();
    let cells = text.lines().filter(|line| line.starts_with("# %% ") && !line.contains('['));
    assert_eq!(cells.count(), 10);
    assert!(printed.contains(MODELS[0]) && printed.contains("latency_p50_us"), "{printed}");
    for plot in ["latency", "samples", "rounds", "accuracy", "size", "confusion"] {
        let text = fs::read_to_string(root.path().join(format!("{plot}.svg"))).unwrap();
        assert!(text.contains(MODELS[0]), "{plot} names the model");
    }
}
