//! `report --export`: each format is held to its consumer's own rules.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use shutterbench::decide::complete::is_complete;
use shutterbench::record::run::Run;
use shutterbench::record::scenario::{Scenario, ScenarioOutcome};
use shutterbench::record::status::Status;
use shutterbench::record::timed_runs::Block;
use shutterbench::report::export::kind::ExportKind;
use shutterbench::table::row::Row;
use shutterbench::table::rows::rows;
use strum::VariantNames;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, repository};
use crate::report_common::{Shape, run};

/// A run with names that need escaping, and with every way to end.
fn mixed() -> Run {
    let names =
        ["plain_int8", "a <b> & \"c\" d", "=1+1 f32", "emoji 😀", "control \u{1}\u{1b}[31m"];
    let mut run = run(&Shape { models: names.map(str::to_owned).to_vec(), ..Shape::default() });
    let mut end = |case: usize, status: Status, error: &str| {
        run.cases[case].status = status;
        run.cases[case].error = Some(error.to_owned());
        run.cases[case].visits.clear();
    };
    end(0, Status::Crashed, "its process died, \"signal 11\" <core>\u{1}");
    end(2, Status::Unsupported, "no such operator");
    run.accuracies[4].status = Status::Failed;
    run
}

fn text(run: &Run, kind: ExportKind) -> String {
    kind.export().text(run, &rows(run))
}

fn json_of(run: &Run, kind: ExportKind) -> Value {
    serde_json::from_str(&text(run, kind)).unwrap()
}

/// A Python program of the tests on a file with `text`; what it prints.
fn python(script: &str, text: &str) -> Option<String> {
    let python = common::python()?;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, text).unwrap();
    let script: PathBuf = repository().join("tests/python").join(script);
    let output = Command::new(python).arg(script).arg(&file).timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_junit_reader_sees_which_cases_ended_how() {
    let mut run = mixed();
    let Some(read) = python("read_junit.py", &text(&run, ExportKind::Junit)) else { return };
    let seen: Value = serde_json::from_str(&read).unwrap();
    let all = rows(&run);
    assert_eq!(seen["tests"], json!(all.len()));
    assert_eq!((&seen["failures"], &seen["skipped"]), (&json!(0), &json!(1)));
    // One crashed; all cases of the subject that was not scored, which failed.
    let unscored = run.accuracies[4].key.clone();
    let of_it = run.header.cases.iter().filter(|case| case.accuracy_key() == unscored).count();
    assert_eq!(seen["errors"], json!(1 + of_it));
    let cases = seen["cases"].as_array().unwrap();
    for (case, row) in cases.iter().zip(&all) {
        let name =
            format!("{} {}", case["classname"].as_str().unwrap(), case["name"].as_str().unwrap());
        let printable = |text: &str| text.replace(['\u{1}', '\u{1b}'], "\u{fffd}");
        assert_eq!(name, printable(&row.case()));
        assert_eq!(case["time"], json!(row.seconds.unwrap()));
        let properties = &case["properties"];
        match row.status {
            Status::Ok => {
                let ms = properties["latency-p50 (ms)"].as_str().unwrap();
                let expected = row.latency_p50_us.unwrap() / 1e3;
                assert!((ms.parse::<f64>().unwrap() - expected).abs() < 1e-9, "{ms}");
                assert!(ms.len() < 12, "{ms}");
            }
            _ => assert_eq!(*properties, json!({})),
        }
    }
    assert_eq!(
        cases[0]["results"],
        json!([["error", "crashed", "its process died, \"signal 11\" <core>"]])
    );
    assert_eq!(cases[2]["results"], json!([["skipped", null, "no such operator"]]));

    // What a run that was cut short did not come to is not passed over.
    run.finished = None;
    let left_out = run.cases.pop().unwrap();
    run.accuracies.retain(|record| record.key != left_out.case.accuracy_key());
    let read = python("read_junit.py", &text(&run, ExportKind::Junit)).unwrap();
    let seen: Value = serde_json::from_str(&read).unwrap();
    let last = seen["cases"].as_array().unwrap().last().unwrap();
    assert!(left_out.case.to_string().contains(last["name"].as_str().unwrap()));
    assert_eq!(last["results"][0][1], "not_run");
}

