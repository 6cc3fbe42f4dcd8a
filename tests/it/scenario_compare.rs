//! Scenarios of two runs against each other.

use std::path::Path;
use std::process::{Command, Output};
use std::slice::from_ref;

use serde_json::Value;
use shutterbench::decide::compare::{compare, gate};
use shutterbench::decide::comparison::{CaseComparison, CompareOptions, Outcome, RunComparison};
use shutterbench::decide::metric::Metric;
use shutterbench::record::run::Run;
use shutterbench::record::scenario::{Rate, Scenario, ScenarioOutcome, ScenarioVisit};
use shutterbench::record::status::Status;
use shutterbench::record::timed_runs::Block;
use shutterbench::record::visit::Visit;
use shutterbench::report::comparison_report as render;
use shutterbench::report::html::comparison_page;
use tempfile::TempDir;

use crate::common::TimelyOutput;
use crate::report_common::{Shape, run};

/// How long the median run of a scenario takes in the base.
const NS: f64 = 2e6;

/// A visit whose runs take `factor` times as long as the base's, and the round's own bit more.
fn visit(scenario: Scenario, round: u32, process: u32, factor: f64) -> ScenarioOutcome {
    let of_round = 1.0 + 0.002 * f64::from(round % 3);
    let ns = |run: u64| (NS * factor * of_round * (1.0 + 1e-4 * (run % 7) as f64)) as u64;
    let latency_ns: Vec<u64> = (0..40).map(ns).collect();
    let at_ns = (0..40).map(|run| u64::from(round) * 1_000_000_000 + run * 20_000_000).collect();
    let wall_ns = latency_ns.iter().sum();
    let block = Block { at_ns, latency_ns, cpu_ns: 1, wall_ns };
    let visit = Visit { round, process, block: (&block).into(), ..Visit::default() };
    ScenarioOutcome::Visited(Box::new(ScenarioVisit::of(scenario, visit)))
}

fn paced() -> Scenario {
    Scenario::Paced { rate: rate() }
}

fn rate() -> Rate {
    "30".parse().unwrap()
}

/// A run of one case with five rounds back to back and at 30 per second, these slower by `factor`.
fn with_paced(factor: f64) -> Run {
    let shape = Shape { models: vec!["a_f32".into()], threads: vec![1], ..Shape::default() };
    let mut run = run(&shape);
    run.header.options.latency.as_mut().unwrap().scenarios.rate = vec![rate()];
    for record in &mut run.cases {
        let of = |scenario, factor| (0..5).map(move |round| visit(scenario, round, round, factor));
        record.scenarios = of(Scenario::BackToBack, 1.0).chain(of(paced(), factor)).collect();
    }
    run
}

fn by_p50(base: &Run, new: &Run) -> RunComparison {
    compare(base, new, CompareOptions::of(Metric::P50, None))
}

/// The lines of one scenario.
fn of<'a>(compared: &'a RunComparison, scenario: &str) -> Vec<&'a CaseComparison> {
    compared.cases.iter().filter(|case| case.scenario.as_deref() == Some(scenario)).collect()
}

#[test]
fn a_scenario_that_got_slower_is_a_regression_although_the_case_did_not() {
    let (base, slow) = (with_paced(1.0), with_paced(1.3));
    let compared = by_p50(&base, &slow);
    let (cases, scenarios): (Vec<_>, Vec<_>) =
        compared.cases.iter().partition(|case| case.scenario.is_none());
    assert_eq!((cases.len(), scenarios.len()), (base.cases.len(), 2 * base.cases.len()));
    assert!(cases.iter().all(|case| case.outcome != Outcome::Worse), "{cases:?}");
    for case in of(&compared, "30 per second") {
        assert_eq!(case.outcome, Outcome::Worse, "{case:?}");
        assert!((case.change.unwrap() - 1.3).abs() < 1e-3, "{case:?}");
        assert!(case.low < case.change && case.change < case.high, "{case:?}");
        assert!((case.base.unwrap() - NS / 1e6).abs() < 0.02, "{case:?}");
    }
    assert!(of(&compared, "back to back").iter().all(|it| it.outcome != Outcome::Worse));
    assert!(compared.is_regression());
    assert!(!by_p50(&slow, &base).is_regression());
    for text in [
        render::terminal(from_ref(&compared), Some(140), false),
        render::markdown(from_ref(&compared)),
        comparison_page::page(from_ref(&compared)),
    ] {
        assert!(text.contains("30 per second") && text.contains("+30.0%"), "{text}");
        assert!(text.contains("never paired"), "{text}");
    }
    let json = render::json(from_ref(&compared));
    assert_eq!(json["cases"][0].get("scenario"), None);
    assert_eq!(json["cases"][1]["scenario"], "back to back");
}

