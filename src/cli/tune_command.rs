//! `shutterbench tune`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use strum::VariantArray;

use crate::cli::output::{ExitStatus, INTERRUPTED, print, print_json, tell};
use crate::cli::run::{interrupt_flag, wanted};
use crate::cli::run_args::{OptionSets, RunArgs, backend, batch, delegate, option_sets, threads};
use crate::cli::run_hooks::AfterHook;
use crate::cli::settings_file;
use crate::decide::search_outcome::SearchOutcome;
use crate::host::affinity;
use crate::model::select;
use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::{Measured, Threads};
use crate::record::case::Case;
use crate::record::channels::{Channels, Layout};
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::input_size::InputSize;
use crate::record::narrowing::Narrowing;
use crate::record::option_set::{self, OptionSet};
use crate::record::options::{Amount, NonNegative};
use crate::report::run_files;
use crate::run::context::Started;
use crate::run::execute;
use crate::run::plan::plan;
use crate::run::suite_file::SuiteFile;
use crate::runtime::backend_error::BackendError;
use crate::table::rows::rows;
use crate::worker::runtime_probe::probe;
use crate::worker::worker_source::WorkerSource;

/// Minimum time in the timed runs of a visit while there are several cases.
const BLOCK_MS: f64 = 10.0;
/// Maximum time in the timed runs of the best case: the others are beaten by then.
const MAX_SECONDS: f64 = 2.0;
/// Untimed runs of a process: each visit begins with untimed runs of its own until it has
/// settled.
const WARMUP_RUNS: u32 = 5;
/// The margin, unless stated otherwise, in percent.
const MARGIN_PERCENT: f64 = 2.0;
/// Single processes of one case differ by up to 0.8% (docs/measurement.md).
const LEAST_MARGIN: f64 = 1.0;
const MOST_MARGIN: f64 = 50.0;

/// One model, and what is searched for it.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// The model: a path, or the name of an embedded or hosted one
    #[arg(long, required_unless_present = "resume", value_name = "PATH|NAME")]
    pub model: Option<String>,
    /// Runtimes to search [default: all that are present and read the model, except tflitec]
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = backend)]
    pub backend: Vec<BackendKind>,
    /// Delegates to search [default: those marked for each runtime in docs/delegates.md]
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = delegate)]
    pub delegate: Vec<Delegate>,
    /// CPU threads to search [default: 1, 2, 4 ... and the number of CPUs]
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = threads)]
    pub threads: Vec<NonZeroUsize>,
    /// Set of a runtime's own settings to search beside the default; can be repeated [default:
    /// those that 'list options' marks]
    #[arg(long, value_name = "NAME:KEY=VALUE[;KEY=VALUE]", value_parser = option_sets)]
    pub set: Vec<OptionSets>,
    /// Search no settings of the runtimes
    #[arg(long, conflicts_with = "set")]
    pub no_options: bool,
    /// Images per run to search, judged by latency per image [default: 1]
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = batch)]
    pub batch: Vec<NonZeroUsize>,
    /// CPUs to search, as for 'run' [default: big, little and all, where the machine tells big
    /// from little]
    #[arg(long, value_name = "LIST")]
    pub affinity: Option<String>,
    /// How far the best may be from the true best, in percent of latency per image, 1 to 50
    /// [default: 2%]
    #[arg(long, value_name = "P", value_parser = margin)]
    pub margin: Option<f64>,
    /// Wall time of the search; the best case is then timed for up to 2 seconds more [default: half
    /// a second and the time of 20 runs for each case that takes part]
    #[arg(long, visible_alias = "budget", value_name = "S")]
    pub seconds: Option<NonNegative>,
    /// Also let cases win that compute a float32 model in fewer bits, if the best classes are
    /// those of the reference
    #[arg(long)]
    pub reduced_precision: bool,
    /// Height and width of the input, if the model file leaves them open
    #[arg(long, value_name = "HxW")]
    pub input_size: Option<InputSize>,
    /// Channels of the input, in their order, if the file leaves them open
    #[arg(long, value_enum, value_name = "rgb|bgr|grey")]
    pub channels: Option<Channels>,
    /// Order of the input's axes
    #[arg(long, value_enum, value_name = "nchw|nhwc|nhw")]
    pub layout: Option<Layout>,
    /// Signature to run if a file has several
    #[arg(long, value_name = "NAME")]
    pub signature: Option<String>,
    /// Seed for the order of visits [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Seconds without a sign of life after which a worker counts as hung [default: 60]
    #[arg(long, value_name = "S")]
    pub timeout: Option<NonNegative>,
    /// Write the best case here as an app loads it (docs/settings.md); '-' is standard output
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The run's folder [default: results/RUN-ID]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Continue an interrupted search with its own options
    #[arg(long, value_name = "DIR", conflicts_with_all = ["out", "model", "backend", "delegate", "threads", "set", "no_options", "batch", "affinity", "margin", "seconds", "reduced_precision", "input_size", "channels", "layout", "signature", "seed", "timeout"])]
    pub resume: Option<PathBuf>,
    /// Fetch a hosted model that is not here, without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Do not show progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn margin(text: &str) -> Result<f64, String> {
    let percent: f64 = text.strip_suffix('%').unwrap_or(text).trim().parse().unwrap_or(f64::NAN);
    match (LEAST_MARGIN..=MOST_MARGIN).contains(&percent) {
        true => Ok(percent),
        false => Err(format!("it is in percent, from {LEAST_MARGIN} to {MOST_MARGIN}, such as 2%")),
    }
}

