//! From a run's record to the rows of `scenarios.csv`.

use crate::record::energy::EnergyUsed;
use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use crate::record::schedule::Schedule;
use crate::record::stage::Stage;
use crate::record::status::Status;
use crate::record::timed_runs::Block;
use crate::record::visit::Visit;
use crate::stats::concurrency::Concurrency;
use crate::stats::paired;
use crate::stats::paired::{DEFAULT_THRESHOLD_PERCENT, Pairing};
use crate::stats::punctuality::Punctuality;
use crate::stats::statistics;
use crate::stats::summary::Summary;
use crate::table::batch_size::images_per_run;
use crate::table::row::Row;
use crate::table::scenario_row::ScenarioRow;
use crate::table::units::{one_line, proportion, rounded};

/// A row for each scenario of each case that was measured back to back, in the order of the run's
/// cases; none if no scenario was asked for.
#[must_use]
pub(crate) fn scenario_rows(run: &Run) -> Vec<ScenarioRow> {
    let options = &run.header.options;
    let measured = run.cases.iter().filter(|record| record.status == Status::Ok);
    measured
        .flat_map(|record| {
            let scenarios = options.scenarios_of(&record.case).into_iter();
            scenarios.map(move |scenario| scenario_row(run, record, scenario))
        })
        .collect()
}

/// The row of one scenario of a case.
pub(crate) fn scenario_row(run: &Run, record: &CaseRecord, scenario: Scenario) -> ScenarioRow {
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
        streams: match scenario {
            Scenario::Streams { count } => Some(count),
            _ => None,
        },
        ..ScenarioRow::default()
    };
    let outcomes = record.scenarios.iter().filter(|outcome| outcome.scenario() == scenario);
    if let Some((status, error)) = outcomes.filter_map(ScenarioOutcome::loss).next() {
        (row.status, row.error) = (status, Some(one_line(error)));
    }
    measured(&mut row, run, record, &visits);
    row
}

/// The visits to a case in a scenario.
pub(crate) fn visits_of(
    record: &CaseRecord,
    scenario: Scenario,
) -> impl Iterator<Item = &ScenarioVisit> {
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
    row.cpu_per_image_us = us(cpu_ns as f64 / 1e3 / images.max(1) as f64).filter(|_| cpu_ns > 0);
    against_back_to_back(row, record, &of_scenario);
    punctual(row, visits);
    staged(row, visits);
    cached(row, visits);
    metered(row, visits);
    let batch = images_per_run(run, record) as f64;
    row.throughput_per_s = match row.scenario.as_str() {
        "back_to_back" => summary.throughput_per_s.map(|rate| rounded(rate * batch, 3)),
        _ => None,
    };
    concurrent(row, visits, batch);
}

