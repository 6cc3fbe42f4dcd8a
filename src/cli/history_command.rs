//! `shutterbench history`: runs over time, and the gate that learns from them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::compare_command::MetricChoice;
use crate::cli::fleet_command::sources;
use crate::cli::history_confirm::{Confirmation, Confirming, confirm};
use crate::cli::output;
use crate::cli::output::{ExitStatus, print, print_json, tell};
use crate::decide::metric::Metric;
use crate::history::history_file::HistoryFile;
use crate::history::series_key::{MEDIAN, RunValues, run_values};
use crate::history::trend::{JudgedSeries, Trend, gate, trend};
use crate::installation::user_data;
use crate::report::html::trend_page;
use crate::report::terminal::width_of_stdout;
use crate::report::trend_text;
use crate::run::journal;
use crate::table::units::counted;

/// The history and what to do with it.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The history's file [default: history.sqlite in the user's data folder]
    #[arg(long, value_name = "FILE", global = true)]
    pub history: Option<PathBuf>,
    #[command(subcommand)]
    pub action: HistoryAction,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryAction {
    /// Add runs; one that is there already stays as it is
    Add {
        /// The runs' folders
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<PathBuf>,
    },
    /// Show the trend of each series: last value, usual value, threshold, days
    Show(ShowArgs),
    /// Judge a run by what is usual; exit code 1 on a regression
    Gate(GateArgs),
    /// Add every run below a folder; those that cannot be read are named
    Import {
        /// The folder
        folder: PathBuf,
    },
    /// Forget old runs
    Prune {
        /// Keep the runs of this many days before the newest one
        #[arg(long, value_name = "N")]
        keep_days: u32,
    },
    /// Add the runs of another history
    Merge {
        /// Its file
        other: PathBuf,
    },
}

/// What is shown.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Figures to show: all, or any of p50, p90, p99, top1, top5, size, memory, load [default: p50]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub metric: Vec<MetricChoice>,
    /// Write HTML with a plot per series to this file; '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What is judged.
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The run's folder; it does not have to be in the history
    pub run: PathBuf,
    /// Figures to judge: all, or any of p50, p90, p99, top1, top5, size, memory, load [default: p50]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub metric: Vec<MetricChoice>,
    /// If anything is suspected or red, measure it again, in turn with an earlier run's model and
    /// settings, or with these two suites; that decides
    #[arg(long, num_args = 0..=2, value_names = ["BASE.toml", "NEW.toml"])]
    pub confirm: Option<Vec<PathBuf>>,
    /// The program that measured the earlier run, if model and settings are the same
    #[arg(long, value_name = "PROGRAM", requires = "confirm")]
    pub against: Option<PathBuf>,
    /// Where the runs of --confirm go [default: results/RUN-again-1]
    #[arg(long, value_name = "DIR", requires = "confirm")]
    pub out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Does what is asked; a regression, and a run that cannot be imported, end badly.
///
/// # Errors
/// A run or a history that cannot be read, or a file that cannot be written.
pub(crate) fn history(args: &HistoryArgs) -> Result<ExitStatus> {
    let path = match &args.history {
        Some(path) => path.clone(),
        None => user_data()
            .context("neither XDG_DATA_HOME nor HOME is set; name a file with --history")?
            .join("history.sqlite"),
    };
    match &args.action {
        HistoryAction::Add { runs } => add(&path, runs),
        HistoryAction::Show(args) => show(&path, args),
        HistoryAction::Gate(args) => judge(&path, args),
        HistoryAction::Import { folder } => import(&path, folder),
        HistoryAction::Prune { keep_days } => {
            let gone = HistoryFile::open(&path, false)?.prune(*keep_days)?;
            told(&path, &format!("{gone} forgotten"))
        }
        HistoryAction::Merge { other } => {
            let other = HistoryFile::open(other, false)?;
            let new = HistoryFile::open(&path, true)?.merge(&other)?;
            told(&path, &format!("{new} added of {}", other.runs()?))
        }
    }
}

fn told(path: &Path, what: &str) -> Result<ExitStatus> {
    let runs = HistoryFile::open(path, false)?.runs()?;
    tell(&format!("{what}; {} holds {}", path.display(), counted(runs, "run", "runs")));
    Ok(ExitStatus::Good)
}

/// What the run in a folder adds.
fn read(folder: &Path) -> Result<RunValues> {
    let source = sources(&[folder.to_owned()])?.pop();
    let source = source.with_context(|| format!("{} holds no run", folder.display()))?;
    let mut values = run_values(&source.rows, source.run.as_ref())
        .with_context(|| format!("{} cannot be in a history", folder.display()))?;
    values.folder = folder.canonicalize().ok();
    Ok(values)
}

