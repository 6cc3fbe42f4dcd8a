//! Every comparison of an experiment in a CSV file, from which it continues after an interruption.
//! The settings are in a JSON file beside it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use shutterbench::file_hash;
use shutterbench::record::host::Host;
use shutterbench::stats::paired::Verdict;

use super::Arguments;

/// A comparison. One that failed has a number and a moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub trial: u32,
    /// RFC 3339.
    pub ended_at: String,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub verdict: Option<Verdict>,
    pub verdict_by_interval: Option<Verdict>,
    pub peer_ratio: Option<f64>,
    /// How many CPUs were busy on average, with whatever program.
    pub busy_cpus: Option<f64>,
    /// One-minute load average at its end.
    pub load: Option<f64>,
}

/// What an experiment asks: comparisons of another one do not belong to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    model: String,
    model_sha256: Option<String>,
    backend: String,
    delegate: String,
    threads: usize,
    slower_percent: f64,
    seconds: f64,
    processes: u32,
    threshold_percent: f64,
    seed: u64,
    affinity: Option<String>,
    cpu: String,
}

impl Question {
    pub fn of(arguments: &Arguments) -> Self {
        Self {
            model: arguments.model.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            model_sha256: file_hash::of(&arguments.model),
            backend: arguments.backend.to_string(),
            delegate: arguments.delegate.to_string(),
            threads: arguments.threads.get(),
            slower_percent: arguments.slower,
            seconds: arguments.seconds,
            processes: arguments.processes,
            threshold_percent: arguments.threshold,
            seed: arguments.seed,
            affinity: arguments.affinity.clone(),
            cpu: Host::read().cpu,
        }
    }
}

/// The comparisons so far, and the file that they are kept in, if there is one.
pub struct Records {
    pub rows: Vec<Row>,
    file: Option<(PathBuf, File)>,
}

impl Records {
    /// Continues with what `csv` holds, or begins it.
    pub fn open(csv: Option<&Path>, question: &Question) -> Result<Self> {
        let Some(path) = csv else { return Ok(Self { rows: Vec::new(), file: None }) };
        let cannot = || format!("could not write {}", path.display());
        let beside = path.with_extension("json");
        let kept = fs::read_to_string(path).unwrap_or_default();
        // A line that was cut short is measured again.
        let whole = kept.rfind('\n').map_or(0, |end| end + 1);
        let mut rows = Vec::new();
        if whole == 0 {
            fs::write(&beside, serde_json::to_string_pretty(question)? + "\n")
                .with_context(cannot)?;
        } else {
            let asked: Option<Question> =
                fs::read(&beside).ok().and_then(|text| serde_json::from_slice(&text).ok());
            ensure!(
                asked.as_ref() == Some(question),
                "{} holds comparisons of another experiment, see {}; name another file or remove both",
                path.display(),
                beside.display()
            );
            for row in csv::Reader::from_reader(&kept.as_bytes()[..whole]).deserialize() {
                rows.push(row.with_context(|| format!("{} is damaged", path.display()))?);
            }
        }
        let file = OpenOptions::new().append(true).create(true).open(path).with_context(cannot)?;
        file.set_len(whole as u64).with_context(cannot)?;
        Ok(Self { rows, file: Some((path.to_owned(), file)) })
    }

    /// Number of the next comparison.
    pub fn next(&self) -> u32 {
        self.rows.last().map_or(0, |row| row.trial + 1)
    }

    /// Keeps a comparison.
    pub fn add(&mut self, row: Row) -> Result<()> {
        if let Some((path, file)) = &mut self.file {
            let first = file.metadata()?.len() == 0;
            let mut writer = csv::WriterBuilder::new().has_headers(first).from_writer(&*file);
            writer
                .serialize(&row)
                .and_then(|()| Ok(writer.flush()?))
                .with_context(|| format!("could not write {}", path.display()))?;
        }
        self.rows.push(row);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(seed: u64) -> Question {
        Question {
            model: "m.tflite".into(),
            model_sha256: None,
            backend: "tflite".into(),
            delegate: "none".into(),
            threads: 1,
            slower_percent: 2.0,
            seconds: 10.0,
            processes: 20,
            threshold_percent: 1.0,
            seed,
            affinity: None,
            cpu: "a CPU".into(),
        }
    }

    fn row(trial: u32) -> Row {
        let ended_at = "2026-01-01T00:00:00Z".to_owned();
        let verdict = Some(Verdict::Slower);
        Row { trial, ended_at, ratio: Some(1.02), verdict, ..Row::default() }
    }

    #[test]
    fn an_experiment_goes_on_where_it_was_cut_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ab.csv");
        let mut records = Records::open(Some(&path), &question(1)).unwrap();
        records.add(row(0)).unwrap();
        records.add(Row { ratio: None, verdict: None, ..row(1) }).unwrap();
        drop(records);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}2,2026-01-01T00:0")).unwrap();
        let mut records = Records::open(Some(&path), &question(1)).unwrap();
        assert_eq!((records.rows[0].clone(), records.rows[1].ratio), (row(0), None));
        assert_eq!((records.rows.len(), records.next()), (2, 2));
        records.add(row(2)).unwrap();
        let rows = Records::open(Some(&path), &question(1)).unwrap().rows;
        assert_eq!(rows.iter().map(|row| row.trial).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn comparisons_of_another_experiment_are_not_mixed_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ab.csv");
        Records::open(Some(&path), &question(1)).unwrap().add(row(0)).unwrap();
        let Err(error) = Records::open(Some(&path), &question(2)) else { panic!("taken") };
        assert!(error.to_string().contains("of another experiment"), "{error}");
        fs::remove_file(path.with_extension("json")).unwrap();
        assert!(Records::open(Some(&path), &question(1)).is_err());
    }
}
