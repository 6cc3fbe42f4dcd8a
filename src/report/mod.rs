//! What a run is shown as: CSV, JSON, Markdown, HTML and the terminal.

pub mod class_names;
pub mod csv;
mod file;
pub mod html;
pub mod json;

pub mod markdown;
pub mod notes;
pub mod paired_top1;
pub mod pareto;
pub mod portable;
pub mod published;
pub mod row;
pub mod rows;
pub mod score_words;
pub mod short_names;
pub mod speeds;
pub mod svg;
pub mod terminal;
pub mod units;
pub mod verdict;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::run::Run;

pub use file::write as write_file;
pub use row::Row;
pub use rows::rows;
pub use verdict::Verdict;

/// Writes everything but the journal into a run's folder: `results.csv`,
/// `samples.csv`, `predictions.csv`, `run.json`, `report.md`, `report.html`.
///
/// # Errors
/// The folder cannot be made or a file cannot be written whole; a file that
/// was there before is then still the old one.
pub fn write_all(run: &Run, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let rows = rows(run);
    write_file(&dir.join("results.csv"), |to| csv::results(&rows, to))?;
    write_file(&dir.join("samples.csv"), |to| csv::samples(run, to))?;
    write_file(&dir.join("predictions.csv"), |to| csv::predictions(run, to))?;
    let description = serde_json::to_string_pretty(&json::run(run, &rows))? + "\n";
    write_file(&dir.join("run.json"), |to| to.write_all(description.as_bytes()))?;
    let markdown = markdown::document(run, &rows);
    write_file(&dir.join("report.md"), |to| to.write_all(markdown.as_bytes()))?;
    let page = html::page(run, &rows);
    write_file(&dir.join("report.html"), |to| to.write_all(page.as_bytes()))
}

/// The main plot of a run as SVG; `None` where nothing was measured.
#[must_use]
pub fn plot_svg(rows: &[Row]) -> Option<String> {
    Some(svg::main_plot(rows, &Verdict::of(rows))).filter(|plot| !plot.is_empty())
}
