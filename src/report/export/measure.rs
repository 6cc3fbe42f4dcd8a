//! The figures that are exported, and how their units are called in other programs.

use crate::decide::complete::{Lack, is_without_result, lack};
use crate::record::case::Case;
use crate::record::run::Run;
use crate::record::status::Status;
use crate::table::figure::{Better, Figure};
use crate::table::row::Row;
use crate::table::units::rounded;

/// A format that a run can be written in.
pub trait Export {
    /// The run as text; `rows` are the run's.
    fn text(&self, run: &Run, rows: &[Row]) -> String;
}

/// A figure of a case, in a unit that needs no letters beyond ASCII.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    /// Its name, in lower case with hyphens.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which values people want.
    pub better: Better,
    /// The value, in the unit.
    pub value: f64,
    /// The ends of its 95% interval.
    pub interval: Option<(f64, f64)>,
}

/// Column, name, unit, and what a value of the column is multiplied by.
const MEASURES: [(&str, &str, &str, f64); 9] = [
    ("latency_p50_us", "latency-p50", "ms", 1e-3),
    ("latency_p90_us", "latency-p90", "ms", 1e-3),
    ("latency_p99_us", "latency-p99", "ms", 1e-3),
    ("load_ms", "load", "ms", 1.0),
    ("memory_peak_bytes", "memory-peak", "bytes", 1.0),
    ("model_bytes", "file-size", "bytes", 1.0),
    ("throughput_per_s", "throughput", "per-second", 1.0),
    ("top1", "top-1", "percent", 100.0),
    ("top5", "top-5", "percent", 100.0),
];

/// What was measured of a case that ended well; nothing of any other.
#[must_use]
pub(crate) fn measures(row: &Row) -> Vec<Measure> {
    if row.status != Status::Ok {
        return Vec::new();
    }
    let measure = |&(column, name, unit, factor): &(&str, &'static str, &'static str, f64)| {
        let column = Row::column(column)?;
        let Figure { value, interval } = row.figure(column)?;
        // An exact figure needs no interval.
        let interval = interval.filter(|_| !column.is_exact());
        // Without the dust of the multiplication.
        let exact = |value| rounded(value, 9);
        Some(Measure {
            name,
            unit,
            better: column.better()?,
            value: exact(value * factor),
            interval: interval.map(|(low, high)| (exact(low * factor), exact(high * factor))),
        })
    };
    MEASURES.iter().filter_map(measure).collect()
}

/// How a case ended, as a tester sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CaseEnding {
    /// Everything that was asked for was measured.
    Passed,
    /// It makes the run end with exit code 1, or the run ended before it: a kind, and why.
    Failed(String, String),
    /// It was left out, and that is in order: why.
    Skipped(String),
}

/// How each case of `rows` ended.
#[must_use]
pub(crate) fn endings(run: &Run, rows: &[Row]) -> Vec<CaseEnding> {
    let is_alone = is_without_result(rows);
    let cases = run.header.cases.iter().zip(rows);
    cases.map(|(case, row)| ending(run, case, row, is_alone)).collect()
}

/// How the case of `row` ended; `is_alone` if there is no other that could be measured.
fn ending(run: &Run, case: &Case, row: &Row, is_alone: bool) -> CaseEnding {
    let error = row.error.clone().unwrap_or_default();
    if let Some(lack) = lack(run, case, row) {
        let why = lack.to_string();
        return match lack {
            Lack::Scores => CaseEnding::Failed("not_scored".into(), error),
            Lack::Scenario(_) => CaseEnding::Failed("scenario".into(), why),
            Lack::Energy(_) => CaseEnding::Failed("no_energy".into(), why),
            Lack::Anchor => CaseEnding::Failed("no_anchor".into(), why),
        };
    }
    match row.status {
        Status::Ok => CaseEnding::Passed,
        Status::Unsupported if is_alone => CaseEnding::Failed("unsupported".into(), error),
        Status::Unsupported => CaseEnding::Skipped(error),
        Status::Skipped if run.finished.is_none() => {
            CaseEnding::Failed("not_run".into(), "the run ended before it was measured".into())
        }
        Status::Skipped => CaseEnding::Skipped("it was left out".into()),
        status => CaseEnding::Failed(status.to_string(), error),
    }
}
