//! Compares shutterbench's median with a bare loop in C (`benches/bare_loop`) over the same
//! library, model and input: pairs of fresh processes, interleaved. Two bare loops, compared in the
//! same way, show the effect of chance.
//!
//! `scripts/measure/bare-loop` runs it.

#[path = "../sensitivity/document.rs"]
mod document;
mod side;

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use shutterbench::host::affinity;
use shutterbench::model::select;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Model;
use shutterbench::record::header::rfc3339;
use shutterbench::record::host::Host;
use shutterbench::stats::{signed_rank, statistics};
use shutterbench::worker::sample_input;
use time::OffsetDateTime;

use side::{Kind, Side};

/// Hold shutterbench against a bare loop in C.
#[derive(Debug, Clone, Parser)]
#[command(name = "bare_pairs")]
pub struct Arguments {
    /// The models
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// The program whose workers are compared with it
    #[arg(long)]
    program: PathBuf,
    /// The program of benches/bare_loop for the backend, built
    #[arg(long)]
    bare_loop: PathBuf,
    /// The backend's library, the one that the program uses
    #[arg(long)]
    library: PathBuf,
    /// The backend
    #[arg(long, default_value = "tflite")]
    backend: BackendKind,
    /// none or xnnpack
    #[arg(long, default_value = "xnnpack")]
    delegate: Delegate,
    /// CPU threads
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// How many pairs of each kind
    #[arg(long, default_value_t = 10)]
    pairs: u32,
    /// How long a pair is visited
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// CPUs that both sides are pinned to
    #[arg(long, value_name = "LIST")]
    affinity: Option<String>,
    /// How many percent the median may lie from the bare loop's
    #[arg(long, default_value_t = 1.0)]
    within: f64,
    /// Seed of the order and the input
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File for every pair, as CSV
    #[arg(long)]
    csv: PathBuf,
    /// Put the summary into the section of this name
    #[arg(long, requires = "document")]
    section: Option<String>,
    /// of this Markdown file
    #[arg(long)]
    document: Option<PathBuf>,
}

/// A model and the input that both sides run it on.
pub struct Subject {
    model: Model,
    input: Vec<u8>,
    input_file: PathBuf,
}

/// A pair of processes.
#[derive(Debug, Clone, Serialize)]
struct Pair {
    model: String,
    /// What was compared with the bare loop.
    against_bare: &'static str,
    pair: u32,
    ended_at: String,
    /// Of the medians, over the bare loop's.
    ratio: f64,
    rounds: usize,
    runs_a_block: u32,
    bare_us: f64,
}

const OURS: &str = "shutterbench";
const CONTROL: &str = "bare loop";

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let document = arguments.document.as_deref().zip(arguments.section.as_deref());
    if let Some((path, section)) = document {
        document::check(path, section)?;
    }
    if let Some(cpus) = &arguments.affinity {
        let named = affinity::parse(cpus)?;
        affinity::pin(&named.iter().flat_map(|it| it.cpus.clone()).collect::<Vec<_>>())?;
    }
    let pairs = measure(&arguments)?;
    let (summary, within) = summary(&arguments, &pairs);
    println!("{summary}");
    if let Some((path, section)) = document {
        document::replace(path, section, &summary)?;
    }
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(arguments: &Arguments) -> Result<Vec<Pair>> {
    let file = File::create(&arguments.csv)
        .with_context(|| format!("could not write {}", arguments.csv.display()))?;
    let mut csv = csv::Writer::from_writer(file);
    let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
    let mut pairs = Vec::new();
    let folder = std::env::temp_dir();
    for path in &arguments.models {
        let input_file = folder.join(format!("bare_pairs-{}.input", std::process::id()));
        let subject = subject(arguments, path, &input_file)?;
        for number in 0..arguments.pairs {
            for kind in [Kind::Ours, Kind::Bare] {
                let pair = pair(arguments, &subject, kind, number, &mut rng)?;
                eprintln!(
                    "{}, {} {}: {:.4}",
                    pair.model,
                    pair.against_bare,
                    number + 1,
                    pair.ratio
                );
                csv.serialize(&pair)?;
                csv.flush()?;
                pairs.push(pair);
            }
        }
        fs::remove_file(&input_file)?;
    }
    Ok(pairs)
}

