//! How models do with other pipelines.

use crate::decide::pipelines::better;
use crate::record::preprocessing_check::PreprocessingCheck;
use crate::record::run::Run;
use crate::report::preprocessing_note::{COLUMNS, lines, sentence};

/// The pipelines of a model that were compared.
pub(crate) struct CheckTable {
    pub key: String,
    /// Whether the one in use is worse than another.
    pub is_worse: bool,
    pub sentence: String,
    pub titles: [&'static str; 4],
    pub lines: Vec<PipelineLine>,
}

/// A pipeline.
pub(crate) struct PipelineLine {
    pub steps: String,
    pub cells: [String; 4],
}

/// A table per model that was checked.
pub(crate) fn checks(run: &Run) -> Vec<CheckTable> {
    run.preprocessing_checks.iter().map(table).collect()
}

fn table(check: &PreprocessingCheck) -> CheckTable {
    let steps = check.tried.iter().map(|tried| tried.steps.clone());
    let line = |(cells, steps)| PipelineLine { steps, cells };
    CheckTable {
        key: check.key.to_string(),
        is_worse: better(check).is_some(),
        sentence: sentence(check),
        titles: COLUMNS,
        lines: lines(check).into_iter().zip(steps).map(line).collect(),
    }
}
