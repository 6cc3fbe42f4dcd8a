//! Which classes the outputs of models are, as a run's header records it: decided before anything
//! is scored, when the dataset and the labels are available.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::record::class_map::ClassMap;

/// The outputs of one or several models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputClasses {
    /// The models whose outputs these are.
    pub models: Vec<String>,
    /// By output: the dataset's class, negative if it is none of them, and its name, if known.
    pub outputs: Vec<(i64, Option<String>)>,
    /// Whether the outputs were matched by name, so that no offset applies.
    pub by_name: bool,
}

impl OutputClasses {
    /// Adds these; models with the same outputs share one entry.
    pub(crate) fn add_to(self, known: &mut Vec<Self>) {
        let same =
            |known: &&mut Self| known.outputs == self.outputs && known.by_name == self.by_name;
        match known.iter_mut().find(same) {
            Some(known) => {
                let new = self.models.into_iter().filter(|model| !known.models.contains(model));
                let new: Vec<String> = new.collect();
                known.models.extend(new);
            }
            None => known.push(self),
        }
    }

    /// The same as a map.
    #[must_use]
    pub(crate) fn class_map(&self) -> ClassMap {
        ClassMap::of_outputs(self.outputs.iter().map(|(class, _)| *class).collect())
    }

    /// Where each class is.
    #[must_use]
    pub(crate) fn output_of_class(&self) -> HashMap<i64, i64> {
        (0..).zip(&self.outputs).map(|(output, (class, _))| (*class, output)).collect()
    }
}
