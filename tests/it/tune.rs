//! `tune`: a search for the best case is a run, in which wrong answers cannot win.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::report::csv::read_results;
use shutterbench::table::row::Row;
use tempfile::TempDir;

use crate::common::TimelyOutput;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

fn shutterbench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(folder).args(arguments).timely_output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A search among TensorFlow Lite's cases with one thread, into `out`: its answer.
fn tuned(folder: &Path, out: &str, more: &[&str]) -> Value {
    let fixed = ["tune", "--model", MODEL, "--backend", "tflite", "--threads", "1"];
    let mut arguments =
        [&fixed[..], &["--out", out, "--seconds", "4", "--quiet", "--json"]].concat();
    arguments.extend(more);
    answer(&shutterbench(folder, &arguments))
}

fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is said of the case whose name ends so.
fn left<'a>(answer: &'a Value, end: &str) -> &'a Value {
    let all = answer["left"].as_array().unwrap();
    all.iter().find(|it| it["case"].as_str().unwrap().ends_with(end)).unwrap_or_else(|| {
        panic!("{end} is not among {all:#?}");
    })
}

#[test]
fn the_best_case_is_one_that_run_measures_from_the_settings_file() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let answer = tuned(at, "out", &["--no-options", "--settings", "best.json"]);
    assert_eq!((&answer["cases"], answer["left"].as_array().unwrap().len()), (&2.into(), 1));
    let best = answer["best"].as_str().unwrap();
    let other = if best.contains("/none") { "/xnnpack x1" } else { "/none x1" };
    let other = left(&answer, other);
    assert!(other["reason"].as_str().unwrap().contains("times as long as tflite/"), "{other}");
    assert!(other["low"].as_f64().unwrap() <= other["high"].as_f64().unwrap(), "{other}");
    // The folder is a run's: it is reported and picked from.
    for command in [&["report", "out"][..], &["pick", "out"], &["compare", "out", "out"]] {
        let output = shutterbench(at, command);
        assert!(output.status.success(), "{command:?}: {}", said(&output));
    }
    let short = ["--runs", "20", "--warmup", "1", "--no-accuracy", "--quiet", "--out", "again"];
    let again = shutterbench(at, &[&["run", "--settings", "best.json"][..], &short].concat());
    // Whether the promises hold is up to the machine.
    assert!(matches!(again.status.code(), Some(0 | 1)), "{}", said(&again));
    let rows = read_results(&at.join("again/results.csv")).unwrap();
    assert_eq!(rows.iter().map(Row::case).collect::<Vec<_>>(), [best]);
}

#[test]
fn another_precision_is_not_timed_unless_it_is_allowed() {
    let folder = TempDir::new().unwrap();
    let half = ["--delegate", "xnnpack", "--set", "half:force_fp16=true"];
    let answer = tuned(folder.path(), "strict", &half);
    let best = answer["best"].as_str().unwrap();
    assert!(best.ends_with("tflite/xnnpack x1"), "{best}");
    let strict = left(&answer, "+half x1");
    let why = strict["reason"].as_str().unwrap();
    if strict["status"] == "skipped" {
        assert!(why.contains("fewer bits") && strict.get("ratio").is_none(), "{why}");
    } else {
        // A CPU on which float16 is so exact that its outputs are the model's.
        assert!(strict["ratio"].is_number(), "{strict:#}");
    }
    let allowed = tuned(folder.path(), "any", &[&half[..], &["--reduced-precision"]].concat());
    let is_timed = |name: &str| {
        let is_best = allowed["best"].as_str().unwrap().ends_with(name);
        is_best || left(&allowed, name)["ratio"].is_number()
    };
    assert!(is_timed("/xnnpack x1") && is_timed("+half x1"), "{allowed:#}");
}

#[test]
fn a_search_goes_on_where_its_journal_ends() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let more = ["--set", "latest:latest_operators=true"];
    let whole = tuned(at, "whole", &more);
    let text = fs::read_to_string(at.join("whole/journal.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let dropped = lines.iter().position(|line| line.contains("\"entry\":\"dropped\"")).unwrap();
    let end =
        dropped + lines[dropped..].iter().position(|line| line.contains("\"case_ended\"")).unwrap();
    fs::create_dir(at.join("cut")).unwrap();
    fs::write(at.join("cut/journal.jsonl"), lines[..=end].join("\n") + "\n").unwrap();
    let resumed = answer(&shutterbench(at, &["tune", "--resume", "cut", "--quiet", "--json"]));
    assert_eq!(resumed["cases"], whole["cases"]);
    assert_eq!(resumed["left"].as_array().unwrap().len() + 1, 3);
    let first: Value = serde_json::from_str(lines[dropped]).unwrap();
    let rounds = |of: &Value| {
        let all = of["left"].as_array().unwrap();
        all.iter().map(|it| it["round"].clone()).collect::<Vec<_>>()
    };
    assert!(rounds(&resumed).contains(&first["dropped"]["round"]), "{resumed:#}");
    // A plain run is not continued as a search.
    let run = ["run", "--model", MODEL, "--backend", "tflite", "--delegate", "none", "--runs", "5"];
    let short = ["--warmup", "1", "--no-accuracy", "--quiet", "--out", "plain"];
    assert!(shutterbench(at, &[&run[..], &short].concat()).status.success());
    let refused = shutterbench(at, &["tune", "--resume", "plain"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("'shutterbench run --resume'"), "{}", said(&refused));
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let folder = TempDir::new().unwrap();
    for (arguments, expected) in [
        (&["tune", "--model", "fmnist_*"][..], "searches for one model"),
        (&["tune", "--model", MODEL, "--margin", "0.1%"], "from 1 to 50, such as 2%"),
        (&["tune", "--model", MODEL, "--settings", "-", "--json"], "cannot share standard output"),
        (&["tune"], "--model"),
    ] {
        let output = shutterbench(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
}
