//! Agreement without a dataset: every case's outputs on random inputs are
//! compared with its reference's.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use anyhow::Result;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::image::pixels::Pixels;
use crate::image::preprocess::Preparer;
use crate::model::resolve::Input;
use crate::model::{resolve, shapes};
use crate::record::agreement::Agreement;
use crate::record::case::AccuracyKey;
use crate::record::description::Model;
use crate::record::header::Header;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::run::{AccuracyRecord, CaseRecord};
use crate::record::status::Status;
use crate::record::tensor::TensorInfo;
use crate::run::context::Context;
use crate::run::entry::Entry;
use crate::run::reference::single_threaded;
use crate::run::{choose_outputs, reference};
use crate::worker::link::Fault;
use crate::worker::protocol::{Reply, Request};
use crate::worker::sample_input;
use crate::worker::worker_source::Worker;
use crate::worker::worker_source::unexpected;

/// Inputs that are compared.
const INPUTS: u32 = 16;
/// Pixels per side of the random images that become the inputs: enlarged to a model's size they
/// have smooth areas and edges, unlike noise.
const SIDE: usize = 8;

/// One vector of real-valued outputs per input.
type OutputVectors = Vec<Vec<f32>>;

/// Which cases are asked.
#[derive(Clone, Copy)]
pub(crate) enum Works<'a> {
    /// Those that the latency part did not lose.
    WhereTimed(&'a [CaseRecord]),
    /// All of them: nothing was timed yet.
    Unknown,
}

/// Compares what `records` lack with its reference. Returns early when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(
    context: &mut Context<'_>,
    works: Works<'_>,
    records: &mut [AccuracyRecord],
) -> Result<()> {
    let mut references = HashMap::new();
    for (subject, record) in records.iter_mut().enumerate() {
        let key = record.key.clone();
        let worked = match works {
            Works::WhereTimed(cases) => {
                cases.iter().any(|it| it.case.accuracy_key() == key && it.status == Status::Ok)
            }
            Works::Unknown => true,
        };
        if record.ended || !worked {
            continue;
        }
        if context.interrupted() {
            break;
        }
        let compared = compared(context, &mut references, &key);
        let ((agreement, outputs), fault) = match compared {
            Ok((agreement, outputs)) => ((agreement, Some(outputs)), None),
            Err(fault) if fault.is_of_interrupt(context.interrupt()) => break,
            Err(fault) => ((None, None), Some(fault)),
        };
        let killed = fault.as_ref().is_some_and(|fault| fault.killed);
        let status = fault.as_ref().map_or(Status::Ok, |fault| fault.status);
        let error = fault.map(|fault| fault.reason);
        let coverage = None;
        let entry =
            Entry::SubjectEnded { subject, status, error, coverage, agreement, outputs, killed };
        context.keep_subject(record, entry)?;
    }
    Ok(())
}

/// What the outputs look like, and how they agree with the reference's; `None` if that does not
/// run here or takes other inputs.
fn compared(
    context: &Context<'_>,
    references: &mut HashMap<AccuracyKey, Option<OutputVectors>>,
    key: &AccuracyKey,
) -> Result<(Option<Agreement>, OutputsSeen), Fault> {
    let model = context.model(&single_threaded(key));
    let found = outputs(context, key, model)?;
    let one = |output: &Vec<f32>| OutputsSeen::one(output.iter().map(|it| f64::from(*it)));
    let seen = found.iter().map(one).collect();
    let reference = reference::of(context.header(), model);
    if !take_the_same(context, model, reference) {
        return Ok((None, seen));
    }
    let reference_key = reference::key(reference);
    if !references.contains_key(&reference_key) {
        let expected = match outputs(context, &reference_key, reference) {
            Err(fault) if fault.killed => return Err(fault),
            outputs => outputs.ok(),
        };
        references.insert(reference_key.clone(), expected);
    }
    let Some(Some(expected)) = references.get(&reference_key) else { return Ok((None, seen)) };
    let agreement = Agreement::of(expected, &found);
    Ok((agreement.map(|it| reference::of_kinds(context.header(), &model.name, it)), seen))
}

/// Whether one input can be made for both: the same images, or the same bytes
/// of the same model.
fn take_the_same(context: &Context<'_>, model: &Model, reference: &Model) -> bool {
    let overrides = &context.options().overrides;
    let images = context.header().image_size();
    let takes_images = |model| resolve::input_spec(model, overrides, images).is_ok();
    model.name == reference.name || (takes_images(model) && takes_images(reference))
}

fn outputs(
    context: &Context<'_>,
    key: &AccuracyKey,
    model: &Model,
) -> Result<OutputVectors, Fault> {
    let Worker { mut link, loaded } =
        context.workers.unpinned().load(&single_threaded(key), model)?;
    let Some(scored) = context.header().scored_of(&model.name) else {
        return Ok(OutputVectors::new());
    };
    let classes = scored.classes.unwrap_or(0);
    let Ok(reading) = choose_outputs::reading(model, scored, &loaded.outputs, classes) else {
        return Ok(OutputVectors::new());
    };
    let (count, inputs) = inputs(context.header(), model, &loaded.inputs);
    match link.ask(&Request::Infer { count, output: scored.index }, &inputs)? {
        (Reply::Outputs { .. }, bytes) => {
            let size = reading.byte_len().max(1);
            Ok(bytes.chunks_exact(size).map(|one| reading.compared(one)).collect())
        }
        (other, _) => Err(unexpected(other)),
    }
}

/// The random images as this model takes them, and how many they are; random bytes for a model
/// that takes none. `infos` are the inputs as they are loaded.
pub(crate) fn inputs(header: &Header, model: &Model, infos: &[TensorInfo]) -> (u32, Vec<u8>) {
    let images = shapes::images(model, NonZeroUsize::MIN).map_or(1, NonZeroUsize::get);
    let one = |input: &TensorInfo| input.of_one_image(images).unwrap_or_else(|| input.clone());
    let infos: Vec<TensorInfo> = infos.iter().map(one).collect();
    let seeds = (0..u64::from(INPUTS)).map(|input| header.options.seed.wrapping_add(input));
    let bytes = match resolve::input_spec(model, &header.options.overrides, header.image_size()) {
        Ok(Input { spec, .. }) => {
            let (mut preparer, mut tensors) = (Preparer::default(), Vec::new());
            seeds.for_each(|seed| preparer.prepare(&image(seed), &spec, &mut tensors));
            tensors
        }
        Err(_) => seeds.flat_map(|seed| sample_input::seeded(&infos, seed)).collect(),
    };
    (INPUTS, bytes)
}

fn image(seed: u64) -> Pixels {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Pixels::rgbx(SIDE, SIDE, (0..SIDE * SIDE * 4).map(|_| rng.random::<u8>()).collect())
}
