//! Whether a run may be continued here: with the same program, models,
//! dataset and host, else its rows would not compare with each other.

use anyhow::{Context, Result, ensure};

use crate::dataset::entries::Dataset;
use crate::model::select;
use crate::record::header::Header;
use crate::record::host::Host;
use crate::run::plan::{open_dataset, worker_hash};

/// Opens the dataset of a run that is to be continued.
///
/// # Errors
/// Says what changed since the run began.
pub fn check(header: &Header) -> Result<Option<Dataset>> {
    ensure!(
        header.parts.is_empty(),
        "the run {} was merged from others and has nothing to continue; resume those",
        header.run_id
    );
    ensure!(
        header.binary_sha256 == worker_hash(&header.options),
        "this shutterbench is not the build that began the run {} (version {}, commit {}); resume with that one or start a new run",
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
    for model in header.models.iter().chain(&header.references) {
        let now = select::open(&model.path)
            .with_context(|| format!("the run {} cannot be continued", header.run_id))?;
        ensure!(
            (&now.sha256, now.bytes) == (&model.sha256, model.bytes),
            "model {} changed since the run {} began; start a new run",
            model.path.display(),
            header.run_id
        );
    }
    let Some(options) = &header.options.accuracy else { return Ok(None) };
    let dataset = open_dataset(options, header.options.seed)?;
    let facts = dataset.facts();
    ensure!(
        header.dataset.as_ref().is_some_and(|then| then.sha256 == facts.sha256),
        "dataset {} changed since the run {} began; start a new run",
        options.dataset.display(),
        header.run_id
    );
    Ok(Some(dataset))
}