#[test]
fn nothing_is_concluded_where_there_is_no_interval() {
    let [mut base, mut slow] = [with_paced(1.0), with_paced(1.3)];
    for record in base.cases.iter_mut().chain(&mut slow.cases) {
        record.scenarios.retain(|it| it.visit().is_some_and(|it| it.visit.round == 0));
    }
    let compared = by_p50(&base, &slow);
    for case in of(&compared, "30 per second") {
        assert!((case.change.unwrap() - 1.3).abs() < 1e-3, "{case:?}");
        assert_eq!((case.low, case.high, case.outcome), (None, None, Outcome::Undecided));
        assert!(case.note.as_deref().unwrap().contains("too few"), "{case:?}");
    }
}

#[test]
fn scenarios_of_interleaved_runs_are_not_paired_either() {
    // Each round differs from the next by more than the two sides: paired, the difference would
    // be certain.
    let [mut base, mut slow] = [with_paced(1.0), with_paced(1.0)];
    for (run, factor) in [(&mut base, 1.0), (&mut slow, 1.02)] {
        run.header.in_turn = Some("both".into());
        for record in &mut run.cases {
            let swing = |round: u32| factor * (1.0 + 0.1 * f64::from(round));
            record.scenarios =
                (0..5).map(|round| visit(paced(), round, round, swing(round))).collect();
        }
    }
    for case in of(&by_p50(&base, &slow), "30 per second") {
        assert_eq!(case.outcome, Outcome::Undecided, "{case:?}");
        assert!(case.low.unwrap() < 0.95 && case.high.unwrap() > 1.05, "{case:?}");
    }
}

#[test]
fn the_streams_of_a_round_are_one_observation() {
    let streams = Scenario::Streams { count: 2 };
    let with_streams = |copies: u32| {
        let mut run = with_paced(1.0);
        let scenarios = &mut run.header.options.latency.as_mut().unwrap().scenarios;
        scenarios.streams = vec![2.try_into().unwrap()];
        for record in &mut run.cases {
            let all = (0..5).flat_map(|round| (0..copies).map(move |copy| (round, copy)));
            let visits = all.map(|(round, copy)| visit(streams, round, round * 8 + copy, 1.0));
            record.scenarios = visits.collect();
        }
        run
    };
    let width = |copies: u32| {
        let compared = by_p50(&with_streams(copies), &with_streams(copies));
        let case = of(&compared, "2 streams")[0];
        case.high.unwrap() / case.low.unwrap()
    };
    // More processes of the same five moments tell nothing more.
    assert!((width(8) - width(2)).abs() < 1e-9, "{} and {}", width(8), width(2));
}

