//! `shutterbench tune`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::cli::device;
use crate::cli::device_args::DeviceArgs;
use crate::cli::output::{ExitStatus, INTERRUPTED, print, print_json, tell};
use crate::cli::run::{interrupt_flag, wanted};
use crate::cli::run_args::{OptionSets, RunArgs, backend, batch, delegate, option_sets, threads};
use crate::cli::run_hooks::AfterHook;
use crate::cli::settings_file;
use crate::decide::search_outcome::SearchOutcome;
use crate::device::chosen_devices::resolve;
use crate::device::fleet::DeviceResult;
use crate::record::backend_kind::BackendKind;
use crate::record::channels::{Channels, Layout};
use crate::record::delegate::Delegate;
use crate::record::input_size::InputSize;
use crate::record::options::NonNegative;
use crate::record::run::Run;
use crate::record::search_request::SearchRequest;
use crate::report::run_files;
use crate::run::context::Started;
use crate::run::execute;
use crate::run::plan::plan;
use crate::run::search_plan::{LEAST_MARGIN, MOST_MARGIN, only_model};
use crate::run::suite_file::SuiteFile;
use crate::table::rows::rows;

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
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are documented")]
    pub on: DeviceArgs,
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
    if let Some(ending) = elsewhere(args, &interrupt)? {
        return Ok(ending);
    }
    let started = match &args.resume {
        Some(folder) => Started::resume(folder.clone())?,
        None => begun(args)?,
    };
    conclude(args, &measured(started, args.quiet, &interrupt)?)
}

/// The searches of other devices, if that is where they are.
fn elsewhere(args: &TuneArgs, interrupt: &AtomicBool) -> Result<Option<ExitStatus>> {
    let given = run_args(args);
    let mut model = None;
    let results = match &args.resume {
        Some(folder) => match device::resumed(&given, folder, interrupt)? {
            Some(results) => results,
            None => return Ok(None),
        },
        None if args.on.is_local() => match args.on.without_device() {
            Some(option) => bail!("{option} is about another device; name it with --device"),
            None => return Ok(None),
        },
        None => {
            let devices = resolve(&args.on.device, &args.on.server.server(), &tell)?.len();
            ensure!(
                devices == 1 || !(args.json || args.settings.is_some()),
                "--settings and --json are for one device, and --device names {devices}; name one of them"
            );
            let suite = suite(args)?;
            model = Some(only_model(&suite)?.path);
            device::measured(&given, &suite, interrupt)?.1
        }
    };
    let mut ending = ExitStatus::Good;
    for result in &results {
        let good = of_device(args, result, model.as_deref())? == ExitStatus::Good
            && result.problems.is_empty();
        ending = if good { ending } else { ExitStatus::Bad };
    }
    if interrupt.load(Ordering::Relaxed) {
        return Ok(Some(ExitStatus::Interrupted));
    }
    Ok(Some(ending))
}

/// What a device found. The settings file names the `model` that was sent there, if it is known.
fn of_device(args: &TuneArgs, result: &DeviceResult, model: Option<&Path>) -> Result<ExitStatus> {
    result.problems.iter().for_each(|problem| tell(problem));
    let Some(run) = &result.run else { return Ok(ExitStatus::Bad) };
    let shown = result.folder.display();
    if run.finished.is_none() {
        tell(&format!(
            "not finished; what was measured is in {shown}; continue with 'shutterbench tune --resume {shown}'"
        ));
        return Ok(ExitStatus::Bad);
    }
    if !args.json && args.settings.as_deref() != Some(Path::new("-")) {
        print(format!("Device {}:\n", run.header.device).as_bytes())?;
    }
    let mut run = run.clone();
    if let (Some(path), [sent]) = (model, run.header.models.as_mut_slice()) {
        sent.path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    }
    conclude_run(args, &run, &result.folder)
}

fn begun(args: &TuneArgs) -> Result<Started> {
    let plan = plan(&suite(args)?)?;
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

fn conclude(args: &TuneArgs, started: &Started) -> Result<ExitStatus> {
    if started.run.finished.is_none() {
        let shown = started.folder.display();
        tell(&format!(
            "interrupted; what was measured is in {shown}; continue with 'shutterbench tune --resume {shown}'"
        ));
        return Ok(ExitStatus::Interrupted);
    }
    conclude_run(args, &started.run, &started.folder)
}

/// Says what a search came to, and writes the settings file.
fn conclude_run(args: &TuneArgs, run: &Run, folder: &Path) -> Result<ExitStatus> {
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
        tell(&format!("written: {}", folder.join(file).display()));
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
fn run_args(args: &TuneArgs) -> RunArgs {
    RunArgs {
        model: args.model.iter().cloned().collect(),
        backend: args.backend.clone(),
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
        out: args.out.clone(),
        yes: args.yes,
        quiet: args.quiet,
        on: args.on.clone(),
        ..RunArgs::default()
    }
}

/// The same as a suite file.
fn suite(args: &TuneArgs) -> Result<SuiteFile> {
    let mut suite = wanted(&run_args(args), None)?;
    suite.accuracy = Some(false);
    suite.search = Some(SearchRequest {
        margin_percent: args.margin,
        seconds: args.seconds,
        reduced_precision: args.reduced_precision,
        no_options: args.no_options,
    });
    Ok(suite)
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
}
