//! Energy, minutes and highest rates of two runs against each other.

use std::slice::from_ref;

use serde_json::{Value, json};
use shutterbench::decide::compare::compare;
use shutterbench::decide::comparison::{CaseComparison, CompareOptions, Outcome, RunComparison};
use shutterbench::decide::metric::Metric;
use shutterbench::record::run::Run;
use shutterbench::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use shutterbench::record::timed_runs::Block;
use shutterbench::record::visit::Visit;
use shutterbench::report::comparison_report as render;

use crate::report_common::{Shape, run};

fn one_case() -> Run {
    run(&Shape { models: vec!["a_f32".into()], threads: vec![1], ..Shape::default() })
}

fn by(metric: Metric, base: &Run, new: &Run) -> RunComparison {
    compare(base, new, CompareOptions::of(metric, None))
}

fn line<'a>(compared: &'a RunComparison, part: &str) -> Option<&'a CaseComparison> {
    compared.cases.iter().find(|case| case.scenario.as_deref().is_some_and(|it| it.contains(part)))
}

/// A run whose rounds used these energies per image, in mJ, back to back and at half of them end to
/// end.
fn with_energy(mj: [f64; 5]) -> Run {
    let mut run = one_case();
    let latency = run.header.options.latency.as_mut().unwrap();
    (latency.scenarios.energy, latency.scenarios.end_to_end) = (true, true);
    let visit = |scenario, round: usize, mj: f64| {
        let block =
            Block { at_ns: vec![1], latency_ns: vec![2_000_000], cpu_ns: 1, wall_ns: 2_000_000 };
        let round = u32::try_from(round).unwrap();
        let visit = Visit { round, process: round, block: (&block).into(), ..Visit::default() };
        let used = json!({ "source": "test", "joules": 10.0 + mj / 1e3 * 100.0, "seconds": 10.0,
            "idle_watts": 1.0, "images": 100 });
        let energy = Some(serde_json::from_value(used).unwrap());
        let visit = ScenarioVisit { energy, ..ScenarioVisit::of(scenario, visit) };
        ScenarioOutcome::Visited(Box::new(visit))
    };
    for record in &mut run.cases {
        let all = mj.iter().enumerate();
        let of = |scenario, share: f64| {
            all.clone().map(move |(round, mj)| visit(scenario, round, mj * share))
        };
        record.scenarios =
            of(Scenario::BackToBack, 1.0).chain(of(Scenario::EndToEnd, 0.5)).collect();
    }
    run
}

#[test]
fn more_energy_per_image_is_a_regression_with_an_interval_over_rounds() {
    let base = with_energy([20.0, 20.04, 19.98, 20.02, 19.96]);
    let more = with_energy([26.0, 26.04, 25.98, 26.02, 25.96]);
    let compared = by(Metric::Energy, &base, &more);
    assert_eq!(compared.cases.len(), 2 * base.cases.len(), "{:?}", compared.cases);
    for case in &compared.cases {
        assert_eq!(case.outcome, Outcome::Worse, "{case:?}");
        assert!((case.change.unwrap() - 1.3).abs() < 0.01, "{case:?}");
        assert!(case.low < case.change && case.change < case.high, "{case:?}");
    }
    assert!(line(&compared, "end to end").is_some());
    let text = render::terminal(from_ref(&compared), Some(140), false);
    assert!(text.contains("energy per image") && text.contains("20.0 mJ"), "{text}");
    assert!(!by(Metric::Energy, &more, &base).is_regression());
    let same = by(Metric::Energy, &base, &base.clone());
    assert!(same.cases.iter().all(|case| case.outcome == Outcome::Same), "{:?}", same.cases);
}

#[test]
fn energies_of_different_sources_are_never_compared() {
    let base = with_energy([20.0, 20.04, 19.98, 20.02, 19.96]);
    let mut new = with_energy([26.0, 26.04, 25.98, 26.02, 25.96]);
    for record in &mut new.cases {
        let mut all = serde_json::to_value(&record.scenarios).unwrap();
        for outcome in all.as_array_mut().unwrap() {
            outcome["visited"]["energy"]["source"] = "RAPL, 1 package(s)".into();
        }
        record.scenarios = serde_json::from_value(all).unwrap();
    }
    let compared = by(Metric::Energy, &base, &new);
    assert_eq!(compared.cases.len(), 2 * base.cases.len(), "{:?}", compared.cases);
    for case in &compared.cases {
        assert_eq!((case.outcome, case.change), (Outcome::Undecided, None), "{case:?}");
        let note = case.note.as_deref().unwrap();
        assert!(note.contains("from test and is now read from RAPL:"), "{note}");
    }
}

#[test]
fn energy_within_the_noise_of_the_meter_is_not_judged() {
    let base = with_energy([0.2, -0.3, 0.1, 0.4, -0.1]);
    let compared = by(Metric::Energy, &base, &with_energy([0.4, 0.3, 0.2, 0.5, 0.1]));
    for case in &compared.cases {
        assert_eq!(case.outcome, Outcome::Undecided, "{case:?}");
        assert!(case.note.as_deref().unwrap().contains("idle machine"), "{case:?}");
    }
}

/// A run that went on for minutes, with these medians in its windows, in ms.
fn with_minutes(p50_ms: &[f64]) -> Run {
    let mut run = one_case();
    let window = |ms: &f64| {
        json!({ "process": 0, "seconds": 10.0, "runs": 100, "p50_ns": (ms * 1e6) as u64,
            "p90_ns": (ms * 1.1e6) as u64, "mhz": null, "celsius": null })
    };
    for record in &mut run.cases {
        let windows: Vec<Value> = p50_ms.iter().map(window).collect();
        record.sustained = serde_json::from_value(json!({ "windows": windows })).unwrap();
    }
    run
}

