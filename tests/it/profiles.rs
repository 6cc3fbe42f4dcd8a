//! Operators by time: real runs of every backend that tells, and what is made of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::operator_profile::{OperatorProfile, ProfiledNode, Refusal};
use shutterbench::report::html::page::page;
use shutterbench::table::rows::rows;
use tempfile::TempDir;

use crate::common::{TimelyOutput, has_runtimes, repository, softmax_delegate};
use crate::report_common::{Shape, run};

const TFLITE: &str = "fmnist_mobilenet_v1_0.25_f32";
pub const ONNX: &str = "fmnist_mobilenet_v1_0.25_f32_onnx";

pub fn shutterbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench")).args(arguments).timely_output()
}

pub fn profiled(folder: &Path, model: &str, backend: &str, delegates: &str) {
    let output = shutterbench(&[
        "run",
        "--profile",
        "--model",
        model,
        "--backend",
        backend,
        "--delegate",
        delegates,
        "--no-accuracy",
        "--quiet",
        "--runs",
        "6",
        "--warmup",
        "1",
        "--processes",
        "1",
        "--min-seconds",
        "0",
        "--out",
        folder.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A line of profile.csv, by column.
pub type Line = BTreeMap<String, String>;

pub fn lines(folder: &Path) -> BTreeMap<String, Vec<Line>> {
    let mut reader = csv::Reader::from_path(folder.join("profile.csv")).unwrap();
    let titles: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut cases = BTreeMap::<String, Vec<Line>>::new();
    for record in reader.records() {
        let record = record.unwrap();
        let line: Line = titles.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
        cases.entry(line["case"].clone()).or_default().push(line);
    }
    cases
}

/// All lines of a case add up to the run, and the last is what is outside of operators.
fn add_up(lines: &[Line], run_us: f64) {
    let sum = |column: &str| -> f64 {
        lines.iter().map(|line| line[column].parse::<f64>().unwrap()).sum()
    };
    assert!((sum("median_us") - run_us).abs() < 0.1, "{} of {run_us}", sum("median_us"));
    assert!((sum("share") - 1.0).abs() < 1e-3, "{}", sum("share"));
    assert_eq!(lines.last().unwrap()["operator"], "outside operators");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// What the journal has: by case, the runs and, per node, what it took in each.
fn in_journal(folder: &Path) -> BTreeMap<String, Value> {
    let output = shutterbench(&["profile", folder.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    all.into_iter().map(|it| (it["case"].as_str().unwrap().to_owned(), it)).collect()
}

/// The lines of `profile --json` are those of profile.csv.
fn lines_are_those_of(case: &Value, lines: &[Line]) {
    let found = case["lines"].as_array().unwrap();
    assert_eq!(found.len(), lines.len());
    for (found, line) in found.iter().zip(lines) {
        assert_eq!(found["operator"], line["operator"].as_str());
        assert_eq!(found["name"], line["name"].as_str());
        assert_eq!(found["median_us"].as_f64(), line["median_us"].parse().ok(), "{found}");
        assert_eq!(found["share"].as_f64(), line["share"].parse().ok(), "{found}");
    }
}

fn run_us(case: &Value) -> f64 {
    let runs = case["profile"]["runs_ns"].as_array().unwrap();
    assert!(runs.len() >= 8, "{case}");
    median(runs.iter().map(|ns| ns.as_f64().unwrap() / 1e3).collect())
}

#[test]
fn tensorflow_lite_tells_every_node_of_the_file_and_what_xnnpack_runs() {
    if !has_runtimes(&[BackendKind::Tflite]) {
        return;
    }
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    profiled(&folder, TFLITE, "tflite", "none,xnnpack");
    let (cases, journal) = (lines(&folder), in_journal(&folder));
    assert_eq!(cases.len(), 2, "{:?}", cases.keys());
    for (name, lines) in &cases {
        add_up(lines, run_us(&journal[name]));
        lines_are_those_of(&journal[name], lines);
        let operators = &lines[..lines.len() - 1];
        if name.contains("none") {
            let file = select::select(&[TFLITE.to_owned()], None).unwrap().remove(0);
            let mut counts = BTreeMap::<String, usize>::new();
            for line in operators {
                assert_eq!(line["ran_on"], "own kernels");
                assert!(!line["name"].is_empty(), "{line:?}");
                *counts.entry(line["operator"].clone()).or_default() += 1;
            }
            assert_eq!(counts, file.signature.operators.into_iter().collect(), "{name}");
        } else {
            assert!(operators.iter().all(|line| line["ran_on"] != "own kernels"), "{operators:?}");
            assert!(operators.iter().any(|it| it["ran_on"] == "xnnpack"), "{operators:?}");
        }
    }
    the_run_shows_it(&folder, &cases);
}

/// The report, the trace and `profile` say what profile.csv does.
fn the_run_shows_it(folder: &Path, cases: &BTreeMap<String, Vec<Line>>) {
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("<section id=\"operators\"") && page.contains("DEPTHWISE_CONV_2D"));
    let trace = folder.join("trace.json");
    let run = folder.to_str().unwrap();
    let exported = shutterbench(&["report", run, "--export", "trace", trace.to_str().unwrap()]);
    assert!(exported.status.success());
    let trace: Value = serde_json::from_slice(&fs::read(trace).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let operators = events.iter().filter(|event| event["cat"] == "operator").count();
    let taking =
        cases.values().flatten().filter(|line| line["median_us"].parse::<f64>().unwrap() > 0.0);
    assert_eq!(operators, taking.count());

    let shown = |arguments: &[&str]| {
        let output = shutterbench(&[&["profile", run], arguments].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = shown(&["*none*"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("DEPTHWISE_CONV_2D") && text.contains("outside operators"), "{text}");
    let rate = "of what a large matrix product reaches";
    assert!(text.contains(" GMAC/s, ") && text.contains(rate) && page.contains(rate), "{text}");
    assert!(text.contains("timed without profiling") && !text.contains("NHWC"), "{text}");
    let (code, text) = shown(&["*xnnpack*", "*none*"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("B takes") && text.contains("convolutions"), "{text}");
    assert!(text.contains("by what ran them:") && text.contains("own kernels"), "{text}");
    assert!(text.contains("operators explain"), "{text}");
    assert!(text.contains("by partition") && text.contains("own kernels 1: B "), "{text}");
    let (code, text) = shown(&["*xnnpack*", "*none*", "--json"]);
    assert_eq!(code, Some(0));
    let found: Value = serde_json::from_str(&text).unwrap();
    for lines in ["by_kind", "by_place", "by_partition"] {
        let lines = found[lines].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| line["difference_us"].as_f64().unwrap()).sum();
        assert!((sum - found["difference_us"].as_f64().unwrap()).abs() < 0.1, "{found}");
    }
    let (code, text) = shown(&["*none*", "*none*"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("nodes of the same name (10 of "), "{text}");
    assert_eq!(shown(&["*", "*none*"]).0, Some(2), "two cases of that name");
    assert_eq!(shown(&["nothing"]).0, Some(2));
}

#[test]
fn other_backends_tell_their_operators_too() {
    let root = TempDir::new().unwrap();
    for (kind, model) in [
        (BackendKind::Onnxruntime, ONNX),
        (BackendKind::Litert, TFLITE),
        (BackendKind::Tract, ONNX),
        (BackendKind::Openvino, ONNX),
    ] {
        if !has_runtimes(&[kind]) {
            continue;
        }
        let folder = root.path().join(kind.to_string());
        let delegate = if kind == BackendKind::Litert { "none,xnnpack" } else { "none" };
        profiled(&folder, model, &kind.to_string(), delegate);
        let (cases, journal) = (lines(&folder), in_journal(&folder));
        for (name, lines) in cases {
            add_up(&lines, run_us(&journal[&name]));
            lines_are_those_of(&journal[&name], &lines);
            // XNNPACK runs pointwise convolutions as matrix products.
            let counts = |line: &&Line| {
                let operator = line["operator"].to_lowercase();
                ["conv", "connected", "matmul", "gemm"].iter().any(|part| operator.contains(part))
            };
            let found = lines.iter().filter(counts).count();
            assert!(found >= 10, "{name}: {lines:?}");
            kernels_are_named(kind, &name, &lines);
        }
    }
}

/// OpenVINO, tract and XNNPACK name the kernels of convolutions or matrix products; ONNX Runtime and
/// LiteRT's own operators do not.
fn kernels_are_named(kind: BackendKind, case: &str, lines: &[Line]) {
    let named = |part: &str| lines.iter().filter(|line| line["kernel"].contains(part)).count();
    match kind {
        BackendKind::Openvino => assert!(named("_") >= 10, "{case}: {lines:?}"),
        BackendKind::Tract => assert!(named("_mmm_") >= 5, "{case}: {lines:?}"),
        BackendKind::Litert if case.contains("xnnpack") => {
            assert!(named("GEMM") >= 5, "{case}: {lines:?}");
            assert!(lines.iter().all(|line| !line["operator"].contains("GEMM")), "{lines:?}");
        }
        _ => assert!(lines.iter().all(|line| line["kernel"].is_empty()), "{case}: {lines:?}"),
    }
}

/// XNNPACK leaves the pool and the softmax of 8-bit models to the kernels of both runtimes.
#[test]
fn what_a_delegate_left_is_named_with_what_passes_between() {
    let root = TempDir::new().unwrap();
    for kind in [BackendKind::Tflite, BackendKind::Litert] {
        if !has_runtimes(&[kind]) {
            continue;
        }
        let folder = root.path().join(kind.to_string());
        profiled(&folder, "fmnist_mobilenet_v1_0.25_int8", &kind.to_string(), "xnnpack");
        for (name, case) in in_journal(&folder) {
            let placement = &case["profile"]["placement"];
            let left = placement["left"].as_array().unwrap_or_else(|| panic!("{name}: {case}"));
            let operators: Vec<&str> =
                left.iter().map(|node| node["operator"].as_str().unwrap()).collect();
            assert_eq!(operators, ["AVERAGE_POOL_2D", "SOFTMAX"], "{name}");
            assert_eq!(left[1]["takes"], "int8", "{name}");
            if kind == BackendKind::Tflite {
                told(&case["profile"]["refusals"], left);
            }
            assert_eq!(placement["partitions"], 2, "{name}");
            assert_eq!(placement["tensors_between"], 3, "{name}");
            assert!(placement["bytes_between"].as_u64().unwrap() > 10, "{name}");
        }
        let output = shutterbench(&["profile", folder.to_str().unwrap()]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("SOFTMAX 1 (node ") && text.contains("on int8)"), "{text}");
        assert!(text.contains("pass between the two in each run"), "{text}");
        let page = fs::read_to_string(folder.join("report.html")).unwrap();
        assert!(page.contains("pass between the two in each run"));
        // Every form has the row of what no operator explains.
        assert!(page.contains("outside operators") && text.contains("outside operators"));
        if kind == BackendKind::Tflite {
            assert!(text.contains("why SOFTMAX (node ") && text.contains("unsupported type INT8"));
            assert!(page.contains("why SOFTMAX (node ") && page.contains("unsupported type INT8"));
            let lines = lines(&folder).into_values().next().unwrap();
            let with_reason = |line: &&Line| line["reason"].contains("unsupported type INT8");
            assert_eq!(lines.iter().filter(with_reason).count(), 2, "{lines:?}");
        }
    }
}

/// XNNPACK's reasons against the nodes that were left.
fn told(refusals: &Value, left: &[Value]) {
    let refusals = refusals.as_array().unwrap();
    assert_eq!(refusals.len(), left.len(), "{refusals:?}");
    for (refusal, node) in refusals.iter().zip(left) {
        for key in ["index", "name", "operator"] {
            assert_eq!(refusal[key], node[key], "{refusal}");
        }
        let reason = refusal["reason"].as_str().unwrap();
        assert!(reason.contains("unsupported type INT8"), "{reason}");
        assert!(reason.ends_with(&format!("in node #{}", node["index"])), "{reason}");
    }
}

#[test]
fn what_a_delegate_of_its_own_library_says_is_told() {
    let Some(delegate) = softmax_delegate() else { return };
    let root = TempDir::new().unwrap();
    let reasons = |option: &str| {
        let folder = root.path().join(option.replace(['?', '='], "-"));
        let delegate = format!("external:{}{option}", delegate.display());
        profiled(&folder, TFLITE, "tflite", &delegate);
        let case = in_journal(&folder).into_values().next().unwrap();
        (case, lines(&folder).into_values().next().unwrap())
    };
    let (case, lines) = reasons("?explain=1");
    let refusals = case["profile"]["refusals"].as_array().unwrap_or_else(|| panic!("{case}"));
    let operators: Vec<&str> = refusals.iter().map(|it| it["operator"].as_str().unwrap()).collect();
    assert_eq!(operators, ["AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D"]);
    assert!(refusals.iter().all(|it| it["reason"] == "it is no softmax"), "{refusals:?}");
    for line in &lines {
        let is_told = operators.contains(&line["operator"].as_str());
        assert_eq!(line["reason"], if is_told { "it is no softmax" } else { "" }, "{line:?}");
    }
    let (silent, _) = reasons("?explain=0");
    assert!(silent["profile"]["refusals"].is_null(), "{silent}");
}

#[cfg(feature = "tflitec")]
#[test]
fn the_second_binding_tells_what_the_first_does() {
    if !has_runtimes(&[BackendKind::Tflite, BackendKind::Tflitec]) {
        return;
    }
    let root = TempDir::new().unwrap();
    let of = |backend: &str| -> Vec<(String, String)> {
        let folder = root.path().join(backend);
        profiled(&folder, TFLITE, backend, "none");
        let all = lines(&folder).into_values().next().unwrap();
        all.into_iter().map(|line| (line["name"].clone(), line["operator"].clone())).collect()
    };
    let told = of("tflitec");
    assert!(told.len() > 10, "{told:?}");
    assert_eq!(told, of("tflite"));
}

#[test]
fn a_run_without_a_profile_says_how_to_get_one() {
    let root = TempDir::new().unwrap();
    let journal = repository().join("tests/fixtures/journal-1.jsonl");
    fs::copy(journal, root.path().join("journal.jsonl")).unwrap();
    let output = shutterbench(&["profile", root.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("holds no profile") && said.contains("--profile"), "{said}");
    let both = shutterbench(&["run", "--profile", "--no-latency"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn profiles_of_two_hundred_cases_keep_the_report_below_5_mb() {
    let models = (0..50).map(|index| format!("model_{index}")).collect();
    let shape = Shape { models, rounds: 3, samples_per_round: 5, images: 20, ..Shape::default() };
    let mut run = run(&shape);
    let node = |index: u64| ProfiledNode {
        name: format!("a/long/name/of/a/node/as/converters/write/them/{index}"),
        operator: format!("Convolution of type {} (NHWC, F32)", index % 20),
        ran_on: "TfLiteXNNPackDelegate".into(),
        kernel: "IGEMM".into(),
        layer: format!("a/long/name/of/a/layer/{index}"),
        ns: (0..30).map(|run| 1000 * index + 37 * run).collect(),
    };
    let nodes: Vec<ProfiledNode> = (0..150).map(node).collect();
    let refusal = |index: usize| Refusal {
        index: Some(index),
        name: format!("a/long/name/of/a/node/as/converters/write/them/{index}"),
        operator: format!("OPERATOR_{index}"),
        reason: "a driver explains at length why it does not take a node ".repeat(4),
    };
    for record in &mut run.cases {
        let runs_ns = vec![12_345_678; 30];
        let nodes = nodes.clone();
        let refusals = (0..100).map(refusal).collect();
        let rest = OperatorProfile::default();
        record.profile = Some(OperatorProfile { runs_ns, nodes, refusals, ..rest });
    }
    assert_eq!(run.cases.len(), 200);
    let without = page(&run, &[]).len();
    let whole = page(&run, &rows(&run));
    assert!(whole.len() < 5_000_000, "{} bytes, {without} of them without rows", whole.len());
    assert_eq!(whole.matches("profiled runs").count(), 200);
    assert_eq!(whole.matches("nodes of the same name, side by side").count(), 50);
}
