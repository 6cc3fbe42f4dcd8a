//! Scenarios through the program: runs on a schedule, their file, their reports, resuming.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::TimelyOutput;

/// A model that every build can run.
const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32_onnx";

/// The program on a small model.
pub fn shutterbench(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tract", "--model", MODEL, "--no-accuracy"])
        .args(["--warmup", "1", "--processes", "1"])
        .args(arguments)
        .arg("--out")
        .arg(folder)
        .timely_output()
}

/// All that it says.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// The rows of a scenarios.csv: column by name.
pub fn rows(folder: &Path) -> Vec<Vec<(String, String)>> {
    let mut reader = csv::Reader::from_path(folder.join("scenarios.csv")).unwrap();
    let titles = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        titles.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

/// What a row has in a column.
pub fn field<'a>(row: &'a [(String, String)], name: &str) -> &'a str {
    &row.iter().find(|(title, _)| title == name).unwrap().1
}

/// The lines of a run's journal.
fn journal(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn is_entry(line: &str, kind: &str) -> bool {
    line.contains(&format!("\"entry\":\"{kind}\""))
}

/// How many entries of a kind a run's journal has.
fn entries(run: &Path, kind: &str) -> usize {
    journal(run).iter().filter(|line| is_entry(line, kind)).count()
}

/// Continues a run as if it had been killed after these lines of its journal, which stay.
fn resumed_after(run: &Path, kept: &[String]) -> Output {
    fs::write(run.join("journal.jsonl"), kept.join("\n") + "\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--resume"])
        .arg(run)
        .timely_output();
    assert_eq!(journal(run)[..kept.len()], *kept, "what was measured stays: {}", said(&output));
    output
}

#[test]
fn runs_on_a_schedule_are_measured_beside_those_back_to_back() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--runs", "20", "--rate", "50,100,50"], &run);
    assert!(output.status.success(), "{}", said(&output));
    let rows = rows(&run);
    let kinds: Vec<(&str, &str)> =
        rows.iter().map(|row| (field(row, "scenario"), field(row, "rate_per_s"))).collect();
    assert_eq!(kinds, [("back_to_back", ""), ("paced", "50.0"), ("paced", "100.0")]);
    for row in &rows {
        assert_eq!((field(row, "status"), field(row, "rounds")), ("ok", "5"), "{row:?}");
        assert!(field(row, "latency_p50_us").parse::<f64>().unwrap() > 0.0);
        assert!(field(row, "cpu_per_image_us").parse::<f64>().unwrap() > 0.0);
    }
    for row in &rows[1..] {
        let (runs, frames) = (field(row, "runs"), field(row, "frames"));
        let (runs, frames): (usize, usize) = (runs.parse().unwrap(), frames.parse().unwrap());
        assert!((5..=20).contains(&runs) && runs <= frames && frames <= 20, "{row:?}");
        assert!(field(row, "over_back_to_back").parse::<f64>().unwrap() > 0.0);
    }
    assert_eq!(field(&rows[0], "frames"), "", "no schedule, no frames");
    assert!(said(&output).contains("50 per second"), "{}", said(&output));
    let report = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    assert!(report("report.md").contains("100 per second"));
    assert!(report("report.html").contains("<section id=\"scenarios\""));
    let json: Value = serde_json::from_str(&report("run.json")).unwrap();
    assert_eq!(json["scenarios"].as_array().map(Vec::len), Some(3));
    let again =
        Command::new(env!("CARGO_BIN_EXE_shutterbench")).arg("report").arg(&run).timely_output();
    assert!(again.status.success() && said(&again).contains("50 per second"), "{}", said(&again));
}