#[test]
fn what_is_slower_at_the_end_of_minutes_is_a_regression() {
    let windows = |end: f64| -> Vec<f64> {
        (0..30).map(|at| (if at < 15 { 10.0 } else { end }) + 0.01 * f64::from(at % 3)).collect()
    };
    let (cool, hot) = (with_minutes(&windows(10.0)), with_minutes(&windows(13.0)));
    let compared = by(Metric::P50, &cool, &hot);
    let found = line(&compared, "at the end of 5.0 minutes").unwrap();
    assert_eq!(found.outcome, Outcome::Worse, "{found:?}");
    assert!((found.change.unwrap() - 1.3).abs() < 0.01, "{found:?}");
    assert!(found.note.as_deref().unwrap().contains("one process of each run"), "{found:?}");
    let small = by(Metric::P50, &cool, &with_minutes(&windows(10.2)));
    let found = line(&small, "minutes").unwrap();
    assert_ne!(found.outcome, Outcome::Worse, "one process does not tell so little: {found:?}");
    let gone = by(Metric::P50, &cool, &one_case());
    assert_eq!(line(&gone, "minutes").unwrap().outcome, Outcome::Missing);
    assert_eq!(
        line(&by(Metric::P50, &one_case(), &cool), "minutes").unwrap().outcome,
        Outcome::New
    );
    assert!(line(&by(Metric::P90, &cool, &hot), "minutes").is_none(), "windows have no p90 there");
}

#[test]
fn minutes_on_a_schedule_and_back_to_back_are_never_compared_as_the_same() {
    let p50: Vec<f64> = (0..30).map(|at| 10.0 + 0.01 * f64::from(at % 3)).collect();
    let at_rate = |rate: Option<f64>, p50: &[f64]| {
        let mut run = with_minutes(p50);
        let mut latency = serde_json::to_value(run.header.options.latency.as_ref()).unwrap();
        latency["sustained"] = json!({ "minutes": 5.0, "rate": rate });
        run.header.options.latency = serde_json::from_value(latency).unwrap();
        run
    };
    let paced = at_rate(Some(10.0), &p50);
    let slower: Vec<f64> = p50.iter().map(|ms| ms * 2.0).collect();
    for (base, new) in [(at_rate(None, &slower), &paced), (at_rate(Some(30.0), &slower), &paced)] {
        let compared = by(Metric::P50, &base, new);
        let found = line(&compared, "minutes").unwrap();
        assert_eq!((found.outcome, found.change), (Outcome::Undecided, None), "{found:?}");
        let note = found.note.as_deref().unwrap();
        assert!(note.contains("now runs 10 per second (--sustained-rate)"), "{note}");
    }
    let same = by(Metric::P50, &at_rate(Some(10.0), &slower), &paced);
    let found = line(&same, "at the end of 5.0 minutes, 10 per second").unwrap();
    assert_eq!(found.outcome, Outcome::Better, "{found:?}");
    // Heat takes its time: the end of one minute is not that of five.
    let short = by(Metric::P50, &at_rate(None, &p50), &at_rate(None, &slower[..6]));
    let found = line(&short, "minutes").unwrap();
    assert_eq!((found.outcome, found.change), (Outcome::Undecided, None), "{found:?}");
    assert!(found.note.as_deref().unwrap().contains("5.0 minutes and now for 1.0"), "{found:?}");
}

/// A run that kept a rate and missed another one.
fn with_rates(kept: f64, missed: f64) -> Run {
    let mut run = one_case();
    let mut latency = serde_json::to_value(run.header.options.latency.as_ref().unwrap()).unwrap();
    latency["find_rate"] = json!({ "p99_ms": 20.0 });
    run.header.options.latency = serde_json::from_value(latency).unwrap();
    let tried =
        |rate: f64, late: usize| json!({ "rate": rate, "frames": 400, "late": late, "p99_ns": 1 });
    for record in &mut run.cases {
        let found = json!({ "tried": [tried(kept, 0), tried(missed, 100)], "lost": null });
        record.found_rate = Some(serde_json::from_value(found).unwrap());
    }
    run
}

#[test]
fn a_lower_highest_rate_is_a_regression_if_the_ranges_are_apart() {
    let base = with_rates(100.0, 104.0);
    let compared = by(Metric::Rate, &base, &with_rates(70.0, 73.0));
    assert_eq!(compared.cases.len(), base.cases.len(), "{:?}", compared.cases);
    let found = &compared.cases[0];
    assert_eq!(found.outcome, Outcome::Worse, "{found:?}");
    assert!(found.scenario.as_deref() == Some("highest rate within 20 ms"), "{found:?}");
    assert_eq!((found.base, found.new), (Some(100.0), Some(70.0)));
    assert!((found.change.unwrap() - 0.7).abs() < 1e-9, "{found:?}");
    assert!(found.low < found.change && found.change < found.high, "{found:?}");
    let better = by(Metric::Rate, &with_rates(70.0, 73.0), &base);
    assert_eq!(better.cases[0].outcome, Outcome::Better, "{:?}", better.cases);
    let close = by(Metric::Rate, &base, &with_rates(98.0, 102.0));
    assert!(!close.is_regression(), "{:?}", close.cases);
    let text = render::terminal(from_ref(&compared), Some(140), false);
    assert!(text.contains("100/s") && text.contains("70.0/s"), "{text}");
    let gone = by(Metric::Rate, &base, &one_case());
    assert_eq!(gone.cases[0].outcome, Outcome::Missing, "{:?}", gone.cases);
}
