//! Identical cases are not told apart, changes are found, and the machine's
//! swings cancel.

use super::*;
use crate::record::timed_runs::Block;
use crate::stats::simulated::Series;

/// Two sides of `processes` processes each, visited in turn on a machine whose
/// speed swings by 22% for several rounds at a time.
fn visited_in_turn(processes: usize, slower: f64, seed: u64) -> (Vec<Visit>, Vec<Visit>) {
    let side = Series {
        processes,
        rounds: 40 / processes,
        runs: 40,
        process_deviation: 0.003,
        round_deviation: 0.005,
        run_deviation: 0.03,
        ..Series::default()
    };
    let swing =
        |round: usize| if ((round + seed as usize) / 7).is_multiple_of(2) { 1.0 } else { 1.22 };
    let visits = |seed: u64, factor: f64| -> Vec<Visit> {
        let of_round = |(round, (process, latencies)): (usize, (u32, Vec<u64>))| {
            let scale = factor * swing(round);
            visit(round, process, latencies.iter().map(|ns| (*ns as f64 * scale) as u64).collect())
        };
        side.latencies(seed).into_iter().enumerate().map(of_round).collect()
    };
    (visits(2 * seed, 1.0), visits(2 * seed + 1, slower))
}

fn visit(round: usize, process: u32, latency_ns: Vec<u64>) -> Visit {
    let wall_ns = latency_ns.iter().sum();
    let block = Block { at_ns: vec![0; latency_ns.len()], latency_ns, cpu_ns: wall_ns, wall_ns };
    Visit { round: round as u32, process, block: (&block).into(), ..Visit::default() }
}

fn count(verdict: Verdict, processes: usize, slower: f64, threshold: f64) -> usize {
    (0..200)
        .filter(|seed| {
            let (base, new) = visited_in_turn(processes, slower, *seed);
            let comparison = compare(&base, &new, Pairing::ByRound, 0.5, threshold).unwrap();
            comparison.verdict == verdict
        })
        .count()
}

#[test]
fn identical_cases_are_told_apart_in_at_most_one_of_twenty() {
    // Threshold 0: the interval alone decides.
    let wrong = count(Verdict::Slower, 8, 1.0, 0.0) + count(Verdict::Faster, 8, 1.0, 0.0);
    assert!(wrong <= 14, "{wrong} of 200");
    assert_eq!(count(Verdict::Slower, 8, 1.0, DEFAULT_THRESHOLD_PERCENT), 0);
    let same = count(Verdict::Same, 8, 1.0, 2.0);
    assert!(same >= 190, "{same} of 200");
}

#[test]
fn a_change_of_two_percent_is_found_on_a_machine_that_swings_by_22() {
    let found = count(Verdict::Slower, 8, 1.02, DEFAULT_THRESHOLD_PERCENT);
    assert!(found >= 190, "{found} of 200");
    let found = count(Verdict::Faster, 8, 1.0 / 1.02, DEFAULT_THRESHOLD_PERCENT);
    assert!(found >= 190, "{found} of 200");
}

#[test]
fn single_processes_do_not_tell_small_changes_from_their_layout() {
    assert_eq!(count(Verdict::Slower, 1, 1.01, DEFAULT_THRESHOLD_PERCENT), 0);
    assert!(count(Verdict::Slower, 1, 1.05, DEFAULT_THRESHOLD_PERCENT) >= 190);
    assert_eq!(threshold_in_force(5.0, 1), 5.0);
}

#[test]
fn unpaired_the_swing_hides_what_pairing_shows() {
    let (base, new) = visited_in_turn(8, 1.02, 1);
    let paired = compare(&base, &new, Pairing::ByRound, 0.5, 1.0).unwrap();
    let unpaired = compare(&base, &new, Pairing::Unpaired, 0.5, 1.0).unwrap();
    let width = |comparison: Comparison| {
        let interval = comparison.interval.unwrap();
        interval.high - interval.low
    };
    assert!(width(unpaired) > 3.0 * width(paired));
    assert_eq!((paired.verdict, unpaired.verdict), (Verdict::Slower, Verdict::Undecided));
    assert!((paired.ratio - 1.02).abs() < 0.01, "{}", paired.ratio);
}

#[test]
fn unpaired_runs_on_a_quiet_machine_can_be_compared() {
    let side = |seed, factor: f64| -> Vec<Visit> {
        Series { processes: 8, rounds: 6, process_deviation: 0.003, ..Series::default() }
            .latencies(seed)
            .into_iter()
            .enumerate()
            .map(|(round, (process, ns))| {
                visit(round, process, ns.iter().map(|ns| (*ns as f64 * factor) as u64).collect())
            })
            .collect()
    };
    let verdict = |factor| {
        compare(&side(1, 1.0), &side(2, factor), Pairing::Unpaired, 0.5, 5.0).unwrap().verdict
    };
    assert_eq!(verdict(1.08), Verdict::Slower);
    assert_eq!(verdict(0.92), Verdict::Faster);
    assert_eq!(verdict(1.0), Verdict::Same);
}