#[test]
fn a_run_goes_on_with_the_scenarios_that_it_lacks() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--runs", "10", "--rate", "100"], &run);
    assert!(output.status.success(), "{}", said(&output));
    let lines = journal(&run);
    assert_eq!(entries(&run, "scenario"), 10);
    // As if it had been killed in the third round.
    let kept = lines.iter().position(|line| is_entry(line, "scenario")).unwrap() + 5;
    let output = resumed_after(&run, &lines[..kept]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(entries(&run, "scenario"), 10);
    assert!(rows(&run).iter().all(|row| field(row, "rounds") == "5"));
}

#[test]
fn a_rate_that_makes_no_sense_is_refused_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    for (arguments, sentence) in [
        (vec!["--rate", "0"], "give 0.1 to 1000 runs per second"),
        (vec!["--rate", "10", "--no-latency"], "--rate"),
    ] {
        let output = shutterbench(&arguments, &run);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(sentence), "{}", said(&output));
        assert!(!run.exists());
    }
}

#[test]
fn a_classification_is_timed_from_the_photo_to_its_classes() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tract", "--model", MODEL, "--images", "20"])
        .args(["--warmup", "1", "--processes", "1", "--runs", "20", "--end-to-end", "--out"])
        .arg(&run)
        .timely_output();
    assert!(output.status.success(), "{}", said(&output));
    let rows = rows(&run);
    let row = rows.iter().find(|row| field(row, "scenario") == "end_to_end").unwrap();
    assert_eq!((field(row, "status"), field(row, "rounds"), field(row, "runs")), ("ok", "5", "20"));
    let us = |name: &str| field(row, name).parse::<f64>().unwrap();
    let parts = ["decode", "prepare", "write", "invoke", "read", "rank"];
    let parts: Vec<f64> = parts.iter().map(|part| us(&format!("{part}_p50_us"))).collect();
    assert!(parts.iter().all(|us| *us > 0.0), "{parts:?}");
    assert!(parts.iter().sum::<f64>() > 0.5 * us("latency_p50_us"), "{parts:?} of {row:?}");
    let results = fs::read_to_string(run.join("results.csv")).unwrap();
    let mut results = csv::Reader::from_reader(results.as_bytes());
    let at = results.headers().unwrap().iter().position(|it| it == "end_to_end_p50_us").unwrap();
    let whole: f64 = results.records().next().unwrap().unwrap()[at].parse().unwrap();
    assert!(whole > 0.0);
}

#[test]
fn end_to_end_without_photos_is_refused() {
    let folder = TempDir::new().unwrap();
    let output = shutterbench(&["--end-to-end"], &folder.path().join("run"));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("--end-to-end needs photos"), "{}", said(&output));
}

#[test]
fn energy_by_an_external_meter_is_that_beyond_the_idle_machine_s() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let meter = "echo 3.5";
    let output = shutterbench(&["--max-seconds", "0.5", "--energy-meter", meter], &run);
    assert!(output.status.success(), "{}", said(&output));
    let rows = rows(&run);
    let [row] = rows.as_slice() else { panic!("{}", said(&output)) };
    assert_eq!((field(row, "scenario"), field(row, "idle_watts")), ("back_to_back", "3.5"));
    // A meter that never moves.
    let mj: f64 = field(row, "energy_mj_per_image").parse().unwrap();
    assert!(mj.abs() < 1e-6, "{row:?}");
    assert!(field(row, "energy_source").contains("echo 3.5"), "{row:?}");
    assert!(said(&output).contains("mJ/image"), "{}", said(&output));
    let told = "Energy by external meter (echo 3.5), of which the 3.50 W of the idle machine";
    assert!(said(&output).contains(told), "{}", said(&output));
    assert!(fs::read_to_string(run.join("report.md")).unwrap().contains(told));
    // Nothing is 0 and not a little below it.
    assert_eq!(field(row, "energy_mj_per_image_low").replace("0.0", "0"), "0", "{row:?}");
    let told = "1 of 1 energies cannot be told from the idle machine's";
    assert!(said(&output).contains(told), "{}", said(&output));
}

