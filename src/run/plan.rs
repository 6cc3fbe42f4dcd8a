//! From what the user wants to a run's header. Everything that can be wrong
//! with the request is found here, before anything is started.

use std::fs;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::dataset::entries::Dataset;
use crate::host::affinity;
use crate::host::preconditions::Sensors;
use crate::host::yardstick;
use crate::model::manifest::Manifest;
use crate::model::select;
use crate::record::backend_kind::BackendKind;
use crate::record::build;
use crate::record::case::Case;
use crate::record::description::Model;
use crate::record::found_rate::RateGoal;
use crate::record::header::Header;
use crate::record::host::Host;
use crate::record::options::Preconditions;
use crate::record::options::{
    AccuracyOptions, Amount, LatencyOptions, NonNegative, Options, Order,
};
use crate::record::partition::Selection;
use crate::record::shard::Shard;
use crate::run::choose_runtimes::ChosenRuntimes;
use crate::run::journal::SCHEMA;
use crate::run::latency_axes::LatencyAxes;
use crate::run::matrix::{self, Matrix};
use crate::run::model_decisions;
use crate::run::suite_file::SuiteFile;
use crate::run::{
    choose_outputs, choose_runtimes, program_hash, reference, scenario_plan, search_plan, selection,
};
use crate::system::processes;
use crate::worker::worker_source::WorkerSource;

/// Minimum time in the timed runs of a visit: long enough that visiting costs little, short enough
/// that every case is visited often.
const BLOCK_MS: f64 = 50.0;
/// Minimum time in timed runs per case.
const MIN_SECONDS: f64 = 0.5;
/// Maximum time in timed runs per case.
const MAX_SECONDS: f64 = 10.0;
/// The default seed.
pub(crate) const SEED: u64 = 0;
/// Time without a sign of life after which a worker counts as hung.
const TIMEOUT_SECONDS: f64 = 60.0;

/// A run that is ready to start.
#[derive(Clone)]
pub(crate) struct Plan {
    /// What its journal begins with.
    pub header: Header,
    /// The images, if accuracy is measured.
    pub dataset: Option<Dataset>,
}

/// Makes a plan.
///
/// # Errors
/// One sentence: what is wrong with a model, a backend, the dataset or an option.
pub(crate) fn plan(wanted: &SuiteFile) -> Result<Plan> {
    let Some(search) = &wanted.search else { return planned(wanted) };
    let (suite, left_out) = search_plan::completed(wanted, search)?;
    let mut plan = planned(&suite)?;
    search_plan::narrow(&mut plan.header, search, !wanted.threads.is_empty());
    plan.header.assumptions.extend(left_out);
    Ok(plan)
}

