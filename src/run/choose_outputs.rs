//! Which output of each model is scored, and what its scores are: decided once, before anything is
//! measured. If neither the file nor its description states it, the model is run on the first
//! images of the dataset.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use crate::dataset::entries::Dataset;
use crate::image::decode;
use crate::image::preprocess::Preparer;
use crate::model::{choose_output, labels, resolve, shapes};
use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::description::{Description, Model};
use crate::record::header::Header;
use crate::record::output_kind::OutputKind;
use crate::record::scored_output::{OutputForm, ScoredOutput};
use crate::record::status::Status;
use crate::record::tensor::TensorInfo;
use crate::scoring::output_reader::OutputReader;
use crate::worker::link::Fault;
use crate::worker::protocol::{Reply, Request};
use crate::worker::worker_source::{Worker, WorkerSource};

/// Number of images from which the kind of a model's scores is determined.
const IMAGES: usize = 16;

/// What was decided about the models of a run.
#[derive(Debug, Default)]
pub(crate) struct ScoredOutputs {
    /// The outputs that are scored.
    pub scored: Vec<ScoredOutput>,
    /// The models that cannot be scored, each with the sentence that says why.
    pub unscored: Vec<(String, String)>,
    /// What the dataset's images showed, and what was chosen.
    pub assumed: Vec<String>,
}

/// What the decision needs.
#[derive(Clone, Copy)]
pub(crate) struct ProbeSetup<'a> {
    /// What is stated of models besides their own descriptions.
    pub overrides: &'a Description,
    /// The backends of which one runs a model, if that is needed.
    pub backends: &'a [BackendKind],
    /// The source of its process.
    pub workers: &'a WorkerSource,
    /// The images, if accuracy is measured.
    pub dataset: Option<&'a Dataset>,
}

/// Decides for each of `models`.
#[must_use]
pub(crate) fn decide<'a>(
    models: impl IntoIterator<Item = &'a Model>,
    means: ProbeSetup<'_>,
) -> ScoredOutputs {
    let mut decided = ScoredOutputs::default();
    for model in models {
        match one(model, means) {
            Ok(scored) => {
                let kind = scored.kind.zip(scored.kind_source.as_deref());
                let told = kind.filter(|(_, source)| *source == BY_IMAGES);
                let told = told.map(|(kind, source)| format!("its scores are {kind}, by {source}"));
                let parts: Vec<String> = scored.chosen.iter().cloned().chain(told).collect();
                if !parts.is_empty() {
                    decided.assumed.push(format!("{}: {}", model.name, parts.join("; ")));
                }
                decided.scored.push(scored);
            }
            Err(error) => decided.unscored.push((model.name.clone(), format!("{error:#}"))),
        }
    }
    decided
}

/// The source of a kind that was seen in what a model gave.
const BY_IMAGES: &str = "its outputs for the dataset's first images";

fn one(model: &Model, means: ProbeSetup<'_>) -> Result<ScoredOutput> {
    let ProbeSetup { overrides, dataset, .. } = means;
    if dataset.is_some() {
        resolve::input_spec(model, overrides, None)?;
    }
    // Before it is run to learn more.
    choose_output::check_detector(model, overrides)?;
    let shaped = shapes::of(model, overrides, NonZeroUsize::MIN)?;
    let mut outputs = shaped.signature.outputs;
    let mut probe = None;
    if outputs.iter().any(TensorInfo::is_open) {
        let started = OutputProbe::start(model, means)?;
        learn_shapes(probe.insert(started), &mut outputs)?;
    }
    let names = names_of(model, overrides)?;
    let classes = dataset.map(Dataset::class_count);
    let counts = choose_output::fitting_counts(names.as_ref().map(Vec::len), classes);
    let mut scored = choose_output::choose(model, &outputs, overrides, &counts)?;
    if scored.form == OutputForm::ClassName {
        scored.names = class_names(model, names, dataset)?;
        scored.classes = Some(scored.names.len());
    } else if scored.form == OutputForm::ClassIndex {
        scored.classes = names.as_ref().map(Vec::len).or(classes);
    } else if let (None, Some(dataset)) = (scored.kind, dataset) {
        let probe = match probe {
            Some(probe) => Ok(probe),
            None => OutputProbe::start(model, means),
        };
        // A model that no backend runs is refused by each of them, with its own message.
        if let Ok(mut probe) = probe {
            scored.kind = kind_of(&mut probe, model, overrides, dataset, &scored, &outputs)?;
            scored.kind_source = scored.kind.map(|_| BY_IMAGES.to_owned());
        }
    }
    Ok(scored)
}

