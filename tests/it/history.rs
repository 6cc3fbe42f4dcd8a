//! Runs over time: `history add`, `show`, `gate`, `import`, `prune` and `merge`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{printed, said, shutterbench_in};

/// A real run of one model on tract, which every machine has.
fn small_run(folder: &Path, name: &str) {
    let arguments = [
        "run",
        "--model",
        "fmnist_mobilenet_v1_0.25_f32",
        "--backend",
        "tract",
        "--threads",
        "1",
        "--runs",
        "5",
        "--processes",
        "1",
        "--no-accuracy",
        "--out",
        name,
    ];
    let output = shutterbench_in(folder, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

pub(crate) fn history(folder: &Path, arguments: &[&str]) -> Output {
    history_in(folder, "history.sqlite", arguments)
}

fn history_in(folder: &Path, file: &str, arguments: &[&str]) -> Output {
    let all = [&["history", "--history", file], arguments].concat();
    shutterbench_in(folder, &all)
}

/// What a command printed that must end with `code`.
pub(crate) fn ends(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}{}", printed(output), said(output));
    printed(output)
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}

/// A published run: the table of the run in `from`, as of this day of January 2026 and with this
/// median.
pub(crate) fn published(folder: &Path, from: &str, day: usize, p50_us: f64) -> String {
    let name = format!("day{day}");
    fs::create_dir_all(folder.join(&name)).unwrap();
    let mut table = csv::Reader::from_path(folder.join(from).join("results.csv")).unwrap();
    let head = table.headers().unwrap().clone();
    let mut to = csv::Writer::from_path(folder.join(&name).join("results.csv")).unwrap();
    to.write_record(&head).unwrap();
    for record in table.records() {
        let record = record.unwrap();
        let field = |(column, old): (&str, &str)| match column {
            "run_id" => name.clone(),
            "started_at" => format!("2026-01-{day:02}T12:00:00Z"),
            "latency_p50_us" => p50_us.to_string(),
            _ => old.to_owned(),
        };
        to.write_record(head.iter().zip(&record).map(field)).unwrap();
    }
    to.flush().unwrap();
    name
}

#[test]
fn real_runs_are_added_once_shown_judged_and_merged() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    small_run(at, "two");
    let added = history(at, &["add", "one", "two"]);
    ends(&added, 0);
    assert!(said(&added).contains("2 added of 2; history.sqlite holds 2 runs"), "{}", said(&added));
    let again = history(at, &["add", "two", "one"]);
    assert!(said(&again).contains("0 added of 2; history.sqlite holds 2 runs"), "{}", said(&again));

    let shown = json(&history(at, &["show", "--json"]));
    let series = shown["series"].as_array().unwrap();
    assert_eq!((shown["runs"].as_u64(), series.len()), (Some(2), 1));
    assert_eq!(series[0]["values"].as_array().unwrap().len(), 2);
    // Runs that started in the same second are in the order of their names.
    let medians = ["one", "two"].map(|run| {
        let rows = json(&shutterbench_in(at, &["report", run, "--json", "-"]));
        rows["rows"][0]["latency_p50_us"].clone()
    });
    assert!(medians.contains(&series[0]["last"]), "{medians:?} {shown}");
    assert_eq!(series[0]["metric"], "latency_p50_us");
    let everything = json(&history(at, &["show", "--json", "--metric", "all"]));
    assert!(everything["series"].as_array().unwrap().len() > 3);
    let text = ends(&history(at, &["show", "--html", "page.html"]), 0);
    assert!(text.contains("2 runs, 1 series") && text.contains("too few days"), "{text}");
    let page = fs::read_to_string(at.join("page.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 1);

    let judged = ends(&history(at, &["gate", "two"]), 0);
    assert!(judged.contains("1 not judged, with fewer than 10 days"), "{judged}");

    ends(&history_in(at, "other.sqlite", &["add", "one"]), 0);
    let merged = history_in(at, "other.sqlite", &["merge", "history.sqlite"]);
    ends(&merged, 0);
    assert!(said(&merged).contains("1 added of 2; other.sqlite holds 2 runs"), "{}", said(&merged));
    assert_eq!(json(&history_in(at, "other.sqlite", &["show", "--json"])), shown);
}

#[test]
fn a_step_is_suspected_first_and_red_when_it_is_seen_again() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    let days: Vec<String> =
        (1..=12).map(|day| published(at, "one", day, 1000.0 + (day % 3) as f64)).collect();
    let all: Vec<&str> = days.iter().map(String::as_str).collect();
    ends(&history(at, &[&["add"], &all[..]].concat()), 0);
    let usual = published(at, "one", 13, 1012.0);
    let output = history(at, &["gate", &usual, "--json"]);
    ends(&output, 0);
    assert_eq!(json(&output)["series"][0]["standing"], "usual");
    assert_eq!(json(&output)["series"][0]["days"], 12);

    let slow = published(at, "one", 14, 1100.0);
    let text = ends(&history(at, &["gate", &slow]), 0);
    assert!(text.contains("suspected") && text.contains("+9.9%"), "{text}");
    // Suites that are not there, and one alone.
    let gate = ["gate", slow.as_str(), "--confirm", "old.toml"];
    let output = history(at, &[&gate[..], &["new.toml"]].concat());
    ends(&output, 2);
    assert!(said(&output).contains("could not read suite old.toml"), "{}", said(&output));
    let output = history(at, &gate);
    ends(&output, 2);
    assert!(said(&output).contains("takes two suites"), "{}", said(&output));
    ends(&history(at, &["add", &slow]), 0);
    // The run that is judged may be in the history already.
    ends(&history(at, &["gate", &slow]), 0);
    let still = published(at, "one", 15, 1100.0);
    let output = history(at, &["gate", &still, "--json"]);
    ends(&output, 1);
    let red = json(&output);
    assert_eq!(
        (&red["regression"], &red["series"][0]["standing"]),
        (&true.into(), &"regressed".into())
    );
    let fast = published(at, "one", 16, 900.0);
    ends(&history(at, &["gate", &fast]), 0);

    ends(&history(at, &["prune", "--keep-days", "5"]), 0);
    assert_eq!(json(&history(at, &["show", "--json"]))["runs"], 5);
}

#[test]
fn a_case_that_is_no_longer_measured_is_red() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    let before = published(at, "one", 1, 1000.0);
    ends(&history(at, &["add", &before]), 0);
    let now = published(at, "one", 2, 1000.0);
    let table = at.join(&now).join("results.csv");
    let text = fs::read_to_string(&table).unwrap();
    assert!(text.contains(",ok,"), "{text}");
    fs::write(&table, text.replace(",ok,", ",crashed,")).unwrap();
    let text = ends(&history(at, &["gate", &now]), 1);
    assert!(text.contains("failed") && text.contains("1 regressed"), "{text}");
}