fn planned(wanted: &SuiteFile) -> Result<Plan> {
    // Aside, since the program is larger than all that is read here.
    let own_hash = thread::spawn(program_hash::own);
    let mut assumptions = Vec::new();
    let mut models = if wanted.models.is_empty() {
        select::representative()?
    } else {
        select::select(&wanted.models, wanted.describe.signature.as_deref())?
    };
    let patience = Duration::from_secs_f64(timeout_seconds(wanted)?);
    let ChosenRuntimes { backends, mut present, mut unusable } =
        choose_runtimes::choose(&wanted.backends, patience, &mut assumptions)?;
    let (threads, on_one_core) = match wanted.threads.as_slice() {
        [] if wanted.models.is_empty() => {
            (matrix::one_and_all_cpus(), select::on_one_core(&models)?)
        }
        [] => (vec![NonZeroUsize::MIN], Vec::new()),
        some => (some.to_vec(), Vec::new()),
    };
    let axes = LatencyAxes::of(wanted)?;
    choose_runtimes::check_options(&wanted.options)?;
    let matrix = Matrix {
        models: &models,
        backends: &backends,
        delegates: &wanted.delegates,
        option_sets: &wanted.options,
        no_default_options: wanted.default_options == Some(false),
        threads: &threads,
        batches: &axes.batches,
        affinities: &axes.names(),
        backends_asked: !wanted.backends.is_empty(),
        sweep: wanted.models.is_empty(),
        threads_asked: !wanted.threads.is_empty(),
        on_one_core,
    };
    let all = matrix.cases();
    if let Some(sentence) = matrix.unused_set(&all) {
        anyhow::bail!(sentence);
    }
    let (cases, selection) = selection::select(all, wanted, wanted.latency.unwrap_or(true))?;
    models.retain(|model| cases.iter().any(|case| case.model == model.name));
    let options = Options { cases: selection, ..options(wanted, axes, &models, &mut assumptions)? };
    if let Some(latency) = &options.latency {
        let usable = |case: &Case| affinity::usable(latency.cpus_of(case));
        assumptions.extend(matrix::crowded(&cases, usable));
    }
    assumptions.extend(model_decisions::about_files(&models, &options.overrides)?);
    let (references, missing) = reference::outside(&models)?;
    let dataset = options.accuracy.as_ref();
    let dataset = dataset.map(|accuracy| open_dataset(accuracy, options.seed)).transpose()?;
    let all = models.iter().chain(&references);
    let means = choose_outputs::ProbeSetup {
        overrides: &options.overrides,
        backends: &present.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        workers: &WorkerSource::new(&options),
        dataset: dataset.as_ref(),
    };
    let decided = choose_outputs::decide(all, means);
    let unscored = decided.unscored.into_iter();
    let unscored = unscored.filter(|(name, _)| models.iter().any(|model| model.name == *name));
    let unscored: Vec<(String, String)> = unscored.collect();
    let (mut outputs, mut pipelines) = (Vec::new(), Vec::new());
    if let (Some(accuracy), Some(dataset)) = (&options.accuracy, &dataset) {
        for (name, reason) in &unscored {
            ensure!(options.latency.is_some(), "{reason}");
            assumptions.push(format!("{name} is timed but not scored: {reason}"));
        }
        assumptions.extend(decided.assumed);
        let known = model_decisions::about(dataset, &models, &options.overrides, &decided.scored)?;
        (outputs, pipelines) = (known.outputs, known.pipelines);
        assumptions.extend(known.sentences);
        assumptions.extend(fewer_images(accuracy, dataset));
        assumptions.extend(dataset.assumed.iter().cloned());
    }
    assumptions.extend(missing);
    let measured = options.latency.as_ref().filter(|latency| !latency.no_yardstick);
    let yardstick = measured.map(|_| yardstick::IDENTITY.to_owned());
    let is_used = |kind: BackendKind| cases.iter().any(|case| case.backend == kind);
    present.retain(|(kind, _)| is_used(*kind));
    present.sort_by_key(|(kind, _)| *kind);
    unusable.retain(|(kind, _)| is_used(*kind));
    // Only a latency is held against the rate of a large product.
    let host = if options.latency.is_some() { Host::read_with_product() } else { Host::read() };
    assumptions.extend(matrix::shared_core(&cases, &host));
    let started = OffsetDateTime::now_utc();
    let header = Header {
        schema: SCHEMA,
        run_id: run_id(started)?,
        version: env!("CARGO_PKG_VERSION").into(),
        commit: build::commit().map(str::to_owned),
        sources: Some(build::SOURCES.to_owned()),
        binary_sha256: own_hash.join().unwrap_or_default(),
        started_at: crate::record::header::rfc3339(started),
        host,
        working_folder: std::env::current_dir().ok(),
        device: crate::record::case::LOCAL.into(),
        runtimes: present.into_iter().map(|(kind, told)| choose_runtimes::of(kind, told)).collect(),
        unusable,
        dataset: dataset.as_ref().map(Dataset::facts),
        options,
        models,
        references,
        cases,
        outputs,
        scored: decided.scored,
        unscored,
        pipelines,
        in_turn: None,
        yardstick,
        assumptions,
        parts: Vec::new(),
    };
    Ok(Plan { header, dataset })
}

/// The name of a run that begins at `moment`. Runs that begin in one second, in one folder
/// of several machines say, differ in its last six digits.
///
/// # Errors
/// A clock set to a year beyond 9999.
pub(crate) fn run_id(moment: OffsetDateTime) -> Result<String> {
    Ok(format!("{}-{:06x}", run_second(moment)?, rand::random::<u32>() >> 8))
}

