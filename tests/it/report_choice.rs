//! The Pareto front and `pick` against brute force, on random rows.

use proptest::prelude::*;
use shutterbench::decide::evidence::{Candidate, Evidence};
use shutterbench::decide::goal::Goal;
use shutterbench::decide::limit::{Bound, Limit};
use shutterbench::decide::pareto;
use shutterbench::decide::pick::{Pick, PickAnswer, Sureness, pick};
use shutterbench::decide::pick_words::{explained, words};
use shutterbench::decide::standing::PickRequest;
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

/// Most milliseconds and megabytes, least Top-1 and Top-5.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    ms: Option<f64>,
    mb: Option<f64>,
    top1: Option<f64>,
    top5: Option<f64>,
}

impl Limits {
    fn request(&self) -> PickRequest {
        let limit = |column: &str, bound, value: Option<f64>| Limit::on(column, bound, value?);
        let limits = [
            limit("latency_p50_us", Bound::AtMost, self.ms.map(|ms| ms * 1e3)),
            limit("model_bytes", Bound::AtMost, self.mb.map(|mb| mb * 1e6)),
            limit("top1", Bound::AtLeast, self.top1),
            limit("top5", Bound::AtLeast, self.top5),
        ];
        PickRequest { limits: limits.into_iter().flatten().collect(), ..PickRequest::default() }
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = |most: u32| proptest::option::of((1..=most).prop_map(f64::from));
    let share = |limit: Option<f64>| limit.map(|tenths| tenths / 10.0);
    (limit(12), limit(5), limit(10), limit(10)).prop_map(move |(ms, mb, top1, top5)| Limits {
        ms,
        mb,
        top1: share(top1),
        top5: share(top5),
    })
}

fn usable(row: &Row) -> bool {
    row.status == Status::Ok
        && row.agreement_top1.is_none_or(|share| share >= 0.9)
        && row.stability != Some(Stability::Emulated)
        && row.latency_p50_us.is_some()
}

/// Whether a row keeps the limits: for certain, perhaps, or not.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Fit {
    Yes,
    Perhaps,
    No,
}

fn fit(row: &Row, limits: &Limits) -> Fit {
    let at_most = |limit: Option<f64>, value: Option<f64>, ends: Option<(f64, f64)>| {
        let Some(limit) = limit else { return Fit::Yes };
        match (value, ends) {
            (None, _) => Fit::No,
            (Some(_), Some((low, high))) if low.max(high) <= limit => Fit::Yes,
            (Some(_), Some((low, high))) if low.min(high) <= limit => Fit::Perhaps,
            (Some(value), None) if value <= limit => Fit::Perhaps,
            _ => Fit::No,
        }
    };
    let below = |value: Option<f64>| value.map(|value| -value);
    let size = Some(row.model_bytes as f64);
    let ms = row.latency_p50_low_us.zip(row.latency_p50_high_us);
    let top1 = below(row.top1_low).zip(below(row.top1_high));
    [
        at_most(limits.ms.map(|ms| ms * 1e3), row.latency_p50_us, ms),
        at_most(limits.mb.map(|mb| mb * 1e6), size, size.zip(size)),
        at_most(below(limits.top1), below(row.top1), top1),
        // These rows have no interval of Top-5.
        at_most(below(limits.top5), below(row.top5), None),
        if usable(row) { Fit::Yes } else { Fit::No },
    ]
    .into_iter()
    .fold(Fit::Yes, |worst, one| if one > worst { one } else { worst })
}

