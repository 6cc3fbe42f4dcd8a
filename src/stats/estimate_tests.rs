//! What the interval promises, on series whose true median is known.

use super::*;
use crate::stats::simulated::Series;

const SERIES: u64 = 1_000;

/// Share of simulated series whose interval holds the true median.
fn coverage(series: Series) -> f64 {
    let covered = (0..SERIES)
        .filter(|seed| {
            let estimate = estimate(&series.rounds(*seed)).unwrap();
            estimate.interval().contains(series.true_log_median())
        })
        .count();
    covered as f64 / SERIES as f64
}

fn assert_covers(series: Series) {
    let share = coverage(series);
    assert!((0.93..=0.985).contains(&share), "{share} of {series:?}");
}

#[test]
fn slow_it_covers_the_median_of_an_autocorrelated_series() {
    assert_covers(Series { run_correlation: 0.95, ..Series::default() });
}

#[test]
fn slow_it_covers_where_each_round_has_its_own_speed() {
    let series = Series { round_deviation: 0.02, ..Series::default() };
    assert_covers(series);
    assert_covers(Series { run_correlation: 0.9, ..series });
}

#[test]
fn slow_it_covers_where_the_speed_outlasts_the_round() {
    let correlated = Series { round_deviation: 0.05, round_correlation: 0.5, ..Series::default() };
    assert_covers(correlated);
    assert_covers(Series { rounds: 100, ..correlated });
}

#[test]
fn it_covers_with_few_rounds() {
    assert_covers(Series { rounds: MIN_ROUNDS, round_deviation: 0.05, ..Series::default() });
}

#[test]
fn slow_it_covers_where_every_process_has_its_own_speed() {
    let series = Series {
        processes: 8,
        rounds: 8,
        process_deviation: 0.02,
        round_deviation: 0.02,
        ..Series::default()
    };
    assert_covers(series);
    assert_covers(Series { process_deviation: 0.0, ..series });
    assert_covers(Series { processes: 5, process_deviation: 0.05, ..series });
}

#[test]
fn slow_where_a_speed_outlasts_processes_it_falls_short_and_by_how_much() {
    // 160 rounds whose neighbours correlate by 0.9 say as much as 8 independent ones. It
    // is the honest limit of what one measurement tells; without widening it is 77%.
    let long = Series {
        processes: 20,
        rounds: 8,
        process_deviation: 0.003,
        round_deviation: 0.02,
        round_correlation: 0.9,
        ..Series::default()
    };
    let few = Series { processes: 8, ..long };
    let shares = [coverage(long), coverage(few)];
    assert!((0.90..=0.97).contains(&shares[0]), "{shares:?}");
    assert!((0.86..=0.97).contains(&shares[1]), "{shares:?}");
    // Up to 20 processes that owe nothing to each other keep the promise.
    let alike = Series { rounds: 3, round_correlation: 0.0, ..long };
    assert_covers(alike);
    assert_covers(Series { process_deviation: 0.02, ..alike });
}

#[test]
fn treating_runs_as_independent_would_be_wrong() {
    // The same series with every run as a round of its own: what a plain
    // test over iterations would do. The rule above has to earn its keep.
    let series = Series { round_deviation: 0.02, ..Series::default() };
    let covered = (0..200)
        .filter(|seed| {
            let points: Vec<f64> =
                series.rounds(*seed).iter().flat_map(|round| round.points.clone()).collect();
            let n = points.len() as f64;
            let median = statistics::median(&points).unwrap();
            // Standard error of a median of n independent normal values.
            let reach = 1.96 * 1.2533 * statistics::standard_deviation(&points) / n.sqrt();
            (series.true_log_median() - median).abs() <= reach
        })
        .count();
    assert!(covered < 150, "{covered} of 200");
}

#[test]
fn too_few_rounds_give_no_interval() {
    for rounds in 0..MIN_ROUNDS {
        let series = Series { rounds, ..Series::default() };
        assert_eq!(estimate(&series.rounds(1)), None, "{rounds}");
    }
    assert_eq!(estimate(&vec![Round { process: 0, points: vec![] }; 9]), None);
}

#[test]
fn two_processes_far_apart_make_the_interval_wide() {
    let alike = Series { processes: 2, rounds: 8, round_deviation: 0.01, ..Series::default() };
    let mut rounds = alike.rounds(3);
    let narrow = estimate(&rounds).unwrap();
    for round in rounds.iter_mut().filter(|round| round.process == 1) {
        round.points.iter_mut().for_each(|point| *point += 0.1);
    }
    let wide = estimate(&rounds).unwrap();
    assert_eq!(wide.degrees, 1.0);
    assert!(wide.standard_error > 5.0 * narrow.standard_error);
    assert!(wide.interval().contains(alike.true_log_median()));
}

#[test]
fn the_estimate_is_the_median_itself() {
    let rounds: Vec<Round> =
        (0..9).map(|i| Round { process: 0, points: vec![f64::from(i * i)] }).collect();
    assert_eq!(estimate(&rounds).unwrap().value, 16.0);
    let constant = vec![Round { process: 0, points: vec![2.0; 40] }; 12];
    let estimate = estimate(&constant).unwrap();
    assert_eq!((estimate.value, estimate.standard_error), (2.0, 0.0));
}