/// The part of a run's name that states the second.
pub(crate) fn run_second(moment: OffsetDateTime) -> Result<String> {
    moment
        .format(format_description!("[year][month][day]-[hour][minute][second]"))
        .context("could not name the run after the time")
}

/// Why only the first shard has latencies: figures of several machines cannot be combined.
pub(crate) fn latency_elsewhere(shard: Shard) -> String {
    format!("shard {shard}: latency is measured only by shard 1")
}

/// Opens a dataset, or the requested sample of it.
///
/// # Errors
/// See [`Dataset::open`] and [`Dataset::sample`].
pub(crate) fn open_dataset(options: &AccuracyOptions, seed: u64) -> Result<Dataset> {
    let mut dataset = Dataset::open_by(&options.dataset, &options.columns)?;
    if let Some(images) = options.images {
        dataset.sample(images, seed)?;
    }
    dataset.shard = options.shard;
    dataset.exif = options.exif;
    if let Some(shard) = options.shard {
        ensure!(
            !dataset.scored().is_empty(),
            "shard {shard} holds none of the {} images; use fewer shards",
            dataset.entries.len()
        );
    }
    Ok(dataset)
}

/// For when more images were requested than the dataset has.
fn fewer_images(options: &AccuracyOptions, dataset: &Dataset) -> Option<String> {
    let (asked, all) = (options.images?, dataset.entries.len());
    (asked > all)
        .then(|| format!("--images {asked}: the dataset has {all}; all of them are scored"))
}

fn options(
    wanted: &SuiteFile,
    axes: LatencyAxes,
    models: &[Model],
    assumptions: &mut Vec<String>,
) -> Result<Options> {
    let mut latency =
        wanted.latency.unwrap_or(true).then(|| latency_options(wanted, axes)).transpose()?;
    ensure!(
        latency.is_some() || wanted.affinity.is_none(),
        "--affinity applies only to latency, which is not measured; omit --affinity or --no-latency"
    );
    let accuracy = if wanted.accuracy.unwrap_or(true) {
        accuracy_options(wanted, models, assumptions)?
    } else {
        None
    };
    scenario_plan::check(wanted, latency.is_some(), accuracy.is_some())?;
    if let Some(shard) = wanted.shard {
        ensure!(
            accuracy.is_some(),
            "--shard {shard} selects part of the images; give their folder with --dataset, and omit --no-accuracy"
        );
        if shard.index() > 1 && latency.take().is_some() {
            assumptions.push(latency_elsewhere(shard));
        }
    }
    ensure!(
        latency.is_some() || accuracy.is_some(),
        "neither latency nor accuracy would be measured; omit --no-latency or give a dataset with --dataset"
    );
    Ok(Options {
        latency,
        accuracy,
        overrides: wanted.describe.clone(),
        cases: Selection::default(),
        option_sets: wanted.options.clone(),
        no_default_options: wanted.default_options == Some(false),
        seed: wanted.seed.unwrap_or(SEED),
        timeout_seconds: timeout_seconds(wanted)?,
        memory_limit_mb: memory_limit_mb(wanted)?,
        in_process: wanted.in_process.unwrap_or(false),
        require_delegate: wanted.require_delegate.unwrap_or(false),
        worker: None,
    })
}

fn timeout_seconds(wanted: &SuiteFile) -> Result<f64> {
    let seconds = wanted.timeout.map_or(TIMEOUT_SECONDS, NonNegative::get);
    ensure!(seconds > 0.0, "--timeout 0 would end every case; it must be more than 0");
    Ok(seconds)
}

fn memory_limit_mb(wanted: &SuiteFile) -> Result<Option<u64>> {
    /// More cannot be counted in bytes.
    const MOST: u64 = u64::MAX >> 20;
    if let Some(limit) = wanted.memory_limit {
        ensure!(
            (1..=MOST).contains(&limit),
            "--memory-limit {limit} is out of range; give 1 to {MOST} megabytes, or omit it for no limit"
        );
        ensure!(processes::CAN_LIMIT_MEMORY, processes::NO_MEMORY_LIMIT);
    }
    Ok(wanted.memory_limit)
}