#[test]
fn a_gate_is_not_green_where_nothing_was_measured_or_all_accuracy_was_lost() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    let rewritten = |day: usize, change: &dyn Fn(&str, &str) -> String| {
        let name = published(at, "one", day, 1000.0);
        let path = at.join(&name).join("results.csv");
        let mut table = csv::Reader::from_path(&path).unwrap();
        let head = table.headers().unwrap().clone();
        let records: Vec<_> = table.records().map(Result::unwrap).collect();
        let mut to = csv::Writer::from_path(&path).unwrap();
        to.write_record(&head).unwrap();
        for record in &records {
            to.write_record(head.iter().zip(record).map(|(head, old)| change(head, old))).unwrap();
        }
        to.flush().unwrap();
        name
    };
    let scored = |top1: &'static str, error: &'static str| {
        move |column: &str, old: &str| match column {
            "top1" => top1.to_owned(),
            "error" => error.to_owned(),
            _ => old.to_owned(),
        }
    };
    let before = rewritten(1, &scored("0.9", ""));
    ends(&history(at, &["add", &before]), 0);
    for (day, top1, error) in [(2, "0.0", ""), (3, "", "no image could be scored")] {
        let now = rewritten(day, &scored(top1, error));
        let text = ends(&history(at, &["gate", &now, "--metric", "top1"]), 1);
        assert!(text.contains("failed"), "{text}");
        ends(&history(at, &["gate", &now]), 0);
    }
    let skipped = rewritten(4, &|column, old| match column {
        "status" => "skipped".to_owned(),
        _ => old.to_owned(),
    });
    let refused = history(at, &["gate", &skipped]);
    ends(&refused, 2);
    assert!(said(&refused).contains("has nothing to judge"), "{}", said(&refused));
}

