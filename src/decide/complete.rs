//! Whether a run has what was asked of it.

use crate::record::case::Case;
use crate::record::run::Run;
use crate::record::scenario::ScenarioOutcome;
use crate::record::status::Status;
use crate::table::row::Row;

/// Whether something was measured, no case and no scenario failed, and everything that was measured
/// was also scored and compared, if requested. `rows` are the run's.
#[must_use]
pub fn is_complete(run: &Run, rows: &[Row]) -> bool {
    let failed = is_without_result(rows) || rows.iter().any(|row| row.status.is_failure());
    let cases = run.header.cases.iter().zip(rows);
    let outcomes = run.cases.iter().flat_map(|record| &record.scenarios);
    let lost = outcomes.filter_map(ScenarioOutcome::loss).any(|(status, _)| status.is_failure());
    !failed && !lost && !cases.into_iter().any(|(case, row)| is_unscored(run, case, row))
}

/// Whether no case could be measured, on whatever backend: one that cannot run a model is in order
/// beside others that can, but alone it leaves the question unanswered.
#[must_use]
pub fn is_without_result(rows: &[Row]) -> bool {
    !rows.is_empty()
        && rows.iter().all(|row| row.status.is_failure() || row.status == Status::Unsupported)
}

/// Whether a case was measured and then not scored, or not compared, where that was asked
/// for.
#[must_use]
pub fn is_unscored(run: &Run, case: &Case, row: &Row) -> bool {
    let key = case.accuracy_key();
    let record = run.accuracies.iter().find(|record| record.key == key);
    let status = record.map_or(Status::Skipped, |record| record.status);
    let asked = run.header.options.accuracy.is_some();
    row.status == Status::Ok && (status.is_failure() || (asked && status != Status::Ok))
}