#[test]
fn scenarios_that_failed_or_were_not_reached_are_red() {
    let failed = |run: &Run, what: &str| {
        let text = text(run, ExportKind::Junit);
        let red = text.lines().filter(|line| line.contains("<error type="));
        red.filter(|line| line.contains(what)).count()
    };
    let mut run = run(&Shape { models: vec!["one".into(), "two".into()], ..Shape::default() });
    let scenario = Scenario::Paced { rate: "10".parse().unwrap() };
    assert_eq!(failed(&run, "scenario"), 0);
    run.cases[0].scenarios.push(ScenarioOutcome::Lost {
        scenario,
        status: Status::Crashed,
        error: "its process died".into(),
    });
    assert_eq!(failed(&run, "paced: crashed: its process died"), 1);
    assert!(!is_complete(&run, &rows(&run)));

    run.cases[0].scenarios.clear();
    let latency = run.header.options.latency.as_mut().unwrap();
    latency.scenarios.rate = vec!["10".parse().unwrap()];
    let finished = run.finished.take();
    let cases = run.cases.len();
    assert_eq!(failed(&run, "back_to_back: the run ended before it was measured"), cases);
    run.finished = finished;
    assert_eq!(failed(&run, "back_to_back"), 0);
}

/// What LAVA's dispatcher makes of a line: the parameters of a test case's signal, by its
/// own expressions (lava_dispatcher/actions/test/shell.py).
fn signal(line: &str) -> HashMap<String, String> {
    let inside = line.strip_prefix("<LAVA_SIGNAL_").and_then(|rest| rest.strip_suffix('>'));
    let inside = inside.unwrap_or_else(|| panic!("{line}"));
    let (name, parameters) = inside.split_once(' ').unwrap();
    assert!(name == "TESTCASE" && !parameters.contains('>'), "{line}");
    let pair = |parameter: &str| {
        let parts: Vec<&str> = parameter.split('=').collect();
        assert_eq!(parts.len(), 2, "{line}");
        (parts[0].to_lowercase(), parts[1].to_owned())
    };
    parameters.split_whitespace().map(pair).collect()
}

#[test]
fn lava_takes_every_line_and_no_id_twice() {
    let run = mixed();
    let all = rows(&run);
    let text = text(&run, ExportKind::Lava);
    let signals: Vec<HashMap<String, String>> = text.lines().map(signal).collect();
    let mut ids = HashSet::new();
    for signal in &signals {
        assert!(ids.insert(signal["test_case_id"].clone()), "{signal:?} comes twice");
        assert!(["pass", "fail", "skip"].contains(&signal["result"].as_str()), "{signal:?}");
        assert!(signal.values().all(|value| value.is_ascii() && !value.is_empty()), "{signal:?}");
        if let Some(value) = signal.get("measurement") {
            // A decimal with at most ten digits behind the point, never an exponent.
            assert!(value.chars().all(|c| c.is_ascii_digit() || ".-".contains(c)), "{value}");
            assert!(value.split_once('.').is_none_or(|(_, digits)| digits.len() <= 10), "{value}");
            assert!(signal.contains_key("units"));
        }
    }
    let own = |signal: &&HashMap<String, String>| !signal.contains_key("measurement");
    let results: Vec<&str> = signals.iter().filter(own).map(|it| it["result"].as_str()).collect();
    assert_eq!(results.len(), all.len());
    assert_eq!((results[0], results[1], results[2]), ("fail", "pass", "skip"));
    let p50: Vec<f64> = signals
        .iter()
        .filter(|signal| signal["test_case_id"].ends_with(".latency-p50"))
        .map(|signal| signal["measurement"].parse().unwrap())
        .collect();
    let expected: Vec<f64> = all.iter().filter_map(|row| row.latency_p50_us).collect();
    assert_eq!(p50.len(), expected.len());
    assert!(p50.iter().zip(&expected).all(|(ms, us)| (ms * 1e3 - us).abs() < 1e-6));
}

