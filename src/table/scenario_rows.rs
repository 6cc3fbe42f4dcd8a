//! From a run's record to the rows of `scenarios.csv`.

use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use crate::record::status::Status;
use crate::record::visit::Visit;
use crate::stats::paired;
use crate::stats::paired::{DEFAULT_THRESHOLD_PERCENT, Pairing};
use crate::stats::punctuality::Punctuality;
use crate::stats::summary::Summary;
use crate::table::rows::images_per_run;
use crate::table::scenario_row::ScenarioRow;
use crate::table::units::{one_line, proportion, rounded};

/// A row for each scenario of each case that was measured back to back, in the order of the run's
/// cases; none if no scenario was asked for.
#[must_use]
pub fn scenario_rows(run: &Run) -> Vec<ScenarioRow> {
    let Some(latency) = &run.header.options.latency else { return Vec::new() };
    let scenarios = latency.scenarios.scenarios();
    let measured = run.cases.iter().filter(|record| record.status == Status::Ok);
    measured
        .flat_map(|record| scenarios.iter().map(|scenario| row(run, record, *scenario)))
        .collect()
}

fn row(run: &Run, record: &CaseRecord, scenario: Scenario) -> ScenarioRow {
    let case = &record.case;
    let machine = run.header.machine(case.device.as_deref());
    let visits: Vec<&ScenarioVisit> = visits_of(record, scenario).collect();
    let mut row = ScenarioRow {
        run_id: run.header.run_id.clone(),
        device: machine.device.to_owned(),
        case: run.header.name_of(case),
        model: case.model.clone(),
        backend: case.backend,
        delegate: case.delegate.clone(),
        threads: case.threads.get(),
        scenario: scenario.kind().to_owned(),
        rate_per_s: scenario.rate().map(|rate| rate.per_second()),
        status: if visits.is_empty() { Status::Skipped } else { Status::Ok },
        rounds: visits.len(),
        ..ScenarioRow::default()
    };
    for outcome in &record.scenarios {
        if let ScenarioOutcome::Lost { scenario: lost, status, error } = outcome
            && *lost == scenario
        {
            (row.status, row.error) = (*status, Some(one_line(error)));
        }
    }
    measured(&mut row, run, record, &visits);
    row
}

fn visits_of(record: &CaseRecord, scenario: Scenario) -> impl Iterator<Item = &ScenarioVisit> {
    let visits = record.scenarios.iter().filter_map(ScenarioOutcome::visit);
    visits.filter(move |visit| visit.scenario == scenario)
}

fn measured(row: &mut ScenarioRow, run: &Run, record: &CaseRecord, visits: &[&ScenarioVisit]) {
    let emulated = run.header.machine(record.case.device.as_deref()).host.emulated;
    let of_scenario: Vec<Visit> = visits.iter().map(|it| it.visit.clone()).collect();
    let Some(summary) = Summary::of(&of_scenario, None, emulated) else { return };
    // Timings are whole nanoseconds.
    let us = |value: f64| Some(rounded(value, 3));
    row.runs = Some(summary.runs);
    row.latency_p50_us = us(summary.latency_p50_us);
    row.latency_p50_low_us = summary.latency_p50_low_us.and_then(us);
    row.latency_p50_high_us = summary.latency_p50_high_us.and_then(us);
    row.latency_p90_us = us(summary.latency_p90_us);
    row.latency_p90_low_us = summary.latency_p90_low_us.and_then(us);
    row.latency_p90_high_us = summary.latency_p90_high_us.and_then(us);
    row.latency_p99_us = us(summary.latency_p99_us);
    row.latency_p99_low_us = summary.latency_p99_low_us.and_then(us);
    row.latency_p99_high_us = summary.latency_p99_high_us.and_then(us);
    row.latency_max_us = us(summary.latency_max_us);
    row.latency_cold_p50_us = summary.latency_cold_p50_us.and_then(us);
    let images = summary.runs * images_per_run(run, record);
    let cpu_ns: u64 = of_scenario.iter().map(|visit| visit.block.cpu_ns).sum();
    row.cpu_per_image_us = us(cpu_ns as f64 / 1e3 / images.max(1) as f64);
    against_back_to_back(row, record, &of_scenario);
    punctual(row, visits);
}

/// The ratio to the runs back to back, for any other scenario.
fn against_back_to_back(row: &mut ScenarioRow, record: &CaseRecord, visits: &[Visit]) {
    let base: Vec<Visit> =
        visits_of(record, Scenario::BackToBack).map(|it| it.visit.clone()).collect();
    if row.scenario == Scenario::BackToBack.kind() {
        return;
    }
    let found = paired::compare(&base, visits, Pairing::ByRound, 0.5, DEFAULT_THRESHOLD_PERCENT);
    let Some(found) = found else { return };
    let ratio = |value: f64| rounded(value, 4);
    row.over_back_to_back = Some(ratio(found.ratio));
    row.over_back_to_back_low = found.interval.map(|it| ratio(it.low));
    row.over_back_to_back_high = found.interval.map(|it| ratio(it.high));
}

/// How well the runs kept to their schedule, if they had one.
fn punctual(row: &mut ScenarioRow, visits: &[&ScenarioVisit]) {
    let scheduled = visits.iter().filter_map(|it| {
        let block = &it.visit.block;
        Some((it.schedule?, block.at_ns.as_slice(), block.latency_ns.as_slice()))
    });
    let Some(found) = Punctuality::of(scheduled) else { return };
    let late_us = |probability| found.late_ns(probability).map(|ns| rounded(ns / 1e3, 3));
    row.frames = Some(found.frames);
    row.deadline_misses = Some(proportion(found.missed_share()));
    row.longest_miss_streak = Some(found.longest_streak);
    row.start_late_p50_us = late_us(0.5);
    row.start_late_p99_us = late_us(0.99);
    row.started_in_time = Some(proportion(found.in_time_share()));
}