#[test]
fn older_runs_are_imported_and_those_that_cannot_be_read_are_named() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    fs::create_dir(at.join("old")).unwrap();
    for day in 1..=3 {
        let name = published(at, "one", day, 1000.0);
        fs::rename(at.join(&name), at.join("old").join(&name)).unwrap();
    }
    fs::write(at.join("old/day2/results.csv"), "not,a\nrun,at all\n").unwrap();
    let imported = history(at, &["import", "old"]);
    ends(&imported, 1);
    let said = said(&imported);
    assert!(said.contains("2 added of 2 read, 1 left out"), "{said}");
    assert!(
        said.lines().any(|line| line.starts_with("left out:") && line.contains("day2")),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_history_gets_one_sentence() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    let refused = |file: &str, arguments: &[&str], why: &str| {
        let output = history_in(at, file, arguments);
        ends(&output, 2);
        let said = said(&output);
        assert!(said.contains(why) && said.lines().count() == 1, "{said}");
    };
    refused("none.sqlite", &["show"], "there is no history at none.sqlite");
    fs::write(at.join("text.sqlite"), "this is not a database, by any means".repeat(50)).unwrap();
    refused("text.sqlite", &["add", "one"], "damaged or not a history");
    refused("text.sqlite", &["show"], "damaged or not a history");

    ends(&history(at, &["add", "one"]), 0);
    let sound = fs::read(at.join("history.sqlite")).unwrap();
    // Where SQLite keeps the user's version and the application's number, in its file format.
    for (place, why) in [(63, "has schema 9 and this shutterbench knows 2"), (71, "not a history")]
    {
        let mut other = sound.clone();
        other[place] = 9;
        fs::write(at.join("other.sqlite"), other).unwrap();
        refused("other.sqlite", &["show"], why);
        refused("other.sqlite", &["add", "one"], why);
        refused("history.sqlite", &["merge", "other.sqlite"], why);
    }
    let mut damaged = sound.clone();
    damaged[100..].fill(0xa5);
    fs::write(at.join("damaged.sqlite"), damaged).unwrap();
    refused("damaged.sqlite", &["show"], "damaged or not a history");
    refused("history.sqlite", &["import", "one/none"], "is not a folder");
    refused("history.sqlite", &["gate", "nowhere"], "nowhere");
}

/// A history of before yardsticks were kept goes on, and a run that is added again brings its own.
#[test]
fn a_history_of_the_first_schema_is_raised_and_completed() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    small_run(at, "one");
    ends(&history(at, &["add", "one"]), 0);
    let shown = json(&history(at, &["show", "--json"]));
    assert_eq!(shown["series"][0]["corrected"]["days"], 1, "{shown}");

    let file = rusqlite::Connection::open(at.join("history.sqlite")).unwrap();
    let as_before = "ALTER TABLE run DROP COLUMN scale; ALTER TABLE run DROP COLUMN folder;
                     ALTER TABLE value DROP COLUMN in_yardsticks; PRAGMA user_version = 1;";
    file.execute_batch(as_before).unwrap();
    drop(file);
    let before = json(&history(at, &["show", "--json"]));
    assert_eq!(before["series"][0]["last"], shown["series"][0]["last"]);
    assert_eq!(before["series"][0]["corrected"], Value::Null);
    let again = history(at, &["add", "one"]);
    assert!(said(&again).contains("0 added of 1"), "{}", said(&again));
    assert_eq!(json(&history(at, &["show", "--json"])), shown);
}
