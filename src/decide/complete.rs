//! Whether a run has what was asked of it.

use std::fmt;

use crate::record::case::Case;
use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use crate::record::status::Status;
use crate::run::scenario_plan;
use crate::table::row::Row;

/// What a case lacks of what was asked for, although its own ending is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lack {
    /// It was measured and then not scored, or not compared.
    Scores,
    /// A scenario failed, or the run ended before it: why.
    Scenario(String),
    /// Energy was not measured in any round: why.
    Energy(String),
    /// It is the anchor of a part, and was not measured.
    Anchor,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scores => f.write_str("it was measured, but not scored or compared"),
            Self::Scenario(why) => f.write_str(why),
            Self::Energy(why) => write!(f, "its energy was not measured: {why}"),
            Self::Anchor => f.write_str(
                "it is the case by which machines are compared, and cannot be measured, so 'merge' will refuse this part; name another with --anchor, the same in all parts",
            ),
        }
    }
}

/// Whether something was measured, no case and no scenario failed, and everything that was measured
/// was also scored and compared, if requested. `rows` are the run's.
#[must_use]
pub fn is_complete(run: &Run, rows: &[Row]) -> bool {
    let failed = is_without_result(rows) || rows.iter().any(|row| row.status.is_failure());
    let mut cases = run.header.cases.iter().zip(rows);
    !failed && !cases.any(|(case, row)| lack(run, case, row).is_some())
}

/// What a case lacks, if its status is in order.
#[must_use]
pub(crate) fn lack(run: &Run, case: &Case, row: &Row) -> Option<Lack> {
    match row.status {
        Status::Ok => {
            let record = run.cases.iter().find(|record| record.case == *case);
            let scores = is_unscored(run, case, row).then_some(Lack::Scores);
            let scenario = || record.and_then(|record| lost_scenario(run, record));
            let energy = || record.and_then(|record| lost_energy(run, record));
            scores.or_else(scenario).or_else(energy)
        }
        Status::Unsupported if run.finished.is_some() => {
            let anchor = run.header.options.cases.anchor.as_ref();
            anchor.filter(|anchor| **anchor == case.id()).map(|_| Lack::Anchor)
        }
        _ => None,
    }
}

/// Whether no case could be measured, on whatever backend: one that cannot run a model is in order
/// beside others that can, but alone it leaves the question unanswered.
#[must_use]
pub(crate) fn is_without_result(rows: &[Row]) -> bool {
    !rows.is_empty()
        && rows.iter().all(|row| row.status.is_failure() || row.status == Status::Unsupported)
}

/// Whether a case was measured and then not scored, or not compared, where that was asked
/// for.
fn is_unscored(run: &Run, case: &Case, row: &Row) -> bool {
    let key = case.accuracy_key();
    let record = run.accuracies.iter().find(|record| record.key == key);
    let status = record.map_or(Status::Skipped, |record| record.status);
    let asked = run.header.options.accuracy.is_some();
    row.status == Status::Ok && (status.is_failure() || (asked && status != Status::Ok))
}

/// Why a scenario has no figures, where that is a failure or the run ended before it.
fn lost_scenario(run: &Run, record: &CaseRecord) -> Option<Lack> {
    let lost = record.scenarios.iter().find_map(|outcome| {
        let (status, error) = outcome.loss()?;
        status.is_failure().then(|| format!("{}: {status}: {error}", outcome.scenario().kind()))
    });
    let of_their_own = || {
        let found = record.found_rate.as_ref().and_then(|found| found.lost.as_ref());
        let named = [("find_rate", found), ("sustained", record.sustained.lost.as_ref())];
        named.into_iter().find_map(|(name, lost)| {
            let (status, error) = lost.filter(|(status, _)| status.is_failure())?;
            Some(format!("{name}: {status}: {error}"))
        })
    };
    let latency = run.header.options.latency.as_ref()?;
    let options = &latency.scenarios;
    let is_over = |scenario: Scenario| {
        let last = scenario_plan::rounds(options, scenario).checked_sub(1);
        record
            .scenarios
            .iter()
            .filter(|outcome| outcome.scenario() == scenario)
            .any(|outcome| outcome.visit().is_none_or(|visit| Some(visit.visit.round) == last))
    };
    let cut_short = || {
        if run.finished.is_some() {
            return None;
        }
        let scenarios = run.header.options.scenarios_of(&record.case);
        let scenario = scenarios.into_iter().find(|scenario| !is_over(*scenario));
        let find_rate = latency.find_rate.is_some() && record.found_rate.is_none();
        let sustained = latency.sustained.is_some_and(|asked| !record.sustained.is_over(&asked));
        let name = scenario
            .map(Scenario::kind)
            .or_else(|| find_rate.then_some("find_rate"))
            .or_else(|| sustained.then_some("sustained"))?;
        Some(format!("{name}: the run ended before it was measured"))
    };
    lost.or_else(of_their_own).or_else(cut_short).map(Lack::Scenario)
}

/// Why no visit back to back says what it used, where energy was asked for.
fn lost_energy(run: &Run, record: &CaseRecord) -> Option<Lack> {
    let latency = run.header.options.latency.as_ref()?;
    let visits = record.scenarios.iter().filter_map(ScenarioOutcome::visit);
    let visits: Vec<&ScenarioVisit> =
        visits.filter(|visit| visit.scenario == Scenario::BackToBack).collect();
    let lost = latency.scenarios.energy && visits.iter().all(|visit| visit.energy.is_none());
    let error = visits.iter().find_map(|visit| visit.energy_error.clone());
    error.filter(|_| lost).map(Lack::Energy)
}
