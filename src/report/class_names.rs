//! What a dataset's classes are called.

use std::collections::HashMap;

use crate::record::run::Run;

/// Class names as the run's header has them for a model. A run from before headers had them has
/// only numbers.
#[derive(Debug, Default)]
pub(crate) struct ClassNames<'a> {
    /// By class: its output, and its name.
    by_class: HashMap<i64, (usize, Option<&'a str>)>,
}

impl<'a> ClassNames<'a> {
    /// The names of a model's classes.
    #[must_use]
    pub(crate) fn of(run: &'a Run, model: &str) -> Self {
        let outputs = run.header.outputs_of(model).map_or(&[][..], |known| &known.outputs);
        let named = outputs.iter().enumerate();
        let by_class =
            named.map(|(output, (class, name))| (*class, (output, name.as_deref()))).collect();
        Self { by_class }
    }

    /// The name of a dataset's class, else its number; of an output that is none
    /// of them its label, else its number.
    #[must_use]
    pub(crate) fn name(&self, class: i64) -> String {
        match self.by_class.get(&class) {
            Some((_, Some(name))) => crate::table::units::one_line(name),
            Some((output, None)) if class < 0 => format!("output {output}"),
            _ => format!("class {class}"),
        }
    }
}
