//! What is known of a case that may be chosen: on one device, or on each of several.

use crate::record::run::{AccuracyRecord, CaseRecord, Run};
use crate::record::status::Status;
use crate::record::visit::Process;
use crate::table::column::Column;
use crate::table::figure::Figure;
use crate::table::row::Row;

/// Fewest processes whose lowest and highest value enclose the median of all processes with
/// at least 95%: each is above it like a coin, and all on one side with 2^(1-n).
pub(crate) const LEAST_PROCESSES: usize = 6;

/// A case on one device.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Its row.
    pub row: &'a Row,
    /// Its visits and processes, where a journal has them.
    pub record: Option<&'a CaseRecord>,
    /// Its predictions, where a journal has them.
    pub scored: Option<&'a AccuracyRecord>,
    /// How much its device counts.
    pub weight: f64,
}

/// A case that may be chosen.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Its name: with its device, where there is one; else without.
    pub name: String,
    /// What is known of it, by device.
    pub on: Vec<Evidence<'a>>,
    /// The devices that did not measure it, and how much each counts.
    pub absent: Vec<(&'a str, f64)>,
}

impl<'a> Evidence<'a> {
    /// Of a row alone, as a table has it.
    #[must_use]
    pub const fn of_row(row: &'a Row) -> Self {
        Self { row, record: None, scored: None, weight: 1.0 }
    }

    /// Of `row`, which is the row of the case at `index` of `run`.
    #[must_use]
    pub(crate) fn of_run(run: &'a Run, index: usize, row: &'a Row) -> Self {
        let Some(case) = run.header.cases.get(index) else { return Self::of_row(row) };
        let key = case.accuracy_key();
        let scored = run.accuracies.iter().find(|it| it.key == key && it.status == Status::Ok);
        let record = run.cases.iter().find(|record| record.case == *case);
        Self { row, record, scored, weight: 1.0 }
    }

    /// A figure with its interval. What every process has once has the lowest and the
    /// highest of them as its interval, which encloses the median process.
    #[must_use]
    pub(crate) fn figure(&self, column: &Column<Row>) -> Option<Figure> {
        let figure = self.row.figure(column)?;
        let interval = figure.interval.or_else(|| self.of_processes(column, figure.value));
        Some(Figure { interval, ..figure })
    }

    fn of_processes(&self, column: &Column<Row>, value: f64) -> Option<(f64, f64)> {
        let values = by_process(&self.record?.processes, column.name)?;
        if values.len() < LEAST_PROCESSES {
            return None;
        }
        // The table rounds, and a value lies within its interval.
        let low = values.iter().copied().fold(value, f64::min);
        let high = values.iter().copied().fold(value, f64::max);
        Some((low, high))
    }

    /// How many processes tell of a figure that each has once; `None` for other figures,
    /// and where no journal tells.
    #[must_use]
    pub(crate) fn processes(&self, column: &Column<Row>) -> Option<usize> {
        by_process(&self.record?.processes, column.name).map(|values| values.len())
    }
}

/// What each process says of a column, in its unit.
fn by_process(processes: &[Process], column: &str) -> Option<Vec<f64>> {
    let of = |value: fn(&Process) -> Option<f64>| processes.iter().filter_map(value).collect();
    match column {
        "load_ms" => Some(of(|it| Some(it.loaded.load_ns as f64 / 1e6))),
        "first_inference_ms" => Some(of(|it| Some(it.first_inference_ns as f64 / 1e6))),
        "memory_peak_bytes" => Some(of(|it| Some(it.memory?.peak_bytes as f64))),
        "memory_load_bytes" => Some(of(|it| Some(it.loaded.memory_load_bytes? as f64))),
        _ => None,
    }
}

impl<'a> Candidate<'a> {
    /// A case of one device.
    #[must_use]
    pub fn alone(evidence: Evidence<'a>) -> Self {
        Self { name: evidence.row.case(), on: vec![evidence], absent: Vec::new() }
    }

    /// The cases of several devices, each with its weight: a candidate for every case that
    /// any of them measured, in the order in which they first appear.
    #[must_use]
    pub(crate) fn of_devices(devices: &[(&'a str, f64, Vec<Evidence<'a>>)]) -> Vec<Self> {
        let mut candidates: Vec<Self> = Vec::new();
        for (_, weight, cases) in devices {
            for evidence in cases {
                let evidence = Evidence { weight: *weight, ..*evidence };
                let name = anywhere(evidence.row);
                match candidates.iter_mut().find(|candidate| candidate.name == name) {
                    Some(candidate) => candidate.on.push(evidence),
                    None => candidates.push(Self { name, on: vec![evidence], absent: Vec::new() }),
                }
            }
        }
        for candidate in &mut candidates {
            let has = |device: &str| candidate.on.iter().any(|it| it.row.device == device);
            candidate.absent = devices
                .iter()
                .filter(|(device, ..)| !has(device))
                .map(|(device, weight, _)| (*device, *weight))
                .collect();
        }
        candidates
    }

    /// Its model.
    #[must_use]
    pub(crate) fn model(&self) -> &str {
        self.on.first().map_or("", |evidence| evidence.row.model.as_str())
    }

    /// What it is on any of the devices: the same file everywhere.
    #[must_use]
    pub(crate) fn row(&self) -> &'a Row {
        // A candidate is made of the evidence that it was found by.
        self.on[0].row
    }
}

/// What a case is called wherever it is measured.
#[must_use]
pub(crate) fn anywhere(row: &Row) -> String {
    row.case_anywhere()
}
