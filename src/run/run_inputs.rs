//! What timed runs are given: random numbers, or photos.

use std::sync::Arc;

use crate::model::resolve;
use crate::record::case::Case;
use crate::record::preprocessing::InputSpec;
use crate::record::status::Status;
use crate::record::timed_inputs::TimedInputs;
use crate::record::visit::Loaded;
use crate::run::context::Context;
use crate::run::run_photos::PreparedPhotos;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};
use crate::worker::sample_input;
use crate::worker::worker_source::unexpected;

/// Hands a worker that has loaded a case what its runs are to be given.
///
/// # Errors
/// The case's fault: it takes no photo, or none can be read.
pub(crate) fn send(
    context: &Context<'_>,
    case: &Case,
    loaded: &Loaded,
    link: &mut dyn Link,
) -> Result<(), Fault> {
    let answer = match stated(context) {
        TimedInputs::Noise => {
            let inputs = sample_input::seeded(&loaded.inputs, context.seed());
            link.ask(&Request::SetInputs, &inputs)?.0
        }
        TimedInputs::Dataset => {
            let photos = photos(context, case, loaded)?;
            let request = Request::RotateInputs { images: photos.count };
            link.ask(&request, &photos.bytes)?.0
        }
    };
    match answer {
        Reply::InputsSet => Ok(()),
        other => Err(unexpected(other)),
    }
}

/// Hands it once more what runs of another kind have overwritten; photos are written before each
/// run anyway.
///
/// # Errors
/// The case's fault.
pub(crate) fn restore(
    context: &Context<'_>,
    case: &Case,
    loaded: &Loaded,
    link: &mut dyn Link,
) -> Result<(), Fault> {
    match stated(context) {
        TimedInputs::Noise => send(context, case, loaded, link),
        TimedInputs::Dataset => Ok(()),
    }
}

fn stated(context: &Context<'_>) -> TimedInputs {
    let latency = context.options().latency.as_ref();
    latency.map(|latency| latency.inputs).unwrap_or_default()
}

fn photos(
    context: &Context<'_>,
    case: &Case,
    loaded: &Loaded,
) -> Result<Arc<PreparedPhotos>, Fault> {
    let model = context.model(case);
    let unsupported = |reason: String| Fault::new(Status::Unsupported, reason.replace('\n', " "));
    let overrides = &context.options().overrides;
    let spec = resolve::input_spec(model, overrides, context.header().image_size());
    let spec = spec.map_err(|error| unsupported(format!("{error:#}")))?.spec;
    match loaded.inputs.as_slice() {
        [input] if fits(&spec, &input.shape) && spec.element == input.element => {
            context.photos.prepared(&model.name, &spec)
        }
        _ => Err(unsupported(
            "it takes something else than photos, which --inputs dataset gives it; omit --inputs"
                .into(),
        )),
    }
}

/// Whether the tensor of a photo has the shape of the input, but for the number of photos.
fn fits(spec: &InputSpec, shape: &[usize]) -> bool {
    shape.split_first().is_some_and(|(_, rest)| *rest == spec.shape()[1..])
}