#[test]
fn rounds_that_only_one_side_has_are_left_out() {
    let (base, new) = visited_in_turn(8, 1.0, 3);
    let comparison = compare(&base, &new[10..], Pairing::ByRound, 0.5, 1.0).unwrap();
    assert_eq!((comparison.rounds, comparison.processes), (30, 6));
    let few = compare(&base[..3], &new, Pairing::ByRound, 0.5, 1.0).unwrap();
    assert_eq!((few.interval, few.verdict), (None, Verdict::Undecided));
    assert_eq!(compare(&base[..3], &new[5..], Pairing::ByRound, 0.5, 1.0), None);
    assert_eq!(compare(&[], &new, Pairing::Unpaired, 0.5, 1.0), None);
}

#[test]
fn the_tail_can_be_compared_too() {
    let slow_tail = |visits: &mut Vec<Visit>| {
        for visit in visits {
            let mut block = visit.block.unpacked();
            block.latency_ns.iter_mut().step_by(5).for_each(|ns| *ns *= 2);
            visit.block = (&block).into();
        }
    };
    let (base, mut new) = visited_in_turn(8, 1.0, 4);
    slow_tail(&mut new);
    let at = |probability| compare(&base, &new, Pairing::ByRound, probability, 3.0).unwrap();
    assert_eq!(at(0.9).verdict, Verdict::Slower);
    assert!(at(0.9).ratio > 1.5 && at(0.5).ratio < 1.05);
}

#[test]
fn tails_are_compared_as_they_are_displayed_or_not_at_all() {
    // Three runs per visit: what is displayed is the quantile of all runs, not that of the
    // slowest of three.
    let side = |seed, processes, factor: f64| -> Vec<Visit> {
        let series =
            Series { processes, rounds: 20, runs: 3, run_deviation: 0.1, ..Series::default() };
        let scaled = |ns: Vec<u64>| ns.iter().map(|ns| (*ns as f64 * factor) as u64).collect();
        let all = series.latencies(seed).into_iter().enumerate();
        all.map(|(round, (process, ns))| visit(round, process, scaled(ns))).collect()
    };
    let displayed = |visits: &[Visit], probability| {
        let all: Vec<u64> = visits.iter().flat_map(|visit| visit.block.latency_ns()).collect();
        statistics::quantile(&statistics::sorted_ns(&all), probability).unwrap()
    };
    for pairing in [Pairing::ByRound, Pairing::Unpaired] {
        let found = |processes, probability, factor| {
            let (base, new) = (side(1, processes, 1.0), side(2, processes, factor));
            let found = compare(&base, &new, pairing, probability, 3.0).unwrap();
            let ratio = displayed(&new, probability) / displayed(&base, probability);
            assert!((found.ratio - ratio).abs() < 1e-9, "{} for {ratio}", found.ratio);
            found
        };
        assert_eq!(found(12, 0.9, 1.3).verdict, Verdict::Slower);
        // 120 runs hold no p99 whose interval could be known.
        let few = found(2, 0.99, 1.5);
        assert_eq!((few.interval, few.p_value, few.verdict), (None, None, Verdict::Undecided));
    }
}

#[test]
fn p_agrees_with_the_interval() {
    for (seed, slower) in [(1, 1.0), (2, 1.01), (3, 1.02), (4, 1.1)] {
        for (processes, pairing) in
            [(8, Pairing::ByRound), (8, Pairing::Unpaired), (1, Pairing::ByRound)]
        {
            let (base, new) = visited_in_turn(processes, slower, seed);
            for probability in [0.5, 0.9] {
                let found = compare(&base, &new, pairing, probability, 1.0).unwrap();
                let Some(interval) = found.interval else { continue };
                let outside = !interval.contains(1.0);
                assert_eq!(found.p_value.unwrap() <= 0.05, outside, "{found:?}");
            }
        }
    }
}

#[test]
fn unpaired_a_machine_that_drifts_is_not_taken_for_a_change() {
    // Speeds that outlast batches by far: two runs see two stretches of the same drift.
    let drifting = Series {
        processes: 10,
        rounds: 6,
        round_deviation: 0.05,
        round_correlation: 0.95,
        ..Series::default()
    };
    let side = |seed| -> Vec<Visit> {
        let all = drifting.latencies(seed).into_iter().enumerate();
        all.map(|(round, (process, ns))| visit(round, process, ns)).collect()
    };
    let told_apart = (0..200)
        .filter(|seed| {
            let (base, new) = (side(2 * seed), side(2 * seed + 1));
            let found = compare(&base, &new, Pairing::Unpaired, 0.5, 1.0).unwrap();
            matches!(found.verdict, Verdict::Slower | Verdict::Faster)
        })
        .count();
    assert!(told_apart <= 14, "{told_apart} of 200");
}
