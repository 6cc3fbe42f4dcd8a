//! The order of a visit, its bounds, and what it records separately, on a backend that counts.

use std::cell::RefCell;
use std::time::Duration;

use super::*;

/// A model whose n-th run takes `cost(n)` microseconds. Returns the visit and its total number of
/// runs.
fn visit(plan: VisitPlan, cost: impl Fn(u64) -> u64) -> (Visited, u64) {
    let runs = RefCell::new(0);
    let visited = Samples::default()
        .visit(&plan, &mut Heartbeat::mute(), || {
            let n = *runs.borrow();
            *runs.borrow_mut() += 1;
            let end = clock::now_ns() + cost(n) * 1_000;
            while clock::now_ns() < end {}
            Ok::<(), ()>(())
        })
        .unwrap();
    (visited, runs.into_inner())
}

const PLAN: VisitPlan = VisitPlan {
    settle: true,
    least_runs: 5,
    least_ns: 10_000_000,
    most_runs: 20_000,
    yardstick: false,
    waits: false,
    deadline_ns: u64::MAX,
};

#[test]
fn the_first_run_is_kept_apart_and_those_that_settle_are_not_timed() {
    // The first run takes ten times as long, the nine after it twice as long.
    let (visited, runs) = visit(PLAN, |n| match n {
        0 => 2_000,
        1..10 => 400,
        _ => 200,
    });
    assert!(visited.cold_ns.unwrap() >= 2_000_000, "{visited:?}");
    let timed = visited.block.latency_ns.len() as u64;
    assert_eq!(1 + u64::from(visited.settle_runs) + timed, runs);
    assert!(visited.settle_runs >= 2, "the first run agrees with no other");
    assert!(visited.block.latency_ns.iter().sum::<u64>() <= visited.block.wall_ns);
    assert!(visited.block.wall_ns >= 10_000_000 && timed >= 5);
}

#[test]
fn every_timed_run_is_timed_in_order_and_apart() {
    let (visited, _) = visit(PLAN, |_| 50);
    let Block { at_ns, latency_ns, .. } = visited.block;
    assert_eq!(at_ns.len(), latency_ns.len());
    assert!(latency_ns.iter().all(|ns| *ns >= 50_000));
    for i in 1..at_ns.len() {
        assert!(at_ns[i] >= at_ns[i - 1] + latency_ns[i - 1]);
    }
}

#[test]
fn a_slow_model_still_has_five_timed_runs_and_few_others() {
    let (visited, runs) = visit(VisitPlan { least_ns: 1_000_000, ..PLAN }, |_| 10_000);
    assert_eq!(visited.block.latency_ns.len(), 5);
    // One where it agrees with the first; at most half of the timed ones' time.
    assert!((1..=2).contains(&visited.settle_runs), "{visited:?}");
    assert_eq!(runs, 6 + u64::from(visited.settle_runs));
}

#[test]
fn what_never_settles_is_bounded() {
    // Every run takes longer than the one before: no window agrees with the next.
    let (visited, _) = visit(PLAN, |n| 100 * (n + 1));
    assert!(visited.settle_runs >= 1);
    assert!(visited.block.latency_ns.len() >= 5);
    let (slow, runs) = visit(PLAN, |n| 4_000 * (n % 2 + 1));
    assert!(slow.settle_runs <= 3 && runs <= 20, "{slow:?}");
}

#[test]
fn a_count_is_kept_and_a_deadline_too() {
    let (counted, runs) = visit(VisitPlan { least_runs: 3, most_runs: 3, ..PLAN }, |_| 100);
    assert_eq!(counted.block.latency_ns.len(), 3);
    assert_eq!(runs, 4 + u64::from(counted.settle_runs));
    let (late, runs) = visit(VisitPlan { deadline_ns: 1, ..PLAN }, |_| 1_000);
    assert_eq!((late.block.latency_ns.len(), late.settle_runs, runs), (1, 0, 2));
    let (window, runs) = visit(VisitPlan::only(50, u64::MAX), |_| 10);
    assert_eq!((window.cold_ns, window.settle_runs), (None, 0));
    assert_eq!((window.block.latency_ns.len(), runs), (50, 50));
    let (short, runs) = visit(VisitPlan::only(1_000, 5_000_000), |_| 1_000);
    assert!((1..=5).contains(&runs), "{short:?}");
}

#[test]
fn the_yardstick_is_read_on_both_sides_of_the_timed_runs_where_it_is_asked_for() {
    assert_eq!(visit(PLAN, |_| 100).0.yardstick_ns, None);
    let (visited, _) = visit(VisitPlan { yardstick: true, ..PLAN }, |_| 100);
    let [before_ns, after_ns] = visited.yardstick_ns.unwrap();
    assert!(before_ns > 0 && after_ns > 0);
    let Block { latency_ns, wall_ns, .. } = visited.block;
    assert!(latency_ns.iter().sum::<u64>() <= wall_ns, "it lies outside the timed runs");
}

#[test]
fn how_long_the_threads_waited_for_a_cpu_is_told_where_it_is_asked_for() {
    assert_eq!(visit(PLAN, |_| 100).0.waited_ns, None);
    let (visited, _) = visit(VisitPlan { waits: true, ..PLAN }, |_| 100);
    let linux_tells = std::path::Path::new("/proc/self/schedstat").exists();
    assert_eq!(visited.waited_ns.is_some(), linux_tells);
}

#[test]
fn the_first_error_ends_the_visit() {
    for fails_at in [1, 2, 9] {
        let mut calls = 0;
        let outcome = Samples::default().visit(&PLAN, &mut Heartbeat::mute(), || {
            calls += 1;
            std::thread::sleep(Duration::from_micros(300));
            if calls == fails_at { Err("broken") } else { Ok(()) }
        });
        assert_eq!((outcome, calls), (Err("broken"), fails_at));
    }
}

#[test]
fn a_window_is_filled_and_bounded() {
    assert_eq!(runs_for(50.0, 1e6), 50);
    assert_eq!(runs_for(50.0, 80e6), 1);
    assert_eq!(runs_for(50.0, 0.0), MAX_RUNS);
    assert_eq!(runs_for(f64::NAN, 1.0), 1);
}
