//! A run that is merged into another one, and what it leaves there.

use crate::record::header::{Header, Part};
use crate::record::partition::Partition;
use crate::record::run::{Finished, Run};
use std::mem::take;
use std::path::PathBuf;

/// A run to be merged with others.
#[derive(Debug, Clone)]
pub(crate) struct MergeSource {
    /// Its folder.
    pub folder: PathBuf,
    /// The contents of its journal.
    pub run: Run,
}

impl MergeSource {
    pub(crate) fn name(&self) -> String {
        self.folder.display().to_string()
    }

    pub(crate) fn shard(&self) -> Option<crate::record::shard::Shard> {
        self.run.header.options.accuracy.as_ref()?.shard
    }
}

impl MergeSource {
    pub(crate) fn partition(&self) -> Option<Partition> {
        self.run.header.options.cases.partition
    }

    /// Whether it is a part of a run that was spread over machines.
    pub(crate) fn is_part(&self) -> bool {
        self.run.header.is_part()
    }
}

/// What a run leaves of itself in the run that it is merged into.
pub(crate) fn part(run: &Run, device: &str) -> Part {
    let header = &run.header;
    Part {
        run_id: header.run_id.clone(),
        device: device.to_owned(),
        shard: header.options.accuracy.as_ref().and_then(|accuracy| accuracy.shard),
        binary_sha256: header.binary_sha256.clone(),
        started_at: header.started_at.clone(),
        seconds: run.finished.map_or(0.0, |finished| finished.seconds),
        host: header.host.clone(),
        runtimes: header.runtimes.clone(),
    }
}

/// The parts of a run, or the run itself as the only one, on `device`.
pub(crate) fn parts(run: &Run, device: &str) -> Vec<Part> {
    let parts = match run.header.parts.as_slice() {
        [] => vec![part(run, device)],
        parts => parts.to_vec(),
    };
    parts.into_iter().map(|part| Part { device: device.to_owned(), ..part }).collect()
}

pub(crate) fn add_new<T: PartialEq>(to: &mut Vec<T>, items: Vec<T>) {
    for item in items {
        if !to.contains(&item) {
            to.push(item);
        }
    }
}

/// Adds what another run found before it measured: which runtimes and models it could not use,
/// and what is known of the models that this one does not know.
pub(crate) fn add_findings(to: &mut Header, of: &mut Header) {
    add_new(&mut to.unusable, take(&mut of.unusable));
    add_new(&mut to.unscored, take(&mut of.unscored));
    for model in take(&mut of.references) {
        if to.references.iter().all(|known| known.name != model.name) {
            to.references.push(model);
        }
    }
    for scored in take(&mut of.scored) {
        if to.scored_of(&scored.model).is_none() {
            to.scored.push(scored);
        }
    }
    for mut outputs in take(&mut of.outputs) {
        outputs.models.retain(|model| to.outputs_of(model).is_none());
        if !outputs.models.is_empty() {
            outputs.add_to(&mut to.outputs);
        }
    }
    for mut pipeline in take(&mut of.pipelines) {
        pipeline.models.retain(|model| to.pipeline_of(model).is_none());
        if !pipeline.models.is_empty() {
            pipeline.add_to(&mut to.pipelines);
        }
    }
}

/// The time that was spent on both, wherever.
pub(crate) fn together(one: Option<Finished>, other: Option<Finished>) -> Option<Finished> {
    let (one, other) = one.zip(other)?;
    Some(Finished { load_after: None, seconds: one.seconds + other.seconds })
}
