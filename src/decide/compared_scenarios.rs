//! The scenarios of a case in two runs.
//!
//! They are compared as two runs at different times are, without the yardstick
//! ([`crate::stats::unpaired`]): rounds of scenarios are not taken in turn with those of the other
//! run, and the yardstick runs back to back, which says little about a CPU that idles between
//! runs. What an interval rests on is the round, since the streams of a round share its moment.

use crate::decide::comparison::{CaseComparison, CompareOptions, Outcome};
use crate::decide::metric::Metric;
use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::{Scenario, ScenarioOutcome};
use crate::record::status::Status;
use crate::record::visit::Visit;
use crate::stats::paired::Pairing;
use crate::stats::{paired, welch};
use crate::table::scenario_row::ScenarioRow;
use crate::table::scenario_rows::{energies, scenario_row, visits_of};

/// What a reader has to know about all of them.
const UNPAIRED: &str = "scenarios are compared without the yardstick and are never paired; their intervals allow for as much change of the machine between the runs as within them";

const OTHER_PHOTOS: &str = "the datasets differ, and with them the photos of the runs end to end";

/// What a reader has to know about the scenarios that were compared, if any of these lines was.
pub(crate) fn caveats(base: &Run, new: &Run, lines: &[CaseComparison]) -> Vec<String> {
    let compared = || lines.iter().filter(|it| it.change.is_some());
    let of_photos = Some(Scenario::EndToEnd.to_string());
    let datasets = base.header.dataset.as_ref().zip(new.header.dataset.as_ref());
    let are_others = datasets.is_some_and(|(was, is)| was.listing_sha256 != is.listing_sha256);
    let unpaired = compared().any(|it| it.scenario.is_some()).then_some(UNPAIRED);
    let photos = are_others && compared().any(|it| it.scenario == of_photos);
    let photos = photos.then_some(OTHER_PHOTOS);
    unpaired.into_iter().chain(photos).map(str::to_owned).collect()
}

/// A line for each scenario that either run has of a case, which is called `name`; none for figures
/// that scenarios do not have.
pub(crate) fn compared_scenarios(
    name: &str,
    base: (&Run, &CaseRecord),
    new: (&Run, &CaseRecord),
    options: CompareOptions,
) -> Vec<CaseComparison> {
    let is_energy = options.metric == Metric::Energy;
    let probability = options.metric.probability();
    if probability.is_none() && !is_energy {
        return Vec::new();
    }
    let asked = base.0.header.options.scenarios_of(&base.1.case);
    let asked_now = new.0.header.options.scenarios_of(&new.1.case);
    let only_now = asked_now.iter().filter(|scenario| !asked.contains(scenario));
    let all = asked.iter().chain(only_now);
    // What the runs back to back used is compared as the case's own figure.
    let all = all.filter(|scenario| !is_energy || **scenario != Scenario::BackToBack);
    let compared = all.filter_map(|scenario| {
        let row = scenario_row(base.0, base.1, *scenario);
        let row_now = asked_now.contains(scenario).then(|| scenario_row(new.0, new.1, *scenario));
        let was = value(&row, options);
        let is = row_now.as_ref().and_then(|row| value(row, options));
        let sides = CaseComparison {
            scenario: Some(scenario.to_string()),
            base: was,
            new: is,
            ..CaseComparison::bare(name.to_owned(), Outcome::Undecided)
        };
        Some(match (was, is) {
            (None, None) => return None,
            (None, Some(_)) => CaseComparison { outcome: Outcome::New, ..sides },
            (Some(_), None) => missing(sides, row_now.as_ref()),
            (Some(_), Some(_)) if is_energy => {
                if let Some(why) = other_energy_sources(base.1, new.1) {
                    return Some(CaseComparison { note: Some(why), ..sides });
                }
                let of = |record| energies(record, *scenario);
                by_energy(sides, &of(base.1), &of(new.1), options)
            }
            (Some(_), Some(_)) => {
                let rounds = (by_round(base.1, *scenario), by_round(new.1, *scenario));
                judged(sides, &rounds.0, &rounds.1, probability.unwrap_or(0.5), options)
            }
        })
    });
    compared.collect()
}

