//! Whether a run has everything that was asked of it.

use crate::record::case::Case;
use crate::record::run::Run;
use crate::record::scenario::ScenarioOutcome;
use crate::record::status::Status;
use crate::table::row::Row;

/// Whether no case and no scenario failed, and everything that was measured was also scored and
/// compared, if requested. `rows` are the run's.
#[must_use]
pub fn is_complete(run: &Run, rows: &[Row]) -> bool {
    let failed = rows.iter().any(|row| row.status.is_failure());
    let cases = run.header.cases.iter().zip(rows);
    let outcomes = run.cases.iter().flat_map(|record| &record.scenarios);
    let lost = outcomes.filter_map(ScenarioOutcome::loss).any(|(status, _)| status.is_failure());
    let ended = run.cases.iter().flat_map(|record| {
        let found = record.found_rate.as_ref().and_then(|found| found.lost.as_ref());
        record.sustained.lost.iter().chain(found)
    });
    let lost = lost || ended.into_iter().any(|(status, _)| status.is_failure());
    !failed && !lost && !cases.into_iter().any(|(case, row)| is_unscored(run, case, row))
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
