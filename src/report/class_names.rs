//! What a dataset's classes are called.

use crate::model::labels;
use crate::run::Run;

/// Class names in the order of a model's outputs, and where class 0 lies.
#[derive(Debug, Default)]
pub struct ClassNames {
    outputs: Vec<String>,
    offset: i64,
}

impl ClassNames {
    /// The names by a model's labels: those of its file where that is still
    /// there, else those inside the model.
    #[must_use]
    pub fn of(run: &Run, model: &str) -> Self {
        let Some(model) = run.header.models.iter().find(|known| known.name == model) else {
            return Self::default();
        };
        let overrides = &run.header.options.overrides;
        let file = overrides.labels.as_ref().or(model.description.labels.as_ref());
        let read = file.and_then(|path| labels::read(path).ok());
        let offset = overrides.label_offset.or(model.description.label_offset).unwrap_or(0);
        let outputs = read.or_else(|| model.anatomy.labels.clone()).unwrap_or_default();
        Self { outputs, offset }
    }

    /// The name of a dataset's class, else its number.
    #[must_use]
    pub fn name(&self, class: i64) -> String {
        let output = usize::try_from(class + self.offset).ok();
        match output.and_then(|output| self.outputs.get(output)) {
            Some(name) => super::units::one_line(name),
            None => format!("class {class}"),
        }
    }
}
