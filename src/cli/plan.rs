//! `shutterbench plan`: what `run` would measure, with ids that stay, for a scheduler.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::cli::output::{ExitStatus, print, print_json};
use crate::cli::run::wanted;
use crate::cli::run_args::RunArgs;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::header::Header;
use crate::record::partition::Partition;
use crate::record::run::{CaseRecord, Run};
use crate::record::shard::Shard;
use crate::run::context::find_model;
use crate::run::plan::{Plan, plan};
use crate::run::replay;
use crate::run::selection::anchor_id;
use crate::table::units::counted;

/// Memory of a worker before it loads a model, in bytes: the program, a runtime, and the
/// arenas of its allocator.
const WORKER_BYTES: u64 = 64 << 20;
/// How many times a model's size is in memory at most: the file, the weights as a delegate
/// packs them, and its activations.
const COPIES: u64 = 4;

/// What to plan: the options of `run`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    run: Box<RunArgs>,
    /// Also list N parts of the cases (--partition) and of the images (--shard)
    #[arg(long, value_name = "N")]
    parts: Option<NonZeroUsize>,
    /// Estimate time and memory from what this run measured
    #[arg(long, value_name = "RUN")]
    like: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Document {
    schema: u32,
    /// Images that are scored.
    images: usize,
    cases: Vec<PlannedCase>,
    partitions: Vec<PlannedPart>,
    shards: Vec<PlannedShard>,
}

#[derive(Debug, Serialize)]
struct PlannedCase {
    id: String,
    #[serde(flatten)]
    case: Case,
    needs: Needs,
    estimate: TimeEstimate,
}