/// Runs with a meter that fails while `test`, a condition on the number `n` of its call, holds.
fn with_failing_meter(folder: &Path, test: &str) -> (Output, Vec<(String, String)>) {
    let calls = folder.join("calls").display().to_string();
    let meter = format!("echo >> '{calls}'; n=$(wc -l < '{calls}'); [ $n {test} ] || echo 3.5");
    let run = folder.join("run");
    let output = shutterbench(&["--max-seconds", "0.5", "--energy-meter", &meter], &run);
    let mut rows = rows(&run);
    assert_eq!(rows.len(), 1, "{}", said(&output));
    (output, rows.remove(0))
}

#[test]
fn a_meter_that_fails_in_mid_run_is_told_of() {
    // It is asked twice before anything is measured, and then while the machine is idle.
    let folder = TempDir::new().unwrap();
    let (output, row) = with_failing_meter(folder.path(), "-eq 3");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = field(&row, "energy_error");
    assert!(told.starts_with("in 1 of 5 rounds: --energy-meter"), "{row:?}");
    assert!(said(&output).contains("energy was not measured in 1 of 5"), "{}", said(&output));
    assert!(field(&row, "energy_mj_per_image").parse::<f64>().unwrap().abs() < 1e-6, "{row:?}");

    let folder = TempDir::new().unwrap();
    let (output, row) = with_failing_meter(folder.path(), "-gt 2");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(field(&row, "energy_error").contains("5 of 5 rounds"), "{row:?}");
    assert_eq!(field(&row, "energy_mj_per_image"), "");
    assert!(said(&output).contains("its energy was not measured: --energy-meter"));
}

#[test]
fn a_meter_that_prints_no_watts_is_refused() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--energy-meter", "echo broken"], &run);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("printed 'broken'"), "{}", said(&output));
    assert!(!run.exists());
}

#[test]
fn streams_run_at_once_however_few_runs_are_asked_for() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--runs", "20", "--max-seconds", "1", "--streams", "2"], &run);
    assert!(output.status.success(), "{}", said(&output));
    let rows = rows(&run);
    let two = rows.iter().find(|row| field(row, "scenario") == "streams").unwrap();
    assert_eq!((field(two, "status"), field(two, "rounds")), ("ok", "5"), "{two:?}");
    assert!(field(two, "throughput_per_s").parse::<f64>().unwrap() > 0.0, "{two:?}");
}

#[test]
fn several_instances_run_at_once() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--max-seconds", "1", "--streams", "2"], &run);
    assert!(output.status.success(), "{}", said(&output));
    let rows = rows(&run);
    let [alone, two] = rows.as_slice() else { panic!("{}", said(&output)) };
    assert_eq!((field(two, "scenario"), field(two, "streams")), ("streams", "2"));
    assert_eq!((field(two, "status"), field(two, "rounds")), ("ok", "5"), "{two:?}");
    for row in [alone, two] {
        assert!(field(row, "throughput_per_s").parse::<f64>().unwrap() > 0.0, "{row:?}");
    }
    let fairness: f64 = field(two, "stream_fairness").parse().unwrap();
    assert!(fairness > 0.0 && fairness <= 1.0, "{two:?}");
    assert_eq!(field(alone, "stream_fairness"), "");
    let json = fs::read_to_string(run.join("run.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let place = &json["measured_cases"][0]["processes"][0]["loaded"]["place"];
    assert!(place["cpus"].is_string() && place["nice"].is_number(), "{place}");
}

#[test]
fn a_case_goes_on_for_minutes_and_after_a_kill_loses_nothing_that_was_journalled() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = shutterbench(&["--runs", "10", "--sustained", "0.02"], &run);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("Over minutes:"), "{}", said(&output));
    let lines = journal(&run);
    assert_eq!(entries(&run, "sustained"), 6);
    let rows_of = || -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(run.join("sustained.csv")).unwrap();
        reader.records().map(Result::unwrap).collect()
    };
    assert_eq!(rows_of().len(), 6);
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("<section id=\"sustained\"") && page.contains("<polyline"));
    // As if it had been killed after the second window.
    let kept = lines.iter().position(|line| is_entry(line, "sustained")).unwrap() + 2;
    let output = resumed_after(&run, &lines[..kept]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(entries(&run, "sustained"), 6);
    assert!(said(&output).contains("in 2 parts"), "{}", said(&output));
}

