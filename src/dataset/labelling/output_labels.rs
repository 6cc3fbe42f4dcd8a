//! A model's labels, one for each of its outputs.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use crate::dataset::labelling::likeness;
use crate::dataset::labelling::outputs::ModelOutputs;
use crate::dataset::labelling::same_name::{is_background, synonyms};

/// A model's labels by output, and the position of each name.
pub(crate) struct Labels<'a> {
    /// The label of each output, if there is one.
    pub(crate) by_output: Vec<Option<&'a str>>,
    /// Outputs by normalised name: whole lines and single synonyms.
    places: HashMap<String, Vec<usize>>,
    /// Outputs by their first name alone.
    firsts: HashMap<String, Vec<usize>>,
}

impl<'a> Labels<'a> {
    /// Lays the lines of a labels file beside the outputs.
    pub(crate) fn aligned(outputs: &ModelOutputs, labels: &'a [String]) -> Result<Self> {
        check_background(outputs, labels)?;
        check_embedded(outputs, labels)?;
        let count = outputs.count;
        let names = || labels.iter().map(|label| Some(label.as_str()));
        let by_output: Vec<Option<&str>> = if labels.len() == count {
            names().collect()
        } else if labels.len() + 1 == count && !is_background(&labels[0]) && count == 1001 {
            // The background class at output 0 has no line.
            std::iter::once(None).chain(names()).collect()
        } else if labels.len() == count + 1 && is_background(&labels[0]) {
            names().skip(1).collect()
        } else {
            bail!(
                "the labels of model {} have {} lines, but it has {count} outputs{}; give the file that belongs to it with --labels",
                outputs.model,
                labels.len(),
                likeness::told(labels, count)
            );
        };
        let places = by_name(&by_output, synonyms);
        let firsts =
            by_name(&by_output, |label| synonyms(label.split(',').next().unwrap_or_default()));
        Ok(Self { by_output, places, firsts })
    }

    /// The one output of a class that is known by these names: by the first of
    /// them that exactly one output has, or has as its first name.
    pub(crate) fn find(&self, names: &[String]) -> Option<usize> {
        let only = |places: &HashMap<String, Vec<usize>>, name: &String| match places.get(name)?[..]
        {
            [output] => Some(output),
            _ => None,
        };
        names.iter().find_map(|name| only(&self.places, name).or_else(|| only(&self.firsts, name)))
    }

    /// Whether an output's label is one of these names.
    pub(crate) fn agrees(&self, output: usize, names: &[String]) -> bool {
        let label = self.by_output.get(output).copied().flatten();
        label.is_some_and(|label| synonyms(label).iter().any(|label| names.contains(label)))
    }
}

/// The outputs that have each of the names that `names` makes of their labels.
fn by_name(
    labels: &[Option<&str>],
    names: impl Fn(&str) -> Vec<String>,
) -> HashMap<String, Vec<usize>> {
    let mut places = HashMap::<String, Vec<usize>>::new();
    for (output, label) in labels.iter().enumerate() {
        for name in label.iter().flat_map(|label| names(label)) {
            let outputs = places.entry(name).or_default();
            if outputs.last() != Some(&output) {
                outputs.push(output);
            }
        }
    }
    places
}

/// TensorFlow's ImageNet models have their background class at output 0; anywhere else it shows
/// that the lines were shuffled. Other models may have one anywhere.
fn check_background(outputs: &ModelOutputs, labels: &[String]) -> Result<()> {
    let misplaced = labels.iter().skip(1).position(|label| is_background(label));
    match misplaced.filter(|_| matches!(outputs.count, 1000 | 1001)) {
        Some(place) => bail!(
            "line {} of the labels of model {} is '{}', which belongs on line 1, so the labels are shuffled; give the file that belongs to the model with --labels",
            place + 2,
            outputs.model,
            labels[place + 1]
        ),
        None => Ok(()),
    }
}

/// Refuses a file with the labels that are inside the model in another order.
fn check_embedded(outputs: &ModelOutputs, labels: &[String]) -> Result<()> {
    let Some(embedded) = outputs.embedded else { return Ok(()) };
    let bare = |labels: &[String]| -> Vec<String> {
        let background = labels.first().is_some_and(|label| is_background(label));
        labels.iter().skip(usize::from(background)).map(|label| synonyms(label).join(",")).collect()
    };
    let (mut given, mut inside) = (bare(labels), bare(embedded));
    if given == inside {
        return Ok(());
    }
    given.sort_unstable();
    inside.sort_unstable();
    ensure!(
        given != inside,
        "the labels file has the labels embedded in model {}, but in another order; omit --labels, or give a file in the order of the outputs",
        outputs.model
    );
    Ok(())
}
