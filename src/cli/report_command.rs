//! `shutterbench report`.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use strum::VariantNames;

use crate::cli::output;
use crate::cli::output::{ExitStatus, print};
use crate::record::run::Run;
use crate::report;
use crate::report::export::kind::ExportKind;
use crate::report::run_files;
use crate::report::terminal::width_of_stdout;
use crate::report::terminal_page::terminal_page;
use crate::run::replay;
use crate::table::rows::rows;

/// Runs and where their reports go ('-' is standard output) [default: into the run's folder]
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run's folder; of several, --html writes one page that shows them side by side
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Write the HTML report to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the Markdown report to this file
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write the main plot to this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the rows as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the rows as CSV (docs/columns.md) to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write every timed run (docs/columns.md) to this file
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,
    /// Write every scored image (docs/columns.md) to this file
    #[arg(long, value_name = "FILE")]
    pub predictions: Option<PathBuf>,
    /// Write run.json (docs/run.schema.json) to this file
    #[arg(long, value_name = "FILE")]
    pub run_json: Option<PathBuf>,
    /// Write the run for another program (docs/exports.md): bencher, github-action-smaller,
    /// github-action-bigger, junit, lava, openmetrics or trace
    #[arg(long, num_args = 2, value_names = ["KIND", "FILE"])]
    pub export: Vec<String>,
}

/// Writes a run's reports again.
///
/// # Errors
/// A folder without a readable journal, a plot of a run without a single
/// measured case, or a file that cannot be written.
pub(crate) fn report(args: &ReportArgs) -> Result<ExitStatus> {
    let exports = exports(&args.export)?;
    let files = [&args.markdown, &args.svg, &args.json, &args.run_json];
    let tables = [&args.csv, &args.samples, &args.predictions];
    let only_html = files.into_iter().chain(tables).all(Option::is_none) && exports.is_empty();
    let [folder] = args.runs.as_slice() else { return side_by_side(args, only_html) };
    let run = replay::read(folder)?;
    if args.html.is_none() && only_html {
        run_files::write_all(&run, folder)?;
        let color = std::io::stdout().is_terminal();
        let page = terminal_page(&run, &rows(&run), width_of_stdout(), color);
        return print(page.as_bytes());
    }
    let rows = rows(&run);
    let write = |to: &Option<PathBuf>, text: &dyn Fn() -> Result<String>| match to {
        Some(path) => output::write(path, &text()?),
        None => Ok(()),
    };
    write(&args.html, &|| Ok(report::html::page::page(&run, &rows)))?;
    write(&args.markdown, &|| Ok(report::markdown::document(&run, &rows)))?;
    write(&args.svg, &|| {
        run_files::plot_svg(&rows).with_context(|| {
            format!("{} holds no measured case, so there is nothing to plot", folder.display())
        })
    })?;
    write(&args.json, &|| {
        Ok(serde_json::to_string_pretty(&report::json::report(&run, &rows))? + "\n")
    })?;
    write(&args.run_json, &|| {
        Ok(serde_json::to_string_pretty(&report::json::run(&run, &rows))? + "\n")
    })?;
    if let Some(path) = &args.csv {
        output::write_with(path, |to| report::csv::results(&rows, to))?;
    }
    if let Some(path) = &args.samples {
        output::write_with(path, |to| report::csv::samples(&run, to))?;
    }
    if let Some(path) = &args.predictions {
        output::write_with(path, |to| report::csv::predictions(&run, to))?;
    }
    for (kind, path) in exports {
        output::write(&path, &kind.export().text(&run, &rows))?;
    }
    Ok(ExitStatus::Good)
}

/// Writes one page of several runs.
fn side_by_side(args: &ReportArgs, only_html: bool) -> Result<ExitStatus> {
    let Some(path) = args.html.as_ref().filter(|_| only_html) else {
        bail!(
            "several runs make one page and nothing else; name its file with --html, and no other output"
        );
    };
    let runs: Vec<Run> = args.runs.iter().map(|run| replay::read(run)).collect::<Result<_>>()?;
    output::write(path, &report::html::side_by_side_page::page(&runs))?;
    Ok(ExitStatus::Good)
}

/// The formats and files of `--export`.
fn exports(given: &[String]) -> Result<Vec<(ExportKind, PathBuf)>> {
    let known = || ExportKind::VARIANTS.join(", ");
    let pair = |pair: &[String]| {
        let kind = pair[0].parse().map_err(|_| {
            anyhow::anyhow!("--export {} is not a format; known: {}", pair[0], known())
        })?;
        Ok((kind, PathBuf::from(&pair[1])))
    };
    given.chunks_exact(2).map(pair).collect()
}
