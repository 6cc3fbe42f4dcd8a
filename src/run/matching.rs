//! How the outputs of a run's models map to its dataset's classes.

use std::borrow::Cow;

use anyhow::Result;

use crate::dataset::entries::Dataset;
use crate::dataset::labelling;
use crate::dataset::labelling::outputs::{Matched, ModelOutputs};
use crate::model::labels::labels_file;
use crate::model::resolve;
use crate::record::description::{Description, Model};
use crate::record::scored_output::ScoredOutput;

/// Matches models, and similar ones only once: families share their labels, whose matching takes
/// longer than everything else that is decided beforehand.
pub(crate) struct Matching<'a> {
    dataset: &'a Dataset,
    overrides: &'a Description,
    known: Vec<(MatchKey<'a>, Matched)>,
}

/// Everything about a model that matching depends on.
#[derive(PartialEq)]
struct MatchKey<'a> {
    outputs: usize,
    labels: Option<Cow<'a, [String]>>,
    embedded: Option<&'a [String]>,
    offset: Option<i64>,
}

impl<'a> Matching<'a> {
    /// Of models as `overrides` describe them, else as they do themselves.
    #[must_use]
    pub(crate) const fn new(dataset: &'a Dataset, overrides: &'a Description) -> Self {
        Self { dataset, overrides, known: Vec::new() }
    }

    /// How a model's outputs map, with what was assumed.
    ///
    /// # Errors
    /// Labels that cannot be read or do not fit.
    pub(crate) fn of(&mut self, model: &'a Model, scored: &'a ScoredOutput) -> Result<Matched> {
        let stated = resolve::merged(self.overrides, &model.description);
        let embedded = model.signature.labels.as_deref().or_else(|| in_graph(model, scored));
        let labels = match &stated.labels {
            Some(path) => Some(Cow::Owned(labels_file::read(path)?)),
            None => stated.label_names.map(Cow::Owned).or(embedded.map(Cow::Borrowed)),
        };
        let outputs = scored.classes.unwrap_or_else(|| self.dataset.class_count());
        let key = MatchKey { outputs, labels, embedded, offset: stated.label_offset };
        if let Some((_, matched)) = self.known.iter().find(|(known, _)| *known == key) {
            return Ok(matched.clone());
        }
        let matched = labelling::match_outputs::resolve(
            self.dataset,
            &ModelOutputs {
                model: &model.name,
                count: key.outputs,
                labels: key.labels.as_deref(),
                embedded: key.embedded,
                offset: key.offset,
            },
        )?;
        self.known.push((key, matched.clone()));
        Ok(matched)
    }
}

/// The names that a model or its graph gives its classes, unless they are mere indices.
fn in_graph<'a>(model: &'a Model, scored: &'a ScoredOutput) -> Option<&'a [String]> {
    let of_graph = || model.signature.output_classes.iter().flatten().next();
    let names = Some(&scored.names).filter(|names| !names.is_empty()).or_else(of_graph)?;
    let index = |(index, name): (usize, &String)| *name == index.to_string();
    (!names.iter().enumerate().all(index)).then_some(names.as_slice())
}
