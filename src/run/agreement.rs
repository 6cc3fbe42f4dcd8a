//! How far a case's outputs are from its reference's: the same weights in
//! float32 on tflite without a delegate, else the model itself there.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use super::accuracy::single_threaded;
use super::execute::{Context, find_model};
use super::record::Agreement;
use crate::accuracy::{Dataset, decode, preprocess};
use crate::backend::{BackendKind, Delegate};
use crate::model::tensor::Tensor;
use crate::model::{Format, Model, resolve};
use crate::suite::{AccuracyKey, Case};
use crate::worker::{Reply, Request, Worker};

/// Images that are compared: the first ones of the dataset. Enough to see a
/// wrong result, few enough to cost less than the scoring itself.
pub const IMAGES: usize = 64;
/// Images that are sent to a worker at once.
const BATCH: usize = 8;

/// One vector of real-valued outputs per image.
type Outputs = Vec<Vec<f32>>;

/// The outputs that a run compares, by what gave them; `None` where it cannot
/// run. They are by-products of scoring, in which references take part for as
/// many images as are compared.
pub struct Agreements<'a> {
    dataset: &'a Dataset,
    outputs: HashMap<AccuracyKey, Option<Outputs>>,
}

impl<'a> Agreements<'a> {
    /// None known yet.
    #[must_use]
    pub fn new(dataset: &'a Dataset) -> Self {
        Self { dataset, outputs: HashMap::new() }
    }

    /// Where the images that are compared end.
    #[must_use]
    pub fn end(&self) -> usize {
        self.dataset.scored().end.min(IMAGES)
    }

    /// Whether this run has images to compare: a later shard has none.
    fn has_images(&self) -> bool {
        self.dataset.scored().start < self.end()
    }

    /// The reference of a subject, unless its outputs are known.
    #[must_use]
    pub fn unknown_reference(
        &self,
        context: &Context<'_>,
        key: &AccuracyKey,
    ) -> Option<AccuracyKey> {
        let reference = reference_key(context, key)?;
        (self.has_images() && !self.outputs.contains_key(&reference)).then_some(reference)
    }

    /// Takes outputs of the next images.
    pub fn hear(&mut self, key: &AccuracyKey, outputs: Outputs) {
        if outputs.is_empty() {
            return;
        }
        let known = self.outputs.entry(key.clone()).or_insert_with(|| Some(Vec::new()));
        if let Some(known) = known {
            known.extend(outputs);
        }
    }

    /// Notes that nothing (more) comes of it.
    pub fn lose(&mut self, key: &AccuracyKey) {
        self.outputs.insert(key.clone(), None);
    }

    /// Compares a subject with its reference; `None` where either cannot run.
    /// What scoring did not bring, because it was done in an earlier session, is
    /// computed here.
    pub fn measure(&mut self, context: &Context<'_>, key: &AccuracyKey) -> Option<Agreement> {
        let reference = reference_key(context, key).filter(|_| self.has_images())?;
        for needed in [&reference, key] {
            if !self.outputs.contains_key(needed) {
                let case = single_threaded(needed);
                let outputs = outputs(context, self.dataset, &case, context.model(&case));
                self.outputs.insert(needed.clone(), outputs);
            }
        }
        compare(self.outputs.get(&reference)?.as_ref()?, self.outputs.get(key)?.as_ref()?)
    }
}

/// What a subject is compared with.
fn reference_key(context: &Context<'_>, key: &AccuracyKey) -> Option<AccuracyKey> {
    let model = reference_of(context, context.model(&single_threaded(key)))?;
    Some(reference_case(model).accuracy_key())
}

/// The model that a model is compared with: in the run, or beside its file.
fn reference_of<'a>(context: &'a Context<'_>, model: &'a Model) -> Option<&'a Model> {
    let named = model.description.reference.as_deref();
    match named.and_then(|name| find_model(context.header(), name)) {
        Some(reference) => Some(reference),
        None => (model.format == Format::Tflite).then_some(model),
    }
}

fn reference_case(model: &Model) -> Case {
    Case {
        model: model.name.clone(),
        backend: BackendKind::Tflite,
        delegate: Delegate::None,
        threads: NonZeroUsize::MIN,
        device: None,
    }
}

fn outputs(
    context: &Context<'_>,
    dataset: &Dataset,
    case: &Case,
    model: &Model,
) -> Option<Outputs> {
    let (spec, _) = resolve::input_spec(model, &context.options().overrides).ok()?;
    let Worker { mut link, loaded } = context.workers.load(case, model).ok()?;
    let output = loaded.outputs.first()?.clone();
    let mut all = Vec::new();
    let gate = Mutex::new(());
    // A shard compares those of the first images that are its own, so that the
    // shards of a run together compare what the whole run would.
    let due = dataset.scored();
    let images = &dataset.entries[due.start.min(IMAGES)..due.end.min(IMAGES)];
    for batch in images.chunks(BATCH) {
        let tensors: Vec<u8> = batch
            .iter()
            .filter_map(|entry| {
                let bytes = decode::load(&dataset.path(entry)).ok()?;
                let decoded = decode::decode(&bytes, &gate).ok()?;
                Some(preprocess::prepare(&decoded.pixels, &spec))
            })
            .flatten()
            .collect();
        let size = loaded.inputs.first()?.byte_len();
        let count = u32::try_from(tensors.len() / size.max(1)).ok()?;
        let (Reply::Outputs { .. }, bytes) = link.ask(&Request::Infer { count }, &tensors).ok()?
        else {
            return None;
        };
        all.extend(bytes.chunks_exact(output.byte_len().max(1)).map(|bytes| {
            let bytes = bytes.to_vec();
            let tensor = Tensor { element: output.element, shape: output.shape.clone(), bytes };
            tensor.to_real(output.quantization.as_ref())
        }));
    }
    Some(all)
}

fn compare(expected: &Outputs, found: &Outputs) -> Option<Agreement> {
    if expected.is_empty() || expected.len() != found.len() {
        return None;
    }
    let mut same = 0_usize;
    let mut max_abs_error = 0.0_f64;
    for (expected, found) in expected.iter().zip(found) {
        if expected.len() != found.len() {
            return None;
        }
        same += usize::from(best(expected) == best(found));
        for (a, b) in expected.iter().zip(found) {
            let error = f64::from((a - b).abs());
            max_abs_error = if error.is_nan() { f64::INFINITY } else { max_abs_error.max(error) };
        }
    }
    let images = expected.len();
    Some(Agreement { images, top1: same as f64 / images as f64, max_abs_error })
}

/// The best class; of equal scores the lower index.
fn best(scores: &[f32]) -> Option<usize> {
    (0..scores.len()).reduce(|best, i| if scores[i] > scores[best] { i } else { best })
}
