//! The scenarios of a run.

use crate::record::run::Run;
use crate::report::scenario_note::{LEAD, SHOWN};
use crate::table::scenario_rows::scenario_rows;

/// The table of scenarios.
pub(crate) struct ScenariosSection {
    pub lead: &'static str,
    pub heads: Vec<TableCell>,
    pub lines: Vec<Vec<TableCell>>,
}

/// Text of a cell, which is to the right if it is a number.
pub(crate) struct TableCell {
    pub text: String,
    pub numeric: bool,
}

impl TableCell {
    /// Of a column that holds numbers or not.
    pub(crate) fn new(text: impl Into<String>, numeric: bool) -> Self {
        Self { text: text.into(), numeric }
    }
}

/// The section, if the run has scenarios.
pub(crate) fn section(run: &Run) -> Option<ScenariosSection> {
    let rows = scenario_rows(run);
    let heads = SHOWN.iter().map(|(title, numeric, _)| TableCell::new(*title, *numeric));
    let line =
        |row| SHOWN.iter().map(|(_, numeric, cell)| TableCell::new(cell(row), *numeric)).collect();
    (!rows.is_empty()).then(|| ScenariosSection {
        lead: LEAD,
        heads: heads.collect(),
        lines: rows.iter().map(line).collect(),
    })
}
