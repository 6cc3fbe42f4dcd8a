//! Which output of a model is scored, as far as the file and its description show.

use std::num::NonZeroUsize;

use anyhow::{Context, Result, bail, ensure};

use crate::model::input_geometry::TIMED_ONLY;
use crate::model::resolve::merged;
use crate::model::shapes;
use crate::record::description::{Description, Model};
use crate::record::output_kind::OutputKind;
use crate::record::scored_output::{OutputForm, ScoredOutput, Sorted};
use crate::record::tensor::{ElementType, TensorInfo};

/// The output of `model` to score, its outputs being `outputs` as the model runs, each of all
/// images of a run. Of several it is the stated one, else the one whose number of scores is one of
/// `classes`, else the first that can be a classifier's.
///
/// # Errors
/// One sentence: no output is a classifier's, none is of that name, or several may be
/// meant.
pub(crate) fn choose(
    model: &Model,
    outputs: &[TensorInfo],
    overrides: &Description,
    classes: &[usize],
) -> Result<ScoredOutput> {
    check_detector(model, overrides)?;
    let stated = merged(overrides, &model.description);
    let images = shapes::images(model, NonZeroUsize::MIN)?;
    let one = |output: &TensorInfo| output.of_one_image(images.get());
    let (index, chosen) = match (&stated.scored_output, outputs.len()) {
        (Some(stated), _) => (named(model, outputs, stated)?, Some("it is stated".to_owned())),
        (None, 1) => (0, None),
        (None, _) => fitting(model, outputs, images.get(), classes)?,
    };
    let output = &outputs[index];
    let one = one(output).filter(|_| !output.is_open());
    let one = one.with_context(|| not_a_classifiers(model, output))?;
    let form = form(&one, sorted(model, index)).with_context(|| match sorted(model, index) {
        Some(Sorted::Scores) => format!(
            "output '{}' of model {} is sorted, and does not say of which class its scores are; export it without TopK; {TIMED_ONLY}",
            output.name, model.name
        ),
        _ => not_a_classifiers(model, output),
    })?;
    let (kind, kind_source) = kind(model, index, &one, &stated);
    let classes = match form {
        OutputForm::Scores => Some(one.len()),
        OutputForm::OneScore => Some(2),
        OutputForm::ClassIndex | OutputForm::ClassName => None,
    };
    Ok(ScoredOutput {
        model: model.name.clone(),
        index,
        form,
        classes,
        kind,
        kind_source,
        chosen: chosen.map(|why| format!("output '{}' is scored: {why}", output.name)),
        names: Vec::new(),
    })
}

/// Operators that only detectors of objects have, which end in boxes.
const OF_DETECTORS: [&str; 5] = [
    "TFLite_Detection_PostProcess",
    "NonMaxSuppression",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "EfficientNMS_TRT",
];

/// Refuses a detector of objects whose scored output nobody states: ten boxes are as many as ten
/// classes.
///
/// # Errors
/// One sentence with the operator.
pub(crate) fn check_detector(model: &Model, overrides: &Description) -> Result<()> {
    let of_boxes = |(name, _): &&(String, usize)| OF_DETECTORS.contains(&name.as_str());
    match model.signature.operators.iter().find(of_boxes) {
        Some((name, _)) if merged(overrides, &model.description).scored_output.is_none() => bail!(
            "model {} is a detector of objects (operator {name}), not a classifier; give a classifier, or name the output with its scores with --output; {TIMED_ONLY}",
            model.name
        ),
        _ => Ok(()),
    }
}

fn not_a_classifiers(model: &Model, output: &TensorInfo) -> String {
    if output.element == ElementType::Bool {
        return format!(
            "output '{}' of model {} holds true or false, not scores; export it with its scores; {TIMED_ONLY}",
            output.name, model.name
        );
    }
    format!(
        "output '{}' of model {} has the shape {}, but a classifier's is [1, classes]; {TIMED_ONLY}",
        output.name,
        model.name,
        output.shape_text()
    )
}

/// What the graph itself has sorted of an output.
fn sorted(model: &Model, index: usize) -> Option<Sorted> {
    model.signature.sorted_outputs.get(index).copied().flatten()
}

