//! Two runs against each other.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::slice::from_ref;

use shutterbench::decide::compare::{compare, gate};
use shutterbench::decide::comparison::{CompareOptions, Outcome};
use shutterbench::decide::metric::Metric;
use shutterbench::record::channels::Channels;
use shutterbench::record::description::PipelineSource;
use shutterbench::record::model_pipeline::ModelPipeline;
use shutterbench::record::preset::Preset;
use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::report::comparison_report as render;
use shutterbench::report::html::comparison_page;
use shutterbench::stats::paired::Pairing;

use crate::report_common::{Shape, change_runs, run};

fn options(metric: Metric) -> CompareOptions {
    CompareOptions::of(metric, None)
}

/// The same run at another time, everything slower by `factor`.
fn later(run: &Run, factor: f64) -> Run {
    let mut later = run.clone();
    later.header.run_id = "later".into();
    for record in &mut later.cases {
        for visit in &mut record.visits {
            change_runs(visit, |block| {
                block.at_ns.iter_mut().for_each(|at| *at += 1_000_000_000_000);
                block.latency_ns.iter_mut().for_each(|ns| *ns = (*ns as f64 * factor) as u64);
            });
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
    for text in [
        render::terminal(from_ref(&slow), Some(100), false),
        render::markdown(from_ref(&slow)),
        comparison_page::page(from_ref(&slow)),
    ] {
        assert!(text.contains("slower") && text.contains("+20.0%"), "{text}");
    }
    assert_eq!(render::json(from_ref(&slow))["regression"], true);
}

#[test]
fn runs_taken_in_turn_are_paired_and_equal_ones_are_the_same() {
    let mut base = run(&shape());
    base.header.in_turn = Some("both".into());
    let mut twin = base.clone();
    for record in &mut twin.cases {
        for visit in &mut record.visits {
            change_runs(visit, |block| block.at_ns.iter_mut().for_each(|at| *at += 500));
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
fn a_case_that_fails_now_or_is_left_out_is_a_regression() {
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
    assert_eq!(compared.cases[1].outcome, Outcome::Missing);
    assert_eq!(compared.cases[1].note.as_deref(), Some("the new run does not have this case"));
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
fn what_only_one_run_scored_is_no_part_of_what_is_compared() {
    let base = run(&shape());
    let keep = |run: &Run, images: Range<usize>| {
        let mut part = run.clone();
        part.header.run_id = format!("{images:?}");
        for record in &mut part.accuracies {
            record.predictions = record.predictions[images.clone()].to_vec();
        }
        part
    };
    // Right in all of the first half, and in none of the second.
    let mut base = base;
    for record in &mut base.accuracies {
        for (at, prediction) in record.predictions.iter_mut().enumerate() {
            prediction.rank_of_label = if at < 100 { 1 } else { 9 };
        }
    }
    let half = compare(&base, &keep(&base, 0..100), options(Metric::Top1));
    for case in &half.cases {
        let values = (case.base, case.new, case.change, case.outcome);
        assert_eq!(values, (Some(1.0), Some(1.0), Some(0.0), Outcome::Same));
    }
    // Ten images of both say nothing about the other 180.
    let [first, second] = [0..110, 100..200].map(|images| keep(&base, images));
    let apart = compare(&first, &second, options(Metric::Top1));
    for case in &apart.cases {
        let values = (case.base, case.new, case.outcome);
        assert_eq!(values, (Some(0.0), Some(0.0), Outcome::Undecided));
    }
}

#[test]
fn a_run_against_itself_and_other_files_under_the_same_names_are_told() {
    let base = run(&shape());
    let told = |new: &Run, what: &str| {
        let compared = compare(&base, new, options(Metric::P50));
        compared.caveats.iter().any(|caveat| caveat.contains(what))
    };
    assert!(told(&base, "is compared with itself"));
    let mut new = later(&base, 1.0);
    assert!(!told(&new, "compared with itself") && !told(&new, "in the new run"));
    new.header.models[0].sha256 = "f".repeat(64);
    assert!(told(&new, "a_f32 is another file in the new run"));
    let runtime = &mut new.header.runtimes[0];
    assert!(!told(&base, "its library is another file"));
    runtime.sha256 = Some("f".repeat(64));
    base.header.runtimes[0].sha256.as_ref().expect("the fixture has a library's hash");
    assert!(told(&new, "its library is another file now"));
}

#[test]
fn accuracies_under_other_preprocessing_are_said_to_be() {
    let mut base = run(&shape());
    let through = |preset: &str| {
        let preset: Preset = preset.parse().unwrap();
        let pipeline = preset.pipeline(28, 28, Channels::Rgb, None);
        let models = base.header.models.iter().map(|model| model.name.clone()).collect();
        ModelPipeline { models, preset, source: PipelineSource::Options, pipeline }
    };
    let (squeezed, cropped) = (through("keras"), through("torchvision"));
    base.header.pipelines = vec![squeezed];
    let mut new = base.clone();
    let said = |base: &Run, new: &Run, metric: Metric| {
        let compared = compare(base, new, options(metric));
        compared.caveats.iter().filter(|it| it.contains("photos for")).count()
    };
    let models = base.header.models.len();
    assert_eq!(said(&base, &new, Metric::Top1), 0);
    new.header.pipelines = vec![cropped];
    assert_eq!(said(&base, &new, Metric::Top1), models);
    assert_eq!(said(&base, &new, Metric::P50), 0);
    // A run of before it was recorded.
    new.header.pipelines.clear();
    assert_eq!(said(&base, &new, Metric::Top5), models);
}

#[test]
fn a_small_loss_of_accuracy_is_one_where_it_is_more_than_chance() {
    let base = run(&Shape { images: 2000, ..shape() });
    let mut new = base.clone();
    let right = new.accuracies[0].predictions.iter_mut().filter(|p| p.rank_of_label == 1);
    right.take(18).for_each(|prediction| prediction.rank_of_label = 3);
    let first = |threshold| {
        let compared = compare(&base, &new, CompareOptions::of(Metric::Top1, threshold));
        let key = &base.accuracies[0].key;
        let at = base.header.cases.iter().position(|case| case.accuracy_key() == *key).unwrap();
        compared.cases[at].clone()
    };
    // 0.9 points, all in one direction.
    assert_eq!(first(None).outcome, Outcome::Worse);
    let below = first(Some(1.0));
    assert_eq!(below.outcome, Outcome::Undecided);
    let note = below.note.unwrap();
    assert!(note.contains("significant, but below the threshold of 1 points"), "{note}");
}

#[test]
fn whatever_the_base_had_and_the_new_run_lacks_is_a_regression() {
    let base = run(&shape());
    // A backend that is no longer there.
    let mut new = later(&base, 1.0);
    let gone = base.header.cases[0].backend;
    new.header.cases.retain(|case| case.backend != gone);
    new.cases.retain(|record| record.case.backend != gone);
    let compared = compare(&base, &new, options(Metric::P50));
    assert_eq!(compared.count(Outcome::Missing), base.cases.len() / 2);
    assert!(compared.is_regression());

    // One that cannot run the model any more.
    let mut new = later(&base, 1.0);
    new.cases[0].status = Status::Unsupported;
    new.cases[0].visits.clear();
    let compared = compare(&base, &new, options(Metric::P50));
    assert_eq!(compared.cases[0].outcome, Outcome::Missing);

    // A score.
    let mut new = later(&base, 1.0);
    new.accuracies[0].status = Status::Crashed;
    new.accuracies[0].error = Some("signal 6".into());
    let compared = compare(&base, &new, options(Metric::Top1));
    assert!(compared.is_regression());
    let note = compared.cases[0].note.as_deref().unwrap();
    assert!(note.contains("does not have this figure") && note.contains("signal 6"), "{note}");
    assert!(!compare(&base, &new, options(Metric::P50)).is_regression());
}

#[test]
fn unrelated_cases_are_compared_in_their_order_only_where_that_is_asked_for() {
    let base = run(&Shape { models: vec!["a_f32".into()], ..shape() });
    let new = run(&Shape { models: vec!["b_f32".into()], ..shape() });
    let compared = compare(&base, &new, options(Metric::P50));
    assert_eq!(compared.count(Outcome::Missing), base.cases.len());
    assert_eq!(compared.count(Outcome::New), base.cases.len());
    assert!(compared.caveats.iter().any(|caveat| caveat.contains("--in-order")));
    let asked = CompareOptions { in_order: true, ..options(Metric::P50) };
    assert_eq!(compare(&base, &new, asked).count(Outcome::Missing), 0);
    // Two interleaved suites differ on purpose.
    let (mut base, mut new) = (base, new);
    base.header.in_turn = Some("both".into());
    new.header.in_turn = Some("both".into());
    assert_eq!(compare(&base, &new, options(Metric::P50)).count(Outcome::Missing), 0);
}

/// Gives each case as many processes as `peaks`, with these peaks of memory in kilobytes.
fn with_peaks(run: &Run, peaks: &[u64]) -> Run {
    let mut run = run.clone();
    for record in &mut run.cases {
        let one = record.processes[0].clone();
        let with = |peak: &u64| {
            let mut process = one.clone();
            process.memory.as_mut().unwrap().peak_bytes = peak * 1_000;
            process
        };
        record.processes = peaks.iter().map(with).collect();
    }
    run
}

#[test]
fn memory_is_compared_over_processes() {
    let base = run(&shape());
    let usual = with_peaks(&base, &[12_300, 12_900, 12_100, 12_700, 12_500, 12_200]);
    // The maximum over the processes differs by 4%; the processes do not.
    let again = with_peaks(&base, &[12_400, 12_200, 13_400, 12_300, 12_100, 12_600]);
    let compared = compare(&usual, &again, options(Metric::Memory));
    assert_eq!(compared.count(Outcome::Undecided), base.cases.len());
    assert!(!compared.is_regression());
    let first = &compared.cases[0];
    assert!(first.low < first.change && first.change < first.high, "{first:?}");
    let larger = with_peaks(&base, &[15_400, 15_200, 15_900, 15_300, 15_100, 15_600]);
    let compared = compare(&usual, &larger, options(Metric::Memory));
    assert_eq!(compared.count(Outcome::Worse), base.cases.len());
    // A single process does not show its scatter.
    let compared = compare(&base, &with_peaks(&base, &[14_000]), options(Metric::Memory));
    assert_eq!(compared.count(Outcome::Undecided), base.cases.len());
    assert!(compared.cases[0].note.as_deref().unwrap().contains("--processes"));
}

#[test]
fn a_gate_alarms_falsely_once_in_twenty_however_much_it_compares() {
    // Seven processes a side whose peaks scatter by chance alone: without Holm some case
    // of some pair is called larger far more often.
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let base = run(&Shape { rounds: 5, images: 10, ..Shape::default() });
    let mut scattered = || {
        let mut run = with_peaks(&base, &[1; 7]);
        for process in run.cases.iter_mut().flat_map(|record| &mut record.processes) {
            process.memory.as_mut().unwrap().peak_bytes = rng.random_range(10_000_000..14_000_000);
        }
        run
    };
    let options = [CompareOptions::of(Metric::Memory, Some(0.0))];
    let (mut alarms, mut single) = (0, 0);
    for _ in 0..40 {
        let found = gate(&scattered(), &scattered(), &options);
        let cases = &found[0].cases;
        assert_eq!(cases.len(), 32);
        let changed = |case: &&shutterbench::decide::comparison::CaseComparison| {
            matches!(case.outcome, Outcome::Worse | Outcome::Better)
        };
        alarms += usize::from(cases.iter().any(|case| changed(&case)));
        single += usize::from(cases.iter().any(|case| case.p_value.unwrap() <= 0.05));
    }
    assert!(alarms <= 5 && single >= 20, "{alarms} and {single} of 40");
}

#[test]
fn several_figures_are_one_gate() {
    let base = run(&shape());
    let mut new = later(&base, 1.2);
    new.header.models[0].bytes *= 2;
    let all = [Metric::P50, Metric::P99, Metric::Size].map(options);
    let found = gate(&base, &new, &all);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].count(Outcome::Worse), base.cases.len());
    let json = render::json(&found);
    assert_eq!(json["regression"], true);
    assert_eq!(json["comparisons"].as_array().unwrap().len(), 3);
    for text in [
        render::terminal(&found, None, false),
        render::markdown(&found),
        comparison_page::page(&found),
    ] {
        assert!(text.contains("median latency of") && text.contains("file size of"), "{text}");
    }
    // More than 368 runs: p99 has an interval; the ratio is that of the displayed figures.
    let case = &found[1].cases[0];
    assert!((case.change.unwrap() - case.new.unwrap() / case.base.unwrap()).abs() < 1e-3);
    assert!(case.low.is_some() && case.p_value.is_some(), "{case:?}");
}

/// A run of eight cases over so many processes, and the same slowed by a fifth, in turn.
fn in_turn(processes: u32) -> [Run; 2] {
    let mut base = run(&Shape { rounds: 4 * processes, ..shape() });
    base.header.in_turn = Some("both".into());
    let slower = later(&base, 1.2);
    [base, slower]
}

#[test]
fn too_few_pairs_for_so_many_cases_are_said_with_the_remedy() {
    // The smallest p of 6 pairs is 1 in 32, and there are 8 cases.
    let [base, slower] = in_turn(6);
    let found = compare(&base, &slower, options(Metric::P50));
    assert_eq!(found.count(Outcome::Undecided), base.cases.len(), "{found:?}");
    let sentence = found.caveats.iter().find(|it| it.contains("too few pairs")).unwrap();
    assert!(sentence.contains("8 of 8 cases") && sentence.contains("--processes 9"), "{sentence}");
    let note = found.cases[0].note.as_deref().unwrap();
    assert!(note.contains("use --processes"), "{note}");
    let text = render::terminal(from_ref(&found), None, false);
    assert!(text.contains("--processes 9 or more"), "{text}");
    // As many as it names are enough.
    let [base, slower] = in_turn(9);
    let found = compare(&base, &slower, options(Metric::P50));
    assert_eq!(found.count(Outcome::Worse), base.cases.len(), "{found:?}");
    assert!(!found.caveats.iter().any(|it| it.contains("too few pairs")));
}

#[test]
fn sizes_are_compared_by_the_threshold() {
    let base = run(&shape());
    let mut new = base.clone();
    new.header.models[0].bytes = base.header.models[0].bytes * 103 / 100;
    new.header.models[1].bytes = base.header.models[1].bytes / 2;
    let compared = compare(&base, &new, options(Metric::Size));
    assert_eq!((compared.count(Outcome::Worse), compared.count(Outcome::Better)), (4, 4));
    let looser = CompareOptions { threshold_percent: 5.0, ..options(Metric::Size) };
    assert!(!compare(&base, &new, looser).is_regression());
}
