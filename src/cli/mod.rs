//! Arguments in, exit code out.

pub mod decide;
pub mod device;
pub mod device_args;
pub mod in_turn;
pub mod inspect;
pub mod list;
pub mod merge;
pub mod run;
pub mod run_args;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::fetch;
use device_args::ServerArgs;
use run_args::RunArgs;

/// Latency, accuracy and size of image-classification models, measured together.
#[derive(Debug, Parser)]
#[command(name = "shutterbench", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure; with no arguments: the embedded family on every backend present
    Run(Box<RunArgs>),
    /// List models, backends, delegates or devices
    List {
        /// What to list
        #[arg(value_enum)]
        what: list::What,
        #[command(flatten)]
        server: ServerArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a model's inputs, outputs, operators, and which backends take it
    Inspect {
        /// A path or the name of an embedded model
        model: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring runtimes, checked by SHA-256
    Fetch(fetch::Args),
    /// Tell what would disturb a measurement on this machine
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare two runs; exit code 1 on a regression
    Compare(decide::CompareArgs),
    /// Pick one model of a run; exit code 1 if none fits
    Pick(decide::PickArgs),
    /// Make one run of the shards of a dataset, or of the devices of a sweep
    Merge(merge::MergeArgs),
    /// Write a run's reports again, from its journal
    Report(run::ReportArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Serve one case; started by shutterbench itself
    #[command(hide = true)]
    Worker {
        /// Process id of the parent
        parent: u32,
    },
}

/// How a command ended, as its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was asked for was done.
    Good,
    /// Done, with a failure, a regression or no model found.
    Bad,
    /// The user interrupted; what was measured is kept.
    Interrupted,
}

/// Runs a command. An error is one sentence on standard error and exit code 2.
#[must_use]
pub fn dispatch(cli: Cli) -> ExitCode {
    match command(cli.command) {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Bad) => ExitCode::from(1),
        Ok(Ending::Interrupted) => ExitCode::from(130),
        // A reader that went away (`| head`) is no error of ours.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shutterbench: {}", printable(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}

fn command(command: Command) -> anyhow::Result<Ending> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::List { what, server, json } => list::list(what, &server, json),
        Command::Inspect { model, json } => inspect::inspect(&model, json),
        Command::Fetch(args) => Ok(fetch::command(&args).map(|()| Ending::Good)?),
        Command::Doctor { json } => list::doctor(json),
        Command::Compare(args) => decide::compare(&args),
        Command::Pick(args) => decide::pick(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Report(args) => run::report(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "shutterbench", &mut script);
            print(&script)
        }
        Command::Worker { parent } => crate::worker::child::serve(parent).map(|()| Ending::Good),
    }
}

/// Writes to standard output.
fn print(bytes: &[u8]) -> anyhow::Result<Ending> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(Ending::Good)
}

/// Writes a line to standard error. A reader that went away is no reason to
/// stop measuring.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes a value to standard output as indented JSON.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<Ending> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    print(&text)
}

/// Control characters escaped, which a hostile file name may hold and a terminal
/// would obey. Line ends stay: an error in a suite shows the line it stands in.
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
