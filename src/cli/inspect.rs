//! `shutterbench inspect`.

use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;
use strum::VariantArray;

use crate::cli::output::{Ending, print, print_json};
use crate::model::{resolve, select};
use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::description::{Description, Model};
use crate::record::tensor::TensorInfo;
use crate::worker::source::WorkerSource;

/// Whether a backend takes the model.
#[derive(Debug, Serialize)]
struct Take {
    backend: BackendKind,
    takes: bool,
    reason: Option<String>,
}

/// Prints what a model file says of itself, and which backends take it: each
/// loads it in a worker process, so that one that crashes on it is one answer.
///
/// # Errors
/// A name or file that is no usable model.
pub fn inspect(name: &str, json: bool) -> Result<Ending> {
    let models = select::select(&[name.to_owned()])?;
    let shown: Vec<_> = models.iter().map(|model| (model, takes(model))).collect();
    if json {
        #[derive(Serialize)]
        struct Inspected<'a> {
            model: &'a Model,
            backends: &'a [Take],
        }
        let all: Vec<_> =
            shown.iter().map(|(model, backends)| Inspected { model, backends }).collect();
        return print_json(&all);
    }
    let text: String = shown.iter().map(|(model, takes)| describe(model, takes)).collect();
    print(text.as_bytes())
}

fn takes(model: &Model) -> Vec<Take> {
    let workers = WorkerSource::isolated();
    BackendKind::VARIANTS
        .iter()
        .filter_map(|backend| {
            let delegate = backend.capabilities().default_delegates().next()?.clone();
            let threads = std::num::NonZeroUsize::MIN;
            let case = Case {
                model: model.name.clone(),
                backend: *backend,
                delegate,
                threads,
                device: None,
            };
            let reason = workers.load(&case, model).err().map(|fault| fault.reason);
            Some(Take { backend: *backend, takes: reason.is_none(), reason })
        })
        .collect()
}

fn describe(model: &Model, takes: &[Take]) -> String {
    let mut text = String::new();
    let anatomy = &model.anatomy;
    let mut line = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<12}{value}");
    };
    line("model", &model.name);
    line("file", &model.path.display().to_string());
    line("format", &model.format.to_string());
    line("bytes", &model.bytes.to_string());
    line("sha256", &model.sha256);
    let precision = model.description.precision.unwrap_or(anatomy.precision);
    line("precision", &precision.to_string());
    for input in &anatomy.inputs {
        line("input", &tensor(input));
    }
    for output in &anatomy.outputs {
        line("output", &tensor(output));
    }
    match resolve::input_spec(model, &Description::default()) {
        Ok((spec, assumed)) => {
            line(
                "images",
                &format!(
                    "{} {} {}x{}, {}, crop {}, (pixel - {:?}) / {:?}",
                    spec.layout,
                    spec.channels,
                    spec.height,
                    spec.width,
                    spec.resize,
                    spec.crop,
                    spec.mean,
                    spec.scale
                ),
            );
            if !assumed.is_empty() {
                line("assumed", &assumed.join("; "));
            }
        }
        Err(error) => line("images", &format!("none: {error}")),
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
    match resolve::check_classifier(model) {
        Ok(()) => line("classes", &anatomy.classes().unwrap_or_default().to_string()),
        Err(error) => line("classes", &format!("none: {error}")),
    }
    if let Some(labels) = &anatomy.labels {
        line("labels", &format!("{} in the file: {}", labels.len(), some_of(labels)));
    }
    let operators: Vec<String> =
        anatomy.operators.iter().map(|(name, count)| format!("{name} {count}")).collect();
    line("operators", &format!("{}: {}", anatomy.nodes(), operators.join(", ")));
    for take in takes {
        let answer = take.reason.as_ref().map_or_else(|| "yes".into(), |why| format!("no: {why}"));
        line(&take.backend.to_string(), &answer);
    }
    text
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
    format!("{} {:?} {}{quantization}", info.name, info.shape, info.element)
}
