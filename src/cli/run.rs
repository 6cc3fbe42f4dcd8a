//! `shutterbench run`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::cli::output::{ExitStatus, INTERRUPTED, print, print_json, tell};
use crate::cli::run_hooks::AfterHook;
use crate::cli::{device, fetch_dataset, fetch_model, in_turn, run_hooks, settings_file};
use crate::decide::complete::{Lack, is_complete, lack};
use crate::record::description::Description;
use crate::record::option_set::OptionSet;
use crate::record::run::Run;
use crate::report;
use crate::report::run_files;
use crate::report::terminal::width_of_stdout;
use crate::report::terminal_page::terminal_page;
use crate::run::context::Started;
use crate::run::journal::Journal;
use crate::run::plan::{Plan, plan};
use crate::run::suite_file::SuiteFile;
use crate::run::{execute, journal, same_options};
use crate::table::row::Row;

use crate::cli::run_args::RunArgs;

/// Measures, or continues a run.
///
/// # Errors
/// One sentence for what is wrong with the request; nothing was started.
pub(crate) fn run(args: &RunArgs) -> Result<ExitStatus> {
    let hooks = run_hooks::of(args)?;
    let after = AfterHook::default();
    let interrupt = interrupt_flag(args.interrupt_code.unwrap_or(INTERRUPTED), after.clone())?;
    if args.lifeline {
        follow_input(Arc::clone(&interrupt));
    }
    run_hooks::around(args, &hooks, &after, &interrupt, |args| measure(args, &interrupt))
}

fn measure(args: &RunArgs, interrupt: &Arc<AtomicBool>) -> Result<ExitStatus> {
    if let Some(ending) = elsewhere(args, interrupt)? {
        return Ok(ending);
    }
    let (folder, mut started) = match &args.resume {
        Some(folder) => (folder.clone(), resumed(args, folder)?),
        None => begun(args)?,
    };
    if started.iter().all(|one| one.is_done) {
        return already_done(&folder, started, args);
    }
    execute::execute(&mut started, args.quiet, interrupt)?;
    for one in &started {
        run_files::write_all_with(&one.run, &one.folder, one.dataset.as_ref(), args.samples)?;
    }
    let runs: Vec<Run> = started.into_iter().map(|one| one.run).collect();
    if runs.iter().any(|run| run.finished.is_none()) {
        if let [run] = runs.as_slice() {
            print_rows(run, args.json)?;
        }
        tell(&format!(
            "interrupted; what was measured is in {0}; continue with 'shutterbench run --resume {0}'",
            folder.display()
        ));
        return Ok(ExitStatus::Interrupted);
    }
    let ending = conclude(&folder, &runs, args.json)?;
    settings_file::judge(args, runs.iter(), ending)
}

/// Shows a run that is already finished, without changing it; missing report files are
/// written.
fn already_done(folder: &Path, started: Vec<Started>, args: &RunArgs) -> Result<ExitStatus> {
    tell(&format!("{} is already finished: there is nothing left to measure", folder.display()));
    for one in &started {
        if !one.folder.join("report.html").is_file() {
            run_files::write_all(&one.run, &one.folder)?;
        }
        if args.samples {
            run_files::write_samples(&one.run, &one.folder)?;
        }
    }
    let runs: Vec<Run> = started.into_iter().map(|one| one.run).collect();
    let ending = conclude(folder, &runs, args.json)?;
    settings_file::judge(args, runs.iter(), ending)
}

/// The results of other devices, if the run is theirs.
fn elsewhere(args: &RunArgs, interrupt: &AtomicBool) -> Result<Option<ExitStatus>> {
    match &args.resume {
        Some(folder) => device::resume(args, folder, interrupt),
        None if args.on.is_local() => match args.on.without_device() {
            Some(option) => bail!("{option} is about another device; name it with --device"),
            None => Ok(None),
        },
        None => device::run(args, &wanted(args, args.suite.as_deref())?, interrupt).map(Some),
    }
}

fn conclude(folder: &Path, runs: &[Run], json: bool) -> Result<ExitStatus> {
    if let [base, new] = runs {
        return in_turn::conclude(folder, base, new, json);
    }
    let mut failed = false;
    for run in runs {
        failed |= !is_complete(run, &print_rows(run, json)?);
    }
    for file in ["results.csv", "report.html"] {
        tell(&format!("written: {}", folder.join(file).display()));
    }
    Ok(if failed { ExitStatus::Bad } else { ExitStatus::Good })
}