/// The ratio to the runs back to back, for the same runs on a schedule.
fn against_back_to_back(row: &mut ScenarioRow, record: &CaseRecord, visits: &[Visit]) {
    let base: Vec<Visit> =
        visits_of(record, Scenario::BackToBack).map(|it| it.visit.clone()).collect();
    if row.rate_per_s.is_none() {
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
    let scheduled: Vec<(Schedule, Block)> =
        visits.iter().filter_map(|it| Some((it.schedule?, it.visit.block.unpacked()))).collect();
    let runs = scheduled
        .iter()
        .map(|(schedule, block)| (*schedule, block.at_ns.as_slice(), block.latency_ns.as_slice()));
    let Some(found) = Punctuality::of(runs) else { return };
    let late_us = |probability| found.late_ns(probability).map(|ns| rounded(ns / 1e3, 3));
    row.frames = Some(found.frames);
    row.deadline_misses = Some(proportion(found.missed_share()));
    row.longest_miss_streak = Some(found.longest_streak);
    row.start_late_p50_us = late_us(0.5);
    row.start_late_p99_us = late_us(0.99);
    row.started_in_time = Some(proportion(found.in_time_share()));
}

/// What each stage took, where stages were timed.
fn staged(row: &mut ScenarioRow, visits: &[&ScenarioVisit]) {
    let us = |stage| median_ns(visits, stage).map(|ns| rounded(ns / 1e3, 3));
    row.decode_p50_us = us(Stage::Decode);
    row.prepare_p50_us = us(Stage::Prepare);
    row.write_p50_us = us(Stage::Write);
    row.invoke_p50_us = us(Stage::Invoke);
    row.read_p50_us = us(Stage::Read);
    row.rank_p50_us = us(Stage::Rank);
    row.open_p50_us = us(Stage::Open);
    row.load_p50_us = us(Stage::Load);
    row.first_p50_us = us(Stage::First);
}

/// What starts read from the disk, and found in the runtime's own cache and left there.
fn cached(row: &mut ScenarioRow, visits: &[&ScenarioVisit]) {
    row.disk_bytes = visits.iter().filter_map(|it| it.disk_bytes).min();
    row.cache_bytes = visits.iter().filter_map(|it| it.cache_bytes).max();
    row.cache = row.cache_bytes.map(|_| match visits.first().map(|it| it.scenario) {
        Some(Scenario::CacheMiss) => "miss".to_owned(),
        _ => "hit".to_owned(),
    });
}

/// The median of what a stage took in all visits together.
fn median_ns(visits: &[&ScenarioVisit], stage: Stage) -> Option<f64> {
    let stages = visits.iter().flat_map(|visit| &visit.stages);
    let ns = stages.filter(|it| it.stage == stage).flat_map(|it| it.ns.iter().copied());
    statistics::median_ns(&ns.collect::<Vec<u64>>())
}

/// What several streams did together.
fn concurrent(row: &mut ScenarioRow, visits: &[&ScenarioVisit], batch: f64) {
    if row.streams.is_none() {
        return;
    }
    let rounds: Vec<Concurrency> = visits
        .chunk_by(|a, b| a.visit.round == b.visit.round)
        .filter_map(|streams| {
            let blocks: Vec<Block> = streams.iter().map(|it| it.visit.block.unpacked()).collect();
            let runs: Vec<_> =
                blocks.iter().map(|it| (it.at_ns.as_slice(), it.latency_ns.as_slice())).collect();
            Concurrency::of(&runs)
        })
        .collect();
    row.rounds = rounds.len();
    let median = |of: fn(&Concurrency) -> f64| {
        statistics::median(&rounds.iter().map(of).collect::<Vec<f64>>())
    };
    row.throughput_per_s = median(Concurrency::per_second).map(|it| rounded(it * batch, 3));
    row.stream_fairness = median(Concurrency::fairness).map(proportion);
}

/// The energy, where it was measured.
fn metered(row: &mut ScenarioRow, visits: &[&ScenarioVisit]) {
    let used: Vec<&EnergyUsed> = visits.iter().filter_map(|it| it.energy.as_ref()).collect();
    let errors: Vec<&String> = visits.iter().filter_map(|it| it.energy_error.as_ref()).collect();
    row.energy_error = errors.first().map(|error| {
        format!("in {} of {} rounds: {}", errors.len(), visits.len(), one_line(error))
    });
    let Some(first) = used.first() else { return };
    let idle: Vec<f64> = used.iter().map(|used| used.idle_watts).collect();
    row.idle_watts = statistics::median(&idle).map(|watts| rounded(watts, 4));
    row.energy_source = Some(first.source.clone());
    let mj: Vec<f64> = used.iter().filter_map(|used| used.mj_per_image()).collect();
    let (mean, ends) = mj_per_image(&mj);
    row.energy_mj_per_image = mean;
    row.energy_mj_per_image_low = ends.map(|(low, _)| low);
    row.energy_mj_per_image_high = ends.map(|(_, high)| high);
}

/// Energy per image: the mean over the rounds, and its 95% interval by Student's t.
fn mj_per_image(mj: &[f64]) -> (Option<f64>, Option<(f64, f64)>) {
    let (mean, count) = (statistics::mean(mj), mj.len() as f64);
    let error = statistics::standard_deviation(mj) / count.sqrt();
    let reach = (mj.len() > 1).then(|| statistics::student_975(count - 1.0) * error);
    let ends = reach.map(|reach| (rounded(mean - reach, 6), rounded(mean + reach, 6)));
    ((!mj.is_empty()).then(|| rounded(mean, 6)), ends)
}

/// Energy per image in each round of a case in a scenario, in mJ.
#[must_use]
pub(crate) fn energies(record: &CaseRecord, scenario: Scenario) -> Vec<f64> {
    let used = visits_of(record, scenario).filter_map(|it| it.energy.as_ref());
    used.filter_map(EnergyUsed::mj_per_image).collect()
}

/// Time in the visits of a case in a scenario.
#[must_use]
pub(crate) fn seconds(record: &CaseRecord, scenario: Scenario) -> f64 {
    visits_of(record, scenario).map(|it| it.visit.block.wall_ns as f64).sum::<f64>() / 1e9
}

/// The columns of results.csv that come from scenarios.
pub(crate) fn fill(row: &mut Row, record: &CaseRecord) {
    let stage_ms = |scenario, stage| {
        let visits: Vec<&ScenarioVisit> = visits_of(record, scenario).collect();
        median_ns(&visits, stage).map(|ns| rounded(ns / 1e6, 6))
    };
    row.load_cold_ms = stage_ms(Scenario::ColdStart, Stage::Load);
    row.load_warm_ms = stage_ms(Scenario::WarmStart, Stage::Load);
    let photos = visits_of(record, Scenario::EndToEnd);
    let whole = photos.flat_map(|it| it.visit.block.latency_ns());
    let whole: Vec<u64> = whole.collect();
    let (mean, ends) = mj_per_image(&energies(record, Scenario::BackToBack));
    row.energy_mj_per_image = mean;
    row.energy_mj_per_image_low = ends.map(|(low, _)| low);
    row.energy_mj_per_image_high = ends.map(|(_, high)| high);
    row.end_to_end_p50_us = statistics::median_ns(&whole).map(|ns| rounded(ns / 1e3, 3));
    let medians = visits_of(record, Scenario::EndToEnd)
        .filter_map(|it| statistics::median_ns(&it.visit.block.latency_ns()));
    let ends = within(row.end_to_end_p50_us, &medians.map(|ns| ns / 1e3).collect::<Vec<f64>>());
    (row.end_to_end_p50_low_us, row.end_to_end_p50_high_us) = ends.unzip();
}

/// The ends of the interval of a median in microseconds, from those of its rounds; the median is
/// between them.
#[must_use]
pub(crate) fn within(median_us: Option<f64>, of_rounds: &[f64]) -> Option<(f64, f64)> {
    let (median, ends) = (median_us?, statistics::interval_of_logs(of_rounds)?);
    Some((rounded(ends.low, 3).min(median), rounded(ends.high, 3).max(median)))
}
