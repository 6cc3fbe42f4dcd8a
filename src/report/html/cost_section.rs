//! What each model computes, and how fast.

use crate::record::run::Run;
use crate::report::cost_note::{self, IS_TEXT};
use crate::report::html::note_section::TableCell;
use crate::table::row::Row;

/// A line of the table of computation.
pub(crate) struct ComputationLine {
    pub model: String,
    /// The columns after the model.
    pub cells: Vec<TableCell>,
}

/// A line per model whose cost is known.
pub(crate) fn lines(run: &Run, rows: &[Row]) -> Vec<ComputationLine> {
    let line = |line: [String; 10]| {
        let mut cells = line.into_iter().zip(IS_TEXT);
        let model = cells.next().map_or(String::new(), |(model, _)| model);
        ComputationLine {
            model,
            cells: cells.map(|(text, is_text)| TableCell::new(text, !is_text)).collect(),
        }
    };
    cost_note::lines(run, rows).into_iter().map(line).collect()
}
