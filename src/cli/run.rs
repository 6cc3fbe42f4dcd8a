//! `shutterbench run` and `shutterbench report`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::{Ending, print, print_json};
use crate::accuracy::Dataset;
use crate::model::Description;
use crate::report;
use crate::run::journal::Journal;
use crate::run::plan::plan;
use crate::run::{Run, execute, replay, resume};
use crate::suite::SuiteFile;

use super::run_args::RunArgs;

/// Measures, or continues a run.
///
/// # Errors
/// One sentence for what is wrong with the request; nothing was started.
pub fn run(args: &RunArgs) -> Result<Ending> {
    let interrupt = interrupt_flag()?;
    let started = match &args.resume {
        Some(folder) => resumed(folder)?,
        None => begun(args)?,
    };
    let Started { folder, run, mut journal, dataset } = started;
    let run =
        execute::execute(&folder, run, &mut journal, dataset.as_ref(), args.quiet, &interrupt)?;
    let rows = report::rows(&run);
    report::write_all(&run, &folder)?;
    if args.json {
        print_json(&rows)?;
    } else {
        let color = std::io::stdout().is_terminal();
        print(report::terminal::table(&rows, None, color).as_bytes())?;
    }
    if run.finished.is_none() {
        eprintln!(
            "interrupted; what was measured is in {0}: 'shutterbench run --resume {0}' goes on",
            folder.display()
        );
        return Ok(Ending::Interrupted);
    }
    for file in ["results.csv", "report.html"] {
        eprintln!("written: {}", folder.join(file).display());
    }
    Ok(if rows.iter().any(|row| row.status.is_failure()) { Ending::Bad } else { Ending::Good })
}

/// Writes a run's reports again.
///
/// # Errors
/// A folder without a readable journal, or a file that cannot be written.
pub fn report(
    folder: &Path,
    html: Option<&Path>,
    markdown: Option<&Path>,
    json: Option<&Path>,
) -> Result<Ending> {
    let run = replay::read(folder)?;
    if html.is_none() && markdown.is_none() && json.is_none() {
        report::write_all(&run, folder)?;
        let color = std::io::stdout().is_terminal();
        return print(report::terminal::table(&report::rows(&run), None, color).as_bytes());
    }
    let rows = report::rows(&run);
    if let Some(path) = html {
        report::write_file(path, |to| to.write_all(report::html::page(&run, &rows).as_bytes()))?;
    }
    if let Some(path) = markdown {
        let document = report::markdown::document(&run, &rows);
        report::write_file(path, |to| to.write_all(document.as_bytes()))?;
    }
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&report::json::report(&run, &rows))? + "\n";
        report::write_file(path, |to| to.write_all(text.as_bytes()))?;
    }
    Ok(Ending::Good)
}

struct Started {
    folder: PathBuf,
    run: Run,
    journal: Journal,
    dataset: Option<Dataset>,
}

fn begun(args: &RunArgs) -> Result<Started> {
    let plan = plan(&wanted(args)?, args.in_process)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("results").join(&plan.header.run_id));
    let journal = Journal::create(&folder, plan.header)?;
    let run = replay::read(&folder)?;
    Ok(Started { folder, run, journal, dataset: plan.dataset })
}

fn resumed(folder: &Path) -> Result<Started> {
    let (journal, entries) = Journal::resume(folder)?;
    let run = replay::run(entries)?;
    let dataset = resume::check(&run.header)?;
    Ok(Started { folder: folder.to_owned(), run, journal, dataset })
}

/// Set by Ctrl-C (and a polite kill): the present block is finished, then the
/// run ends with its results kept.
fn interrupt_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let to_set = Arc::clone(&flag);
    ctrlc::set_handler(move || to_set.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")?;
    Ok(flag)
}

/// The suite file, if one is named, with the command line's options over it.
fn wanted(args: &RunArgs) -> Result<SuiteFile> {
    let file = match &args.suite {
        Some(path) => SuiteFile::read(path)?,
        None => SuiteFile::default(),
    };
    Ok(SuiteFile {
        models: either(&args.model, file.models),
        backends: either(&args.backend, file.backends),
        delegates: either(&args.delegate, file.delegates),
        threads: either(&args.threads, file.threads),
        warmup: args.warmup.or(file.warmup),
        runs: args.runs.or(file.runs),
        min_seconds: args.min_seconds.or(file.min_seconds),
        max_seconds: args.max_seconds.or(file.max_seconds),
        order: args.order.or(file.order),
        seed: args.seed.or(file.seed),
        affinity: args.affinity.clone().or(file.affinity),
        cooldown: args.cooldown.or(file.cooldown),
        processes: args.processes.or(file.processes),
        budget_ms: args.budget_ms.or(file.budget_ms),
        latency: if args.no_latency { Some(false) } else { file.latency },
        dataset: args.dataset.clone().or(file.dataset),
        labels: args.labels.clone().or(file.labels),
        images: args.images.or(file.images),
        accuracy: if args.no_accuracy { Some(false) } else { file.accuracy },
        timeout: args.timeout.or(file.timeout),
        memory_limit: args.memory_limit.or(file.memory_limit),
        require_delegate: if args.require_delegate { Some(true) } else { file.require_delegate },
        describe: crate::model::resolve::merged(&described(args), &file.describe),
    })
}

fn described(args: &RunArgs) -> Description {
    Description {
        resize: args.resize,
        crop: args.crop,
        mean: Some(args.mean.clone()).filter(|mean| !mean.is_empty()),
        scale: Some(args.scale.clone()).filter(|scale| !scale.is_empty()),
        label_offset: args.label_offset,
        labels: args.labels.clone(),
        ..Description::default()
    }
}

fn either<T: Clone>(given: &[T], file: Vec<T>) -> Vec<T> {
    if given.is_empty() { file } else { given.to_vec() }
}
