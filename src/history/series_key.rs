//! What a series is: a figure of one case on one device, run after run.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::decide::yardstick_use;
use crate::record::case::{LOCAL, with_options};
use crate::record::run::Run;
use crate::record::status::Status;
use crate::stats::unpaired::log_in_yardsticks;
use crate::table::column::Column;
use crate::table::figure::Better;
use crate::table::row::Row;

/// The column of medians, which is the figure that the yardstick corrects
/// ([`crate::decide::yardstick_use::corrects`]).
pub(crate) const MEDIAN: &str = "latency_p50_us";

/// The column of the accuracy that every scored case has.
const TOP1: &str = "top1";

/// Which figure of which case; what a case does not have is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) struct SeriesKey {
    /// The device's name; of the machine itself, with its processor.
    pub device: String,
    /// The model's name.
    pub model: String,
    /// The runtime.
    pub backend: String,
    /// The requested delegate.
    pub delegate: String,
    /// The name of the set of options.
    pub options: String,
    /// Threads requested.
    pub threads: u64,
    /// Images per run.
    pub batch: u64,
    /// The CPUs.
    pub affinity: String,
    /// The name of a column of results.csv.
    pub metric: String,
}

impl SeriesKey {
    /// Of a row.
    pub(crate) fn of(row: &Row, metric: &str) -> Self {
        let device = match row.device.as_str() {
            LOCAL => format!("{LOCAL} ({})", row.cpu),
            named => named.to_owned(),
        };
        Self {
            device,
            model: row.model.clone(),
            backend: row.backend.to_string(),
            delegate: row.delegate.to_string(),
            options: row.options.clone().unwrap_or_default(),
            threads: row.threads as u64,
            batch: row.batch.unwrap_or(1) as u64,
            affinity: row.affinity.clone().unwrap_or_default(),
            metric: metric.to_owned(),
        }
    }

    /// The case in words, with what is not the usual.
    pub(crate) fn case(&self) -> String {
        let mut name = format!("{} {}", self.model, self.backend);
        if self.delegate != "none" {
            name += &format!("+{}", self.delegate);
        }
        if !["", "default"].contains(&self.options.as_str()) {
            name += &format!(" {}", self.options);
        }
        name += &format!(" t{}", self.threads);
        if self.batch != 1 {
            name += &format!(" batch {}", self.batch);
        }
        if !["", "all"].contains(&self.affinity.as_str()) {
            name += &format!(" on {}", self.affinity);
        }
        name
    }

    /// Whether a case of this name is the series' one, as far as the name tells.
    pub(crate) fn is_of(&self, case: &str) -> bool {
        let options = Some(self.options.as_str()).filter(|it| !["", "default"].contains(it));
        let Self { model, backend, delegate, threads, .. } = self;
        let plain = format!("{model} {backend}/{delegate}{} x{threads}", with_options(options));
        case.strip_prefix(&plain).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }

    /// The column that the metric is; `None` of a history that another version wrote.
    pub(crate) fn column(&self) -> Option<&'static Column<Row>> {
        Row::column(&self.metric)
    }
}

/// What a run adds to the history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunValues {
    /// Name of the run.
    pub run_id: String,
    /// When it started, in seconds since 1970.
    pub started: i64,
    /// What runs must share so that their figures in yardsticks can be held against each other, as
    /// for `compare`; absent without the yardstick.
    pub scale: Option<String>,
    /// Where the run is, if that is known.
    pub folder: Option<PathBuf>,
    /// Its figures.
    pub values: Vec<RunValue>,
    /// Cases that were not measured, each as a series of its median, with the status; those that
    /// were measured and could not be scored, each as a series of its Top-1; and figures that
    /// should be high and are zero.
    pub failed: Vec<(SeriesKey, Status)>,
}

/// A figure of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunValue {
    /// Which one.
    pub key: SeriesKey,
    /// As it was measured, in the unit of its column.
    pub value: f64,
    /// As a multiple of what the yardstick took beside it; absent of figures that the yardstick
    /// does not correct.
    pub in_yardsticks: Option<f64>,
}

/// The figures of a run that can become better or worse and were measured; `run` is absent of a
/// published one.
///
/// # Errors
/// A run without a case, or without a time at which it started.
pub(crate) fn run_values(rows: &[Row], run: Option<&Run>) -> Result<RunValues> {
    let first = rows.first().context("it has no case")?;
    let times = || rows.iter().filter_map(|row| row.started_at.as_deref());
    let started_at = run.map(|run| run.header.started_at.as_str());
    let started_at = started_at.or_else(|| times().min()).context("it does not say when it was")?;
    let started = OffsetDateTime::parse(started_at, &Rfc3339)
        .with_context(|| format!("{started_at:?} is not a time"))?
        .unix_timestamp();
    let columns = || Row::COLUMNS.iter().filter(|column| column.better().is_some());
    let mut values = Vec::new();
    let mut failed = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if row.status != Status::Ok {
            failed.push((SeriesKey::of(row, MEDIAN), row.status));
            continue;
        }
        // A measured case has an error if scoring it failed.
        if row.error.is_some() && row.top1.is_none() {
            failed.push((SeriesKey::of(row, TOP1), Status::Failed));
        }
        let in_yardsticks = run.and_then(|run| in_yardsticks(run, index));
        let figure = |column: &Column<Row>| {
            let value = column.value(row).as_f64()?;
            let key = SeriesKey::of(row, column.name);
            let in_yardsticks = in_yardsticks.filter(|_| column.name == MEDIAN);
            // Only what has a logarithm can be judged.
            (value > 0.0).then_some(RunValue { key, value, in_yardsticks })
        };
        values.extend(columns().filter_map(figure));
        let is_lost = |column: &&Column<Row>| {
            column.better() == Some(Better::Higher) && column.value(row).as_f64() == Some(0.0)
        };
        let lost = columns().filter(is_lost).map(|column| SeriesKey::of(row, column.name));
        failed.extend(lost.map(|key| (key, Status::Failed)));
    }
    let scale = run.and_then(|run| yardstick_use::scale(&run.header));
    Ok(RunValues { run_id: first.run_id.clone(), started, scale, folder: None, values, failed })
}

/// The median of the case at `index` as a multiple of the yardstick.
fn in_yardsticks(run: &Run, index: usize) -> Option<f64> {
    run.header.yardstick.as_ref()?;
    let case = run.header.cases.get(index)?;
    let record = run.cases.iter().find(|record| record.case == *case)?;
    log_in_yardsticks(&record.visits).map(f64::exp)
}
