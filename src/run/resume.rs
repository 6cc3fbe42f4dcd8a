//! Whether a run may be continued here: with the same program, models,
//! dataset and host, else its rows would not compare with each other.

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::entries::Dataset;
use crate::model::select;
use crate::record::backend_kind::BackendKind;
use crate::record::header::{Header, Runtime};
use crate::record::host::Host;
use crate::record::run::Run;
use crate::run::plan::open_dataset;
use crate::run::program_hash;
use crate::run::{choose_runtimes, same_images};
use crate::runtime::backend_error::BackendError;
use crate::worker::runtime_probe::probe;
use crate::worker::worker_source::WorkerSource;

/// Refuses a run that was not measured here but merged.
///
/// # Errors
/// Says what to resume instead.
pub(crate) fn check_measured(header: &Header) -> Result<()> {
    ensure!(
        header.parts.is_empty(),
        "the run {} was merged from others, so it cannot be continued; resume those",
        header.run_id
    );
    Ok(())
}

/// Opens the dataset of a run that is to be continued, unless it was `opened` already.
///
/// # Errors
/// Says what changed since the run began.
pub(crate) fn check(run: &Run, opened: Option<Dataset>) -> Result<Option<Dataset>> {
    let header = &run.header;
    ensure!(
        header.binary_sha256 == program_hash::of_workers(&header.options),
        "this shutterbench is not the build that began the run {} (version {}, commit {}); resume with that build or start a new run",
        header.run_id,
        header.version,
        header.commit.as_deref().unwrap_or("unknown")
    );
    let host = Host::read();
    ensure!(
        host.cpu == header.host.cpu
            && host.cores == header.host.cores
            && host.arch == header.host.arch,
        "the run {} was begun on another machine ({}, {} cores); start a new run here",
        header.run_id,
        header.host.cpu,
        header.host.cores
    );
    same_surroundings(header, &host)?;
    for model in header.models.iter().chain(&header.references) {
        let now = select::open(&model.path)
            .with_context(|| format!("the run {} cannot be continued", header.run_id))?;
        ensure!(
            (&now.sha256, now.bytes) == (&model.sha256, model.bytes),
            "model {} has changed since the run {} began; start a new run",
            model.path.display(),
            header.run_id
        );
    }
    let Some(options) = &header.options.accuracy else { return Ok(None) };
    let dataset = match opened {
        Some(dataset) => dataset,
        None => open_dataset(options, header.options.seed)?,
    };
    let listing = dataset.listing_sha256();
    ensure!(
        header.dataset.as_ref().is_some_and(|then| then.listing_sha256 == listing),
        "dataset {} has changed since the run {} began; start a new run",
        options.dataset.display(),
        header.run_id
    );
    same_images::check(run, &dataset)?;
    Ok(Some(dataset))
}

/// Whether the runtimes are the same as when the run began and, if latency is measured, also the
/// kernel and the frequency governor.
fn same_surroundings(header: &Header, host: &Host) -> Result<()> {
    let run = &header.run_id;
    let used: Vec<BackendKind> = header.runtimes.iter().map(|runtime| runtime.backend).collect();
    let probed = probe(&WorkerSource::isolated(), &used);
    for (then, (kind, opened)) in header.runtimes.iter().zip(probed) {
        let now = match opened {
            Ok(opened) => choose_runtimes::of(kind, opened.version),
            Err(BackendError::Absent { .. }) => {
                bail!("the run {run} uses {kind}, which is no longer there; restore it")
            }
            Err(error) => bail!("the run {run} uses {kind}, but now {error}"),
        };
        let of = |runtime: &Runtime| match &runtime.sha256 {
            Some(hash) => format!("{} (SHA-256 {})", runtime.version, &hash[..hash.len().min(12)]),
            None => runtime.version.clone(),
        };
        ensure!(
            (&now.version, &now.sha256) == (&then.version, &then.sha256),
            "the runtime {} was {} when the run {run} began and is {} now; restore that one or start a new run",
            then.backend,
            of(then),
            of(&now)
        );
    }
    if header.options.latency.is_none() {
        return Ok(());
    }
    let facts = [
        ("kernel", &header.host.kernel, &host.kernel),
        ("frequency governor", &header.host.governor, &host.governor),
    ];
    for (what, then, now) in facts {
        // An earlier build, or a system that does not report it.
        let Some(then) = then else { continue };
        let now = now.as_deref().unwrap_or("unknown");
        ensure!(
            then == now,
            "the {what} was {then} when the run {run} began and is {now} now, so its latencies could not be compared; set it back or start a new run"
        );
    }
    Ok(())
}
