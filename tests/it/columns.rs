//! One table of columns: the documents that are made from it, and runs of before, which
//! read as they did.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;
use shutterbench::record::status::Status;
use shutterbench::report::{column_docs, csv, html};
use shutterbench::run::replay;
use shutterbench::table::column::Kind;
use shutterbench::table::row::Row;
use shutterbench::table::rows::rows;

use crate::common::repository;
use crate::report_common::{Shape, run};

/// Writes the documents instead of comparing them.
const WRITE: &str = "SHUTTERBENCH_WRITE_DOCS";

fn is_current(path: &Path, expected: &str) {
    if env::var_os(WRITE).is_some() {
        return fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let at = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{} is stale; run {WRITE}=1 cargo test --release --test it columns; first difference: {at:#?}",
        path.display()
    );
}

#[test]
fn the_documents_are_those_of_the_table() {
    let path = repository().join("docs/columns.md");
    let text = fs::read_to_string(&path).unwrap();
    let replaced = |text: &str, from: &str, end: &str, table: String| {
        let (before, rest) = text.split_once(from).unwrap();
        let (_, after) = rest.split_once(end).unwrap();
        format!("{before}{from}{table}{end}{after}")
    };
    let end = "<!-- end of the table -->";
    let text = replaced(&text, "change it there. -->\n", end, column_docs::markdown());
    let (from, end) = ("change it here. -->\n", "<!-- end of the table of scenarios -->");
    let text = replaced(&text, from, end, column_docs::scenarios_markdown());
    let (from, end) = ("change it too. -->\n", "<!-- end of the table of windows -->");
    is_current(&path, &replaced(&text, from, end, column_docs::sustained_markdown()));
    let schema = serde_json::to_string_pretty(&column_docs::schema()).unwrap() + "\n";
    is_current(&repository().join("docs/rows.schema.json"), &schema);
}

#[test]
fn every_column_says_what_it_means() {
    for column in Row::COLUMNS {
        assert!(column.doc().len() > 3 && column.doc().ends_with('.'), "{}", column.name);
        assert_eq!(Row::COLUMNS.iter().filter(|other| other.name == column.name).count(), 1);
    }
}

/// The table's entry alone puts a field into every view: what the CSV, the JSON, the schema, the
/// documents and the wide table say about a column comes from nowhere else.
#[test]
fn one_entry_makes_a_column_of_every_view() {
    let run = run(&Shape { rounds: 2, images: 10, ..Shape::default() });
    let rows = rows(&run);
    let mut text = Vec::new();
    csv::results(&rows, &mut text).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let record = reader.records().next().unwrap().unwrap();
    let json = serde_json::to_value(&rows[0]).unwrap();
    let schema = column_docs::schema();
    let page = html::page::page(&run, &rows);
    for (index, column) in Row::COLUMNS.iter().enumerate() {
        let name = column.name;
        assert_eq!(header[index], name);
        assert_eq!(record[index], column.field(&rows[0]), "{name}");
        assert_eq!(json[name], column.value(&rows[0]), "{name}");
        assert_eq!(schema["items"]["properties"][name], column.schema(), "{name}");
        assert!(column_docs::markdown().contains(&format!("| {name} |")), "{name}");
        let filled = rows.iter().any(|row| !column.field(row).is_empty());
        let shown = page.contains(&format!("<button type=\"button\">{name}</button>"));
        assert_eq!(shown, filled, "{name}");
    }
    let fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), Row::COLUMNS.len(), "the JSON has the columns and no more");
}

