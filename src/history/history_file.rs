//! The file that keeps the series: what is added, read, merged and forgotten.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::history::history_schema::{explain, open};
use crate::history::series_key::{RunValue, RunValues, SeriesKey};

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A value of a series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastValue {
    /// Name of the run.
    pub run_id: String,
    /// When that started, in seconds since 1970.
    pub started: i64,
    /// The value, in the unit of its column.
    pub value: f64,
    /// As a multiple of what the yardstick took beside it, if that is known.
    pub in_yardsticks: Option<f64>,
    /// What runs must share so that these multiples can be held against each other.
    pub scale: Option<String>,
}

/// A series and its values, the oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastSeries {
    /// Which one.
    pub key: SeriesKey,
    /// Its values.
    pub values: Vec<PastValue>,
}

/// An open history.
pub(crate) struct HistoryFile {
    path: PathBuf,
    connection: Connection,
}

impl HistoryFile {
    /// Opens the history at `path`; `create` makes one where nothing is.
    ///
    /// # Errors
    /// See [`open`].
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self> {
        Ok(Self { path: path.to_owned(), connection: open(path, create)? })
    }

    /// Adds runs in one transaction; returns how many of them were new.
    ///
    /// # Errors
    /// A file that cannot be written; then nothing was added.
    pub(crate) fn add(&mut self, runs: &[RunValues]) -> Result<usize> {
        self.write(|write| {
            let mut new = 0;
            for run in runs {
                new += usize::from(add_run(write, run)?);
            }
            Ok(new)
        })
    }

    /// How many runs there are.
    ///
    /// # Errors
    /// A damaged file.
    pub(crate) fn runs(&self) -> Result<usize> {
        let count = "SELECT count(*) FROM run";
        let count: i64 =
            self.connection.query_row(count, [], |row| row.get(0)).map_err(|e| self.explain(&e))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The series of these metrics; of all if none is named.
    ///
    /// # Errors
    /// A damaged file.
    pub(crate) fn series(&self, metrics: &[&str]) -> Result<Vec<PastSeries>> {
        series(&self.connection, metrics).map_err(|error| self.explain(&error))
    }

    /// Forgets runs that started more than `days` before the newest one; returns how many.
    ///
    /// # Errors
    /// A file that cannot be written; then nothing was forgotten.
    pub(crate) fn prune(&mut self, days: u32) -> Result<usize> {
        let kept = i64::from(days) * DAY_SECONDS;
        self.write(|write| {
            const OLD: &str = "(SELECT number FROM run \
                               WHERE started < (SELECT max(started) FROM run) - ?1)";
            write.execute(&format!("DELETE FROM value WHERE run IN {OLD}"), [kept])?;
            let gone = write.execute(&format!("DELETE FROM run WHERE number IN {OLD}"), [kept])?;
            let unused = "DELETE FROM series WHERE number NOT IN (SELECT series FROM value)";
            write.execute(unused, [])?;
            Ok(gone)
        })
    }

    /// Adds the runs of another history that this one lacks; returns how many.
    ///
    /// # Errors
    /// A file that cannot be read or written; then nothing was added.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<usize> {
        self.add(&other.all_runs()?)
    }

    fn all_runs(&self) -> Result<Vec<RunValues>> {
        let folders = self.folders()?;
        let mut runs = BTreeMap::new();
        for PastSeries { key, values } in self.series(&[])? {
            for PastValue { run_id, started, value, in_yardsticks, scale } in values {
                let (_, values) =
                    runs.entry((started, run_id)).or_insert_with(|| (scale, Vec::new()));
                values.push(RunValue { key: key.clone(), value, in_yardsticks });
            }
        }
        let run = |((started, run_id), (scale, values))| {
            let folder = folders.get(&run_id).cloned();
            RunValues { run_id, started, scale, folder, values, failed: vec![] }
        };
        Ok(runs.into_iter().map(run).collect())
    }

    /// Where the runs were when they were added, by their names.
    ///
    /// # Errors
    /// A damaged file.
    pub(crate) fn folders(&self) -> Result<BTreeMap<String, PathBuf>> {
        let read = || -> rusqlite::Result<BTreeMap<String, PathBuf>> {
            let mut folders = self
                .connection
                .prepare("SELECT run_id, folder FROM run WHERE folder IS NOT NULL")?;
            let folder = |row: &rusqlite::Row<'_>| {
                Ok((row.get(0)?, PathBuf::from(row.get::<_, String>(1)?)))
            };
            folders.query_map([], folder)?.collect()
        };
        read().map_err(|error| self.explain(&error))
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let written = (|| {
            let write =
                self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&write)?;
            write.commit()?;
            Ok(done)
        })();
        written.map_err(|error| explain(&self.path, &error))
    }

    fn explain(&self, error: &rusqlite::Error) -> anyhow::Error {
        explain(&self.path, error)
    }
}

