//! Two runs against each other.

mod report_common;

use report_common::{Shape, run};
use shutterbench::decide::compare::compare;
use shutterbench::decide::comparison::{Options, Outcome};
use shutterbench::decide::metric::Metric;
use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::report::comparison as render;
use shutterbench::stats::paired::Pairing;

fn options(metric: Metric) -> Options {
    Options::of(metric, None)
}

/// The same run at another time, everything slower by `factor`.
fn later(run: &Run, factor: f64) -> Run {
    let mut later = run.clone();
    later.header.run_id = "later".into();
    for record in &mut later.cases {
        for visit in &mut record.visits {
            visit.block.at_ns.iter_mut().for_each(|at| *at += 1_000_000_000_000);
            let slower = |ns: &mut u64| *ns = (*ns as f64 * factor) as u64;
            visit.block.latency_ns.iter_mut().for_each(slower);
        }
    }
    later
}

fn shape() -> Shape {
    Shape { models: vec!["a_f32".into(), "b_int8".into()], rounds: 40, ..Shape::default() }
}

#[test]
fn a_slowdown_is_found_and_is_a_regression() {
    let base = run(&shape());
    let slow = compare(&base, &later(&base, 1.2), options(Metric::P50));
    assert_eq!(slow.pairing, Pairing::Unpaired);
    assert_eq!(slow.count(Outcome::Worse), base.cases.len());
    assert!(slow.is_regression());
    for case in &slow.cases {
        assert!((case.change.unwrap() - 1.2).abs() < 0.01, "{case:?}");
        assert!(case.low < case.change && case.change < case.high);
    }
    let fast = compare(&later(&base, 1.2), &base, options(Metric::P50));
    assert_eq!(fast.count(Outcome::Better), base.cases.len());
    assert!(!fast.is_regression());
    for text in
        [render::terminal(&slow, Some(100), false), render::markdown(&slow), render::html(&slow)]
    {
        assert!(text.contains("slower") && text.contains("+20.0%"), "{text}");
    }
    assert_eq!(render::json(&slow)["regression"], true);
}

#[test]
fn runs_taken_in_turn_are_paired_and_equal_ones_are_the_same() {
    let mut base = run(&shape());
    base.header.in_turn = Some("both".into());
    let mut twin = base.clone();
    for record in &mut twin.cases {
        for visit in &mut record.visits {
            visit.block.at_ns.iter_mut().for_each(|at| *at += 500);
        }
    }
    let same = compare(&base, &twin, options(Metric::P50));
    assert_eq!(same.pairing, Pairing::ByRound);
    assert_eq!(same.count(Outcome::Same), base.cases.len(), "{same:?}");
    assert!(!same.is_regression());
}

#[test]
fn runs_that_merely_overlap_in_time_are_not_paired() {
    // Two machines that were started together have clocks that agree: their rounds
    // fall on the same nanoseconds without being the same moment.
    let base = run(&shape());
    assert_eq!(compare(&base, &base.clone(), options(Metric::P50)).pairing, Pairing::Unpaired);
    let mut other = base.clone();
    other.header.in_turn = Some("another pair".into());
    assert_eq!(compare(&base, &other, options(Metric::P50)).pairing, Pairing::Unpaired);
}

#[test]
fn a_case_that_fails_now_is_a_regression_and_one_left_out_is_not() {
    let base = run(&shape());
    let mut new = later(&base, 1.0);
    new.cases[0].status = Status::Crashed;
    new.cases[0].error = Some("signal 11".into());
    new.cases[0].visits.clear();
    let left_out = new.header.cases.remove(1);
    new.cases.retain(|record| record.case != left_out);
    let compared = compare(&base, &new, options(Metric::P50));
    assert_eq!(compared.cases[0].outcome, Outcome::Missing);
    assert_eq!(compared.cases[0].note.as_deref(), Some("crashed: signal 11"));
    assert_eq!(compared.cases[1].outcome, Outcome::Undecided);
    assert!(compared.is_regression());
    let compared = compare(&new, &base, options(Metric::P50));
    assert_eq!(compared.count(Outcome::New), 1);
    assert!(!compared.is_regression());
}

#[test]
fn accuracy_is_compared_on_the_same_images() {
    let base = run(&shape());
    let mut new = base.clone();
    let spoil = |record: &mut shutterbench::record::run::AccuracyRecord, count: usize| {
        let right = record.predictions.iter_mut().filter(|p| p.rank_of_label == 1);
        right.take(count).for_each(|prediction| prediction.rank_of_label = 3);
    };
    spoil(&mut new.accuracies[0], 30);
    spoil(&mut new.accuracies[1], 2);
    let compared = compare(&base, &new, options(Metric::Top1));
    let of = |key: usize| {
        let key = &base.accuracies[key].key;
        let at = base.header.cases.iter().position(|case| case.accuracy_key() == *key).unwrap();
        &compared.cases[at]
    };
    assert_eq!(of(0).outcome, Outcome::Worse);
    assert_eq!(of(0).change, Some(-15.0));
    assert_eq!(
        of(0).note.as_deref(),
        Some("15.0 points lower (p < 0.001, 200 images); 30 lost, 0 gained")
    );
    assert_eq!(
        of(1).note.as_deref(),
        Some(
            "1.0 points lower, not distinguishable on 200 images; about 790 would be needed; 2 lost, 0 gained"
        )
    );
    // Two images of 200: p = 0.5 by the exact test.
    assert_eq!((of(1).outcome, of(1).p_value), (Outcome::Undecided, Some(0.5)));
    assert_eq!(of(2).outcome, Outcome::Same);
    let top5 = compare(&base, &new, options(Metric::Top5));
    assert_eq!(top5.count(Outcome::Same), base.cases.len());
}

#[test]
fn a_small_loss_of_accuracy_is_one_where_it_is_more_than_chance() {
    let base = run(&Shape { images: 2000, ..shape() });
    let mut new = base.clone();
    let right = new.accuracies[0].predictions.iter_mut().filter(|p| p.rank_of_label == 1);
    right.take(18).for_each(|prediction| prediction.rank_of_label = 3);
    let first = |threshold| {
        let compared = compare(&base, &new, Options::of(Metric::Top1, threshold));
        let key = &base.accuracies[0].key;
        let at = base.header.cases.iter().position(|case| case.accuracy_key() == *key).unwrap();
        compared.cases[at].clone()
    };
    // 0.9 points, all in one direction.
    assert_eq!(first(None).outcome, Outcome::Worse);
    let below = first(Some(1.0));
    assert_eq!(below.outcome, Outcome::Undecided);
    let note = below.note.unwrap();
    assert!(note.contains("distinguishable, but below the threshold of 1 points"), "{note}");
}

#[test]
fn sizes_and_memory_are_compared_by_the_threshold() {
    let base = run(&shape());
    let mut new = base.clone();
    new.header.models[0].bytes = base.header.models[0].bytes * 103 / 100;
    new.header.models[1].bytes = base.header.models[1].bytes / 2;
    let compared = compare(&base, &new, options(Metric::Size));
    assert_eq!((compared.count(Outcome::Worse), compared.count(Outcome::Better)), (4, 4));
    let looser = Options { threshold_percent: 5.0, ..options(Metric::Size) };
    assert!(!compare(&base, &new, looser).is_regression());
    assert_eq!(compare(&base, &new, options(Metric::Memory)).count(Outcome::Same), 8);
}