/// What a case needs from its machine.
#[derive(Debug, Serialize)]
struct Needs {
    /// What executes the graph: `cpu` for everything that computes there.
    device_class: String,
    threads: usize,
    /// Whether nothing else may run there at the same time, since latency is measured.
    exclusive: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct TimeEstimate {
    /// Maximum time for measuring latency, in seconds.
    latency_seconds: f64,
    /// Time for scoring the images, if a run to estimate from was named.
    scoring_seconds: Option<f64>,
    memory_bytes: u64,
    /// Whether it was measured; otherwise it is derived from the options and the file size.
    measured: bool,
}

#[derive(Debug, Serialize)]
struct PlannedPart {
    partition: String,
    cases: Vec<String>,
    latency_seconds: f64,
}

#[derive(Debug, Serialize)]
struct PlannedShard {
    shard: Shard,
    images: usize,
}

/// Shows the plan.
///
/// # Errors
/// What is wrong with the request, as `run` would say it.
pub(crate) fn show(args: &PlanArgs) -> Result<ExitStatus> {
    ensure!(
        args.run.on.is_local() && args.run.resume.is_none() && args.run.ab.is_empty(),
        "plan shows what a run on this machine would measure; omit --device, --resume and --ab"
    );
    let mut wanted = wanted(&args.run, args.run.suite.as_deref())?;
    let mut anchor = None;
    if args.parts.is_some() {
        ensure!(
            wanted.partition.is_none() && wanted.shard.is_none(),
            "--parts lists the parts of the whole; omit --partition and --shard"
        );
        // Every part has it, and the whole has none.
        anchor = wanted.anchor.take();
    }
    let plan = plan(&wanted)?;
    let like = args.like.as_deref().map(replay::read).transpose()?;
    let cases = planned(&plan, like.as_ref());
    let count = args.parts.map_or(0, NonZeroUsize::get);
    let shards = if plan.dataset.is_some() { count } else { 0 };
    let images = plan.dataset.as_ref().map_or(0, |dataset| dataset.scored().len());
    let document = Document {
        schema: 1,
        images,
        partitions: parts(&cases, count, anchor.as_deref())?,
        shards: (1..=shards).map(|index| shard(index, count, images)).collect::<Result<_>>()?,
        cases,
    };
    if args.run.json { print_json(&document) } else { print(table(&document).as_bytes()) }
}

fn planned(plan: &Plan, like: Option<&Run>) -> Vec<PlannedCase> {
    let header = &plan.header;
    let images = plan.dataset.as_ref().map_or(0, |dataset| dataset.scored().len());
    let known: HashMap<String, &CaseRecord> = like
        .into_iter()
        .flat_map(|run| &run.cases)
        .map(|record| (record.case.id(), record))
        .collect();
    let planned = |case: &Case| {
        let id = case.id();
        let measured = known.get(&id).and_then(|record| of_record(record, images));
        let estimate = measured.unwrap_or_else(|| of_options(header, case));
        let needs = Needs {
            device_class: device_class(case),
            threads: case.threads.get(),
            exclusive: header.options.latency.is_some(),
        };
        PlannedCase { id, case: case.clone(), needs, estimate }
    };
    header.cases.iter().map(planned).collect()
}

fn device_class(case: &Case) -> String {
    match &case.delegate {
        Delegate::None | Delegate::Xnnpack => "cpu".to_owned(),
        other => other.to_string(),
    }
}

/// What a case took in that run.
fn of_record(record: &CaseRecord, images: usize) -> Option<TimeEstimate> {
    let memory = record.processes.iter().filter_map(|process| process.memory);
    let memory_bytes = memory.map(|memory| memory.peak_bytes).max()?;
    let timed = record.visits.iter().map(|visit| visit.block.latency_ns().iter().sum::<u64>());
    let runs: usize = record.visits.iter().map(|visit| visit.block.runs()).sum();
    let mean_ns = timed.sum::<u64>() as f64 / runs.max(1) as f64;
    Some(TimeEstimate {
        latency_seconds: record.seconds,
        scoring_seconds: Some(mean_ns * images as f64 / 1e9),
        memory_bytes,
        measured: true,
    })
}

/// What a case may take, from the options and the size of its model.
fn of_options(header: &Header, case: &Case) -> TimeEstimate {
    let latency = header.options.latency.as_ref();
    // Loading and warm-up come on top, once per process.
    let seconds = latency
        .map_or(0.0, |latency| latency.max_seconds + crate::run::scenario_plan::seconds(latency));
    let bytes = find_model(header, &case.model).map_or(0, |model| model.bytes);
    TimeEstimate {
        latency_seconds: seconds,
        scoring_seconds: None,
        memory_bytes: WORKER_BYTES + COPIES * bytes,
        measured: false,
    }
}

/// The parts that `--partition slice:K/N` makes.
fn parts(cases: &[PlannedCase], count: usize, anchor: Option<&str>) -> Result<Vec<PlannedPart>> {
    let all: Vec<Case> = cases.iter().map(|planned| planned.case.clone()).collect();
    let anchor = match anchor {
        Some(text) => Some(anchor_id(&all, text)?),
        None => cases.first().map(|planned| planned.id.clone()),
    };
    let part = |index: usize| {
        let partition: Partition =
            format!("slice:{index}/{count}").parse().map_err(anyhow::Error::msg)?;
        let mine: Vec<&PlannedCase> = cases
            .iter()
            .enumerate()
            .filter(|(position, planned)| {
                // The anchor is in every part, if latency is measured.
                partition.has(*position, &planned.case)
                    || (anchor.as_ref() == Some(&planned.id) && planned.needs.exclusive)
            })
            .map(|(_, planned)| planned)
            .collect();
        Ok(PlannedPart {
            partition: partition.to_string(),
            cases: mine.iter().map(|planned| planned.id.clone()).collect(),
            latency_seconds: mine.iter().map(|planned| planned.estimate.latency_seconds).sum(),
        })
    };
    (1..=count).map(part).collect()
}

fn shard(index: usize, count: usize, images: usize) -> Result<PlannedShard> {
    let shard: Shard = format!("{index}/{count}").parse().map_err(anyhow::Error::msg)?;
    Ok(PlannedShard { shard, images: shard.of(images).len() })
}

fn shown_seconds(seconds: f64) -> String {
    if seconds < 9.95 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

fn table(document: &Document) -> String {
    let mut cases = Table::new();
    cases.load_preset(presets::NOTHING);
    cases.set_header(["id", "case", "device", "threads", "exclusive", "time", "memory"]);
    for planned in &document.cases {
        let TimeEstimate { latency_seconds, scoring_seconds, memory_bytes, measured } =
            planned.estimate;
        let bound = if measured { "" } else { "<= " };
        let seconds = latency_seconds + scoring_seconds.unwrap_or(0.0);
        cases.add_row([
            planned.id.clone(),
            planned.case.to_string(),
            planned.needs.device_class.clone(),
            planned.needs.threads.to_string(),
            if planned.needs.exclusive { "yes" } else { "no" }.to_owned(),
            format!("{bound}{} s", shown_seconds(seconds)),
            format!("{} MB", memory_bytes.div_ceil(1 << 20)),
        ]);
    }
    let mut text = format!("{cases}\n");
    if document.images > 0 {
        let images = counted(document.images, "image is", "images are");
        text += &format!("\n{images} scored\n");
    }
    let bound = if document.cases.iter().all(|it| it.estimate.measured) { "" } else { "<= " };
    for part in &document.partitions {
        let PlannedPart { partition, cases, latency_seconds } = part;
        text += &format!(
            "--partition {partition}: {}, {bound}{} s: {}\n",
            counted(cases.len(), "case", "cases"),
            shown_seconds(*latency_seconds),
            cases.join(" ")
        );
    }
    for part in &document.shards {
        let images = counted(part.images, "image", "images");
        text += &format!("--shard {}: {images}\n", part.shard);
    }
    text
}
