//! What pandas, DuckDB and R make of the CSV files, without options.

use std::path::Path;
use std::process::Command;

use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::table::row::Row;

use crate::common;
use crate::common::{TimelyOutput, repository, skip};
use crate::report_common::{Shape, run};

/// A column as a reader sees it.
struct Column {
    name: String,
    kind: String,
    values: Vec<String>,
}

fn columns(mut reader: Command) -> Vec<Column> {
    let output = reader.timely_output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let column = |line: &str| {
        let mut parts = line.split('\u{1f}').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        Column { name: next(), kind: next(), values: parts.collect() }
    };
    text.lines().map(column).collect()
}

/// Every kind of ending and of name, and fields that nothing fills.
fn mixed() -> Run {
    let names = ["=1+1 f32", "plain_int8", "quoted \"a\", b", "emoji 😀"];
    let mut run = run(&Shape { models: names.map(str::to_owned).to_vec(), ..Shape::default() });
    run.cases[0].status = Status::Crashed;
    run.cases[0].error = Some("its process died, \"signal 11\"".into());
    run.cases[0].visits.clear();
    run.accuracies[2].status = Status::Failed;
    run
}

/// The fields exactly as in the file.
fn fields(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = ::csv::Reader::from_path(path).unwrap();
    let owned = |record: &::csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = owned(reader.headers().unwrap());
    (header, reader.records().map(|record| owned(&record.unwrap())).collect())
}

/// Every value is the file's, and a column of numbers is one of numbers.
fn agrees(columns: &[Column], path: &Path, reader: &str) {
    let (header, rows) = fields(path);
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, header, "{reader}");
    for (index, column) in columns.iter().enumerate() {
        let at = format!("{reader}: {} as {}", column.name, column.kind);
        assert_eq!(column.values.len(), rows.len(), "{at}");
        let written: Vec<&str> = rows.iter().map(|row| row[index].as_str()).collect();
        let filled: Vec<&str> = written.iter().copied().filter(|v| !v.is_empty()).collect();
        let expected = match filled.as_slice() {
            [] => "empty",
            all if all.iter().all(|v| v.parse::<f64>().is_ok()) => "number",
            all if all.iter().all(|v| matches!(*v, "TRUE" | "FALSE")) => "boolean",
            _ => "text",
        };
        // A moment may be read as one.
        let fits =
            column.kind == expected || (column.kind == "time" && column.name == "started_at");
        assert!(fits, "{at}: {expected}");
        for (read, written) in column.values.iter().zip(&written) {
            let same = match (expected, column.kind.as_str()) {
                ("number", _) if !written.is_empty() => {
                    let (read, written): (f64, f64) =
                        (read.parse().unwrap(), written.parse().unwrap());
                    (read - written).abs() <= 1e-12 * written.abs()
                }
                (_, "boolean") => read.eq_ignore_ascii_case(written),
                (_, "time") => read.get(..10) == written.get(..10),
                _ => read == written,
            };
            assert!(same, "{at}: {read} for {written}");
        }
    }
}

fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = shutterbench::report::run_files::write_all_with;
    write(&mixed(), folder.path(), None, true).unwrap();
    folder
}

const FILES: [&str; 3] = ["results.csv", "samples.csv", "predictions.csv"];

#[test]
fn pandas_and_duckdb_read_every_table_without_options() {
    let Some(python) = common::python() else { return };
    let folder = written();
    for reader in ["pandas", "duckdb"] {
        for file in FILES {
            let path = folder.path().join(file);
            let mut command = Command::new(&python);
            command.arg(repository().join("tests/python/read_tables.py")).arg(reader).arg(&path);
            agrees(&columns(command), &path, reader);
        }
    }
}

#[test]
fn r_reads_every_table_without_options() {
    if Command::new("Rscript").arg("--version").output_if_there().is_none() {
        return skip("no Rscript on the path; scripts/test installs it");
    }
    let folder = written();
    for file in FILES {
        let path = folder.path().join(file);
        let mut command = Command::new("Rscript");
        command.arg("--vanilla").arg(repository().join("tests/r/read_tables.R")).arg(&path);
        // Text is UTF-8 whatever the machine's own setting.
        command.env("LC_ALL", "C.UTF-8");
        agrees(&columns(command), &path, "R");
    }
}

#[test]
fn a_row_per_case_and_a_field_per_column() {
    let folder = written();
    let (header, rows) = fields(&folder.path().join("results.csv"));
    let names: Vec<&str> = Row::COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(header, names);
    assert_eq!(rows.len(), mixed().header.cases.len());
    assert!(rows.iter().all(|row| row.len() == header.len()));
}
