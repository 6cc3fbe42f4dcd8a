//! How well shutterbench distinguishes identical cases from changed ones on this machine: many
//! comparisons of a real model with itself, with or without a known slow-down on one side, beside
//! the result of a mean of 50 runs.
//!
//! `scripts/measure/aa` and `scripts/measure/ab` run it.

mod busy;
mod document;
mod records;
mod side;
mod spin;
mod tally;
mod trial;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use shutterbench::host::{affinity, read, tree};
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::header::rfc3339;
use time::OffsetDateTime;

use busy::Ticks;
use records::{Question, Records, Row};
use trial::Outcome;

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
    #[arg(long, default_value_t = shutterbench::stats::stopping::AUTO_PROCESSES)]
    processes: u32,
    /// Change that counts as one, in percent
    #[arg(long, default_value_t = shutterbench::stats::paired::DEFAULT_THRESHOLD_PERCENT)]
    threshold: f64,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// CPUs that both sides are pinned to, so that experiments can run side by side
    #[arg(long, value_name = "LIST")]
    affinity: Option<String>,
    /// File for every comparison, as CSV; an interrupted experiment continues from it
    #[arg(long)]
    csv: Option<PathBuf>,
    /// End with an error when this process has ended: the load, if there is one
    #[arg(long, value_name = "PID")]
    only_while: Option<u32>,
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
    let document = arguments.document.as_deref().zip(arguments.section.as_deref());
    if let Some((path, section)) = document {
        document::check(path, section)?;
    }
    if let Some(cpus) = &arguments.affinity {
        // Both sides' processes inherit it.
        let named = affinity::parse(cpus)?;
        affinity::pin(&named.iter().flat_map(|it| it.cpus.clone()).collect::<Vec<_>>())?;
    }
    let mut records = Records::open(arguments.csv.as_deref(), &Question::of(arguments))?;
    while records.next() < arguments.trials {
        if let Some(pid) = arguments.only_while {
            ensure!(
                Path::new(&format!("/proc/{pid}")).exists(),
                "process {pid} has ended, and with it what was to run meanwhile"
            );
        }
        let row = compare(arguments, records.next(), records.rows.last())?;
        eprintln!("{}", tally::line(arguments, &row));
        records.add(row)?;
    }
    let summary = tally::summary(arguments, &records.rows);
    println!("{summary}");
    match document {
        Some((path, section)) => document::replace(path, section, &summary),
        None => Ok(()),
    }
}

/// One comparison, tried twice. A second one in a row that fails ends the experiment:
/// something is wrong with more than a process.
fn compare(arguments: &Arguments, trial: u32, before: Option<&Row>) -> Result<Row> {
    let seed = arguments.seed.wrapping_add(u64::from(trial));
    let start = Ticks::now();
    let outcome = trial::run(arguments, seed).or_else(|error| {
        eprintln!("comparison {}: {error:#}; trying again", trial + 1);
        trial::run(arguments, seed)
    });
    let failed_before = before.is_none_or(|row| row.ratio.is_none());
    let outcome = match outcome {
        Err(error) if failed_before => {
            return Err(error).with_context(|| format!("comparison {} failed twice", trial + 1));
        }
        outcome => outcome.ok(),
    };
    let cpus = tree::Tree::default().cpus().len();
    let ended_at = rfc3339(OffsetDateTime::now_utc());
    Ok(Row {
        trial,
        ended_at,
        busy_cpus: start
            .zip(Ticks::now())
            .and_then(|(was, is)| is.busy_since(was, cpus))
            .map(rounded),
        load: read::load_average(),
        ..outcome.map(row_of).unwrap_or_default()
    })
}

fn row_of(outcome: Outcome) -> Row {
    let Outcome { ours, strict, peer_ratio } = outcome;
    Row {
        ratio: Some(rounded(ours.ratio)),
        low: ours.interval.map(|interval| rounded(interval.low)),
        high: ours.interval.map(|interval| rounded(interval.high)),
        verdict: Some(ours.verdict),
        verdict_by_interval: Some(strict.verdict),
        peer_ratio: Some(rounded(peer_ratio)),
        ..Row::default()
    }
}

/// To the digits that are worth keeping.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}
