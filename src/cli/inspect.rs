//! `shutterbench inspect`.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;
use strum::VariantArray;

use crate::cli::output::{ExitStatus, print, print_json};
use crate::model::resolve::Input;
use crate::model::{resolve, select};
use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::cost::{Cost, OperatorCost};
use crate::record::description::{Description, Model};
use crate::record::model_pipeline::ModelPipeline;
use crate::record::scored_output::{OutputForm, ScoredOutput};
use crate::record::tensor::TensorInfo;
use crate::run::choose_outputs;
use crate::run::choose_outputs::{ProbeSetup, ScoredOutputs};
use crate::runtime::backend_error::BackendError;
use crate::runtime::opened_runtime::OpenedRuntime;
use crate::table::units::{bytes, large, three_digits};
use crate::worker::runtime_probe::probe;
use crate::worker::worker_source::WorkerSource;

/// What a backend reported when it was opened.
type Probed = (BackendKind, Result<OpenedRuntime, BackendError>);

/// Whether a backend can run the model.
#[derive(Debug, Serialize)]
struct Take {
    backend: BackendKind,
    takes: bool,
    reason: Option<String>,
}

/// Prints what a model file states, and which backends can run it. Each backend loads it in
/// a worker process, so that a crash is just one of the answers.
///
/// # Errors
/// A name or file that is not a usable model.
pub(crate) fn inspect(name: &str, overrides: &Description, json: bool) -> Result<ExitStatus> {
    let models = select::select(&[name.to_owned()], overrides.signature.as_deref())?;
    let workers = WorkerSource::isolated().with_overrides(overrides.clone());
    let probed = probe(&workers, BackendKind::VARIANTS);
    let shown: Vec<_> =
        models.iter().map(|model| (model, takes(model, &workers, &probed))).collect();
    let present = probed.iter().filter(|(_, opened)| opened.is_ok()).map(|(kind, _)| *kind);
    let backends: Vec<BackendKind> = present.collect();
    let setup = ProbeSetup { overrides, backends: &backends, workers: &workers, dataset: None };
    if json {
        #[derive(Serialize)]
        struct Inspected<'a> {
            model: &'a Model,
            backends: &'a [Take],
            /// What happens to a photo; nothing for a model that takes no photos.
            pipeline: Option<ModelPipeline>,
            /// The output that is scored: what its numbers are, and what that is known from.
            scored: Option<ScoredOutput>,
            /// Why none can be scored.
            unscored: Option<String>,
        }
        let all: Vec<_> = shown
            .iter()
            .map(|(model, backends)| {
                let input = resolve::input_spec(model, overrides, None).ok();
                let pipeline = input.map(|input| pipeline_of(model, &input));
                let (scored, unscored) = match scored_output(model, setup) {
                    Ok(scored) => (Some(scored), None),
                    Err(reason) => (choose_outputs::of_file(model, overrides), Some(reason)),
                };
                Inspected { model, backends, pipeline, scored, unscored }
            })
            .collect();
        return print_json(&all);
    }
    let text: String = shown.iter().map(|(model, takes)| describe(model, takes, setup)).collect();
    print(text.as_bytes())
}

fn takes(model: &Model, workers: &WorkerSource, probed: &[Probed]) -> Vec<Take> {
    probed
        .iter()
        .filter_map(|(backend, opened)| {
            if let Err(error) = opened {
                let reason = Some(error.to_string());
                return Some(Take { backend: *backend, takes: false, reason });
            }
            let delegate = backend.capabilities().default_delegates(false).next()?.clone();
            let threads = std::num::NonZeroUsize::MIN;
            let case = Case::plain(&model.name, *backend, delegate, threads);
            let reason = workers.load(&case, model).err().map(|fault| fault.reason);
            Some(Take { backend: *backend, takes: reason.is_none(), reason })
        })
        .collect()
}

fn describe(model: &Model, takes: &[Take], setup: ProbeSetup<'_>) -> String {
    let overrides = setup.overrides;
    let mut text = String::new();
    let signature = &model.signature;
    let mut line = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<11} {value}");
    };
    line("model", &model.name);
    line("file", &model.path.display().to_string());
    line("format", &model.format.to_string());
    line("bytes", &model.bytes.to_string());
    line("sha256", &model.sha256);
    let precision = model.description.precision.unwrap_or(signature.precision);
    line("precision", &precision.to_string());
    for input in &signature.inputs {
        line("input", &tensor(input));
    }
    for output in &signature.outputs {
        line("output", &tensor(output));
    }
    for choice in &signature.choices {
        let is_run = signature.choices.len() > 1 && signature.chosen.as_ref() == Some(choice);
        line("signature", &format!("{choice}{}", if is_run { ", which runs" } else { "" }));
    }
    for storage in &signature.storage {
        line("weights", &storage.to_string());
    }
    // A reason that more than one of the answers has is said once.
    let input = resolve::input_spec(model, overrides, None);
    let said = input.as_ref().err().map(|error| format!("{error:#}"));
    match input {
        Ok(input) => {
            let spec = &input.spec;
            let shape = format!("{} {} x {}", spec.layout, spec.width, spec.height);
            line("images", &shape);
            line("pipeline", &pipeline_of(model, &input).to_string());
            if !input.assumed.is_empty() {
                line("assumed", &input.assumed.join("; "));
            }
        }
        Err(error) => {
            line("images", &format!("none: {error:#}"));
            if signature.leaves_size_open()
                && let Ok((preset, source)) = resolve::preset(model, overrides)
            {
                line(
                    "pipeline",
                    &format!("{preset} ({}), to the size of the input", source.told()),
                );
            }
        }
    }
    for stated in &model.stated {
        line("stated", &format!("by {}: {}", stated.by, stated.fields.join(", ")));
    }
    for note in model.config_error.iter().chain(&model.config_notes) {
        line("note", note);
    }
    if let Some(names) = &model.description.label_names {
        line("labels", &format!("{}: {}", names.len(), some_of(names)));
    }
    classes(model, setup, said.as_deref(), &mut line);
    if let Some(labels) = &signature.labels {
        line("labels", &format!("{} in the file: {}", labels.len(), some_of(labels)));
    }
    let operators: Vec<String> =
        signature.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
    line("operators", &format!("{}: {}", signature.nodes(), operators.join(", ")));
    if let Some(cost) = &signature.cost {
        cost_lines(cost, &mut line);
    }
    for (backends, answer) in answers(takes, said.as_deref()) {
        line(&backends.join(", "), &answer);
    }
    text
}

