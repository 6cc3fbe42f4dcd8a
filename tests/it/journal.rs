//! Journals of other versions: those of older ones can always be read, what a newer one of the
//! same schema adds to a line is ignored, and one of a newer schema is refused. The fixture is of
//! schema 1: one embedded model in three cases, ten runs each, twelve images.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use shutterbench::run::journal;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// Fields that the format gained while its schema was 1. Journals without them exist.
const ADDED: [&str; 17] = [
    "agreement",
    "android",
    "batch",
    "care",
    "clock_source",
    "emulated",
    "external_data",
    "in_turn",
    "parts",
    "references",
    "shard",
    "thermal_zones",
    "threads_before",
    "top_k",
    "virtual_machine",
    "worker",
    "working_folder",
];

fn fixture() -> Vec<Value> {
    let path = common::repository().join("tests/fixtures/journal-1.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A row of `results.csv`, by column.
type Row = HashMap<String, String>;

/// Has the program report a run that consists of this journal alone, in `folder`.
fn report(lines: &[Value], folder: &Path) -> Vec<Row> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(folder.join(journal::FILE_NAME), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("report").arg(folder).timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::Reader::from_path(folder.join("results.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The entries of one kind that concern one case or subject.
fn entries<'a>(lines: &'a [Value], kind: &str, of: (&str, usize)) -> Vec<&'a Value> {
    let is_asked = |line: &&Value| line["entry"] == kind && line[of.0] == of.1;
    lines.iter().filter(is_asked).collect()
}

#[test]
fn the_first_schema_is_read_and_all_files_are_made_from_it() {
    let lines = fixture();
    let folder = TempDir::new().unwrap();
    let rows = report(&lines, folder.path());
    assert_eq!(rows.len(), 3);
    for (case, row) in rows.iter().enumerate() {
        let asked = &lines[0]["cases"][case];
        for column in ["model", "backend", "delegate"] {
            assert_eq!(row[column], asked[column].as_str().unwrap());
        }
        let runs: Vec<f64> = entries(&lines, "visit", ("case", case))
            .iter()
            .flat_map(|entry| entry["visit"]["block"]["latency_ns"].as_array().unwrap())
            .map(|ns| ns.as_f64().unwrap() / 1e3)
            .collect();
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let near = |column: &str, expected: f64| {
            let found = number(column);
            assert!((found - expected).abs() <= expected * 1e-3, "{column}: {found} {expected}");
        };
        near("runs", runs.len() as f64);
        near("latency_min_us", runs.iter().copied().fold(f64::INFINITY, f64::min));
        near("latency_max_us", runs.iter().copied().fold(0.0, f64::max));
        near("latency_mean_us", runs.iter().sum::<f64>() / runs.len() as f64);
        let process = &entries(&lines, "process", ("case", case))[0]["process"]["loaded"];
        assert_eq!(row["backend_version"], process["backend_version"].as_str().unwrap());
        let ended = entries(&lines, "subject_ended", ("subject", case))[0];
        assert_eq!(row["nodes_total"], ended["coverage"]["nodes_total"].to_string());
        let scored = entries(&lines, "scored", ("subject", case));
        let predictions: Vec<&Value> =
            scored.iter().flat_map(|entry| entry["predictions"].as_array().unwrap()).collect();
        near("images", predictions.len() as f64);
        let right = predictions.iter().filter(|image| image["rank_of_label"] == 1).count();
        near("top1", right as f64 / predictions.len() as f64);
        assert_eq!(row["status"], "ok");
    }
    assert_eq!(rows[1]["delegate_status"], "full");
    for file in ["predictions.csv", "run.json", "report.md", "report.html"] {
        assert!(fs::metadata(folder.path().join(file)).unwrap().len() > 0, "{file}");
    }
    let predictions = fs::read_to_string(folder.path().join("predictions.csv")).unwrap();
    assert_eq!(predictions.lines().count(), 1 + 3 * 12);
}

#[test]
fn the_packed_runs_of_the_second_schema_say_what_those_of_the_first_say() {
    let mut lines = fixture();
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let first = report(&lines, folders[0].path());
    lines[0]["schema"] = 2.into();
    let mut packed = 0;
    for block in lines.iter_mut().filter_map(|line| line.pointer_mut("/visit/block")) {
        *block = serde_json::to_value(common::timed_runs(block)).unwrap();
        assert!(block["packed"].is_string() && block.get("latency_ns").is_none(), "{block}");
        packed += 1;
    }
    assert!(packed >= 3);
    assert_eq!(report(&lines, folders[1].path()), first);
    let samples = |folder: &TempDir| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.arg("report").arg(folder.path()).args(["--samples", "-"]);
        String::from_utf8(command.timely_output().stdout).unwrap()
    };
    assert!(samples(&folders[0]).lines().count() > 30);
    assert_eq!(samples(&folders[1]), samples(&folders[0]));
    assert!(!folders[1].path().join("samples.csv").exists(), "on request only");
}

/// What this program says of a newer journal, an older one says of this program's: nothing but
/// the schema is looked at first.
#[test]
fn a_newer_schema_is_refused_in_one_sentence_whatever_its_lines_hold() {
    let folder = TempDir::new().unwrap();
    let newer = journal::SCHEMA + 1;
    let text =
        format!("{{\"entry\":\"header\",\"schema\":{newer},\"all\":\"new\"}}\n{{\"x\":1}}\n");
    fs::write(folder.path().join(journal::FILE_NAME), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("report").arg(folder.path()).timely_output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    let expected = format!(
        "its schema is {newer}, but this program knows {}; use the newer shutterbench that wrote it",
        journal::SCHEMA
    );
    assert!(said.contains(&expected), "{said}");
}

/// Adds a field to every object in `value`.
fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(add_unknown_fields);
            fields.insert("of_a_newer_program".into(), json!({ "x": [1, null] }));
        }
        Value::Array(values) => values.iter_mut().for_each(add_unknown_fields),
        _ => {}
    }
}

#[test]
fn what_a_newer_program_adds_to_a_line_changes_nothing() {
    let mut lines = fixture();
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let before = report(&lines, folders[0].path());
    lines.iter_mut().for_each(add_unknown_fields);
    assert_eq!(report(&lines, folders[1].path()), before);
}

/// Removes the fields of these names wherever they occur; returns how many there were.
fn remove_fields(value: &mut Value, names: &[&str]) -> usize {
    match value {
        Value::Object(fields) => {
            let before = fields.len();
            fields.retain(|name, _| !names.contains(&name.as_str()));
            let removed = before - fields.len();
            removed + fields.values_mut().map(|value| remove_fields(value, names)).sum::<usize>()
        }
        Value::Array(values) => values.iter_mut().map(|value| remove_fields(value, names)).sum(),
        _ => 0,
    }
}

#[test]
fn what_an_older_program_did_not_write_is_not_measured() {
    let mut lines = fixture();
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let mut expected = report(&lines, folders[0].path());
    let removed: usize = lines.iter_mut().map(|line| remove_fields(line, &ADDED)).sum();
    assert!(removed > 20, "{removed}");
    for row in &mut expected {
        for column in ["threads_used", "agreement_top1", "max_abs_error", "agreement_inputs"] {
            row.insert(column.into(), String::new());
        }
    }
    for (row, expected) in report(&lines, folders[1].path()).iter().zip(&expected) {
        for (column, value) in expected {
            assert_eq!(&row[column], value, "{column}");
        }
    }
}
