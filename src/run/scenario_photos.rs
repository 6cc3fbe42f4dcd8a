//! The photos of runs from end to end.

use crate::dataset::entries::Dataset;
use crate::model::resolve;
use crate::record::case::Case;
use crate::record::status::Status;
use crate::run::choose_outputs;
use crate::run::context::Context;
use crate::run::run_photos::spaced;
use crate::worker::link::{Fault, Link};
use crate::worker::photo_runs::PhotoPlan;
use crate::worker::protocol::{Reply, Request};
use crate::worker::worker_source::unexpected;

/// Maximum bytes of them, which cross a pipe and stay in the worker's memory.
const MOST_BYTES: usize = 256 << 20;

/// Hands a worker the photos for its runs from end to end: evenly spaced ones of the dataset,
/// beginning with another one in each round.
///
/// # Errors
/// The case's fault: it takes no photo, or none can be read.
pub(crate) fn send(
    context: &Context<'_>,
    dataset: &Dataset,
    case: &Case,
    round: u32,
    link: &mut dyn Link,
) -> Result<(), Fault> {
    let model = context.model(case);
    let unsupported = |error: anyhow::Error| {
        Fault::new(Status::Unsupported, format!("{error:#}").replace('\n', " "))
    };
    let overrides = &context.options().overrides;
    let spec = resolve::input_spec(model, overrides, context.header().image_size());
    let spec = spec.map_err(unsupported)?.spec;
    let output = choose_outputs::of(context.header(), model)?.index;
    let scored = &dataset.entries[dataset.scored()];
    let (mut lengths, mut payload) = (Vec::new(), Vec::new());
    for entry in spaced(scored, round) {
        // What cannot be read is named where it is scored.
        let Ok(file) = dataset.load(entry) else { continue };
        if payload.len() + file.len() > MOST_BYTES {
            break;
        }
        lengths.push(file.len());
        payload.extend(file);
    }
    let plan = PhotoPlan { spec, exif: dataset.exif, output, lengths };
    match link.ask(&Request::SetPhotos(Box::new(plan)), &payload)?.0 {
        Reply::InputsSet => Ok(()),
        other => Err(unexpected(other)),
    }
}