/// The same of a run that adds something.
fn measured(folder: &Path) -> Result<RunValues> {
    let run = read(folder)?;
    ensure!(!run.values.is_empty(), "{} has no case that was measured", folder.display());
    Ok(run)
}

fn add(path: &Path, folders: &[PathBuf]) -> Result<ExitStatus> {
    let runs = folders.iter().map(|folder| measured(folder)).collect::<Result<Vec<_>>>()?;
    let new = HistoryFile::open(path, true)?.add(&runs)?;
    told(path, &format!("{new} added of {}", runs.len()))
}

fn import(path: &Path, folder: &Path) -> Result<ExitStatus> {
    let folders = run_folders(folder)?;
    let (mut runs, mut unreadable) = (Vec::new(), 0);
    for folder in &folders {
        match measured(folder) {
            Ok(run) => runs.push(run),
            Err(error) => {
                unreadable += 1;
                tell(&format!("left out: {error:#}"));
            }
        }
    }
    let new = HistoryFile::open(path, true)?.add(&runs)?;
    told(path, &format!("{new} added of {} read, {unreadable} left out", runs.len()))?;
    Ok(if unreadable == 0 { ExitStatus::Good } else { ExitStatus::Bad })
}

/// The folders of runs at or below `folder`, in the order of their names.
fn run_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    ensure!(
        folder.is_dir(),
        "{} is not a folder; name the one that the runs are in",
        folder.display()
    );
    let is_run =
        |path: &Path| [journal::FILE_NAME, "results.csv"].iter().any(|it| path.join(it).is_file());
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let found: Vec<PathBuf> = all
        .filter(|entry| entry.file_type().is_dir() && is_run(entry.path()))
        .map(walkdir::DirEntry::into_path)
        .collect();
    if found.is_empty() {
        bail!("no run is below {}", folder.display());
    }
    Ok(found)
}

/// The columns of the chosen figures.
fn columns(chosen: &[MetricChoice]) -> Vec<&'static str> {
    let metrics = crate::cli::compare_command::metrics(chosen, |_| true);
    metrics.into_iter().filter_map(Metric::column).collect()
}

fn show(path: &Path, args: &ShowArgs) -> Result<ExitStatus> {
    let history = HistoryFile::open(path, false)?;
    let runs = history.runs()?;
    let trends: Vec<Trend> =
        history.series(&columns(&args.metric))?.into_iter().filter_map(trend).collect();
    if let Some(html) = &args.html {
        output::write(html, &trend_page::page(&trends, runs))?;
    }
    if args.json {
        return print_json(&json!({ "runs": runs, "series": trends }));
    }
    if args.html.as_deref() == Some(Path::new("-")) {
        return Ok(ExitStatus::Good);
    }
    print(trend_text::trends(&trends, runs, width_of_stdout()).as_bytes())
}

fn judge(path: &Path, args: &GateArgs) -> Result<ExitStatus> {
    let run = read(&args.run)?;
    let columns = columns(&args.metric);
    // Whether a case was measured before is told by its median.
    let known = [&columns[..], &[MEDIAN]].concat();
    let history = HistoryFile::open(path, false)?;
    let past = history.series(&known)?;
    let mut judged = gate(&past, &run, &columns);
    ensure!(
        !judged.is_empty(),
        "{} has nothing to judge: none of its cases was measured and has {} above zero; measure it again, or choose other figures with --metric",
        args.run.display(),
        columns.join(", ")
    );
    let again = judged.iter().any(|series| series.is_regressed() || series.is_suspected());
    let confirmation = match &args.confirm {
        Some(suites) if again => {
            let asked = Confirming {
                history: &history,
                past: &past,
                folder: &args.run,
                run: &run,
                suites,
                against: args.against.as_deref(),
                out: args.out.as_deref(),
                json: args.json,
            };
            Some(confirm(&asked, &mut judged)?)
        }
        _ => None,
    };
    let red = judged.iter().any(JudgedSeries::is_red);
    if args.json {
        print_json(&json!({ "regression": red, "confirmation": confirmation, "series": judged }))?;
    } else {
        print(trend_text::gate(&judged, width_of_stdout()).as_bytes())?;
    }
    match &confirmation {
        Some(Confirmation::Interrupted) => return Ok(ExitStatus::Interrupted),
        Some(Confirmation::Missing(missing)) => {
            tell(&format!("not measured again: {missing}"));
        }
        Some(Confirmation::Measured(folder)) => {
            tell(&format!("measured again in {}", folder.display()));
        }
        None => {}
    }
    Ok(if red { ExitStatus::Bad } else { ExitStatus::Good })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::row::Row;

    #[test]
    fn every_figure_is_a_column_that_a_history_keeps() {
        for name in columns(&[MetricChoice::All]) {
            assert!(Row::column(name).is_some_and(|column| column.better().is_some()), "{name}");
        }
        assert_eq!(columns(&[]), ["latency_p50_us"]);
    }
}
