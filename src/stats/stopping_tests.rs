//! When a case has enough, on series whose median is known.

use super::*;
use crate::record::options::Order;
use crate::record::timed_inputs::TimedInputs;
use crate::record::timed_runs::Block;
use crate::stats::simulated::Series;

fn options(runs: Amount) -> LatencyOptions {
    LatencyOptions {
        inputs: TimedInputs::Noise,
        narrowing: None,
        profile: false,
        batch: std::num::NonZeroUsize::MIN,
        warmup: Amount::Auto,
        runs,
        min_seconds: 0.5,
        max_seconds: 5.0,
        block_ms: 50.0,
        order: Order::Interleaved,
        cooldown_seconds: 0.0,
        preconditions: crate::record::options::Preconditions::default(),
        processes: Amount::Auto,
        affinity: vec![],
        affinities: vec![],
        budget_ms: None,
        tail: None,
        no_yardstick: false,
        scenarios: Default::default(),
        sustained: None,
        find_rate: None,
    }
}

fn visit(round: usize, process: u32, latency_ns: Vec<u64>) -> Visit {
    let wall_ns = latency_ns.iter().sum();
    let block = Block { at_ns: vec![0; latency_ns.len()], latency_ns, cpu_ns: wall_ns, wall_ns };
    Visit { round: round as u32, process, block: (&block).into(), ..Visit::default() }
}

/// Visits until the rule is satisfied: why, rounds, and processes.
fn drive(runs: Amount, processes: u32, series: Series) -> (Reason, usize, u32) {
    let mut stopping = Stopping::new(&options(runs), Replication::fixed(processes));
    let mut process = 0;
    for (round, (_, latencies)) in series.latencies(7).into_iter().enumerate() {
        if stopping.process_is_due() {
            process += 1;
        }
        let take = latencies.len().min(stopping.most_runs() as usize);
        stopping.visited(&visit(round, process, latencies[..take].to_vec()));
        if let Decision::Enough(reason) = stopping.decision() {
            return (reason, round + 1, process + 1);
        }
    }
    panic!("never enough");
}

#[test]
fn a_steady_case_stops_after_the_least_time() {
    // Runs of 1 ms, 50 a block: the least time is ten rounds.
    let steady = Series { rounds: 500, run_deviation: 0.01, ..Series::default() };
    let (reason, rounds, processes) = drive(Amount::Auto, 1, steady);
    assert_eq!((reason, processes), (Reason::Precise, 1));
    assert!((11..=14).contains(&rounds), "{rounds}");
}

#[test]
fn a_noisy_case_goes_on_until_its_time_is_used() {
    let noisy = Series { rounds: 500, round_deviation: 0.3, ..Series::default() };
    let (reason, rounds, _) = drive(Amount::Auto, 1, noisy);
    assert_eq!(reason, Reason::TimeUsed);
    assert!((60..140).contains(&rounds), "{rounds} rounds of about 50 ms in 5 s");
    let middling = Series { rounds: 500, round_deviation: 0.02, ..Series::default() };
    let (reason, rounds, _) = drive(Amount::Auto, 1, middling);
    assert_eq!(reason, Reason::Precise);
    assert!((11..100).contains(&rounds), "{rounds}");
}

/// Visits of a fixed count, each with its process; `fit` runs fill one.
fn visits_of(count: u32, processes: u32, fit: u32) -> Vec<(u32, u32)> {
    let replication = Replication::fixed(processes);
    let mut stopping = Stopping::new(&options(Amount::Fixed(count)), replication);
    let (mut visits, mut process) = (Vec::new(), 0);
    while stopping.decision() == Decision::More {
        process += u32::from(stopping.process_is_due());
        let runs = stopping.most_runs().min(fit.max(LEAST_RUNS));
        stopping.visited(&visit(visits.len(), process, vec![1; runs as usize]));
        visits.push((process, runs));
    }
    assert_eq!(stopping.decision(), Decision::Enough(Reason::Counted));
    assert_eq!(visits.iter().map(|(_, runs)| runs).sum::<u32>(), count);
    visits
}

#[test]
fn a_fixed_count_is_kept_exactly_and_spread_over_rounds() {
    assert_eq!(visits_of(50, 1, 150), [(0, 5); 10]);
    assert_eq!(visits_of(3, 1, 150), [(0, 3)]);
    assert_eq!(visits_of(12, 1, 150), [(0, 5), (0, 5), (0, 2)]);
    // A visit of 50 ms holds fewer runs than a tenth, but never fewer than five.
    assert_eq!(visits_of(100, 1, 7).len(), 15);
    assert_eq!(visits_of(70, 1, 1).len(), 14);
}

#[test]
fn a_fixed_count_is_spread_over_as_many_processes_as_asked_for() {
    for (count, processes, fit) in [(50, 5, 150), (100, 20, 50), (40, 8, 2), (3, 5, 9)] {
        let visits = visits_of(count, processes, fit);
        let seen = visits.last().unwrap().0 + 1;
        assert_eq!(seen, processes.min(count), "{visits:?}");
        for process in 0..seen {
            let of_it = visits.iter().filter(|(it, _)| *it == process);
            let runs: u32 = of_it.map(|(_, runs)| runs).sum();
            assert_eq!(runs, count.div_ceil(processes), "{visits:?}");
        }
    }
}