#[test]
fn rows_are_of_the_schema_and_come_back_from_csv() {
    let mut run = run(&Shape::default());
    run.cases[0].status = Status::Crashed;
    run.cases[0].visits.clear();
    let rows: Vec<Row> = rows(&run)
        .into_iter()
        .map(|row| Row { model: format!("=1+'{}", row.model), ..row })
        .collect();
    for row in &rows {
        let json = serde_json::to_value(row).unwrap();
        for column in Row::COLUMNS {
            let value = &json[column.name];
            let fits = match column.kind {
                _ if value.is_null() => column.optional,
                Kind::Text => value.is_string(),
                Kind::Integer => value.is_u64(),
                Kind::Number => value.is_number(),
                Kind::Boolean => value.is_boolean(),
            };
            assert!(fits, "{}: {value}", column.name);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.csv");
    csv::results(&rows, &mut fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(csv::read_results(&path).unwrap(), rows);

    // A column of a later version is ignored, a missing one of a later version was not measured,
    // and a field of the wrong kind is named.
    let text = fs::read_to_string(&path).unwrap();
    let first = text.lines().map(|line| line.split_once(',').unwrap());
    let wider: String = first.map(|(id, rest)| format!("{id},{id},{rest}\n")).collect();
    fs::write(&path, wider.replacen("run_id,run_id", "run_id,of_tomorrow", 1)).unwrap();
    assert_eq!(csv::read_results(&path).unwrap(), rows);
    fs::write(&path, text.replacen("latency_p50_us", "unknown", 1)).unwrap();
    let read = csv::read_results(&path).unwrap();
    assert!(read.iter().all(|row| row.latency_p50_us.is_none()));
    fs::write(&path, text.replace("12345678", "many")).unwrap();
    let error = format!("{:#}", csv::read_results(&path).unwrap_err());
    assert!(error.contains("memory_peak_bytes cannot hold 'many'"), "{error}");
    fs::write(&path, "a,b\n1,2\n").unwrap();
    let error = format!("{:#}", csv::read_results(&path).unwrap_err());
    assert!(error.contains("is not a results.csv of this program"), "{error}");
}

fn fixtures() -> Vec<PathBuf> {
    let folders = fs::read_dir(repository().join("tests/fixtures")).unwrap();
    let runs = folders.map(|entry| entry.unwrap().path());
    runs.filter(|folder| folder.join("journal.jsonl").is_file()).collect()
}

/// Columns of a run from before whose meaning was changed on purpose since, with the reason.
const CHANGED: [(&str, &str); 3] = [
    ("latency_p50_low_us", "Student's t in place of a bootstrap"),
    ("latency_p50_high_us", "Student's t in place of a bootstrap"),
    ("stability", "noisy is judged by that interval alone"),
];

/// Whether two fields are, but for the last bit of a number: older programs read those of a
/// journal back by the nearest neighbour.
fn are_same(new: &str, old: &str) -> bool {
    let bits = |text: &str| text.parse::<f64>().map(f64::to_bits);
    new == old || matches!((bits(new), bits(old)), (Ok(a), Ok(b)) if a.abs_diff(b) <= 1)
}

#[test]
fn a_run_of_before_has_the_same_results() {
    assert!(!fixtures().is_empty());
    for folder in fixtures() {
        let mut now = Vec::new();
        csv::results(&rows(&replay::read(&folder).unwrap()), &mut now).unwrap();
        let mut now = ::csv::Reader::from_reader(now.as_slice());
        let mut then = ::csv::Reader::from_path(folder.join("results.csv")).unwrap();
        let (new, old) = (now.headers().unwrap().clone(), then.headers().unwrap().clone());
        assert_eq!(new.iter().take(old.len()).collect::<Vec<_>>(), old.iter().collect::<Vec<_>>());
        let (new, old): (Vec<_>, Vec<_>) = (now.records().collect(), then.records().collect());
        assert_eq!(new.len(), old.len());
        for (new, old) in new.into_iter().zip(old) {
            let (new, old) = (new.unwrap(), old.unwrap());
            let columns = Row::COLUMNS.iter().zip(new.iter().zip(&old));
            for (column, (new, old)) in columns {
                let changed = CHANGED.iter().any(|(name, _)| *name == column.name);
                assert!(are_same(new, old) || changed, "{}: {new} was {old}", column.name);
            }
        }
    }
}

#[test]
fn the_fixture_tells_nothing_of_the_machine_that_made_it() {
    for folder in fixtures() {
        let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
        let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
        assert_eq!(header["working_folder"], "/home/user/shutterbench");
    }
}
