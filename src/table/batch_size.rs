//! How many images a run of a case takes.

use std::num::NonZeroUsize;

use crate::model::shapes;
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