fn subject(arguments: &Arguments, path: &Path, input_file: &Path) -> Result<Subject> {
    let path = path.canonicalize().with_context(|| format!("no model {}", path.display()))?;
    let model = select::open(&path)?;
    let mut subject = Subject { model, input: Vec::new(), input_file: input_file.to_owned() };
    let inputs = side::load(arguments, &subject)?.loaded.inputs;
    ensure!(inputs.len() == 1, "{} has more than one input", path.display());
    subject.input = sample_input::seeded(&inputs, arguments.seed);
    fs::write(input_file, &subject.input)
        .with_context(|| format!("could not write {}", input_file.display()))?;
    Ok(subject)
}

/// A fresh process of `kind` and one of the bare loop, interleaved.
fn pair(
    arguments: &Arguments,
    subject: &Subject,
    kind: Kind,
    number: u32,
    rng: &mut ChaCha8Rng,
) -> Result<Pair> {
    // They alternate in starting first.
    let start = |kind| Side::start(kind, arguments, subject);
    let mut sides = if number.is_multiple_of(2) {
        let first = start(kind)?;
        [first, start(Kind::Bare)?]
    } else {
        let second = start(Kind::Bare)?;
        [start(kind)?, second]
    };
    let runs = Side::block_runs(&sides);
    let (mut ratios, mut bare) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs_f64(arguments.seconds) {
        // ABBA or BAAB: what the machine does steadily meanwhile cancels.
        let first = usize::from(rng.random::<bool>());
        let mut logs = [0.0; 2];
        for index in [first, 1 - first, 1 - first, first] {
            logs[index] += sides[index].log_median(runs)? / 2.0;
        }
        ratios.push(logs[0] - logs[1]);
        bare.push(logs[1]);
    }
    let middle = |values: &[f64]| statistics::median(values).context("no round was visited");
    Ok(Pair {
        model: subject.model.name.clone(),
        against_bare: if kind == Kind::Ours { OURS } else { CONTROL },
        pair: number,
        ended_at: rfc3339(OffsetDateTime::now_utc()),
        ratio: rounded(middle(&ratios)?.exp()),
        rounds: ratios.len(),
        runs_a_block: runs,
        bare_us: rounded(middle(&bare)?.exp() / 1e3),
    })
}

/// To the digits that are worth keeping.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

/// A Markdown table, and whether every model's median is as near as it is to be.
fn summary(arguments: &Arguments, pairs: &[Pair]) -> (String, bool) {
    let host = Host::read();
    let day = pairs.last().and_then(|pair| pair.ended_at.split('T').next()).unwrap_or_default();
    let mut text = format!(
        "{}/{}, {} thread(s), {} pairs of {} s each; {} ({} CPUs), {day}. The interval is that of \
         Wilcoxon's signed-rank test.\n\n\
         | model | held against the bare loop | bare median (us) | median ratio | 95% interval | smallest .. largest |\n\
         |---|---|---|---|---|---|\n",
        arguments.backend,
        arguments.delegate,
        arguments.threads,
        arguments.pairs,
        arguments.seconds,
        host.cpu,
        host.cores,
    );
    let mut within = true;
    let mut models: Vec<&str> = pairs.iter().map(|pair| pair.model.as_str()).collect();
    models.dedup();
    for (model, who) in models.iter().flat_map(|model| [(model, OURS), (model, CONTROL)]) {
        let of_it: Vec<&Pair> =
            pairs.iter().filter(|pair| pair.model == *model && pair.against_bare == who).collect();
        let logs: Vec<f64> = of_it.iter().map(|pair| pair.ratio.ln()).collect();
        let bare: Vec<f64> = of_it.iter().map(|pair| pair.bare_us).collect();
        let sorted = statistics::sorted(&logs);
        let at = |p| statistics::quantile(&sorted, p).map_or(f64::NAN, f64::exp);
        let interval = signed_rank::centre(&logs).map_or("too few pairs".into(), |(_, it)| {
            format!("{:.4} .. {:.4}", it.low.exp(), it.high.exp())
        });
        within &= who == CONTROL || (at(0.5) - 1.0).abs() * 100.0 <= arguments.within;
        text += &format!(
            "| {model} | {who} | {:.1} | {:.4} | {interval} | {:.4} .. {:.4} |\n",
            statistics::median(&bare).unwrap_or(f64::NAN),
            at(0.5),
            at(0.0),
            at(1.0)
        );
    }
    (text, within)
}
