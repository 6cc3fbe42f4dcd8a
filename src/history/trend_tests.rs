//! Trends and the gate on a machine whose speed changes from day to day.

use super::*;

fn key() -> SeriesKey {
    SeriesKey {
        device: "local (a CPU)".into(),
        model: "m".into(),
        backend: "tract".into(),
        delegate: "none".into(),
        options: String::new(),
        threads: 1,
        batch: 1,
        affinity: String::new(),
        metric: MEDIAN.into(),
    }
}

/// A median that takes 40 yardsticks, a little more or less each day, of a machine that is `slower`
/// on that day.
fn day(day: i64, slower: f64, scale: Option<&str>) -> PastValue {
    let multiple = 40.0 * (1.0 + 0.001 * (day % 3) as f64);
    PastValue {
        run_id: format!("day {day}"),
        started: day * DAY_SECONDS,
        value: multiple * slower,
        in_yardsticks: scale.map(|_| multiple),
        scale: scale.map(str::to_owned),
    }
}

/// Every third day the whole machine is 15% slower.
fn uneven(days: i64, scale: Option<&str>) -> PastSeries {
    let slower = |at: i64| if at % 3 == 0 { 1.15 } else { 1.0 };
    PastSeries { key: key(), values: (0..days).map(|at| day(at, slower(at), scale)).collect() }
}

fn run(at: i64, slower: f64, scale: Option<&str>) -> RunValues {
    let PastValue { run_id, started, value, in_yardsticks, scale } = day(at, slower, scale);
    let values = vec![RunValue { key: key(), value, in_yardsticks }];
    RunValues { run_id, started, scale, folder: None, values, failed: vec![] }
}

fn judged(past: &PastSeries, run: &RunValues) -> JudgedSeries {
    gate(std::slice::from_ref(past), run, &[MEDIAN]).remove(0)
}

#[test]
fn what_the_whole_machine_does_cancels_and_what_the_model_does_is_found() {
    let past = uneven(20, Some("here"));
    let slow_machine = judged(&past, &run(20, 1.3, Some("here")));
    assert_eq!(slow_machine.standing, "usual", "{slow_machine:?}");
    assert!(slow_machine.measured.change.unwrap() > 0.25);
    let corrected = slow_machine.corrected.as_ref().unwrap();
    assert!(corrected.change.unwrap().abs() < 0.005, "{corrected:?}");
    assert!(std::ptr::eq(slow_machine.decisive(), corrected));

    let mut slow_model = run(20, 1.0, Some("here"));
    slow_model.values[0].value *= 1.05;
    slow_model.values[0].in_yardsticks = slow_model.values[0].in_yardsticks.map(|it| it * 1.05);
    let found = judged(&past, &slow_model);
    assert_eq!(found.standing, "suspected", "{found:?}");
    let change = found.corrected.unwrap().change.unwrap();
    assert!((0.045..0.055).contains(&change), "{change}");
    // As it was measured, it is within what the machine does.
    assert!(found.measured.threshold.unwrap() > 0.2);
}

#[test]
fn another_yardstick_or_none_is_not_held_against_this_one() {
    let past = uneven(20, Some("here"));
    for scale in [Some("there"), None] {
        let found = judged(&past, &run(20, 1.0, scale));
        assert!(found.corrected.is_none() && found.measured.days == 20, "{found:?}");
    }
    assert!(judged(&uneven(20, None), &run(20, 1.0, Some("here"))).corrected.is_none());
    // Too few days with it: the figure as it was measured decides.
    let mut past = uneven(20, Some("here"));
    past.values[..12].iter_mut().for_each(|value| value.scale = Some("there".into()));
    let found = judged(&past, &run(20, 1.0, Some("here")));
    assert!(found.corrected.is_none() && found.standing == "usual", "{found:?}");
}

#[test]
fn a_trend_shows_both_in_the_same_unit() {
    let shown = trend(uneven(30, Some("here"))).unwrap();
    let corrected = shown.corrected.unwrap();
    assert_eq!((shown.measured.days, corrected.days), (30, 30));
    // The machine usually takes one unit per yardstick.
    assert!((corrected.last - 40.0).abs() < 0.2 && corrected.threshold.unwrap() < 0.021);
    assert!(shown.measured.threshold.unwrap() > 0.2);
    assert!(trend(uneven(30, None)).unwrap().corrected.is_none());
}
