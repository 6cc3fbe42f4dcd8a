//! `shutterbench compare` and `shutterbench pick`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, ensure};
use clap::Args;
use strum::VariantArray;

use crate::cli::output;
use crate::cli::output::{ExitStatus, print, print_json};
use crate::decide::comparison::{CompareOptions, RunComparison};
use crate::decide::metric::Metric;
use crate::decide::pick::{Constraints, Pick};
use crate::record::status::Status;
use crate::report::comparison_report as render;
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
    /// Smallest change to report, in percent (for accuracy: in points) [default: 1;
    /// accuracy: 0, i.e. any statistically significant change]
    #[arg(long, value_name = "PCT")]
    pub threshold: Option<f64>,
    /// Figures to compare: all, or any of p50, p90, p99, top1, top5, size, memory, load. The
    /// chance of a false alarm is at most 5% for all of them together [default: p50]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub metric: Vec<MetricChoice>,
    /// If the runs have no case in common, compare their cases in order
    #[arg(long)]
    pub in_order: bool,
    /// Write Markdown to this file, for a pull request; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write HTML to this file; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `--metric` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricChoice {
    /// Every figure that the base has.
    All,
    /// This one.
    One(Metric),
}

impl FromStr for MetricChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let names = Metric::VARIANTS.iter().map(Metric::to_string).collect::<Vec<_>>();
        let unknown = || format!("it must be 'all' or one of {}", names.join(", "));
        text.parse().map(Self::One).map_err(|_| unknown())
    }
}

/// A run and the limits that its models must meet.
#[derive(Debug, Args)]
pub struct PickArgs {
    /// The run's folder
    pub run: PathBuf,
    /// Consider only the cases of this device, in a run of several
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Maximum median latency, in milliseconds
    #[arg(long, value_name = "X")]
    pub max_latency_ms: Option<f64>,
    /// Maximum file size, in megabytes
    #[arg(long, value_name = "X")]
    pub max_size_mb: Option<f64>,
    /// Minimum Top-1 accuracy: 0.70 and 70 both mean 70%; write 1.0 or 100% for all images
    #[arg(long, value_name = "P")]
    pub min_top1: Option<String>,
    /// Minimum Top-5 accuracy, written the same way
    #[arg(long, value_name = "P")]
    pub min_top5: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Compares two runs; a regression gives a bad exit status.
///
/// # Errors
/// A folder without a readable run, or a file that cannot be written.
pub fn compare(args: &CompareArgs) -> Result<ExitStatus> {
    if let Some(threshold) = args.threshold {
        ensure!(
            threshold.is_finite() && threshold >= 0.0,
            "--threshold must be a percentage of 0 or more, got {threshold}"
        );
    }
    let (base, new) = (replay::read(&args.base)?, replay::read(&args.new)?);
    let (cases, others) = (base.header.cases.len(), new.header.cases.len());
    ensure!(
        !args.in_order || cases == others,
        "--in-order needs runs with the same number of cases; {} has {cases} and {} has {others}",
        args.base.display(),
        args.new.display()
    );
    let rows = crate::table::rows::rows(&base);
    let has = |metric: Metric| {
        rows.iter().any(|row| row.status == Status::Ok && metric.value(row).is_some())
    };
    let options: Vec<CompareOptions> = metrics(&args.metric, has)
        .into_iter()
        .map(|metric| CompareOptions {
            in_order: args.in_order,
            ..CompareOptions::of(metric, args.threshold)
        })
        .collect();
    for options in &options {
        ensure!(
            has(options.metric),
            "{} has no {} to compare with; choose figures that it has with --metric",
            args.base.display(),
            options.metric.title()
        );
    }
    ensure!(!options.is_empty(), "{} has nothing to compare with", args.base.display());
    let comparisons = crate::decide::compare::gate(&base, &new, &options);
    show(&comparisons, args.markdown.as_deref(), args.html.as_deref(), args.json)
}

/// The requested figures, each once.
fn metrics(wanted: &[MetricChoice], has: impl Fn(Metric) -> bool) -> Vec<Metric> {
    if wanted.is_empty() {
        return vec![Metric::P50];
    }
    let asked = |metric: &Metric| {
        wanted.contains(&MetricChoice::One(*metric))
            || (wanted.contains(&MetricChoice::All) && has(*metric))
    };
    Metric::VARIANTS.iter().copied().filter(asked).collect()
}

/// Writes comparisons to the files that are named and prints them; a regression
/// ends badly.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn show(
    comparisons: &[RunComparison],
    markdown: Option<&Path>,
    html: Option<&Path>,
    json: bool,
) -> Result<ExitStatus> {
    let files =
        [(markdown, render::markdown as fn(&[RunComparison]) -> String), (html, render::html)];
    let mut printed = false;
    for (path, text) in files {
        if let Some(path) = path {
            output::write(path, &text(comparisons))?;
            printed |= path == Path::new("-");
        }
    }
    if json {
        print_json(&render::json(comparisons))?;
    } else if !printed {
        let color = std::io::stdout().is_terminal();
        print(render::terminal(comparisons, width_of_stdout(), color).as_bytes())?;
    }
    let regression = comparisons.iter().any(RunComparison::is_regression);
    Ok(if regression { ExitStatus::Bad } else { ExitStatus::Good })
}