/// Every value of an object is a number, none is null.
fn numbers(object: &Value) {
    for (name, value) in object.as_object().unwrap() {
        assert!(value.is_number(), "{name}: {value}");
    }
}

#[test]
fn bencher_gets_numbers_under_names_that_it_takes() {
    let run = mixed();
    let all = rows(&run);
    let document = json_of(&run, ExportKind::Bencher);
    let measured: Vec<&Row> = all.iter().filter(|row| row.status == Status::Ok).collect();
    assert_eq!(document.as_object().unwrap().len(), measured.len());
    for row in measured {
        let metrics = &document[row.case()];
        for (measure, metric) in metrics.as_object().unwrap() {
            assert!((1..=64).contains(&measure.chars().count()), "{measure}");
            numbers(metric);
            let keys: Vec<&String> = metric.as_object().unwrap().keys().collect();
            assert!(
                keys.iter()
                    .all(|key| ["value", "lower_value", "upper_value"].contains(&key.as_str()))
            );
        }
        let nanoseconds = metrics["latency"]["value"].as_f64().unwrap();
        assert!((nanoseconds - row.latency_p50_us.unwrap() * 1e3).abs() < 1e-3);
        let low = metrics["latency"]["lower_value"].as_f64().unwrap();
        assert!((low - row.latency_p50_low_us.unwrap() * 1e3).abs() < 1e-3);
    }
    let long = "long ".repeat(400);
    let run = crate::report_common::run(&Shape { models: vec![long], ..Shape::default() });
    let document = json_of(&run, ExportKind::Bencher);
    assert!(document.as_object().unwrap().keys().all(|name| name.chars().count() <= 1024));
    assert_eq!(
        document.as_object().unwrap().len(),
        rows(&run).len(),
        "names that are cut stay different"
    );
}

#[test]
fn github_action_benchmark_gets_lists_of_figures_by_their_direction() {
    let run = mixed();
    let measured = rows(&run).iter().filter(|row| row.status == Status::Ok).count();
    for (kind, present, absent) in [
        (ExportKind::GithubActionSmaller, "latency-p50", "top-1"),
        (ExportKind::GithubActionBigger, "throughput", "latency-p50"),
    ] {
        let document = json_of(&run, kind);
        let entries = document.as_array().unwrap();
        let mut names = HashSet::new();
        for entry in entries {
            let name = entry["name"].as_str().unwrap();
            assert!(names.insert(name), "{name} comes twice");
            assert!(entry["value"].is_number() && entry["unit"].is_string(), "{entry}");
            for optional in ["range", "extra"] {
                assert!(entry[optional].is_null() || entry[optional].is_string(), "{entry}");
                assert!(entry.get(optional).is_none_or(|it| !it.is_null()), "{entry}");
            }
        }
        let with = |name: &str| {
            entries.iter().filter(|it| it["name"].as_str().unwrap().ends_with(name)).count()
        };
        assert_eq!((with(present), with(absent)), (measured, 0), "{kind}");
    }
}

#[test]
fn prometheus_parser_reads_openmetrics() {
    let run = mixed();
    let Some(read) = python("read_openmetrics.py", &text(&run, ExportKind::Openmetrics)) else {
        return;
    };
    let families: Value = serde_json::from_str(&read).unwrap();
    let all = rows(&run);
    let p50 = families["shutterbench_latency_p50_seconds"].as_array().unwrap();
    let measured: Vec<&Row> = all.iter().filter(|row| row.status == Status::Ok).collect();
    assert_eq!(p50.len(), measured.len());
    for (sample, row) in p50.iter().zip(measured) {
        assert_eq!(sample["labels"]["case"], row.case());
        assert_eq!(sample["labels"]["threads"], row.threads.to_string());
        let seconds = sample["value"].as_f64().unwrap();
        assert!((seconds - row.latency_p50_us.unwrap() / 1e6).abs() < 1e-12);
    }
    let shares = families["shutterbench_top1_ratio"].as_array().unwrap();
    assert!(shares.iter().all(|it| (0.0..=1.0).contains(&it["value"].as_f64().unwrap())));
}

