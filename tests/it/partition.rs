//! A matrix that is planned, measured in parts, and merged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::record::timed_runs::TimedRuns;
use shutterbench::report::csv;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, said};

const WHAT: [&str; 11] = [
    "--model",
    "fmnist_mobilenet_v1_0.25_f32",
    "fmnist_mobilenet_v1_0.25_f32_onnx",
    "fmnist_mobilenet_v1_0.5_f32",
    "--backend",
    "tract",
    "--threads",
    "1,2",
    "--images",
    "40",
    "--quiet",
];

fn shutterbench(command: &str, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    program.arg(command).args(arguments).timely_output()
}

fn plan(more: &[&str]) -> Value {
    let output = shutterbench("plan", &[&WHAT, more, &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn measured(folder: &Path, more: &[&str]) -> Output {
    let out = ["--runs", "60", "--processes", "1", "--out", folder.to_str().unwrap()];
    shutterbench("run", &[&WHAT, more, &out].concat())
}

fn cases(folder: &Path) -> Vec<String> {
    let rows = csv::read_results(&folder.join("results.csv")).unwrap();
    rows.iter().map(|row| format!("{} x{}", row.model, row.threads)).collect()
}

fn merge(runs: &[PathBuf], out: &Path) -> Output {
    let mut arguments: Vec<&str> = runs.iter().map(|run| run.to_str().unwrap()).collect();
    arguments.extend(["--out", out.to_str().unwrap()]);
    shutterbench("merge", &arguments)
}

#[test]
fn a_plan_starts_nothing_and_its_ids_name_cases() {
    let whole = plan(&["--parts", "2"]);
    let planned = whole["cases"].as_array().unwrap();
    assert_eq!((planned.len(), &whole["images"]), (6, &Value::from(40)));
    assert_eq!(planned[0]["needs"]["exclusive"], true);
    assert_eq!(planned[1]["needs"]["threads"], 2);
    assert!(planned[0]["estimate"]["memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(whole["shards"][1], serde_json::json!({"shard": "2/2", "images": 20}));
    let id = planned[3]["id"].as_str().unwrap();
    // The same in any company.
    let one = plan(&["--only", id]);
    assert_eq!(one["cases"].as_array().unwrap(), &planned[3..4]);
    let some = plan(&["--only", "*_onnx", "*0.5_f32 *x2"]);
    let names: Vec<&Value> =
        some["cases"].as_array().unwrap().iter().map(|it| &it["model"]).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    for part in [1, 2] {
        let listed = &whole["partitions"][part - 1]["cases"];
        let own = plan(&["--partition", &format!("slice:{part}/2")]);
        let own: Vec<&Value> =
            own["cases"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(listed.as_array().unwrap().iter().collect::<Vec<_>>(), own);
    }
    let output = shutterbench("plan", &[&WHAT[..], &["--only", "nothing*"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--only nothing* matches none of the 6 cases"));
    // Another anchor, as 'run --partition' takes it.
    let other = plan(&["--parts", "2", "--anchor", id]);
    let anchored = plan(&["--partition", "slice:1/2", "--anchor", id]);
    let listed = other["partitions"][0]["cases"].as_array().unwrap();
    let own: Vec<&Value> =
        anchored["cases"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(listed.iter().collect::<Vec<_>>(), own);
    assert!(own.contains(&&Value::from(id)));
    for part in [["--partition", "slice:1/2"], ["--shard", "1/2"]] {
        let output = shutterbench("plan", &[&WHAT[..], &part, &["--parts", "2"]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("omit --partition and --shard"), "{}", said(&output));
    }
    let output = shutterbench("plan", &[&WHAT[..], &["--parts", "0"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = shutterbench("plan", &WHAT);
    assert!(String::from_utf8_lossy(&output.stdout).contains(id));
}

#[test]
fn parts_of_a_matrix_make_the_whole_of_it() {
    let root = TempDir::new().unwrap();
    let whole = root.path().join("whole");
    assert_eq!(measured(&whole, &[]).status.code(), Some(0));
    for dealing in ["slice", "hash"] {
        let part = |index: usize| {
            let folder = root.path().join(format!("{dealing}-{index}"));
            let output = measured(&folder, &["--partition", &format!("{dealing}:{index}/3")]);
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
            assert_eq!(cases(&folder)[0], cases(&whole)[0], "the anchor");
            // As on a machine that is equally fast each time: how fast this one is decides nothing.
            retime(&folder, |case, ns| if case == 0 { 100_000 } else { ns });
            folder
        };
        let mut parts: Vec<PathBuf> = (1..=3).map(part).collect();
        let out = root.path().join(dealing);
        let output = merge(&parts[..2], &out);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(&format!("missing: {dealing}:3/3")), "{}", said(&output));
        parts.reverse();
        let output = merge(&parts, &out);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(cases(&out), cases(&whole));
        let predictions = |folder: &Path| fs::read(folder.join("predictions.csv")).unwrap();
        assert!(predictions(&out) == predictions(&whole));
        let agreement = |folder: &Path| {
            let rows = csv::read_results(&folder.join("results.csv")).unwrap();
            rows.into_iter().map(|row| (row.runs, row.agreement_top1, row.top1)).collect::<Vec<_>>()
        };
        assert_eq!(agreement(&out), agreement(&whole));
        let report = |folder: &Path| fs::read_to_string(folder.join("run.json")).unwrap();
        assert!(report(&out).contains("their anchor fmnist"), "how much the machines differ");
        let pipelines = |folder: &Path| {
            let report: Value = serde_json::from_str(&report(folder)).unwrap();
            report["pipelines"].clone()
        };
        assert_eq!(pipelines(&whole)[0]["models"].as_array().unwrap().len(), 3);
        assert_eq!(pipelines(&out), pipelines(&whole));
    }
}

/// Replaces a run's times, each by what `change` makes of its case and nanoseconds.
fn retime(folder: &Path, change: impl Fn(u64, u64) -> u64) {
    let path = folder.join("journal.jsonl");
    let changed = |line: &str| {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let case = entry["case"].as_u64().unwrap_or_default();
        if let Some(written) = entry.pointer_mut("/visit/block") {
            let mut block = common::timed_runs(written).unpacked();
            block.latency_ns.iter_mut().for_each(|ns| *ns = change(case, *ns));
            *written = serde_json::to_value(TimedRuns::from(&block)).unwrap();
        }
        format!("{entry}\n")
    };
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.lines().map(changed).collect::<String>()).unwrap();
}

#[test]
fn machines_whose_anchors_differ_or_of_another_class_are_refused() {
    let root = TempDir::new().unwrap();
    let part = |index: usize| {
        let folder = root.path().join(index.to_string());
        let part = format!("slice:{index}/2");
        let output = measured(&folder, &["--no-accuracy", "--partition", &part]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        folder
    };
    let parts = [part(1), part(2)];
    let out = root.path().join("out");
    retime(&parts[1], |_, ns| ns * 20);
    let output = merge(&parts, &out);
    assert_eq!(output.status.code(), Some(2));
    let words = said(&output);
    assert!(
        words.contains("the anchor fmnist_mobilenet_v1_0.25_f32 tract/none x1 took"),
        "{words}"
    );
    assert!(words.contains("are not equally fast"), "{words}");

    let path = parts[1].join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["host"]["cpu"] = "Another".into();
    fs::write(&path, format!("{header}\n{rest}")).unwrap();
    let output = merge(&parts, &out);
    assert!(said(&output).contains("not of one class"), "{}", said(&output));
}

#[test]
fn an_anchor_that_cannot_be_measured_is_told_of_before_the_merge() {
    let root = TempDir::new().unwrap();
    let models = ["--model", "fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_int8"];
    let part = |index: usize| {
        let folder = root.path().join(index.to_string());
        let part = format!("slice:{index}/2");
        let how = ["--backend", "tract", "--no-accuracy", "--runs", "20", "--processes", "1"];
        let what = ["--partition", &part, "--anchor", "*_int8 *", "--out"];
        let arguments = [&models[..], &how, &what, &[folder.to_str().unwrap()]].concat();
        let output = shutterbench("run", &arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("name another with --anchor"), "{}", said(&output));
        folder
    };
    let output = merge(&[part(1), part(2)], &root.path().join("out"));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("all parts with another --anchor"), "{}", said(&output));
}