fn latency_options(wanted: &SuiteFile, axes: LatencyAxes) -> Result<LatencyOptions> {
    let [least, most] = [wanted.min_seconds, wanted.max_seconds].map(|it| it.map(NonNegative::get));
    let min_seconds = least.unwrap_or(MIN_SECONDS.min(most.unwrap_or(MIN_SECONDS)));
    let max_seconds = most.unwrap_or(MAX_SECONDS.max(min_seconds));
    for (option, amount) in [("runs", wanted.runs), ("processes", wanted.processes)] {
        ensure!(
            amount != Some(Amount::Fixed(0)),
            "--{option} 0 measures nothing; give 'auto' or a whole number of at least 1"
        );
    }
    ensure!(
        min_seconds <= max_seconds,
        "--min-seconds {min_seconds} is more than --max-seconds {max_seconds}; lower it or raise --max-seconds"
    );
    let preconditions = Preconditions {
        max_celsius: wanted.max_temperature.map(NonNegative::get),
        min_battery_percent: wanted.min_battery.map(NonNegative::get),
    };
    if preconditions.is_asked()
        && let Some(reason) = preconditions.blind_spot(&Sensors::now())
    {
        anyhow::bail!("{reason}");
    }
    Ok(LatencyOptions {
        batch: axes.batch(),
        warmup: wanted.warmup.unwrap_or(Amount::Auto),
        runs: wanted.runs.unwrap_or(Amount::Auto),
        min_seconds,
        max_seconds,
        block_ms: wanted.block_ms.map_or(BLOCK_MS, NonNegative::get),
        order: wanted.order.unwrap_or(Order::Interleaved),
        cooldown_seconds: wanted.cooldown.map_or(0.0, NonNegative::get),
        preconditions,
        processes: wanted.processes.unwrap_or(Amount::Auto),
        affinity: axes.cpus(),
        affinities: axes.several(),
        budget_ms: wanted.budget_ms.map(NonNegative::get),
        tail: wanted.tail,
        no_yardstick: !wanted.yardstick.unwrap_or(true),
        profile: wanted.profile.unwrap_or(false),
        inputs: wanted.inputs.unwrap_or_default(),
        scenarios: scenario_plan::options(wanted),
        sustained: scenario_plan::sustained(wanted),
        find_rate: wanted.find_rate.map(|p99_ms| RateGoal { p99_ms }),
        narrowing: None,
    })
}

/// The named dataset, else the embedded family's for its own models.
fn accuracy_options(
    wanted: &SuiteFile,
    models: &[Model],
    assumptions: &mut Vec<String>,
) -> Result<Option<AccuracyOptions>> {
    let dataset = match &wanted.dataset {
        Some(dataset) => Some(dataset.clone()),
        None => embedded_dataset(models),
    };
    let Some(dataset) = dataset else {
        ensure!(
            wanted.images.is_none(),
            "--images needs a dataset; give its folder with --dataset"
        );
        assumptions.push("no dataset was given (--dataset): accuracy was not measured".into());
        return Ok(None);
    };
    Ok(Some(AccuracyOptions {
        dataset,
        columns: wanted.columns(),
        labels: wanted.labels.clone(),
        images: wanted.images.map(NonZeroUsize::get),
        shard: wanted.shard,
        top_k: wanted.top_k.iter().map(|k| k.get()).collect(),
        check_preprocessing: wanted.check_preprocessing.unwrap_or_default(),
        exif: wanted.exif.unwrap_or_default(),
    }))
}

/// The labelled images of the embedded family, if all models belong to it.
#[must_use]
pub(crate) fn embedded_dataset(models: &[Model]) -> Option<std::path::PathBuf> {
    let manifest = Manifest::embedded().ok()?;
    let folder = fs::canonicalize(&manifest.folder).ok()?;
    let all_embedded = models
        .iter()
        .all(|model| fs::canonicalize(&model.path).is_ok_and(|path| path.starts_with(&folder)));
    let dataset = manifest.family.as_ref()?.dataset.as_ref()?;
    all_embedded.then(|| manifest.folder.join(dataset))
}
