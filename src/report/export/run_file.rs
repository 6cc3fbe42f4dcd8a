//! The run's own files, for those who read them from elsewhere than its folder: pandas, R, a
//! database.

use std::io::{self, Write};

use crate::record::run::Run;
use crate::report::export::measure::Export;
use crate::report::{csv, json};
use crate::table::row::Row;

/// Writes a file as it is in the run's folder.
pub enum RunFile {
    /// results.csv: a row per case.
    Results,
    /// predictions.csv: a row per image and (model, backend, delegate).
    Predictions,
    /// run.json: everything but samples and predictions.
    Json,
}

impl Export for RunFile {
    fn text(&self, run: &Run, rows: &[Row]) -> String {
        match self {
            Self::Results => text(|to| csv::results(rows, to)),
            Self::Predictions => text(|to| csv::predictions(run, to)),
            Self::Json => format!("{:#}\n", json::run(run, rows)),
        }
    }
}

fn text(fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    // Memory takes every byte, and what is written is text.
    let _ = fill(&mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}