/// Picks one model; none that fits ends badly.
///
/// # Errors
/// A folder without a readable run.
pub fn pick(args: &PickArgs) -> Result<ExitStatus> {
    let rows = on_one_device(rows_of(&args.run)?, args)?;
    let constraints = Constraints {
        max_latency_ms: args.max_latency_ms,
        max_size_mb: args.max_size_mb,
        min_top1: proportion("--min-top1", args.min_top1.as_deref())?,
        min_top5: proportion("--min-top5", args.min_top5.as_deref())?,
    };
    let pick = crate::decide::pick::pick(&rows, &constraints);
    if args.json {
        print_json(&crate::decide::pick::json(&pick, &rows))?;
    } else {
        print(crate::decide::pick::words(&pick, &rows).as_bytes())?;
    }
    Ok(if matches!(pick, Pick::NoneFits { .. }) { ExitStatus::Bad } else { ExitStatus::Good })
}

/// The rows of a run's folder; also of a published one without a journal, or of a single
/// `results.csv`.
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

/// Accuracies are printed in percent and stored as proportions; both are accepted. A 1 is
/// ambiguous, so `1.0` is the proportion and `1%` the percentage.
fn proportion(option: &str, text: Option<&str>) -> Result<Option<f64>> {
    let Some(text) = text else { return Ok(None) };
    let must = || format!("{option} must be a proportion from 0 to 1 or a percentage up to 100");
    let percent = text.strip_suffix('%');
    let value: f64 = percent.unwrap_or(text).trim().parse().with_context(must)?;
    ensure!((0.0..=100.0).contains(&value), "{}, got {text}", must());
    ensure!(text != "1", "{option} 1 could mean 1% or 100%; write 1%, or 1.0 or 100%");
    Ok(Some(if percent.is_some() || value > 1.0 { value / 100.0 } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracies_are_proportions_or_percentages_and_never_both() {
        let of = |text| proportion("--min-top1", Some(text)).map(Option::unwrap);
        for (text, expected) in
            [("0.7", 0.7), ("70", 0.7), ("70%", 0.7), ("1.0", 1.0), ("1%", 0.01), ("0.5%", 0.005)]
        {
            assert!((of(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        assert!(of("1").unwrap_err().to_string().contains("1% or 100%"));
        for text in ["-1", "101", "nan", "many", ""] {
            let error = format!("{:#}", of(text).unwrap_err());
            assert!(error.contains("--min-top1 must be"), "{error}");
        }
    }

    #[test]
    fn metrics_are_taken_once_and_all_means_those_at_hand() {
        let of = |text: &str| text.split(',').map(|it| it.parse::<MetricChoice>()).collect();
        let wanted: Result<Vec<MetricChoice>, String> = of("top1,p50,top1");
        assert_eq!(metrics(&wanted.unwrap(), |_| false), [Metric::P50, Metric::Top1]);
        assert_eq!(metrics(&[MetricChoice::All], |it| it != Metric::Load).len(), 7);
        assert_eq!(metrics(&[], |_| true), [Metric::P50]);
        let error: Result<Vec<MetricChoice>, String> = of("p95");
        assert!(error.unwrap_err().contains("p50, p90, p99, top1"));
    }
}
