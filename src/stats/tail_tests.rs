//! The intervals hold the true figure as often as they say, and are absent below the
//! count that they need.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

#[test]
fn the_fewest_runs_are_those_of_the_binomial_bound() {
    // 0.9^36 and 0.99^368 are the first powers below 2.5%.
    for (probability, fewest) in [(0.9, 36), (0.95, 72), (0.99, 368)] {
        assert_eq!(ranks(fewest - 1, probability), None);
        assert!(ranks(fewest, probability).is_some());
    }
    // Conover's table A3 for n = 20 and the median: ranks 6 and 15.
    assert_eq!(ranks(20, 0.5), Some((6.0, 15.0)));
}

#[test]
fn both_ways_to_the_ranks_meet() {
    // Variance 300 for p99 is reached at 30,304 values.
    let (exact, normal) = (ranks(30_300, 0.99).unwrap(), ranks(30_310, 0.99).unwrap());
    assert!((exact.0 - normal.0 + 10.0).abs() < 4.0, "{exact:?} {normal:?}");
    assert!((exact.1 - normal.1 + 10.0).abs() < 4.0, "{exact:?} {normal:?}");
}

/// Exponential latencies in microseconds, with a separate speed for each visit.
fn series(visits: usize, runs: usize, swing: f64, seed: u64) -> Vec<(u32, Vec<u64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..visits)
        .map(|visit| {
            let speed = 1.0 + swing * rng.random_range(-1.0..1.0_f64);
            let run = |rng: &mut ChaCha8Rng| {
                let exceedance = -(1.0 - rng.random::<f64>()).ln();
                ((1.0 + exceedance) * speed * 1e6) as u64
            };
            (visit as u32 / 4, (0..runs).map(|_| run(&mut rng)).collect())
        })
        .collect()
}

fn grouped(series: &[(u32, Vec<u64>)]) -> Grouped {
    Grouped::of(series.iter().map(|(process, runs)| (*process, runs.as_slice())))
}

/// How often of 400 the interval of the quantile holds what many runs say it is.
fn held(visits: usize, runs: usize, swing: f64, probability: f64) -> usize {
    let truth = grouped(&series(4_000, 50, swing, 99)).quantile(probability).unwrap();
    (0..400)
        .filter(|seed| {
            let interval = grouped(&series(visits, runs, swing, *seed)).interval(probability);
            interval.is_none_or(|interval| interval.contains(truth))
        })
        .count()
}

#[test]
fn intervals_hold_the_quantile_also_where_visits_differ() {
    for (swing, probability) in [(0.0, 0.9), (0.0, 0.99), (0.2, 0.9), (0.2, 0.99)] {
        let held = held(80, 20, swing, probability);
        assert!(held >= 368, "{held} of 400 at {probability}, swing {swing}");
    }
}

#[test]
fn visits_that_differ_make_runs_count_less() {
    let width = |swing| {
        let interval = grouped(&series(80, 20, swing, 7)).interval(0.9).unwrap();
        (interval.high / interval.low).ln()
    };
    assert!(width(0.3) > 1.3 * width(0.0), "{} {}", width(0.3), width(0.0));
}

#[test]
fn few_runs_or_groups_have_no_interval() {
    assert!(grouped(&series(10, 3, 0.0, 1)).interval(0.9).is_none());
    assert!(grouped(&series(10, 30, 0.0, 1)).interval(0.99).is_none());
    assert!(grouped(&series(4, 1_000, 0.0, 1)).interval(0.9).is_none());
    assert!(grouped(&series(4, 1_000, 0.0, 1)).share_within(1e6).is_none());
    assert!(grouped(&[]).quantile(0.9).is_none());
}

#[test]
fn the_share_within_a_budget_has_wilsons_interval() {
    // Independent runs: every visit has the same counts.
    let visits: Vec<(u32, Vec<u64>)> = (0..10).map(|i| (i, vec![1, 1, 1, 1, 9])).collect();
    let share = grouped(&visits).share_within(5.0).unwrap();
    let wilson = crate::stats::interval::wilson(40, 50).unwrap();
    assert!((share.low - wilson.low).abs() < 1e-9 && (share.high - wilson.high).abs() < 1e-9);
    let all = grouped(&visits).share_within(10.0).unwrap();
    assert!(all.value == 1.0 && all.high == 1.0 && all.low < 0.95);
}
