//! `shutterbench fleet`: runs of many devices in one report.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;

use crate::cli::output;
use crate::cli::output::{ExitStatus, print, print_json, tell};
use crate::decide::device_weights::DeviceWeights;
use crate::decide::fleet_grid::{GridOptions, grid};
use crate::decide::measured_fleet::{Fleet, FleetSource};
use crate::record::options::{NonNegative, Tail};
use crate::report::csv;
use crate::report::grid::{grid_html, grid_json, grid_markdown, grid_terminal, grid_text};
use crate::report::terminal::width_of_stdout;
use crate::run::{journal, replay};
use crate::table::row::Row;

/// The runs of a fleet, and where its report goes (`-`: to standard output).
#[derive(Debug, Args)]
pub(crate) struct FleetArgs {
    /// The runs' folders: one per device, or merged ones of several
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// How much each device counts: a CSV file with the columns device and weight [default: all
    /// alike]
    #[arg(long, value_name = "FILE")]
    pub device_weights: Option<PathBuf>,
    /// Show the share of devices within this budget [default: that of the runs]
    #[arg(long, value_name = "MS")]
    pub budget_ms: Option<NonNegative>,
    /// Show this percentile of latency in place of the median
    #[arg(long, value_enum, value_name = "P")]
    pub tail: Option<Tail>,
    /// Write HTML here
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write Markdown here
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write CSV here: a line per model and device
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows the fleet; a device on which nothing was measured ends badly.
///
/// # Errors
/// Runs that do not make a fleet, weights that do not fit, or a file that cannot be written.
pub(crate) fn fleet(args: &FleetArgs) -> Result<ExitStatus> {
    let weights = args.device_weights.as_deref().map(DeviceWeights::read).transpose()?;
    let fleet = Fleet::new(sources(&args.runs)?, weights.as_ref())?;
    let name = match args.tail {
        None => "latency_p50_us",
        Some(Tail::P90) => "latency_p90_us",
        Some(Tail::P95) => "latency_p95_us",
        Some(Tail::P99) => "latency_p99_us",
    };
    let Some(column) = Row::column(name) else {
        unreachable!("results.csv has no column {name}");
    };
    let budget_ms = args.budget_ms.map(NonNegative::get).or_else(|| fleet.budget_ms());
    let shown = GridOptions { column, budget_ms };
    let lines = grid(&fleet, shown);
    ensure!(
        lines.iter().any(|line| line.mean_us.is_some()),
        "none of the runs has a measured case, so there is nothing to show"
    );
    let mut printed = args.json;
    let mut write = |to: &Option<PathBuf>, text: &dyn Fn() -> Result<String>| -> Result<()> {
        let Some(path) = to else { return Ok(()) };
        printed |= path == Path::new("-");
        output::write(path, &text()?)
    };
    write(&args.html, &|| Ok(grid_html::page(&fleet, &lines, shown)))?;
    write(&args.markdown, &|| Ok(grid_markdown::document(&fleet, &lines, shown)))?;
    write(&args.csv, &|| grid_text::csv(&fleet, &lines))?;
    if args.json {
        print_json(&grid_json::report(&fleet, &lines, shown))?;
    } else if !printed {
        let color = std::io::stdout().is_terminal();
        print(grid_terminal::text(&fleet, &lines, shown, width_of_stdout(), color).as_bytes())?;
    }
    let idle = |index: &usize| lines.iter().all(|line| line.cells[*index].is_none());
    let idle: Vec<usize> = (0..fleet.devices.len()).filter(idle).collect();
    for index in &idle {
        tell(&format!("device {} has no measured case", fleet.devices[*index].name));
    }
    Ok(if idle.is_empty() { ExitStatus::Good } else { ExitStatus::Bad })
}

/// The runs of these folders; of a published one, which has no journal, and of a
/// `results.csv` by itself, the rows alone.
///
/// # Errors
/// A folder without a readable run.
pub(crate) fn sources(folders: &[PathBuf]) -> Result<Vec<FleetSource>> {
    folders.iter().map(|folder| source(folder)).collect()
}

fn source(run: &Path) -> Result<FleetSource> {
    let folder = run.to_owned();
    let table = if run.is_file() { run.to_owned() } else { run.join("results.csv") };
    if !run.join(journal::FILE_NAME).is_file() && table.is_file() {
        return Ok(FleetSource { folder, run: None, rows: csv::read_results(&table)? });
    }
    let run = replay::read(run)?;
    let rows = crate::table::rows::rows(&run);
    Ok(FleetSource { folder, run: Some(run), rows })
}