#[test]
fn a_scenario_that_is_gone_is_a_regression_and_one_that_came_is_not() {
    let base = with_paced(1.0);
    let mut without = base.clone();
    without.header.options.latency.as_mut().unwrap().scenarios.rate.clear();
    without.cases.iter_mut().for_each(|record| record.scenarios.clear());
    let compared = by_p50(&base, &without);
    let gone = of(&compared, "30 per second");
    assert!(!gone.is_empty() && gone.iter().all(|it| it.outcome == Outcome::Missing));
    let note = gone[0].note.as_deref();
    assert_eq!(note, Some("the new run does not have this scenario"));
    assert!(compared.is_regression());
    let compared = by_p50(&without, &base);
    assert!(of(&compared, "30 per second").iter().all(|it| it.outcome == Outcome::New));
    assert!(!compared.is_regression());

    let mut lost = base.clone();
    for record in &mut lost.cases {
        let (status, error) = (Status::Crashed, "signal 11".to_owned());
        record.scenarios.retain(|it| it.scenario() != paced());
        record.scenarios.push(ScenarioOutcome::Lost { scenario: paced(), status, error });
    }
    let compared = by_p50(&base, &lost);
    assert_eq!(of(&compared, "30 per second")[0].note.as_deref(), Some("crashed: signal 11"));
    // Of a case that is lost as a whole, one line is enough.
    lost.cases.iter_mut().for_each(|record| record.status = Status::Crashed);
    assert_eq!(by_p50(&base, &lost).cases.len(), base.cases.len());
}

#[test]
fn scenarios_are_part_of_one_gate_with_every_other_figure() {
    let (base, slow) = (with_paced(1.0), with_paced(1.3));
    let all = [Metric::P50, Metric::Size].map(|metric| CompareOptions::of(metric, None));
    let found = gate(&base, &slow, &all);
    let paced = of(&found[0], "30 per second");
    assert!(paced.iter().all(|case| case.p_adjusted > case.p_value), "{paced:?}");
    assert!(found[1].cases.iter().all(|case| case.scenario.is_none()), "a file has one size");
    assert!(!found[1].caveats.iter().any(|it| it.contains("scenarios")));
}

#[test]
fn other_photos_end_to_end_are_said_to_be() {
    let mut base = with_paced(1.0);
    base.header.options.latency.as_mut().unwrap().scenarios.end_to_end = true;
    for record in &mut base.cases {
        let visits = (0..5).map(|round| visit(Scenario::EndToEnd, round, round, 4.0));
        record.scenarios.extend(visits.collect::<Vec<_>>());
    }
    let mut new = base.clone();
    let says = |base: &Run, new: &Run| {
        by_p50(base, new).caveats.iter().any(|it| it.contains("photos of the runs end to end"))
    };
    assert!(!says(&base, &new));
    new.header.dataset.as_mut().unwrap().listing_sha256 = "another".into();
    assert!(says(&base, &new));
    // Nothing else is made of photos.
    assert!(!says(&with_paced(1.0), &new));
}

fn shutterbench(arguments: &[&str], folders: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_shutterbench");
    Command::new(program).args(arguments).args(folders).timely_output()
}

#[test]
fn the_program_compares_what_it_measured() {
    let folder = TempDir::new().unwrap();
    let [base, new] = ["base", "new"].map(|name| folder.path().join(name));
    for run in [&base, &new] {
        let measured = [
            "run",
            "--quiet",
            "--backend",
            "tract",
            "--model",
            "fmnist_mobilenet_v1_0.25_f32_onnx",
            "--no-accuracy",
            "--warmup",
            "1",
            "--processes",
            "1",
            "--runs",
            "20",
            "--rate",
            "100",
            "--out",
        ];
        let output = shutterbench(&measured, &[run]);
        assert!(output.status.success(), "{output:?}");
    }
    // How the two runs differ is the machine's affair.
    let output = shutterbench(&["compare", "--json"], &[&base, &new]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = json["cases"].as_array().unwrap();
    let scenarios: Vec<Option<&str>> = cases.iter().map(|it| it["scenario"].as_str()).collect();
    assert_eq!(scenarios, [None, Some("back to back"), Some("100 per second")]);
    for case in &cases[1..] {
        assert!(case["low"].as_f64() < case["change"].as_f64(), "{case}");
        assert!(case["change"].as_f64() < case["high"].as_f64(), "{case}");
    }
}