/// Whether the run was not there yet. One that is there from before yardsticks were kept gets its
/// own.
fn add_run(write: &Transaction<'_>, run: &RunValues) -> rusqlite::Result<bool> {
    let folder = run.folder.as_deref().and_then(Path::to_str);
    let insert = "INSERT INTO run (run_id, started, scale, folder) VALUES (?1, ?2, ?3, ?4) \
                  ON CONFLICT DO NOTHING";
    if write.execute(insert, params![run.run_id, run.started, run.scale, folder])? == 0 {
        complete_run(write, run, folder)?;
        return Ok(false);
    }
    let number = write.last_insert_rowid();
    let mut add =
        write.prepare_cached("INSERT INTO value VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    for RunValue { key, value, in_yardsticks } in &run.values {
        add.execute(params![series_number(write, key)?, number, value, in_yardsticks])?;
    }
    Ok(true)
}

fn complete_run(
    write: &Transaction<'_>,
    run: &RunValues,
    folder: Option<&str>,
) -> rusqlite::Result<()> {
    let moved = "UPDATE run SET folder = ?2 WHERE run_id = ?1 AND ?2 IS NOT NULL";
    write.execute(moved, params![run.run_id, folder])?;
    let scaled = "UPDATE run SET scale = ?2 WHERE run_id = ?1 AND scale IS NULL AND ?2 IS NOT NULL";
    if write.execute(scaled, params![run.run_id, run.scale])? == 0 {
        return Ok(());
    }
    let mut complete = write.prepare_cached(
        "UPDATE value SET in_yardsticks = ?3 \
         WHERE series = ?1 AND run = (SELECT number FROM run WHERE run_id = ?2)",
    )?;
    for RunValue { key, in_yardsticks, .. } in
        run.values.iter().filter(|it| it.in_yardsticks.is_some())
    {
        complete.execute(params![series_number(write, key)?, run.run_id, in_yardsticks])?;
    }
    Ok(())
}

fn series_number(write: &Transaction<'_>, key: &SeriesKey) -> rusqlite::Result<i64> {
    let SeriesKey { device, model, backend, delegate, options, threads, batch, affinity, metric } =
        key;
    let (threads, batch) = (*threads as i64, *batch as i64);
    let fields =
        params![device, model, backend, delegate, options, threads, batch, affinity, metric];
    write
        .prepare_cached(
            "INSERT INTO series (device, model, backend, delegate, options, threads, batch, \
             affinity, metric) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute(fields)?;
    write
        .prepare_cached(
            "SELECT number FROM series WHERE device = ?1 AND model = ?2 AND backend = ?3 \
             AND delegate = ?4 AND options = ?5 AND threads = ?6 AND batch = ?7 \
             AND affinity = ?8 AND metric = ?9",
        )?
        .query_row(fields, |row| row.get(0))
}

fn series(connection: &Connection, metrics: &[&str]) -> rusqlite::Result<Vec<PastSeries>> {
    let mut keys = connection.prepare(
        "SELECT number, device, model, backend, delegate, options, threads, batch, affinity, \
         metric FROM series ORDER BY metric, device, model, backend, delegate, options, threads, \
         batch, affinity",
    )?;
    let key = |row: &rusqlite::Row<'_>| {
        let key = SeriesKey {
            device: row.get(1)?,
            model: row.get(2)?,
            backend: row.get(3)?,
            delegate: row.get(4)?,
            options: row.get(5)?,
            threads: row.get::<_, i64>(6)?.unsigned_abs(),
            batch: row.get::<_, i64>(7)?.unsigned_abs(),
            affinity: row.get(8)?,
            metric: row.get(9)?,
        };
        Ok((row.get::<_, i64>(0)?, key))
    };
    let mut past = connection.prepare(
        "SELECT run_id, started, value, in_yardsticks, scale FROM value JOIN run ON run.number = value.run \
         WHERE series = ?1 ORDER BY started, run_id",
    )?;
    let mut all = Vec::new();
    for key in keys.query_map([], key)? {
        let (number, key) = key?;
        if !metrics.is_empty() && !metrics.contains(&key.metric.as_str()) {
            continue;
        }
        let value = |row: &rusqlite::Row<'_>| {
            Ok(PastValue {
                run_id: row.get(0)?,
                started: row.get(1)?,
                value: row.get(2)?,
                in_yardsticks: row.get(3)?,
                scale: row.get(4)?,
            })
        };
        let values = past.query_map([number], value)?.collect::<rusqlite::Result<_>>()?;
        all.push(PastSeries { key, values });
    }
    Ok(all)
}