/// The same, as far as the file and its description alone show: for a model whose input's size
/// nobody states, which cannot be run.
#[must_use]
pub(crate) fn of_file(model: &Model, overrides: &Description) -> Option<ScoredOutput> {
    let of_one = |output: &TensorInfo| {
        let is_known = !output.unshaped && output.open.iter().all(|open| open.axis == 0);
        is_known.then(|| output.with_shape(output.shape.clone()))
    };
    let outputs: Vec<TensorInfo> =
        model.signature.outputs.iter().map(of_one).collect::<Option<_>>()?;
    let names = names_of(model, overrides).ok()?.map(|names| names.len());
    let counts = choose_output::fitting_counts(names, None);
    choose_output::choose(model, &outputs, overrides, &counts).ok()
}

/// The class names that are stated for a model, or in it.
fn names_of(model: &Model, overrides: &Description) -> Result<Option<Vec<String>>> {
    match &resolve::merged(overrides, &model.description).labels {
        Some(path) => labels::labels_file::read(path).map(Some),
        None => Ok(model.signature.labels.clone()),
    }
}

/// How many of the dataset's first images are needed to decide about `model`: none if its file
/// or its description states what its scores are.
#[must_use]
pub(crate) fn images_looked_at(model: &Model, overrides: &Description, dataset: &Dataset) -> usize {
    let is_stated = || -> Result<bool> {
        let outputs = shapes::of(model, overrides, NonZeroUsize::MIN)?.signature.outputs;
        if outputs.iter().any(TensorInfo::is_open) {
            return Ok(false);
        }
        let names = names_of(model, overrides)?.map(|names| names.len());
        let counts = choose_output::fitting_counts(names, Some(dataset.class_count()));
        let scored = choose_output::choose(model, &outputs, overrides, &counts)?;
        Ok(scored.kind.is_some() || scored.form.is_best_only())
    };
    // A model that is refused is refused before any image is looked at.
    if is_stated().unwrap_or(true) { 0 } else { IMAGES }
}

/// The names that a model may output: its labels, those in its graph, or the dataset's.
fn class_names(
    model: &Model,
    labels: Option<Vec<String>>,
    dataset: Option<&Dataset>,
) -> Result<Vec<String>> {
    let in_graph = || model.signature.output_classes.iter().flatten().next().cloned();
    let of_dataset = || {
        let names = dataset.iter().flat_map(|dataset| &dataset.classes.names);
        names.cloned().collect::<Option<Vec<String>>>().filter(|names| !names.is_empty())
    };
    labels.or_else(in_graph).or_else(of_dataset).with_context(|| {
        format!(
            "model {} outputs class names, but it is not known which; give --labels",
            model.name
        )
    })
}

/// A loaded model that is tried before a run.
struct OutputProbe {
    worker: Worker,
    /// Images of one run.
    images: usize,
}

impl OutputProbe {
    fn start(model: &Model, means: ProbeSetup<'_>) -> Result<Self> {
        let images = shapes::images(model, NonZeroUsize::MIN)?.get();
        let mut reasons = Vec::new();
        for backend in means.backends {
            let Some(delegate) = backend.capabilities().default_delegates(false).next() else {
                continue;
            };
            let case = Case::plain(&model.name, *backend, delegate.clone(), NonZeroUsize::MIN);
            match means.workers.load(&case, model) {
                Ok(worker) => return Ok(Self { worker, images }),
                Err(fault) => reasons.push(fault.reason),
            }
        }
        anyhow::bail!("model {} could not be run: {}", model.name, reasons.join("; "))
    }