/// Prints the table, or its rows as JSON, and returns the rows.
fn print_rows(run: &Run, json: bool) -> Result<Vec<Row>> {
    let rows = crate::table::rows::rows(run);
    if json {
        print_json(&rows)?;
    } else {
        let color = std::io::stdout().is_terminal();
        print(terminal_page(run, &rows, width_of_stdout(), color).as_bytes())?;
    }
    warn(run, &rows, json);
    Ok(rows)
}

/// What must not be overlooked, on standard error: images that were left out, and labels
/// that look wrong if no table says so.
fn warn(run: &Run, rows: &[Row], json: bool) {
    let unreadable = run.header.dataset.as_ref().map_or(&[][..], |dataset| &dataset.unreadable);
    if !unreadable.is_empty() {
        /// More names than this would not help; run.json has all of them.
        const MOST: usize = 5;
        let named = unreadable.iter().take(MOST).map(|(file, reason)| format!("{file} {reason}"));
        let more = match unreadable.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!("; and {more} more, named in run.json"),
        };
        let named: Vec<String> = named.collect();
        tell(&format!("left out, unreadable: {}: {}{more}", unreadable.len(), named.join("; ")));
    }
    for (case, row) in run.header.cases.iter().zip(rows) {
        // A table says whether a case was scored, and which scenarios were lost.
        if let Some(lack @ (Lack::Energy(_) | Lack::Anchor)) = lack(run, case, row) {
            tell(&format!("warning: {}: {lack}", row.case()));
        }
    }
    for sentence in run.header.dataset.iter().flat_map(|dataset| &dataset.left_out) {
        tell(&format!("dataset: {sentence}"));
    }
    if let Some(sentence) = report::contents_note::warning(run) {
        tell(&format!("warning: {sentence}"));
    }
    for row in rows.iter().filter(|_| json) {
        if let Some(warning) = row.label_warning {
            tell(&format!("warning: {}: {warning}", row.case()));
        }
    }
}

fn begun(args: &RunArgs) -> Result<(PathBuf, Vec<Started>)> {
    let plan_of = |suite: Option<&Path>| plan(&wanted(args, suite)?);
    let folder_of = |plan: &Plan| {
        let of_its_own = || Path::new("results").join(&plan.header.run_id);
        args.out.clone().unwrap_or_else(of_its_own)
    };
    if let [base, new] = args.ab.as_slice() {
        let (base, new) = (plan_of(Some(base))?, plan_of(Some(new))?);
        let folder = folder_of(&new);
        return Ok((folder.clone(), in_turn::begin(&folder, base, new)?));
    }
    let new = plan_of(args.suite.as_deref())?;
    settings_file::check(args, &new.header)?;
    let folder = folder_of(&new);
    let started = match &args.against {
        None if args.go_on => vec![begun_or_resumed(folder.clone(), new)?],
        Some(program) => {
            let mut base = new.clone();
            in_turn::measured_by(&mut base, program)?;
            in_turn::begin(&folder, base, new)?
        }
        None => vec![Started::begin(folder.clone(), new)?],
    };
    Ok((folder, started))
}

/// The run in `folder`, if it is the one that `plan` would begin; otherwise a new one.
fn begun_or_resumed(folder: PathBuf, plan: Plan) -> Result<Started> {
    if !folder.join(journal::FILE_NAME).is_file() {
        return Started::begin(folder, plan);
    }
    if Journal::is_torn(&folder) {
        tell(&format!(
            "{} holds the beginning of a run in which nothing was measured; starting again",
            folder.display()
        ));
        return Started::begin(folder, plan);
    }
    let run = journal::header(&folder)?;
    same_options::check_all(&run, &plan.header)
        .with_context(|| format!("{} cannot be continued", folder.display()))?;
    Started::resume_unless_done(folder, plan.dataset)
}

fn resumed(args: &RunArgs, folder: &Path) -> Result<Vec<Started>> {
    let given = wanted(args, None)?;
    let one = |folder: PathBuf| {
        same_options::check_given(&journal::header(&folder)?, &given)?;
        Started::resume(folder)
    };
    match in_turn::sides(folder) {
        Some(sides) => sides.into_iter().map(one).collect(),
        None => Ok(vec![one(folder.to_owned())?]),
    }
}

/// Set by Ctrl-C (and SIGTERM): the current visit is finished, then the run ends and keeps
/// its results. A second one ends the program and its workers at once, with the exit code of
/// an interrupt, after the hook after the run; what was measured is in the journal.
pub(crate) fn interrupt_flag(code: u8, after: AfterHook) -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let to_set = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if to_set.swap(true, Ordering::Relaxed) {
            after.run("interrupted");
            std::process::exit(code.into());
        }
    })
    .context("could not listen for Ctrl-C")?;
    Ok(flag)
}

