//! What a terminal shows of a run: its table of cases, and what stands below it.

use crate::record::run::Run;
use crate::report::{
    class_order_note, conditions_note, found_rate_note, orientation_note, preprocessing_note,
    scenario_note, sustained_note, terminal,
};
use crate::table::row::Row;
use crate::table::sustained_rows::sustained_summaries;

/// The table of `rows`, which are the run's, then its other tables and its notes, each after an
/// empty line. `width` is the terminal's, if it is known.
#[must_use]
pub(crate) fn terminal_page(run: &Run, rows: &[Row], width: Option<usize>, color: bool) -> String {
    [
        terminal::table(rows, width, color),
        scenario_note::table(run).terminal(),
        sustained_note::table(&sustained_summaries(run)).terminal(),
        found_rate_note::table(run).terminal(),
        class_order_note::terminal(run),
        orientation_note::terminal(run),
        conditions_note::terminal(run),
        preprocessing_note::terminal(run),
    ]
    .concat()
}
