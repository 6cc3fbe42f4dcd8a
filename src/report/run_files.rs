//! The files of a run's folder, all but the journal.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

use crate::dataset::entries::Dataset;
use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::report::file::{clear_leftovers, write as write_file};
use crate::report::{csv, html, json, markdown, operator_note, svg};
use crate::table::row::Row;
use crate::table::rows::rows;
use crate::table::scenario_rows::scenario_rows;
use crate::table::sustained_rows::sustained_rows;

const SAMPLES: &str = "samples.csv";

/// Writes what is made from the journal into a run's folder: `results.csv`,
/// `scenarios.csv` if there are scenarios, `sustained.csv` if cases went on for minutes,
/// `predictions.csv`, `run.json`, `report.md`, `report.html`; and `samples.csv`, which may be many
/// times as large as the journal, where it is there already.
///
/// # Errors
/// The folder cannot be made or a file cannot be written whole; a file that
/// was there before is then still the old one.
pub fn write_all(run: &Run, dir: &Path) -> Result<()> {
    write_all_with(run, dir, None, false)
}

/// The same, with the run's images if the caller has them open, so that they are not looked
/// for again, and with `samples.csv` if it is requested.
///
/// # Errors
/// See [`write_all`].
pub fn write_all_with(
    run: &Run,
    dir: &Path,
    images: Option<&Dataset>,
    samples: bool,
) -> Result<()> {
    fs::create_dir_all(dir)
        .with_context(|| format!("could not create the folder {}", dir.display()))?;
    clear_leftovers(dir);
    let rows = rows(run);
    thread::scope(|scope| {
        // The page takes longer than all else together.
        let page = scope.spawn(|| html::page::page_with(run, &rows, images));
        write_tables(run, &rows, dir, samples)?;
        let page = page.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        write_file(&dir.join("report.html"), |to| to.write_all(page.as_bytes()))
    })
}

/// All but the page.
fn write_tables(run: &Run, rows: &[Row], dir: &Path, samples: bool) -> Result<()> {
    write_file(&dir.join("results.csv"), |to| csv::results(rows, to))?;
    let scenarios = scenario_rows(run);
    if !scenarios.is_empty() {
        write_file(&dir.join("scenarios.csv"), |to| csv::scenarios(&scenarios, to))?;
    }
    let sustained = sustained_rows(run);
    if !sustained.is_empty() {
        write_file(&dir.join("sustained.csv"), |to| csv::sustained(&sustained, to))?;
    }
    // A file of an earlier part of the run would lack what was measured since.
    if samples || dir.join(SAMPLES).exists() {
        write_samples(run, dir)?;
    }
    write_file(&dir.join("predictions.csv"), |to| csv::predictions(run, to))?;
    if operator_note::profiled(run).next().is_some() {
        write_file(&dir.join(operator_note::PROFILE_CSV), |to| operator_note::csv(run, to))?;
    }
    let description = serde_json::to_string_pretty(&json::run(run, rows))? + "\n";
    write_file(&dir.join("run.json"), |to| to.write_all(description.as_bytes()))?;
    let markdown = markdown::document(run, rows);
    write_file(&dir.join("report.md"), |to| to.write_all(markdown.as_bytes()))
}

/// Writes `samples.csv`, every timed run, into a run's folder.
///
/// # Errors
/// A file that cannot be written whole.
pub(crate) fn write_samples(run: &Run, dir: &Path) -> Result<()> {
    write_file(&dir.join(SAMPLES), |to| csv::samples(run, to))
}

/// The main plot of a run as SVG; `None` if nothing was measured.
#[must_use]
pub fn plot_svg(rows: &[Row]) -> Option<String> {
    Some(svg::plot::main_plot(rows, &Highlights::of(rows))).filter(|plot| !plot.is_empty())
}
