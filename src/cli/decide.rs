//! `shutterbench compare` and `shutterbench pick`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;

use crate::cli::output::{Ending, print, print_json};
use crate::decide::comparison::{Comparison, Options};
use crate::decide::metric::Metric;
use crate::decide::pick::{Constraints, Pick};
use crate::report::comparison as render;
use crate::report::csv;
use crate::report::terminal::width_of_stdout;
use crate::run::{journal, replay};
use crate::table::row::Row;

/// Two runs and how to compare them.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The base run's folder
    pub base: PathBuf,
    /// The new run's folder
    pub new: PathBuf,
    /// The change that counts as one, in percent [default: 1; for accuracy 0 points:
    /// whatever is more than chance]
    #[arg(long, value_name = "PCT")]
    pub threshold: Option<f64>,
    /// The figure that is compared
    #[arg(long, value_enum, default_value_t = Metric::P50)]
    pub metric: Metric,
    /// Write Markdown here, for a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write HTML here
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A run and what its models have to hold to.
#[derive(Debug, Args)]
pub struct PickArgs {
    /// The run's folder
    pub run: PathBuf,
    /// Look at this device's cases, in a run of several
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Most median latency
    #[arg(long, value_name = "X")]
    pub max_latency_ms: Option<f64>,
    /// Most size of the file
    #[arg(long, value_name = "X")]
    pub max_size_mb: Option<f64>,
    /// Least Top-1, as a proportion or in percent
    #[arg(long, value_name = "P")]
    pub min_top1: Option<f64>,
    /// Least Top-5, as a proportion or in percent
    #[arg(long, value_name = "P")]
    pub min_top5: Option<f64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Compares two runs; a regression ends badly.
///
/// # Errors
/// A folder without a readable run, or a file that cannot be written.
pub fn compare(args: &CompareArgs) -> Result<Ending> {
    let options = Options::of(args.metric, args.threshold);
    ensure!(
        options.threshold_percent.is_finite() && options.threshold_percent >= 0.0,
        "--threshold {} is no share; give percent, from 0",
        options.threshold_percent
    );
    let (base, new) = (replay::read(&args.base)?, replay::read(&args.new)?);
    let comparison = crate::decide::compare::compare(&base, &new, options);
    show(&comparison, args.markdown.as_deref(), args.html.as_deref(), args.json)
}

/// Writes a comparison to the files that are named and prints it; a regression
/// ends badly.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn show(
    comparison: &Comparison,
    markdown: Option<&Path>,
    html: Option<&Path>,
    json: bool,
) -> Result<Ending> {
    write(markdown, comparison, render::markdown)?;
    write(html, comparison, render::html)?;
    if json {
        print_json(&render::json(comparison))?;
    } else {
        let color = std::io::stdout().is_terminal();
        print(render::terminal(comparison, width_of_stdout(), color).as_bytes())?;
    }
    Ok(if comparison.is_regression() { Ending::Bad } else { Ending::Good })
}

fn write(
    to: Option<&Path>,
    comparison: &Comparison,
    text: fn(&Comparison) -> String,
) -> Result<()> {
    let Some(path) = to else { return Ok(()) };
    crate::report::file::write(path, |to| to.write_all(text(comparison).as_bytes()))
}

/// Picks one model; none that fits ends badly.
///
/// # Errors
/// A folder without a readable run.
pub fn pick(args: &PickArgs) -> Result<Ending> {
    let rows = on_one_device(rows_of(&args.run)?, args)?;
    let constraints = Constraints {
        max_latency_ms: args.max_latency_ms,
        max_size_mb: args.max_size_mb,
        min_top1: proportion("--min-top1", args.min_top1)?,
        min_top5: proportion("--min-top5", args.min_top5)?,
    };
    let pick = crate::decide::pick::pick(&rows, &constraints);
    if args.json {
        print_json(&crate::decide::pick::json(&pick, &rows))?;
    } else {
        print(crate::decide::pick::words(&pick, &rows).as_bytes())?;
    }
    Ok(if matches!(pick, Pick::NoneFits { .. }) { Ending::Bad } else { Ending::Good })
}

/// The rows of a run's folder; of a published one, which has no journal, and of
/// a `results.csv` by itself just as well.
fn rows_of(run: &Path) -> Result<Vec<Row>> {
    let table = if run.is_file() { run.to_owned() } else { run.join("results.csv") };
    if !run.join(journal::FILE_NAME).is_file() && table.is_file() {
        return csv::read_results(&table);
    }
    Ok(crate::table::rows::rows(&replay::read(run)?))
}

/// The rows of one device: a limit that one device holds says nothing about
/// another.
fn on_one_device(mut rows: Vec<Row>, args: &PickArgs) -> Result<Vec<Row>> {
    let devices: BTreeSet<&str> = rows.iter().map(|row| row.device.as_str()).collect();
    match &args.device {
        Some(device) => rows.retain(|row| row.device == *device),
        None => ensure!(
            devices.len() < 2,
            "{} holds {} devices ({}); name one with --device",
            args.run.display(),
            devices.len(),
            devices.into_iter().collect::<Vec<_>>().join(", ")
        ),
    }
    ensure!(
        args.device.is_none() || !rows.is_empty(),
        "{} has no case of device '{}'",
        args.run.display(),
        args.device.as_deref().unwrap_or_default()
    );
    Ok(rows)
}

/// Accuracies are printed in percent and stored as proportions; both are taken.
fn proportion(option: &str, value: Option<f64>) -> Result<Option<f64>> {
    let Some(value) = value else { return Ok(None) };
    ensure!((0.0..=100.0).contains(&value), "{option} {value} is no share; give 0..1 or percent");
    Ok(Some(if value > 1.0 { value / 100.0 } else { value }))
}