fn value(row: &ScenarioRow, options: CompareOptions) -> Option<f64> {
    options.metric.of_scenario(row).filter(|_| row.status == Status::Ok)
}

/// The visits to a scenario, those of a round as if they were of one process.
fn by_round(record: &CaseRecord, scenario: Scenario) -> Vec<Visit> {
    let visits = visits_of(record, scenario).map(|it| &it.visit);
    visits.map(|visit| Visit { process: visit.round, ..visit.clone() }).collect()
}

/// Why the energies of a case in two runs are not compared, if they are not: a processor's counters, a
/// battery and a meter at the wall measure different things.
#[must_use]
pub(crate) fn other_energy_sources(base: &CaseRecord, new: &CaseRecord) -> Option<String> {
    let (was, is) = energy_source(base).zip(energy_source(new)).filter(|(was, is)| was != is)?;
    Some(format!("its energy was read from {was} and is now read from {is}: not the same thing"))
}

/// The kind of a source, without its number of packages or its command.
fn energy_source(record: &CaseRecord) -> Option<&str> {
    let visits = record.scenarios.iter().filter_map(ScenarioOutcome::visit);
    let source = visits.filter_map(|visit| visit.energy.as_ref()).next()?.source.as_str();
    Some(source.split([',', '(']).next().unwrap_or(source).trim_end())
}

/// By the rounds of each run; what used no more than the idle machine is not compared.
fn by_energy(
    sides: CaseComparison,
    base: &[f64],
    new: &[f64],
    options: CompareOptions,
) -> CaseComparison {
    let note = |text: &str| Some(text.to_owned());
    if base.iter().chain(new).any(|mj| *mj <= 0.0) {
        let note = note("in some rounds it used no more than the idle machine: measure longer");
        return CaseComparison { note, ..sides };
    }
    let logs = |mj: &[f64]| mj.iter().map(|mj| mj.ln()).collect::<Vec<f64>>();
    let Some(found) = welch::difference(&logs(base), &logs(new)) else {
        return CaseComparison { note: note("too few rounds for an interval"), ..sides };
    };
    let verdict = paired::conclude(found.value, found.interval, options.threshold_percent);
    CaseComparison {
        change: Some(found.value.exp()),
        low: Some(found.interval.low.exp()),
        high: Some(found.interval.high.exp()),
        p_value: Some(found.p_value),
        outcome: verdict.into(),
        ..sides
    }
}

/// The base has it and the new run does not.
fn missing(sides: CaseComparison, row: Option<&ScenarioRow>) -> CaseComparison {
    let note = row.map_or("the new run does not have this scenario".to_owned(), |row| {
        let error = row.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
        format!("{}{error}", row.status)
    });
    CaseComparison { outcome: Outcome::Missing, note: Some(note), ..sides }
}

fn judged(
    sides: CaseComparison,
    base: &[Visit],
    new: &[Visit],
    probability: f64,
    options: CompareOptions,
) -> CaseComparison {
    let threshold = options.threshold_percent;
    let found = paired::compare(base, new, Pairing::Unpaired, probability, threshold);
    let Some(found) = found else {
        return CaseComparison { note: Some("no runs to compare".into()), ..sides };
    };
    let in_force = paired::threshold_in_force(threshold, found.processes);
    let note = if found.interval.is_none() {
        Some("too few runs or rounds for an interval".to_owned())
    } else if in_force > threshold {
        let rounds = found.processes;
        Some(format!(
            "only {rounds} rounds, each in a process of its own: changes below {in_force}% cannot be told apart from memory-layout effects"
        ))
    } else {
        None
    };
    CaseComparison {
        change: Some(found.ratio),
        low: found.interval.map(|interval| interval.low),
        high: found.interval.map(|interval| interval.high),
        p_value: found.p_value,
        outcome: found.verdict.into(),
        note,
        ..sides
    }
}
