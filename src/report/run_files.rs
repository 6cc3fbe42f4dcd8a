//! The files of a run's folder, all but the journal.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::report::file::write as write_file;
use crate::report::{csv, html, json, markdown, svg};
use crate::table::row::Row;
use crate::table::rows::rows;

/// Writes everything but the journal into a run's folder: `results.csv`,
/// `samples.csv`, `predictions.csv`, `run.json`, `report.md`, `report.html`.
///
/// # Errors
/// The folder cannot be made or a file cannot be written whole; a file that
/// was there before is then still the old one.
pub fn write_all(run: &Run, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)
        .with_context(|| format!("could not create the folder {}", dir.display()))?;
    let rows = rows(run);
    write_file(&dir.join("results.csv"), |to| csv::results(&rows, to))?;
    write_file(&dir.join("samples.csv"), |to| csv::samples(run, to))?;
    write_file(&dir.join("predictions.csv"), |to| csv::predictions(run, to))?;
    let description = serde_json::to_string_pretty(&json::run(run, &rows))? + "\n";
    write_file(&dir.join("run.json"), |to| to.write_all(description.as_bytes()))?;
    let markdown = markdown::document(run, &rows);
    write_file(&dir.join("report.md"), |to| to.write_all(markdown.as_bytes()))?;
    let page = html::page::page(run, &rows);
    write_file(&dir.join("report.html"), |to| to.write_all(page.as_bytes()))
}

/// The main plot of a run as SVG; `None` if nothing was measured.
#[must_use]
pub fn plot_svg(rows: &[Row]) -> Option<String> {
    Some(svg::plot::main_plot(rows, &Highlights::of(rows))).filter(|plot| !plot.is_empty())
}
