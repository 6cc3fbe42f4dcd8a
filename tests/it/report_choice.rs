//! The Pareto front and `pick` against brute force, on random rows.

use proptest::prelude::*;
use shutterbench::decide::pareto;
use shutterbench::decide::pick::pick;
use shutterbench::decide::pick::{Constraints, Pick};
use shutterbench::decide::pick::{Goal, Sureness};
use shutterbench::record::status::Status;

use shutterbench::stats::stability::Stability;
use shutterbench::table::row::Row;

use crate::report_common::{Shape, run};

fn blank() -> Row {
    let shape = Shape { models: vec!["m".into()], rounds: 1, images: 2, ..Shape::default() };
    shutterbench::table::rows::rows(&run(&shape)).remove(0)
}

/// Few distinct values, so that equal ones and overlaps are frequent.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..6_usize, 1..12_u32, 0..3_u32, 0..10_u32, 0..3_u32, 1..5_u64, 0..10_u8);
    proptest::collection::vec(row, 0..14).prop_map(|raw| {
        let blank = blank();
        raw.into_iter()
            .map(|(model, latency, spread, top1, doubt, size, fate)| {
                let us = f64::from(latency) * 1e3;
                let share = f64::from(top1) / 10.0;
                let timed = fate != 0;
                let scored = fate != 1;
                Row {
                    model: format!("model {model}"),
                    model_bytes: size * 1_000_000,
                    status: if fate == 2 { Status::Crashed } else { Status::Ok },
                    latency_p50_us: timed.then_some(us),
                    latency_p50_low_us: timed.then_some(us - f64::from(spread) * 700.0),
                    latency_p50_high_us: timed.then_some(us + f64::from(spread) * 700.0),
                    top1: scored.then_some(share),
                    top1_low: scored.then_some(share - f64::from(doubt) * 0.06),
                    top1_high: scored.then_some(share + f64::from(doubt) * 0.06),
                    top5: scored.then_some((share + 0.1).min(1.0)),
                    top5_low: None,
                    top5_high: None,
                    agreement_top1: (fate == 3).then_some(0.2),
                    stability: (fate == 4).then_some(Stability::Emulated),
                    ..blank.clone()
                }
            })
            .collect()
    })
}

fn constraints() -> impl Strategy<Value = Constraints> {
    let limit = |most: u32| proptest::option::of((1..=most).prop_map(f64::from));
    (limit(12), limit(5), limit(10), limit(10)).prop_map(|(ms, mb, top1, top5)| Constraints {
        max_latency_ms: ms,
        max_size_mb: mb,
        min_top1: top1.map(|share| share / 10.0),
        min_top5: top5.map(|share| share / 10.0),
    })
}

fn usable(row: &Row) -> bool {
    row.status == Status::Ok
        && row.agreement_top1.is_none_or(|share| share >= 0.9)
        && row.stability != Some(Stability::Emulated)
}