/// What a run computes, holds and moves, and how that is spread over the operators.
fn cost_lines(cost: &Cost, line: &mut dyn FnMut(&str, &str)) {
    let count = |count: Option<u64>| count.map_or_else(|| "unknown".to_owned(), large);
    let size = |size: Option<u64>| size.map_or_else(|| "unknown".to_owned(), bytes);
    line("MACs", &count(cost.macs()));
    line("parameters", &count(cost.parameters));
    let stored = cost.weights.iter().map(|it| format!("{} {}", it.element, bytes(it.bytes)));
    line("weights", &stored.collect::<Vec<_>>().join(", "));
    line("activations", &size(cost.activation_bytes));
    if let Some(intensity) = cost.intensity() {
        line("intensity", &format!("{} MACs per byte read or written", three_digits(intensity)));
    }
    for of in &cost.operators {
        let OperatorCost { operator, nodes, macs, parameters, weight_bytes, moved_bytes } = of;
        let (macs, parameters) = (count(*macs), large(*parameters));
        let (weights, moved) = (bytes(*weight_bytes), size(*moved_bytes));
        line(
            "cost",
            &format!(
                "{operator} {nodes}: {macs} MACs, {parameters} parameters in {weights}, {moved} read and written"
            ),
        );
    }
    for what in &cost.unknown {
        line("unknown", what);
    }
}

/// Why there is none of something, unless that was `said` before.
fn none(reason: &str, said: Option<&str>) -> String {
    if said == Some(reason) {
        "none, for that reason".to_owned()
    } else {
        format!("none: {reason}")
    }
}

/// The backends with what each says of the model, those that say the same together.
fn answers(takes: &[Take], said: Option<&str>) -> Vec<(Vec<String>, String)> {
    let mut answers: Vec<(Vec<String>, String)> = Vec::new();
    for take in takes {
        let answer = match take.reason.as_deref() {
            None => "yes".to_owned(),
            Some(reason) if said == Some(reason) => "no, for that reason".to_owned(),
            Some(reason) => format!("no: {reason}"),
        };
        let name = take.backend.to_string();
        match answers.iter_mut().find(|(_, known)| !take.takes && *known == answer) {
            Some((backends, _)) => backends.push(name),
            None => answers.push((vec![name], answer)),
        }
    }
    answers
}

/// The output that is scored, its number of classes, and what its numbers are.
fn classes(
    model: &Model,
    setup: ProbeSetup<'_>,
    said: Option<&str>,
    line: &mut dyn FnMut(&str, &str),
) {
    let of_file = || choose_outputs::of_file(model, setup.overrides);
    let scored = match scored_output(model, setup) {
        Ok(scored) => scored,
        Err(reason) => match of_file().filter(|_| said == Some(&reason)) {
            Some(scored) => scored,
            None => return line("classes", &none(&reason, said)),
        },
    };
    let count = scored.classes.map_or("as many as the labels".into(), |n| n.to_string());
    line("classes", &count);
    if let Some(chosen) = &scored.chosen {
        line("scored", chosen);
    }
    let kind = match (scored.form, scored.kind, &scored.kind_source) {
        (OutputForm::ClassIndex, ..) => "the index of the best class".to_owned(),
        (OutputForm::ClassName, ..) => "the name of the best class".to_owned(),
        (_, Some(kind), Some(source)) => format!("{kind}, by {source}"),
        _ => "not stated in the file; determined from the first images of a dataset".to_owned(),
    };
    line("scores", &kind);
}

/// What is decided about the model's output, or the sentence that says why nothing is.
fn scored_output(model: &Model, setup: ProbeSetup<'_>) -> Result<ScoredOutput, String> {
    let ScoredOutputs { scored, unscored, .. } = choose_outputs::decide([model], setup);
    let reason = || unscored.into_iter().map(|(_, reason)| reason).next().unwrap_or_default();
    scored.into_iter().next().ok_or_else(reason)
}

fn pipeline_of(model: &Model, input: &Input) -> ModelPipeline {
    ModelPipeline {
        models: vec![model.name.clone()],
        preset: input.preset.clone(),
        source: input.source.clone(),
        pipeline: input.spec.pipeline.clone(),
    }
}

/// The first few labels.
fn some_of(labels: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = labels.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if labels.len() > SHOWN { shown + ", ..." } else { shown }
}

fn tensor(info: &TensorInfo) -> String {
    let quantization = info
        .quantization
        .map(|q| format!(", scale {}, zero point {}", q.scale, q.zero_point))
        .unwrap_or_default();
    let open: Vec<String> = info.open.iter().map(|open| open.axis.to_string()).collect();
    let open = match open.as_slice() {
        [] => String::new(),
        [one] => format!(", axis {one} open"),
        axes => format!(", axes {} open", axes.join(", ")),
    };
    format!("{} {} {}{quantization}{open}", info.name, info.shape_text(), info.element)
}
