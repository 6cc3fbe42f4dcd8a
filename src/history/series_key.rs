//! What a series is: a figure of one case on one device, run after run.

use anyhow::{Context, Result};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::record::case::LOCAL;
use crate::record::status::Status;
use crate::table::column::Column;
use crate::table::row::Row;

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
    fn of(row: &Row, metric: &str) -> Self {
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
    /// Its figures.
    pub values: Vec<(SeriesKey, f64)>,
    /// Cases that were not measured, each as a series of its median, with the status.
    pub failed: Vec<(SeriesKey, Status)>,
}

/// The figures of a run that can become better or worse and were measured.
///
/// # Errors
/// A run without a case, or without a time at which it started.
pub(crate) fn run_values(rows: &[Row], started_at: Option<&str>) -> Result<RunValues> {
    let first = rows.first().context("it has no case")?;
    let times = || rows.iter().filter_map(|row| row.started_at.as_deref());
    let started_at = started_at.or_else(|| times().min()).context("it does not say when it was")?;
    let started = OffsetDateTime::parse(started_at, &Rfc3339)
        .with_context(|| format!("{started_at:?} is not a time"))?
        .unix_timestamp();
    let columns = || Row::COLUMNS.iter().filter(|column| column.better().is_some());
    let mut values = Vec::new();
    let mut failed = Vec::new();
    for row in rows {
        if row.status != Status::Ok {
            failed.push((SeriesKey::of(row, "latency_p50_us"), row.status));
            continue;
        }
        let figure = |column: &Column<Row>| {
            let value = column.value(row).as_f64()?;
            // Only what has a logarithm can be judged.
            (value > 0.0).then(|| (SeriesKey::of(row, column.name), value))
        };
        values.extend(columns().filter_map(figure));
    }
    Ok(RunValues { run_id: first.run_id.clone(), started, values, failed })
}
