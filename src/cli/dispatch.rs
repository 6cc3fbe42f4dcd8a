//! The command line, and which function each command is.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::device_args::ServerArgs;
use crate::cli::fetch_args;
use crate::cli::output::{ExitStatus, INTERRUPTED, print, tell};
use crate::cli::run_args::RunArgs;

#[cfg(feature = "history")]
use crate::cli::history_command;
use crate::cli::{
    compare_command, fetch, fleet_command, inspect, list, merge, pick_command, plan,
    profile_command, report_command, run, tune_command,
};
use crate::record::build::LONG_VERSION;
use crate::record::channels::{Channels, Layout};
use crate::record::description::Description;
use crate::record::input_size::InputSize;
use crate::worker::protocol::PROTOCOL;

/// Latency, accuracy and size of image-classification models, measured together.
#[derive(Debug, Parser)]
#[command(name = "shutterbench", version, long_version = LONG_VERSION, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure; without arguments, five embedded models on every backend that is present
    Run(Box<RunArgs>),
    /// Show what `run` would measure, with ids, needs and estimates, without starting it
    Plan(plan::PlanArgs),
    /// List models, datasets, presets, backends, delegates, options, devices or columns
    List {
        /// What to list
        #[arg(value_enum)]
        what: list::ListSubject,
        /// With `models`: those that `fetch` and `run --yes` bring by name
        #[arg(long)]
        remote: bool,
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a model's inputs, outputs, operators, and which backends can run it
    Inspect {
        /// Path of a model, or name of an embedded one
        model: String,
        /// Height and width of the input, if the file leaves them open
        #[arg(long, value_name = "HxW")]
        input_size: Option<InputSize>,
        /// Channels of the input, if the file leaves them open
        #[arg(long, value_enum, value_name = "rgb|bgr|grey")]
        channels: Option<Channels>,
        /// Order of the input's axes
        #[arg(long, value_enum, value_name = "nchw|nhwc|nhw")]
        layout: Option<Layout>,
        /// The signature to show, where the file has several
        #[arg(long, value_name = "NAME")]
        signature: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fetch runtimes, models and datasets, checked by SHA-256
    Fetch(fetch_args::Args),
    /// Show what would disturb a measurement on this machine
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare two runs; exit code 1 on a regression
    Compare(compare_command::CompareArgs),
    /// Show where the time of a run's cases goes, operator by operator, or what tells two cases apart
    Profile(profile_command::ProfileArgs),
    /// Choose one case of a run, or of a fleet; exit code 1 if none meets the limits for certain
    Pick(pick_command::PickArgs),
    /// Search for the fastest way to run one model: threads, CPUs, options, delegates, runtimes
    Tune(Box<tune_command::TuneArgs>),
    /// Show the runs of many devices in one report: a grid of models by devices
    Fleet(fleet_command::FleetArgs),
    /// Keep runs over time, show their trends, and judge a run by what is usual
    #[cfg(feature = "history")]
    History(history_command::HistoryArgs),
    /// Merge shards, parts or devices into one run
    Merge(merge::MergeArgs),
    /// Write a run's reports again, from its journal
    Report(report_command::ReportArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a man page per command into a folder; for those who package the program
    #[command(hide = true)]
    Man {
        /// The folder; it is made if it is not there
        folder: PathBuf,
    },
    /// Serve one case; started by shutterbench itself
    #[command(hide = true)]
    Worker {
        /// Process id of the parent
        #[arg(required_unless_present = "protocol")]
        parent: Option<u32>,
        /// Print the number of the protocol that workers speak
        #[arg(long, conflicts_with = "parent")]
        protocol: bool,
    },
}

/// Runs a command. An error is one sentence on standard error and exit code 2.
#[must_use]
pub fn dispatch(cli: Cli) -> ExitCode {
    let interrupted = match &cli.command {
        Command::Run(args) => args.interrupt_code.unwrap_or(INTERRUPTED),
        _ => INTERRUPTED,
    };
    match command(cli.command) {
        Ok(ExitStatus::Good) => ExitCode::SUCCESS,
        Ok(ExitStatus::Bad) => ExitCode::from(1),
        Ok(ExitStatus::Interrupted) => ExitCode::from(interrupted),
        // A reader that went away (`| head`) is not our error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("shutterbench: {}", printable(&format!("{error:#}"))));
            ExitCode::from(2)
        }
    }
}

fn command(command: Command) -> anyhow::Result<ExitStatus> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::show(&args),
        Command::List { what, remote, server, json } => match (what, remote) {
            (list::ListSubject::Models, true) => list::remote_models(json),
            (_, true) => bail!("--remote goes with 'list models' only; leave it out"),
            _ => list::list(what, &server, json),
        },
        Command::Inspect { model, input_size, channels, layout, signature, json } => {
            let overrides =
                Description { input_size, channels, layout, signature, ..Description::default() };
            inspect::inspect(&model, &overrides, json)
        }
        Command::Fetch(args) => Ok(fetch::command(&args).map(|()| ExitStatus::Good)?),
        Command::Doctor { json } => list::doctor(json),
        Command::Compare(args) => compare_command::compare(&args),
        Command::Profile(args) => profile_command::profile(&args),
        Command::Pick(args) => pick_command::pick(&args),
        Command::Tune(args) => tune_command::tune(&args),
        Command::Fleet(args) => fleet_command::fleet(&args),
        #[cfg(feature = "history")]
        Command::History(args) => history_command::history(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Report(args) => report_command::report(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "shutterbench", &mut script);
            print(&script)
        }
        Command::Man { folder } => man_pages(&folder),
        Command::Worker { parent: Some(parent), .. } => {
            crate::worker::child::serve(parent).map(|()| ExitStatus::Good)
        }
        Command::Worker { parent: None, .. } => print(format!("{PROTOCOL}\n").as_bytes()),
    }
}

fn man_pages(folder: &Path) -> anyhow::Result<ExitStatus> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| format!("could not write man pages to {}", folder.display()))?;
    Ok(ExitStatus::Good)
}

/// Control characters escaped, which a hostile file name may hold and a terminal would obey. Line
/// ends stay: an error in a suite shows its line.
fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "\n".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