fn fits(row: &Row, limits: &Constraints) -> bool {
    let latency = limits
        .max_latency_ms
        .is_none_or(|limit| row.latency_p50_us.is_some_and(|us| us <= limit * 1e3));
    let size = limits.max_size_mb.is_none_or(|limit| row.model_bytes as f64 <= limit * 1e6);
    let top1 = limits.min_top1.is_none_or(|limit| row.top1.is_some_and(|share| share >= limit));
    let top5 = limits.min_top5.is_none_or(|limit| row.top5.is_some_and(|share| share >= limit));
    usable(row) && row.latency_p50_us.is_some() && latency && size && top1 && top5
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_front_is_what_nothing_beats(rows in rows()) {
        let seen: Vec<usize> = (0..rows.len())
            .filter(|&i| usable(&rows[i]) && rows[i].latency_p50_us.is_some() && rows[i].top1.is_some())
            .collect();
        let beats = |a: &Row, b: &Row| {
            let (fast, right) = (a.latency_p50_us <= b.latency_p50_us, a.top1 >= b.top1);
            fast && right && (a.latency_p50_us < b.latency_p50_us || a.top1 > b.top1)
        };
        let expected: Vec<usize> = seen.iter().copied()
            .filter(|&i| !seen.iter().any(|&j| beats(&rows[j], &rows[i])))
            .collect();
        let front = pareto::latency_top1(&rows);
        prop_assert!(front.windows(2).all(|pair| rows[pair[0]].latency_p50_us <= rows[pair[1]].latency_p50_us));
        let mut sorted = front;
        sorted.sort_unstable();
        prop_assert_eq!(sorted, expected);

        let beats = |a: &Row, b: &Row| {
            let no_worse = a.latency_p50_us <= b.latency_p50_us && a.top1 >= b.top1 && a.model_bytes <= b.model_bytes;
            no_worse && (a.latency_p50_us, a.top1, a.model_bytes) != (b.latency_p50_us, b.top1, b.model_bytes)
        };
        let expected: Vec<usize> = seen.iter().copied()
            .filter(|&i| !seen.iter().any(|&j| beats(&rows[j], &rows[i])))
            .collect();
        let mut with_size = pareto::latency_top1_size(&rows);
        with_size.sort_unstable();
        prop_assert_eq!(with_size, expected);
    }

    #[test]
    fn pick_is_the_best_that_fits(rows in rows(), limits in constraints()) {
        let candidates: Vec<&Row> = rows.iter().filter(|row| fits(row, &limits)).collect();
        match pick(&rows, &limits) {
            Pick::NoneFits { .. } => {
                prop_assert!(candidates.iter().all(|row| row.top1.is_none()));
                // Without any score the fastest would have been picked.
                let measured: Vec<_> = rows.iter().filter(|row| usable(row) && row.latency_p50_us.is_some()).collect();
                prop_assert!(candidates.is_empty() || measured.iter().any(|row| row.top1.is_some()));
            }
            Pick::Model { choice, runner_up, goal, sureness, reason } => {
                let chosen = &rows[choice];
                prop_assert!(fits(chosen, &limits), "{reason}");
                let better = |row: &Row| match goal {
                    Goal::Top1 => row.top1 > chosen.top1
                        || (row.top1 == chosen.top1 && row.latency_p50_us < chosen.latency_p50_us),
                    Goal::Latency => row.latency_p50_us < chosen.latency_p50_us,
                };
                prop_assert!(!candidates.iter().any(|row| better(row)), "{reason}");
                let others: Vec<&&Row> = candidates.iter()
                    .filter(|row| row.model != chosen.model && (goal == Goal::Latency || row.top1.is_some()))
                    .collect();
                prop_assert_eq!(runner_up.is_some(), !others.is_empty());
                let overlaps = |row: &Row| match goal {
                    Goal::Top1 => row.top1_high >= chosen.top1_low && chosen.top1_high >= row.top1_low,
                    Goal::Latency => row.latency_p50_high_us >= chosen.latency_p50_low_us
                        && chosen.latency_p50_high_us >= row.latency_p50_low_us,
                };
                let narrow = limits.max_latency_ms.is_some_and(|limit| chosen.latency_p50_high_us > Some(limit * 1e3))
                    || limits.min_top1.is_some_and(|limit| chosen.top1_low < Some(limit))
                    // These rows have no interval of Top-5, so it is not distinguishable from any
                    // limit.
                    || limits.min_top5.is_some();
                let undecided = narrow || others.iter().any(|row| overlaps(row));
                prop_assert_eq!(sureness == Sureness::Undecided, undecided, "{}", reason);
            }
        }
    }
}

#[test]
fn the_goal_follows_the_limits() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let goal = |limits: Constraints| match pick(&rows, &limits) {
        Pick::Model { goal, .. } => goal,
        Pick::NoneFits { reason, .. } => panic!("{reason}"),
    };
    let none = Constraints::default();
    assert_eq!(goal(none), Goal::Top1);
    assert_eq!(goal(Constraints { max_latency_ms: Some(33.0), ..none }), Goal::Top1);
    assert_eq!(goal(Constraints { min_top1: Some(0.7), ..none }), Goal::Latency);
    assert_eq!(
        goal(Constraints { min_top1: Some(0.7), max_latency_ms: Some(9.0), ..none }),
        Goal::Top1
    );
}

#[test]
fn what_fits_nothing_is_told_with_what_comes_closest() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let limits = Constraints {
        max_latency_ms: Some(0.001),
        min_top1: Some(0.999),
        ..Constraints::default()
    };
    let answer = pick(&rows, &limits);
    let words = shutterbench::decide::pick::words(&answer, &rows);
    assert!(matches!(answer, Pick::NoneFits { closest: Some(_), .. }));
    assert!(
        words.contains("comes closest") && words.contains("where at least 99.9% are required"),
        "{words}"
    );
    let answer = pick(&[], &limits);
    assert_eq!(
        shutterbench::decide::pick::words(&answer, &[]),
        "no model meets the limits: nothing was measured in this run\n"
    );
}
