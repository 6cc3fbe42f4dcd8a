//! How many images a run of a case takes, and what each of them costs.

use std::num::NonZeroUsize;

use crate::model::shapes;
use crate::record::description::Model;
use crate::record::run::{CaseRecord, Run};

/// The requested number, or the one that the model's file fixes.
#[must_use]
pub(crate) fn images_per_run(run: &Run, record: &CaseRecord) -> usize {
    let latency = run.header.options.latency.as_ref();
    let asked = latency.map_or(NonZeroUsize::MIN, |latency| latency.batch_of(&record.case));
    let model = run.header.models.iter().find(|model| model.name == record.case.model);
    let fixed = model.and_then(|model| shapes::images(model, asked).ok());
    fixed.unwrap_or(asked).get()
}

/// Multiply-accumulates per image, of a file that may fix several per run.
#[must_use]
pub(crate) fn macs_per_image(model: &Model) -> Option<u64> {
    Some(model.signature.cost.as_ref()?.macs()? / images_in_file(model))
}

/// Bytes of activations per image, likewise.
#[must_use]
pub(crate) fn activation_bytes_per_image(model: &Model) -> Option<u64> {
    Some(model.signature.cost.as_ref()?.activation_bytes? / images_in_file(model))
}

/// Images of the run that a file's cost is of.
fn images_in_file(model: &Model) -> u64 {
    shapes::images(model, NonZeroUsize::MIN).map_or(1, NonZeroUsize::get) as u64
}