/// Searches, or continues a search.
///
/// # Errors
/// One sentence for what is wrong with the request; nothing was started.
pub(crate) fn tune(args: &TuneArgs) -> Result<ExitStatus> {
    let to_stdout = args.settings.as_deref() == Some(Path::new("-"));
    ensure!(
        !(to_stdout && args.json),
        "--settings - and --json cannot share standard output; name a file"
    );
    let interrupt = interrupt_flag(INTERRUPTED, AfterHook::default())?;
    let started = match &args.resume {
        Some(folder) => Started::resume(folder.clone())?,
        None => begun(args)?,
    };
    conclude(args, measured(started, args.quiet, &interrupt)?)
}

fn begun(args: &TuneArgs) -> Result<Started> {
    let mut plan = plan(&suite(args)?)?;
    // What is judged is whether a case computes the file as it is, not how well it was quantised.
    for model in &mut plan.header.models {
        model.description.reference = None;
    }
    plan.header.references.clear();
    if args.threads.is_empty() {
        let is_one = |case: &Case| case.backend.capabilities().threads != Threads::AsAsked;
        plan.header.cases.retain(|case| case.threads == NonZeroUsize::MIN || !is_one(case));
    }
    if let Some(latency) = &mut plan.header.options.latency {
        latency.narrowing = Some(Narrowing {
            margin_percent: args.margin.unwrap_or(MARGIN_PERCENT),
            seconds: args.seconds.map(NonNegative::get),
            block_ms: BLOCK_MS,
            any_precision: args.reduced_precision,
        });
    }
    if !args.quiet {
        tell(&format!("searching {} cases", plan.header.cases.len()));
        plan.header.assumptions.iter().for_each(|sentence| tell(&format!("note: {sentence}")));
    }
    let of_its_own = || Path::new("results").join(&plan.header.run_id);
    let folder = args.out.clone().unwrap_or_else(of_its_own);
    Started::begin(folder, plan)
}

fn measured(started: Started, quiet: bool, interrupt: &Arc<AtomicBool>) -> Result<Started> {
    let narrowing =
        started.run.header.options.latency.as_ref().and_then(|latency| latency.narrowing);
    ensure!(
        narrowing.is_some(),
        "{} is not a search of 'shutterbench tune'; continue it with 'shutterbench run --resume'",
        started.folder.display()
    );
    let mut one = [started];
    if !one[0].is_done {
        execute::execute(&mut one, quiet, interrupt)?;
        run_files::write_all_with(&one[0].run, &one[0].folder, None, false)?;
    }
    let [started] = one;
    Ok(started)
}

fn conclude(args: &TuneArgs, started: Started) -> Result<ExitStatus> {
    let (run, shown) = (&started.run, started.folder.display());
    if run.finished.is_none() {
        tell(&format!(
            "interrupted; what was measured is in {shown}; continue with 'shutterbench tune --resume {shown}'"
        ));
        return Ok(ExitStatus::Interrupted);
    }
    let rows = rows(run);
    let outcome = SearchOutcome::of(run).context("the run is not a search")?;
    if args.json {
        print_json(&outcome.json(run, &rows))?;
    } else if args.settings.as_deref() == Some(Path::new("-")) {
        tell(outcome.words(run, &rows).trim_end());
    } else {
        print(outcome.words(run, &rows).as_bytes())?;
    }
    for file in ["results.csv", "report.html"] {
        tell(&format!("written: {}", started.folder.join(file).display()));
    }
    let Some(best) = outcome.best else { return Ok(ExitStatus::Bad) };
    if let (Some(path), Some(case), Some(row)) =
        (&args.settings, run.header.cases.get(best), rows.get(best))
    {
        settings_file::write(path, run, case, row)?;
    }
    Ok(ExitStatus::Good)
}

