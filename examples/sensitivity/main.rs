//! How well shutterbench tells identical cases from changed ones on this
//! machine: many comparisons of a real model against itself, with a known
//! slow-down on one side or none, next to what a mean of 50 runs makes of it.
//!
//! `scripts/measure/aa` and `scripts/measure/ab` run it.

mod document;
mod side;
mod spin;
mod tally;
mod trial;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use shutterbench::backend::{BackendKind, Delegate};

use tally::Tally;

/// Compare a real model with itself, many times.
#[derive(Debug, Clone, Parser)]
#[command(name = "sensitivity")]
pub struct Arguments {
    /// The model file
    #[arg(long)]
    model: PathBuf,
    /// The runtime
    #[arg(long, default_value = "tflite")]
    backend: BackendKind,
    /// What the graph is handed to
    #[arg(long, default_value = "xnnpack")]
    delegate: Delegate,
    /// CPU threads
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// Slow-down of the second side, in percent; 0 compares identical cases
    #[arg(long, default_value_t = 0.0)]
    slower: f64,
    /// How many comparisons
    #[arg(long, default_value_t = 100)]
    trials: u32,
    /// Time in timed blocks of each side of a comparison
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Processes of each side
    #[arg(long, default_value_t = shutterbench::measure::stopping::AUTO_PROCESSES)]
    processes: u32,
    /// Change that counts as one, in percent
    #[arg(long, default_value_t = shutterbench::measure::paired::DEFAULT_THRESHOLD_PERCENT)]
    threshold: f64,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where every comparison goes, as CSV
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Put the summary into the section of this name
    #[arg(long, requires = "document")]
    section: Option<String>,
    /// of this Markdown file
    #[arg(long)]
    document: Option<PathBuf>,
}

fn main() -> Result<()> {
    // The program starts itself as each side's process.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "side") {
        return side::serve(&arguments.collect::<Vec<_>>());
    }
    measure(&Arguments::parse())
}

fn measure(arguments: &Arguments) -> Result<()> {
    ensure!(arguments.processes > 0, "a side needs a process: give --processes 1 or more");
    let mut tally = Tally::new(arguments)?;
    for number in 0..arguments.trials {
        let outcome = trial::run(arguments, arguments.seed.wrapping_add(u64::from(number)))?;
        eprintln!("{}", tally.line(number, &outcome));
        tally.add(number, outcome)?;
    }
    let summary = tally.summary();
    println!("{summary}");
    match (&arguments.document, &arguments.section) {
        (Some(path), Some(section)) => document::replace(path, section, &summary),
        _ => Ok(()),
    }
}
