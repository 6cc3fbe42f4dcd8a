//! `shutterbench compare`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Result, ensure};
use clap::Args;
use strum::VariantArray;

use crate::cli::output;
use crate::cli::output::{ExitStatus, print, print_json};
use crate::decide::comparison::{CompareOptions, RunComparison};
use crate::decide::metric::Metric;
use crate::record::status::Status;
use crate::report::comparison_report as render;
use crate::report::html::comparison_page;
use crate::report::terminal::width_of_stdout;
use crate::run::replay;

/// Two runs and how to compare them.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The base run's folder
    pub base: PathBuf,
    /// The new run's folder
    pub new: PathBuf,
    /// Smallest change to report, in percent (for accuracy: in points) [default: 1;
    /// accuracy: 0, i.e. any statistically significant change]
    #[arg(long, value_name = "PCT")]
    pub threshold: Option<f64>,
    /// Figures to compare: all, or any of p50, p90, p99, top1, top5, size, memory, load, energy, rate.
    /// The chance of a false alarm is at most 5% for all of them together [default: p50]
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
pub(crate) enum MetricChoice {
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

/// Compares two runs; a regression gives a bad exit status.
///
/// # Errors
/// A folder without a readable run, or a file that cannot be written.
pub(crate) fn compare(args: &CompareArgs) -> Result<ExitStatus> {
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
    let has = |metric: Metric| match metric {
        Metric::Rate => base.cases.iter().any(|record| record.found_rate.is_some()),
        _ => rows.iter().any(|row| row.status == Status::Ok && metric.value(row).is_some()),
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
pub(crate) fn metrics(wanted: &[MetricChoice], has: impl Fn(Metric) -> bool) -> Vec<Metric> {
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
    let files = [
        (markdown, render::markdown as fn(&[RunComparison]) -> String),
        (html, comparison_page::page),
    ];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_taken_once_and_all_means_those_at_hand() {
        let of = |text: &str| text.split(',').map(|it| it.parse::<MetricChoice>()).collect();
        let wanted: Result<Vec<MetricChoice>, String> = of("top1,p50,top1");
        assert_eq!(metrics(&wanted.unwrap(), |_| false), [Metric::P50, Metric::Top1]);
        assert_eq!(metrics(&[MetricChoice::All], |it| it != Metric::Load).len(), 9);
        assert_eq!(metrics(&[], |_| true), [Metric::P50]);
        let error: Result<Vec<MetricChoice>, String> = of("p95");
        assert!(error.unwrap_err().contains("p50, p90, p99, top1"));
    }
}