/// Sets the flag when standard input ends. Over adb or ssh, that is when the connection
/// ends, for whatever reason; a signal does not always arrive.
fn follow_input(flag: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        // An input that cannot be read has ended too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        flag.store(true, Ordering::Relaxed);
    });
}

/// The suite file, if there is one, overridden by the options of the command line. Hosted models
/// and datasets that are not here are fetched, if the user agrees.
pub(crate) fn wanted(args: &RunArgs, suite: Option<&Path>) -> Result<SuiteFile> {
    let file = match suite {
        Some(path) => SuiteFile::read(path)?,
        None => settings_file::suite(args)?,
    };
    let models = either(&args.model, file.models);
    fetch_model::provide(&models, args.yes)?;
    let is_scored = !args.no_accuracy && file.accuracy != Some(false);
    let dataset = args.dataset.clone().or(file.dataset);
    let dataset = if is_scored { fetch_dataset::provide(dataset, args.yes)? } else { dataset };
    let sets: Vec<OptionSet> = args.set.iter().flat_map(|sets| sets.0.clone()).collect();
    Ok(SuiteFile {
        models,
        backends: either(&args.backend, file.backends),
        delegates: either(&args.delegate, file.delegates),
        threads: either(&args.threads, file.threads),
        default_options: if args.no_default_options { Some(false) } else { file.default_options },
        batch: either(&args.batch, file.batch),
        warmup: args.warmup.or(file.warmup),
        runs: args.runs.or(file.runs),
        min_seconds: args.min_seconds.or(file.min_seconds),
        max_seconds: args.max_seconds.or(file.max_seconds),
        block_ms: file.block_ms,
        order: args.order.or(file.order),
        seed: args.seed.or(file.seed),
        affinity: args.affinity.clone().or(file.affinity),
        cooldown: args.cooldown.or(file.cooldown),
        max_temperature: args.max_temperature.or(file.max_temperature),
        min_battery: args.min_battery.or(file.min_battery),
        processes: args.processes.or(file.processes),
        budget_ms: args.budget_ms.or(file.budget_ms),
        tail: args.tail.or(file.tail),
        yardstick: if args.no_yardstick { Some(false) } else { file.yardstick },
        profile: if args.profile { Some(true) } else { file.profile },
        inputs: args.inputs.or(file.inputs),
        rate: either(&args.rate, file.rate),
        streams: either(&args.streams, file.streams),
        end_to_end: if args.end_to_end { Some(true) } else { file.end_to_end },
        cold_starts: args.cold_starts.or(file.cold_starts),
        find_rate: args.find_rate.or(file.find_rate),
        sustained: args.sustained.or(file.sustained),
        sustained_rate: args.sustained_rate.or(file.sustained_rate),
        energy: if args.energy { Some(true) } else { file.energy },
        energy_meter: args.energy_meter.clone().or(file.energy_meter),
        latency: if args.no_latency { Some(false) } else { file.latency },
        dataset,
        image_column: args.image_column.clone().or(file.image_column),
        label_column: args.label_column.clone().or(file.label_column),
        labels: args.labels.clone().or(file.labels),
        images: args.images.or(file.images),
        shard: args.shard.or(args.shard_index).or(file.shard),
        only: either(&args.only, file.only),
        partition: args.partition.or(file.partition),
        anchor: args.anchor.clone().or(file.anchor),
        top_k: either(&args.top_k, file.top_k),
        check_preprocessing: args.check_preprocessing.or(file.check_preprocessing),
        exif: args.exif.or(file.exif),
        accuracy: if args.no_accuracy { Some(false) } else { file.accuracy },
        timeout: args.timeout.or(file.timeout),
        memory_limit: args.memory_limit.or(file.memory_limit),
        require_delegate: if args.require_delegate { Some(true) } else { file.require_delegate },
        options: either(&sets, file.options),
        search: file.search,
        hooks: file.hooks,
        in_process: if args.in_process { Some(true) } else { file.in_process },
        describe: crate::model::resolve::merged(&described(args), &file.describe),
    })
}

fn described(args: &RunArgs) -> Description {
    Description {
        preprocess: args.preprocess.clone(),
        resize: args.resize,
        crop: args.crop,
        mean: Some(args.mean.clone()).filter(|mean| !mean.is_empty()),
        scale: Some(args.scale.clone()).filter(|scale| !scale.is_empty()),
        label_offset: args.label_offset,
        input_size: args.input_size,
        channels: args.channels,
        layout: args.layout,
        signature: args.signature.clone(),
        scored_output: args.output.clone(),
        labels: args.labels.clone(),
        ..Description::default()
    }
}

fn either<T: Clone>(given: &[T], file: Vec<T>) -> Vec<T> {
    if given.is_empty() { file } else { given.to_vec() }
}