#[test]
fn processes_are_renewed_evenly() {
    let steady = Series { rounds: 500, run_deviation: 0.01, ..Series::default() };
    let (reason, rounds, processes) = drive(Amount::Auto, 5, steady);
    // Renewal continues until it has been precise enough twice.
    assert_eq!(reason, Reason::Precise);
    assert!((5..=8).contains(&processes), "{processes}");
    assert!((11..19).contains(&rounds), "{rounds}");
    assert_eq!(drive(Amount::Fixed(400), 4, steady), (Reason::Counted, 12, 4));
    assert_eq!(drive(Amount::Fixed(400), 1, steady).2, 1);
}

/// Share of series whose interval holds the median where the rule stopped them.
fn coverage_at_the_end(series: Series) -> f64 {
    let covered = (0..1_000).filter(|seed| {
        let mut stopping = Stopping::new(&options(Amount::Auto), Replication::fixed(1));
        for (round, (process, latencies)) in series.latencies(*seed).into_iter().enumerate() {
            stopping.visited(&visit(round, process, latencies));
            if stopping.decision() != Decision::More {
                break;
            }
        }
        let estimate = estimate::estimate(&stopping.rounds).unwrap();
        estimate.interval().contains(series.true_log_median())
    });
    covered.count() as f64 / 1_000.0
}

#[test]
fn the_interval_keeps_its_promise_where_the_rule_stops() {
    // Each look is a chance to stop on rounds that happen to agree.
    let rounds = Series { rounds: 150, run_correlation: 0.9, ..Series::default() };
    for round_deviation in [0.01, 0.02, 0.05] {
        let share = coverage_at_the_end(Series { round_deviation, ..rounds });
        assert!((0.93..=0.97).contains(&share), "{share} at {round_deviation}");
    }
    // What it cannot see is a speed that outlasts rounds: it falls short there.
    let outlasting = Series { round_deviation: 0.01, round_correlation: 0.5, ..rounds };
    let share = coverage_at_the_end(outlasting);
    assert!((0.87..=0.97).contains(&share), "{share}");
}

#[test]
fn a_slow_case_is_bounded_by_the_most_time() {
    let mut stopping = Stopping::new(&options(Amount::Auto), Replication::fixed(1));
    stopping.visited(&visit(0, 0, vec![3_000_000_000]));
    assert_eq!(stopping.decision(), Decision::More);
    stopping.visited(&visit(1, 0, vec![3_000_000_000]));
    assert_eq!(stopping.decision(), Decision::Enough(Reason::TimeUsed));
}

#[test]
fn auto_takes_as_many_processes_as_load_quickly() {
    let alone = |ns| Replication::auto(ns, 0.5).processes;
    assert_eq!([0, 1_000_000, 10_000_000, 11_000_000].map(alone), [20, 20, 5, 1]);
    let in_turn =
        |cases| move |ms: u64| Replication::auto_in_turn(ms * 1_000_000, 5.0, cases).processes;
    // A change of one case shows in 6 pairs, one of twelve in 9.
    assert_eq!([125, 400, 500, 833, 834].map(in_turn(1)), [20, 6, 6, 6, 1]);
    assert_eq!([125, 250, 500, 555, 556].map(in_turn(12)), [20, 10, 9, 9, 1]);
    // More than are ever taken.
    assert_eq!([125, 500].map(in_turn(100_000_000)), [20, 5]);
}

#[test]
fn on_a_machine_without_rest_warm_up_does_not_take_most_of_the_time() {
    let due = |replication| {
        let mut stopping = Stopping::new(&options(Amount::Auto), replication);
        stopping.warmed_up(1_000_000_000);
        let mut visits = 0;
        while !stopping.process_is_due() {
            stopping.visited(&visit(visits, 0, vec![1_000_000; 50]));
            visits += 1;
        }
        visits
    };
    assert_eq!(due(Replication::auto(1_000_000, 0.5)), 20);
    // Runs interleaved rest on their pairs of processes.
    assert_eq!(due(Replication::auto_in_turn(1_000_000, 0.5, 1)), 1);
    assert_eq!(due(Replication::fixed(20)), 1);
}

#[test]
fn a_tail_that_is_asked_for_has_to_be_known_as_well() {
    let stopped = |tail: Option<Tail>| {
        let options = LatencyOptions { tail, ..options(Amount::Auto) };
        let mut stopping = Stopping::new(&options, Replication::fixed(1));
        for round in 0..2_000 {
            // Every run the same but one in fifty, which takes twice as long.
            let latency_ns: Vec<u64> = (0..5)
                .map(|i| if (round * 5 + i) % 50 == 7 { 8_000_000 } else { 4_000_000 })
                .collect();
            stopping.visited(&visit(round, 0, latency_ns));
            if stopping.decision() != Decision::More {
                return stopping.rounds.len() * 5;
            }
        }
        usize::MAX
    };
    let (median, p90, p99) = (stopped(None), stopped(Some(Tail::P90)), stopped(Some(Tail::P99)));
    assert!(median <= p90 && p90 < p99, "{median}, {p90} and {p99} runs");
    assert!(p99 >= 368, "{p99}");
}