#[test]
fn a_killed_run_over_minutes_loses_at_most_the_window_in_hand() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let mut child = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tract", "--model", MODEL, "--no-accuracy"])
        .args(["--warmup", "1", "--processes", "1", "--runs", "10", "--sustained", "0.06", "--out"])
        .arg(&run)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let text = || fs::read_to_string(run.join("journal.jsonl")).unwrap_or_default();
    let windows = |text: &str| text.lines().filter(|line| is_entry(line, "sustained")).count();
    crate::common::until("two windows in the journal", || windows(&text()) >= 2);
    child.kill().unwrap();
    crate::common::exit_status(&mut child);
    let before = windows(&text());
    assert!(before < 6, "it was killed too late");
    let whole: Vec<String> = journal(&run).into_iter().filter(|it| it.ends_with('}')).collect();
    // The journal as the kill left it, with half a line at its end if it did. Options may be stated
    // once more, if they are the same.
    let resumed = |minutes: &str| {
        Command::new(env!("CARGO_BIN_EXE_shutterbench"))
            .args(["run", "--quiet", "--sustained", minutes, "--resume"])
            .arg(&run)
            .timely_output()
    };
    let refused = said(&resumed("0.5"));
    assert!(refused.contains("--sustained was 0.06, now it is 0.5;"), "{refused}");
    let output = resumed("0.06");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(journal(&run)[..whole.len()], *whole, "every window that was over stays");
    // Six windows are the whole time: only what was in hand was measured again.
    assert_eq!(entries(&run, "sustained"), 6);
    assert!(said(&output).contains("in 2 parts"), "{}", said(&output));
}

#[test]
fn a_case_goes_on_at_the_rate_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let arguments = ["--runs", "10", "--sustained", "0.03", "--sustained-rate", "50"];
    let output = shutterbench(&arguments, &run);
    assert!(output.status.success(), "{}", said(&output));
    let mut reader = csv::Reader::from_path(run.join("sustained.csv")).unwrap();
    let titles = reader.headers().unwrap().clone();
    let at = |name: &str| titles.iter().position(|title| title == name).unwrap();
    for row in reader.records().map(Result::unwrap) {
        assert_eq!(&row[at("rate_per_s")], "50.0");
        let (frames, missed) = (&row[at("frames")], &row[at("deadline_misses")]);
        assert!(frames.parse::<u64>().unwrap() > 0, "{row:?}");
        assert!((0.0..=1.0).contains(&missed.parse::<f64>().unwrap()), "{row:?}");
        // 15 frames, of which a busy machine may drop some.
        assert!((1..=15).contains(&row[at("runs")].parse::<u64>().unwrap()), "{row:?}");
    }
    assert!(said(&output).contains("% at 50 per second"), "{}", said(&output));
    let output = shutterbench(&["--sustained-rate", "50"], &folder.path().join("other"));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
}

#[test]
fn the_highest_rate_in_time_is_searched_for() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    // A limit that any machine keeps: one try is enough.
    let output = shutterbench(&["--runs", "10", "--find-rate", "10000"], &run);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("Highest rates:"), "{}", said(&output));
    let json: Value =
        serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap();
    let tried = json["found_rates"][0]["tried"].as_array().unwrap();
    assert!(!tried.is_empty() && tried[0]["frames"].as_u64().unwrap() > 0, "{json}");
    let output = shutterbench(&["--find-rate", "0"], &folder.path().join("wrong"));
    assert_eq!(output.status.code(), Some(2));
}