/// What an output of this shape can hold for one image: at most one axis is longer than 1.
#[must_use]
pub(crate) fn form(one: &TensorInfo, sorted: Option<Sorted>) -> Option<OutputForm> {
    match sorted {
        Some(Sorted::Scores) => return None,
        Some(Sorted::Classes) if !one.is_empty() && one.element != ElementType::Text => {
            return Some(OutputForm::ClassIndex);
        }
        _ => {}
    }
    let long = one.shape.iter().filter(|size| **size != 1).count();
    match (one.len(), one.element) {
        (0, _) | (_, ElementType::Bool) => None,
        (1, ElementType::Text) => Some(OutputForm::ClassName),
        (_, ElementType::Text) => None,
        (1, ElementType::Int32 | ElementType::Int64) if one.quantization.is_none() => {
            Some(OutputForm::ClassIndex)
        }
        (1, _) => Some(OutputForm::OneScore),
        _ => (long == 1).then_some(OutputForm::Scores),
    }
}

fn named(model: &Model, outputs: &[TensorInfo], stated: &str) -> Result<usize> {
    let mut named = model.signature.chosen.iter().flat_map(|chosen| &chosen.outputs);
    let tensor = named.find(|output| output.name == stated);
    let tensor = tensor.map_or(stated, |output| output.tensor.as_str());
    let by_name = outputs.iter().position(|output| output.name == tensor);
    let by_place = || stated.parse().ok().filter(|index| *index < outputs.len());
    by_name.or_else(by_place).with_context(|| {
        format!(
            "model {} has no output '{stated}'; --output takes one of {}, or its position from 0",
            model.name,
            listed(outputs)
        )
    })
}

fn listed(outputs: &[TensorInfo]) -> String {
    let name = |output: &TensorInfo| format!("'{}' {}", output.name, output.shape_text());
    outputs.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The first of several outputs that has as many scores as there are classes. Scores are
/// preferred to one score, and that to the class alone.
fn fitting(
    model: &Model,
    outputs: &[TensorInfo],
    images: usize,
    classes: &[usize],
) -> Result<(usize, Option<String>)> {
    let forms: Vec<Option<(OutputForm, usize)>> = outputs
        .iter()
        .enumerate()
        .map(|(index, output)| {
            let one = output.of_one_image(images).filter(|_| !output.is_open())?;
            Some((form(&one, sorted(model, index))?, one.len()))
        })
        .collect();
    let first = |holds: &dyn Fn(OutputForm, usize) -> bool| {
        forms.iter().position(|of| of.is_some_and(|(form, count)| holds(form, count)))
    };
    let counts = |form, count: usize| form == OutputForm::Scores && classes.contains(&count);
    if let Some(index) = first(&counts) {
        let fits = format!("it has {} scores", outputs[index].len() / images);
        let others = forms.iter().flatten().filter(|(form, count)| counts(*form, *count)).count();
        let first = if others > 1 { ", and is the first of several that do" } else { "" };
        return Ok((index, Some(fits + first)));
    }
    if classes.contains(&2)
        && let Some(index) = first(&|form, _| form == OutputForm::OneScore)
    {
        return Ok((index, Some("it has a single score for two classes".to_owned())));
    }
    if let Some(index) = first(&|form, _| form.is_best_only()) {
        return Ok((index, Some("it is the class itself".to_owned())));
    }
    ensure!(
        classes.is_empty(),
        "model {} has {} outputs, none of which has a score for each of {} classes: {}; choose one with --output, or time it with --no-accuracy",
        model.name,
        outputs.len(),
        classes[0],
        listed(outputs)
    );
    match first(&|form, _| form == OutputForm::Scores) {
        Some(index) => Ok((index, Some("it is the first that can be a classifier's".to_owned()))),
        None => bail!(
            "model {} has {} outputs, none of which is a classifier's: {}; {TIMED_ONLY}",
            model.name,
            outputs.len(),
            listed(outputs)
        ),
    }
}

/// What the scores are: stated, else by the operator that makes them, else by their
/// quantisation.
fn kind(
    model: &Model,
    index: usize,
    one: &TensorInfo,
    stated: &Description,
) -> (Option<OutputKind>, Option<String>) {
    let by_operator = model.signature.output_kinds.get(index).copied().flatten();
    let found = if let Some(kind) = stated.output {
        Some((kind, "the model's description"))
    } else if let Some(kind) = by_operator {
        Some((kind, "the operator that makes it"))
    } else {
        let kind = OutputKind::of_quantization(one);
        kind.map(|kind| (kind, "its quantisation in steps of 1/256"))
    };
    found.map_or((None, None), |(kind, source)| (Some(kind), Some(source.to_owned())))
}

/// The numbers of scores that fit `labels` labels or `classes` classes: with and without
/// a background class.
#[must_use]
pub(crate) fn fitting_counts(labels: Option<usize>, classes: Option<usize>) -> Vec<usize> {
    let counts = labels.into_iter().chain(classes).filter(|count| *count > 1);
    let mut all: Vec<usize> = counts.clone().collect();
    all.extend(counts.map(|count| count + 1));
    all
}