#[test]
fn a_trace_has_every_visit_on_the_track_of_its_case() {
    let run = mixed();
    let document = json_of(&run, ExportKind::Trace);
    let events = document["traceEvents"].as_array().unwrap();
    let of = |phase: &str| events.iter().filter(|it| it["ph"] == phase).collect::<Vec<_>>();
    for event in events {
        assert!(
            event["pid"].is_u64() && event["tid"].is_u64() && event["name"].is_string(),
            "{event}"
        );
        if event["ph"] != "M" {
            assert!(event["ts"].as_f64().unwrap() >= 0.0, "{event}");
        }
    }
    let tracks: HashMap<u64, &str> = of("M")
        .into_iter()
        .filter(|event| event["name"] == "thread_name")
        .map(|event| (event["tid"].as_u64().unwrap(), event["args"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(tracks.len(), run.cases.len());
    let visits: Vec<&Value> = of("X")
        .into_iter()
        .filter(|it| it["name"].as_str().unwrap().starts_with("visit"))
        .collect();
    let expected: usize = run.cases.iter().map(|record| record.visits.len()).sum();
    assert_eq!(visits.len(), expected);
    let mut timed = visits.iter();
    for (index, record) in run.cases.iter().enumerate() {
        for visit in &record.visits {
            let event = timed.next().unwrap();
            assert_eq!(event["tid"], json!(index + 1));
            assert_eq!(tracks[&(index as u64 + 1)], record.case.to_string());
            let Block { at_ns: at, latency_ns: ns, .. } = visit.block.unpacked();
            let wall = at.last().unwrap() + ns.last().unwrap() - at[0];
            assert_eq!(event["dur"], json!(wall as f64 / 1e3));
            assert_eq!(event["args"]["runs"], json!(ns.len()));
        }
    }
    assert_eq!(of("C").len(), expected, "a counter of the frequency after each visit");
    let warmups = of("X").into_iter().filter(|it| it["name"] == "warm-up").count();
    let processes: usize = run.cases.iter().map(|record| record.processes.len()).sum();
    assert_eq!(warmups, processes);
    // As Chrome adds them up: an event that ends after the next one's beginning would contain it.
    let mut ends: HashMap<u64, f64> = HashMap::new();
    let number = |event: &Value, field: &str| event[field].as_f64().unwrap();
    for event in of("X") {
        let (from, us) = (number(event, "ts"), number(event, "dur"));
        let end = ends.entry(event["tid"].as_u64().unwrap()).or_default();
        assert!(*end <= from, "{event} begins before {end}");
        *end = from + us;
    }
}

#[test]
fn the_program_writes_every_format_and_names_those_it_knows() {
    let folder = TempDir::new().unwrap();
    let report = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        let run = repository().join("tests/fixtures/first_format");
        command.current_dir(&folder).arg("report").arg(run).args(arguments).timely_output()
    };
    let mut arguments = Vec::new();
    let files: Vec<String> =
        ExportKind::VARIANTS.iter().map(|kind| format!("{kind}.out")).collect();
    for (kind, file) in ExportKind::VARIANTS.iter().zip(&files) {
        arguments.extend(["--export", kind, file]);
    }
    let output = report(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = |file: &str| fs::metadata(folder.path().join(file)).unwrap().len();
    assert!(files.iter().all(|file| written(file) > 10));
    assert!(!Path::new(&folder.path().join("report.html")).exists());
    let output = report(&["--export", "xml", "-"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("--export xml") && text.contains("junit"), "{text}");
}
