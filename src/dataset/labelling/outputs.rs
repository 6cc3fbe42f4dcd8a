//! What is matched: a model's outputs, and what came of it.

use crate::record::class_map::ClassMap;
use crate::record::output_classes::OutputClasses;

/// What matching needs to know about a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelOutputs<'a> {
    /// The model's name, for sentences.
    pub model: &'a str,
    /// Number of outputs.
    pub count: usize,
    /// Its labels, in the order of its outputs.
    pub labels: Option<&'a [String]>,
    /// Those inside its file, which the labels must not contradict.
    pub embedded: Option<&'a [String]>,
    /// Output index minus class index, if stated.
    pub offset: Option<i64>,
}

/// A dataset's classes and a model's outputs, matched.
#[derive(Debug, Clone)]
pub struct Matched {
    /// Which output is which class.
    pub map: ClassMap,
    /// What each output is called: as the dataset calls its class, else by its
    /// label.
    pub names: Vec<Option<String>>,
    /// Whether names decided, so that no offset applies.
    pub by_name: bool,
    /// A part of a sentence for everything that was assumed.
    pub assumed: Vec<String>,
}

impl Matched {
    /// What the outputs of `model` mean.
    #[must_use]
    pub(crate) fn into_classes(self, model: &str) -> OutputClasses {
        let Self { map, names, by_name, .. } = self;
        let outputs = names.into_iter().enumerate();
        let outputs = outputs.map(|(output, name)| (map.class_of(output), name)).collect();
        OutputClasses { models: vec![model.to_owned()], outputs, by_name }
    }
}