    /// The values of output `output` for `count` images.
    fn ask(&mut self, count: usize, output: usize, payload: &[u8]) -> Result<Vec<u8>> {
        let request = Request::Infer { count: u32::try_from(count)?, output };
        match self.worker.link.ask(&request, payload) {
            Ok((Reply::Outputs { .. }, bytes)) => Ok(bytes),
            Ok((Reply::Failed { reason } | Reply::Unsupported { reason }, _)) => {
                anyhow::bail!("{reason}")
            }
            Ok(_) => anyhow::bail!("its process sent the wrong kind of reply"),
            Err(fault) => anyhow::bail!("{}", fault.reason),
        }
    }

    /// Bytes of the inputs of one run.
    fn run_bytes(&self) -> usize {
        self.worker.loaded.inputs.iter().map(TensorInfo::byte_len).sum()
    }
}

/// Sets the sizes of outputs that the file leaves open to those that a run has.
fn learn_shapes(probe: &mut OutputProbe, outputs: &mut [TensorInfo]) -> Result<()> {
    for (index, output) in outputs.iter_mut().enumerate() {
        let told = probe.worker.loaded.outputs.get(index).filter(|told| !told.is_open());
        if let Some(told) = told {
            *output = output.with_shape(told.shape.clone());
        } else if output.is_open() {
            let zeros = vec![0; probe.run_bytes()];
            let bytes = probe.ask(probe.images, index, &zeros)?;
            let elements = bytes.len() / output.element.width();
            ensure!(elements > 0, "its output '{}' is empty", output.name);
            *output = output.with_shape(vec![probe.images, elements / probe.images]);
        }
    }
    Ok(())
}

/// What the scores look like on the first images that can be read.
fn kind_of(
    probe: &mut OutputProbe,
    model: &Model,
    overrides: &Description,
    dataset: &Dataset,
    scored: &ScoredOutput,
    outputs: &[TensorInfo],
) -> Result<Option<OutputKind>> {
    let spec = resolve::input_spec(model, overrides, dataset.image_size())?.spec;
    let (mut preparer, mut tensors, gate) = (Preparer::default(), Vec::new(), Mutex::new(()));
    let mut images = 0;
    for entry in dataset.entries.iter().take(IMAGES) {
        let Ok(bytes) = dataset.load(entry) else { continue };
        let Ok(decoded) = decode::decode(&bytes, &gate) else { continue };
        preparer.prepare(&decoded.turned(dataset.exif).pixels, &spec, &mut tensors);
        images += 1;
    }
    if images == 0 {
        return Ok(None);
    }
    let bytes = probe.ask(images, scored.index, &tensors)?;
    let Some(one) = outputs[scored.index].of_one_image(probe.images) else { return Ok(None) };
    let rows: Vec<Vec<f32>> =
        bytes.chunks_exact(one.byte_len().max(1)).map(|bytes| one.real(bytes)).collect();
    Ok(OutputKind::of_scores(&rows, one.quantization.is_some()))
}

/// The output of a model of a run that is scored.
///
/// # Errors
/// The fault that says why none is.
pub(crate) fn of<'a>(header: &'a Header, model: &Model) -> Result<&'a ScoredOutput, Fault> {
    let unscored = || header.unscored.iter().find(|(name, _)| *name == model.name);
    header.scored_of(&model.name).ok_or_else(|| {
        let reason =
            unscored().map_or_else(|| "it is not a classifier".into(), |(_, why)| why.clone());
        Fault::new(Status::Unsupported, reason)
    })
}

/// How the output of a loaded model is read, one image at a time.
///
/// # Errors
/// It does not hold the answers of as many images as a run takes.
pub(crate) fn reading(
    model: &Model,
    scored: &ScoredOutput,
    outputs: &[TensorInfo],
    classes: usize,
) -> Result<OutputReader> {
    let images = shapes::images(model, NonZeroUsize::MIN)?.get();
    let output = outputs.get(scored.index).with_context(|| {
        format!("output {} was requested, but the model has {}", scored.index, outputs.len())
    })?;
    let one = if output.is_open() {
        let count = match scored.form {
            OutputForm::Scores => scored.classes.unwrap_or(1),
            _ => 1,
        };
        Some(output.with_shape(vec![1, count]))
    } else {
        output.of_one_image(images)
    };
    let one = one.with_context(|| {
        format!("its output '{}' does not hold the answers of {images} images", output.name)
    })?;
    Ok(OutputReader::new(one, scored, classes))
}