fn candidates(rows: &[Row]) -> Vec<Candidate<'_>> {
    rows.iter().map(|row| Candidate::alone(Evidence::of_row(row))).collect()
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
    fn pick_is_the_best_that_fits(rows in rows(), limits in limits()) {
        let (all, request) = (candidates(&rows), limits.request());
        let Pick { answer, goal, .. } = pick(&all, &request);
        let counted = |row: &&Row| goal == Goal::Latency || row.top1.is_some();
        let so = |wanted: Fit| -> Vec<&Row> {
            rows.iter().filter(|row| fit(row, &limits) == wanted).filter(counted).collect()
        };
        let better = |row: &Row, than: &Row| match goal {
            Goal::Latency => row.latency_p50_us < than.latency_p50_us,
            _ => row.top1 > than.top1
                || (row.top1 == than.top1 && row.latency_p50_us < than.latency_p50_us),
        };
        match answer {
            PickAnswer::NoneFits { closest } => {
                prop_assert!(so(Fit::Yes).is_empty() && so(Fit::Perhaps).is_empty());
                prop_assert_eq!(closest.is_some(), rows.iter().any(usable));
            }
            PickAnswer::CannotBeTold { best, all } => {
                prop_assert!(so(Fit::Yes).is_empty());
                prop_assert_eq!(all.len(), so(Fit::Perhaps).len());
                prop_assert!(!so(Fit::Perhaps).iter().any(|row| better(row, &rows[best])));
            }
            PickAnswer::Choice { choice, runner_up, sureness, .. } => {
                let (chosen, fitting) = (&rows[choice], so(Fit::Yes));
                prop_assert_eq!(fit(chosen, &limits), Fit::Yes);
                prop_assert!(!fitting.iter().any(|row| better(row, chosen)));
                let others: Vec<&&Row> =
                    fitting.iter().filter(|row| row.model != chosen.model).collect();
                prop_assert_eq!(runner_up.is_some(), !others.is_empty());
                let overlaps = |row: &Row| match goal {
                    Goal::Latency => row.latency_p50_high_us >= chosen.latency_p50_low_us
                        && chosen.latency_p50_high_us >= row.latency_p50_low_us,
                    _ => row.top1_high >= chosen.top1_low && chosen.top1_high >= row.top1_low,
                };
                let perhaps = so(Fit::Perhaps);
                // Which of equal ones is the better one, the measurement does not tell either.
                let by_goal = |row: &Row| match goal {
                    Goal::Latency => row.latency_p50_us < chosen.latency_p50_us,
                    _ => row.top1 > chosen.top1,
                };
                let undecided = others.iter().any(|row| overlaps(row))
                    || perhaps.iter().any(|row| by_goal(row));
                prop_assert_eq!(sureness == Sureness::Undecided, undecided);
            }
        }
    }

    #[test]
    fn every_other_case_is_told_why_it_lost(rows in rows(), limits in limits()) {
        let (all, request) = (candidates(&rows), limits.request());
        let pick = pick(&all, &request);
        let chosen = match pick.answer {
            PickAnswer::Choice { choice, .. } => Some(choice),
            _ => None,
        };
        let explained = explained(&pick, &all);
        prop_assert_eq!(explained.len(), rows.len() - usize::from(chosen.is_some()));
        for (index, why) in explained {
            prop_assert!(Some(index) != chosen && !why.is_empty());
            match fit(&rows[index], &limits) {
                Fit::Yes => prop_assert!(why.starts_with("meets the limits"), "{why}"),
                Fit::Perhaps => prop_assert!(why.contains("cannot be told"), "{why}"),
                Fit::No => prop_assert!(!why.starts_with("meets the limits"), "{why}"),
            }
        }
    }
}

#[test]
fn the_goal_follows_the_limits() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let all = candidates(&rows);
    let goal = |limits: Limits| pick(&all, &limits.request()).goal;
    let none = Limits::default();
    assert_eq!(goal(none), Goal::Top1);
    assert_eq!(goal(Limits { ms: Some(33.0), ..none }), Goal::Top1);
    assert_eq!(goal(Limits { top1: Some(0.7), ..none }), Goal::Latency);
    assert_eq!(goal(Limits { top1: Some(0.7), ms: Some(9.0), ..none }), Goal::Top1);
}

#[test]
fn what_fits_nothing_is_told_with_what_comes_closest() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let (all, limits) =
        (candidates(&rows), Limits { ms: Some(0.001), top1: Some(0.999), ..Limits::default() });
    let request = limits.request();
    let answer = pick(&all, &request);
    let text = words(&answer, &all, &request);
    assert!(matches!(answer.answer, PickAnswer::NoneFits { closest: Some(_) }));
    assert!(text.contains("comes closest") && text.contains("Top-1 at least 99.9%: "), "{text}");
    assert!(text.contains("median latency at most 0.00100 ms: "), "{text}");
    let answer = pick(&[], &request);
    assert_eq!(
        words(&answer, &[], &request),
        "no case meets the limits: nothing was measured that could be chosen\n"
    );
}

#[test]
fn what_the_interval_does_not_tell_is_said_with_how_much_more_would() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let best = rows
        .iter()
        .filter_map(|row| row.top1_low.zip(row.top1_high))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = best.unwrap();
    // Within the interval of the most accurate case, so that nothing is certain.
    let limits = Limits { top1: Some(low + (high - low) * 0.3), ..Limits::default() };
    let (all, request) = (candidates(&rows), limits.request());
    let answer = pick(&all, &request);
    let text = words(&answer, &all, &request);
    assert!(matches!(answer.answer, PickAnswer::CannotBeTold { .. }), "{text}");
    assert!(text.starts_with("cannot be told: no case meets all limits for certain"), "{text}");
    assert!(text.contains("more images would tell"), "{text}");
}
