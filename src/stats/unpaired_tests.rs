//! Runs at different times on a machine with a neighbour, whose clock changes between them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::record::timed_runs::Block;
use crate::stats::paired::{Comparison, Pairing, Verdict, compare};
use crate::stats::simulated::normal;

/// What the neighbour costs the model, and the yardstick: not the same.
const MODEL_SLOWED: f64 = 1.25;
const YARDSTICK_SLOWED: f64 = 1.15;
/// Runs of a visit.
const RUNS: usize = 40;

/// A run of 20 processes of 4 visits. The neighbour comes and goes about every half visit,
/// and is there for `busy` of the time; `clock` is how much longer everything takes in this
/// run, and `slower` how much longer the model does.
fn run(seed: u64, busy: f64, clock: f64, slower: f64) -> Vec<Visit> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut neighbour = rng.random_bool(busy);
    let mut visits = Vec::new();
    for process in 0..20 {
        let layout = (0.003 * normal(&mut rng)).exp();
        for round in 4 * process..4 * process + 4 {
            let mut step = |rng: &mut ChaCha8Rng| {
                if rng.random_bool(2.0 / RUNS as f64) {
                    neighbour = rng.random_bool(busy);
                }
                neighbour
            };
            let yardstick = |there: bool, rng: &mut ChaCha8Rng| {
                let slowed = if there { YARDSTICK_SLOWED } else { 1.0 };
                (24_000.0 * clock * slowed * (0.005 * normal(rng)).exp()) as u64
            };
            let before = yardstick(step(&mut rng), &mut rng);
            let run = |_| {
                let slowed = if step(&mut rng) { MODEL_SLOWED } else { 1.0 };
                let noise = (0.02 * normal(&mut rng)).exp();
                (1e6 * clock * slower * layout * slowed * noise) as u64
            };
            let latency_ns: Vec<u64> = (0..RUNS).map(run).collect();
            let after = yardstick(neighbour, &mut rng);
            let wall_ns = latency_ns.iter().sum();
            let block = Block { at_ns: vec![0; RUNS], latency_ns, cpu_ns: wall_ns, wall_ns };
            let (block, yardstick_ns) = ((&block).into(), Some([before, after]));
            visits.push(Visit { round, process, block, yardstick_ns, ..Visit::default() });
        }
    }
    visits
}

/// Pairs of runs: the neighbour is there for 5 to 20% of the time, and the clock differs by
/// up to 4% to either side.
fn pairs(slower: f64) -> impl Iterator<Item = (Vec<Visit>, Vec<Visit>)> {
    (0..200).map(move |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(9_000 + seed);
        let mut side = |seed, slower| {
            let (busy, clock) = (rng.random_range(0.05..0.2), rng.random_range(0.96..1.04));
            run(seed, busy, clock, slower)
        };
        (side(2 * seed, 1.0), side(2 * seed + 1, slower))
    })
}

fn compared(pairing: Pairing, threshold: f64, slower: f64) -> Vec<Comparison> {
    let compared = |(base, new): (Vec<Visit>, Vec<Visit>)| {
        compare(&base, &new, pairing, 0.5, threshold).unwrap()
    };
    pairs(slower).map(compared).collect()
}

fn count(all: &[Comparison], verdict: Verdict) -> usize {
    all.iter().filter(|found| found.verdict == verdict).count()
}

#[test]
fn identical_runs_are_the_same_and_slower_ones_are_found() {
    let equal = compared(Pairing::ByYardstick, 5.0, 1.0);
    assert!(equal.iter().all(|found| found.pairing == Pairing::ByYardstick));
    assert_eq!(count(&equal, Verdict::Slower) + count(&equal, Verdict::Faster), 0);
    let same = count(&equal, Verdict::Same);
    assert!(same >= 160, "{same} of 200");
    let slower = count(&compared(Pairing::ByYardstick, 5.0, 1.1), Verdict::Slower);
    assert!(slower >= 195, "{slower} of 200");
}

#[test]
fn two_runs_do_not_tell_if_most_visits_of_one_were_disturbed() {
    let (calm, busy) = (run(1, 0.1, 1.0, 1.0), run(2, 0.7, 1.0, 1.1));
    assert!(!is_mostly_disturbed(&calm) && is_mostly_disturbed(&busy));
    for (base, new) in [(&calm, &busy), (&busy, &calm)] {
        for pairing in [Pairing::ByYardstick, Pairing::Unpaired] {
            let found = compare(base, new, pairing, 0.5, 5.0).unwrap();
            assert_eq!(found.verdict, Verdict::Undecided, "{found:?}");
            assert!(found.interval.is_some());
        }
    }
    // Of neighbours, both would have been disturbed.
    let found = compare(&busy, &busy, Pairing::ByRound, 0.5, 5.0).unwrap();
    assert_eq!(found.verdict, Verdict::Same);
}

#[test]
fn the_interval_holds_the_true_ratio() {
    for slower in [1.0, 1.1] {
        let all = compared(Pairing::ByYardstick, 5.0, slower);
        let holds = all.iter().filter(|it| it.interval.unwrap().contains(slower)).count();
        assert!(holds >= 186, "{holds} of 200 at {slower}");
    }
}

#[test]
fn without_the_yardstick_the_same_runs_cannot_be_told() {
    let equal = compared(Pairing::Unpaired, 5.0, 1.0);
    assert!(count(&equal, Verdict::Same) <= 60, "{}", count(&equal, Verdict::Same));
    let (mut base, new) = pairs(1.0).next().unwrap();
    base[3].yardstick_ns = None;
    let found = compare(&base, &new, Pairing::ByYardstick, 0.5, 5.0).unwrap();
    assert_eq!(found.pairing, Pairing::Unpaired, "a visit without it cannot be held against it");
}

#[cfg(feature = "history")]
#[test]
fn two_runs_in_yardsticks_differ_by_what_their_comparison_says() {
    for (base, new) in pairs(1.1).take(5) {
        let [was, is] = [&base, &new].map(|visits| log_in_yardsticks(visits).unwrap());
        let found = by_yardstick(&base, &new).unwrap();
        assert!((is - was - found.log_ratio).abs() < 1e-12, "{found:?}");
    }
    assert_eq!(log_in_yardsticks(&[]), None);
    let (mut base, _) = pairs(1.0).next().unwrap();
    base.iter_mut().for_each(|visit| visit.yardstick_ns = None);
    assert_eq!(log_in_yardsticks(&base), None);
}