/// What is searched, as a run states it.
fn suite(args: &TuneArgs) -> Result<SuiteFile> {
    let given = RunArgs {
        model: args.model.iter().cloned().collect(),
        delegate: args.delegate.clone(),
        threads: args.threads.clone(),
        batch: args.batch.clone(),
        affinity: args.affinity.clone(),
        set: args.set.clone(),
        input_size: args.input_size,
        channels: args.channels,
        layout: args.layout,
        signature: args.signature.clone(),
        seed: args.seed,
        timeout: args.timeout,
        yes: args.yes,
        ..RunArgs::default()
    };
    let mut suite = wanted(&given, None)?;
    let model = only_model(&suite)?;
    suite.backends = backends(args, &model)?;
    if suite.threads.is_empty() {
        suite.threads = thread_counts();
    }
    if suite.options.is_empty() && !args.no_options {
        suite.options = tried(&suite.backends, &suite.delegates);
    }
    suite.affinity = suite.affinity.or_else(clusters);
    Ok(SuiteFile {
        accuracy: Some(false),
        warmup: Some(Amount::Fixed(WARMUP_RUNS)),
        processes: Some(Amount::Fixed(1)),
        max_seconds: Some(NonNegative::try_from(MAX_SECONDS).map_err(anyhow::Error::msg)?),
        ..suite
    })
}

fn only_model(suite: &SuiteFile) -> Result<Model> {
    let models = select::select(&suite.models, suite.describe.signature.as_deref())?;
    let count = models.len();
    match <[Model; 1]>::try_from(models) {
        Ok([model]) => Ok(model),
        Err(_) => bail!("tune searches for one model, and --model names {count}; name one of them"),
    }
}

/// The runtimes that were named, or all that are present and read the model.
fn backends(args: &TuneArgs, model: &Model) -> Result<Vec<BackendKind>> {
    if !args.backend.is_empty() {
        return Ok(args.backend.clone());
    }
    // It is the same library as tflite.
    let kinds = BackendKind::VARIANTS.iter().filter(|kind| **kind != BackendKind::Tflitec);
    let kinds: Vec<BackendKind> =
        kinds.filter(|kind| kind.capabilities().reads(model.format)).copied().collect();
    let mut present = Vec::new();
    for (kind, told) in probe(&WorkerSource::isolated(), &kinds) {
        match told {
            // One that cannot be opened has cases that say why.
            Ok(_) | Err(BackendError::Unsupported(_)) => present.push(kind),
            Err(error) => tell(&format!("note: backend {kind} is left out: {error}")),
        }
    }
    ensure!(!present.is_empty(), "no runtime is present that reads {} files", model.format);
    Ok(present)
}

/// The powers of two up to the number of CPUs, and that number.
fn thread_counts() -> Vec<NonZeroUsize> {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let powers = (0..usize::BITS).map(|bit| 1_usize << bit).take_while(|count| *count < all.get());
    powers.filter_map(NonZeroUsize::new).chain([all]).collect()
}

/// The settings that are tried, under the delegates that are searched.
fn tried(backends: &[BackendKind], delegates: &[Delegate]) -> Vec<OptionSet> {
    let of = |backend: &BackendKind| {
        let own = backend.capabilities().delegates.iter();
        let own = own.filter(|it| it.measured != Measured::OnRequest).map(|it| it.delegate.clone());
        let own: Vec<Delegate> = own.collect();
        option_set::tried(*backend, if delegates.is_empty() { &own } else { delegates })
    };
    backends.iter().flat_map(of).collect()
}

/// The clusters of this machine, where it has several.
fn clusters() -> Option<String> {
    let names = "big,little,all";
    affinity::parse(names).ok().map(|_| names.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_percentage() {
        assert_eq!((margin("2%"), margin("2.5")), (Ok(2.5 - 0.5), Ok(2.5)));
        for wrong in ["0.5%", "51", "x", "nan", "-2"] {
            assert!(margin(wrong).unwrap_err().contains("such as 2%"), "{wrong}");
        }
    }

    #[test]
    fn settings_are_tried_in_every_combination_that_fits_a_delegate() {
        let names = |backend, delegates: &[Delegate]| -> Vec<String> {
            tried(&[backend], delegates).into_iter().map(|set| set.name).collect()
        };
        assert_eq!(names(BackendKind::Openvino, &[]), ["f32", "loose", "f32-loose"]);
        assert_eq!(names(BackendKind::Tflite, &[]), ["fp16", "latest", "fp16-latest"]);
        assert!(names(BackendKind::Tflite, &[Delegate::None]).is_empty());
        assert!(names(BackendKind::Tract, &[]).is_empty());
        for backend in BackendKind::VARIANTS {
            for set in tried(&[*backend], &[]) {
                assert_eq!(set.check(), Ok(()));
            }
        }
    }
}
