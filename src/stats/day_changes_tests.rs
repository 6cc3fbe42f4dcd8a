//! The gate on days made up, and on days drawn from real runs.

use std::collections::BTreeMap;
use std::rc::Rc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::record::timed_runs::Block;
use crate::record::visit::Visit;
use crate::stats::round::pooled_median;
use crate::stats::simulated::normal;
use crate::stats::statistics::mean;
use crate::stats::unpaired::{latencies, log_in_yardsticks};

/// 80 runs at the default settings, one after the other, every second one slowed by 10%.
const QUIET: &str = include_str!("../../docs/measured/unpaired_visits.csv");
/// The same an earlier time, while the machine had two speeds.
const TWO_SPEEDS: &str = include_str!("../../docs/measured/unpaired_strategies.csv");
/// Days of a series before the step.
const KNOWN: usize = 180;

/// What drifts from day to day besides, as a random walk: 0.15% per day.
const DRIFT: f64 = 0.0015;

/// Logs of a machine that nobody changes: what `day` adds, a drift, and every fiftieth day
/// something else that ran (10% to 42% slower).
fn unchanged(
    rng: &mut ChaCha8Rng,
    mut day: impl FnMut(&mut ChaCha8Rng) -> f64,
    days: usize,
) -> Vec<DayValue> {
    let mut drift = 0.0;
    let value = |at: usize| {
        drift += DRIFT * normal(rng);
        let outlier = rng.random::<f64>() < 0.02;
        let disturbed = if outlier { 0.1 + 0.25 * rng.random::<f64>() } else { 0.0 };
        DayValue { day: at as i64, log: 1.0 + drift + day(rng) + disturbed }
    };
    (0..days).map(value).collect()
}

/// The standing of each day from `from` on; only the days that can matter are handed over.
fn standings(values: &[DayValue], from: usize) -> Vec<DayStanding> {
    let first = |day: usize| day.saturating_sub(LEARNED_DAYS + 2);
    (from..values.len()).map(|day| judge(&values[first(day)..=day]).0).collect()
}

/// What becomes of series whose days are `days`.
#[derive(Debug)]
struct Found {
    /// The largest share of red days in histories of 1,000 unchanged days.
    false_red: f64,
    /// Whether any of their days was suspected, such as those that were slower for another reason.
    suspected: bool,
    /// In how many of 100 series a step is red on its first or second day, by percent of the step.
    steps: BTreeMap<i32, usize>,
}

fn found<D: FnMut(&mut ChaCha8Rng) -> f64>(days: impl Fn() -> D) -> Found {
    let (mut false_red, mut suspected) = (0.0_f64, false);
    for seed in 0..5 {
        let values = unchanged(&mut ChaCha8Rng::seed_from_u64(seed), days(), 1000);
        let standings = standings(&values, 30);
        let red = standings.iter().filter(|it| **it == DayStanding::Regressed).count();
        false_red = false_red.max(red as f64 / standings.len() as f64);
        suspected |= standings.contains(&DayStanding::Suspected);
    }
    let step = |percent: &i32| {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let is_found = |_: &usize| {
            let mut values = unchanged(&mut rng, days(), KNOWN + 2);
            let step = (f64::from(*percent) / 100.0).ln_1p();
            values[KNOWN..].iter_mut().for_each(|value| value.log += step);
            standings(&values, KNOWN).contains(&DayStanding::Regressed)
        };
        (*percent, (0..300).filter(is_found).count() / 3)
    };
    Found { false_red, suspected, steps: STEPS.iter().map(step).collect() }
}

/// Days that each add a normal deviation of their own.
fn normal_days(deviation: f64) -> impl Fn() -> Box<dyn FnMut(&mut ChaCha8Rng) -> f64> {
    move || Box::new(move |rng: &mut ChaCha8Rng| deviation * normal(rng))
}

/// The logs of the medians of the real runs, as they are and in yardsticks, each without the mean
/// of those that were slowed alike.
fn real_runs(table: &str) -> [Vec<f64>; 2] {
    let mut csv = csv::Reader::from_reader(table.as_bytes());
    let microseconds = csv.headers().unwrap().iter().any(|name| name == "p50_us");
    let names = if microseconds {
        ["p50_us", "yardstick_before_us", "yardstick_after_us"]
    } else {
        ["p50_ns", "work_before_ns", "work_after_ns"]
    };
    let mut runs: BTreeMap<u32, (bool, Vec<Visit>)> = BTreeMap::new();
    for record in csv.deserialize::<BTreeMap<String, f64>>() {
        let record = record.unwrap();
        let [p50, before, after] =
            names.map(|name| (record[name] * if microseconds { 1e3 } else { 1.0 }) as u64);
        let block =
            Block { at_ns: vec![0], latency_ns: vec![p50], cpu_ns: p50, wall_ns: p50.max(1) };
        let visit = Visit {
            process: record["process"] as u32,
            round: record["round"] as u32,
            block: (&block).into(),
            yardstick_ns: Some([before, after]),
            ..Visit::default()
        };
        let slowed = record["percent_slower"] > 0.0;
        runs.entry(record["run"] as u32).or_insert((slowed, Vec::new())).1.push(visit);
    }
    assert_eq!(runs.len(), 80);
    let of = |log: fn(&[Visit]) -> Option<f64>| {
        let logs: Vec<(bool, f64)> =
            runs.values().map(|(slowed, visits)| (*slowed, log(visits).unwrap())).collect();
        let mean_of = |slowed: bool| {
            let alike: Vec<f64> =
                logs.iter().filter(|(kind, _)| *kind == slowed).map(|(_, log)| *log).collect();
            mean(&alike)
        };
        let means = [mean_of(false), mean_of(true)];
        logs.iter().map(|(slowed, log)| log - means[usize::from(*slowed)]).collect()
    };
    [of(|visits| pooled_median(&latencies(visits))), of(log_in_yardsticks)]
}

/// Days that are real runs, in stretches of five runs that followed each other, so that a slow
/// stretch of the machine is one here too.
fn real_days(logs: &[f64]) -> impl Fn() -> Box<dyn FnMut(&mut ChaCha8Rng) -> f64> {
    let logs: Rc<[f64]> = logs.into();
    move || {
        let logs = Rc::clone(&logs);
        let mut at = logs.len();
        Box::new(move |rng: &mut ChaCha8Rng| {
            at = if rng.random_bool(0.2) || at + 1 >= logs.len() {
                rng.random_range(0..logs.len())
            } else {
                at + 1
            };
            logs[at]
        })
    }
}

fn deviation(logs: &[f64]) -> f64 {
    (logs.iter().map(|log| log * log).sum::<f64>() / (logs.len() - 1) as f64).sqrt()
}

/// Percents by which figures become worse in the table of docs/history.md.
const STEPS: [i32; 4] = [3, 5, 10, 20];

/// What docs/history.md says that the gate finds, by what the days are.
fn table() -> Vec<(&'static str, Found)> {
    let [quiet, quiet_corrected] = real_runs(QUIET);
    let [uneven, uneven_corrected] = real_runs(TWO_SPEEDS);
    // What docs/history.md says of these runs, in percent.
    for (logs, said) in
        [(&quiet, 1.27), (&quiet_corrected, 0.2), (&uneven, 5.5), (&uneven_corrected, 0.15)]
    {
        let spread = 100.0 * deviation(logs);
        assert!((spread / said - 1.0).abs() < 0.05, "{spread} is said to be {said}");
    }
    vec![
        ("real runs on a quiet machine, by the yardstick", found(real_days(&quiet_corrected))),
        (
            "real runs while it had two speeds, by the yardstick",
            found(real_days(&uneven_corrected)),
        ),
        ("real runs on a quiet machine, as measured", found(real_days(&quiet))),
        ("real runs while it had two speeds, as measured", found(real_days(&uneven))),
        ("made up, normal with 0.7%", found(normal_days(0.007))),
        ("made up, normal with 1.4%", found(normal_days(0.014))),
        ("made up, normal with 2.8%", found(normal_days(0.028))),
    ]
}

fn in_words((days, found): &(&str, Found)) -> String {
    let steps: Vec<String> = found.steps.values().map(|of_100| format!("{of_100}%")).collect();
    format!("| {days} | {:.2}% | {} |", 100.0 * found.false_red, steps.join(" | "))
}

/// The bar: at most one in a hundred unchanged days of 1,000 is red, and a step of 10% is red within
/// two days in 95 of 100 series.
#[test]
fn the_gate_holds_its_bar_and_docs_say_what_it_finds() {
    let table = table();
    for (days, found) in &table {
        if days.ends_with("by the yardstick") || days.ends_with("0.7%") {
            assert!(found.false_red <= 0.01 && found.steps[&10] >= 95, "{days}: {found:?}");
            assert!(found.suspected, "{days}: the outliers are there");
        }
        if days.ends_with("by the yardstick") {
            assert!(found.steps[&5] >= 95, "{days}: {found:?}");
        }
        // Days that differ more hide more, and are no more often red.
        if days.starts_with("made up") {
            assert!(found.false_red <= 0.01, "{days}: {found:?}");
        }
        if days.ends_with("two speeds, as measured") {
            assert!(found.false_red <= 0.01 && found.steps[&10] < 50, "{days}: {found:?}");
        }
    }
    let lines: Vec<String> = table.iter().map(in_words).collect();
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/history.md");
    let text = std::fs::read_to_string(&docs).unwrap();
    let (before, rest) = text.split_once("<!-- simulated -->\n").unwrap();
    let (head, after) = rest.split_once("<!-- end -->\n").unwrap();
    let titles: Vec<&str> = head.lines().take(2).collect();
    let written = format!(
        "{before}<!-- simulated -->\n{}\n{}\n<!-- end -->\n{after}",
        titles.join("\n"),
        lines.join("\n")
    );
    if std::env::var_os("SHUTTERBENCH_WRITE_DOCS").is_some() {
        std::fs::write(docs, written).unwrap();
    } else {
        assert_eq!(text, written, "write it again with SHUTTERBENCH_WRITE_DOCS=1");
    }
}

fn steady(days: i64) -> Vec<DayValue> {
    (0..days).map(|day| DayValue { day, log: 0.001 * (day % 2) as f64 }).collect()
}

#[test]
fn a_quiet_series_has_the_floor_and_two_days_in_a_row_are_red() {
    let mut values = steady(12);
    values.push(DayValue { day: 12, log: 0.015 });
    assert_eq!(judge(&values).0, DayStanding::Usual);
    values[12].log = 0.03;
    let (standing, usual) = judge(&values);
    assert_eq!((standing, usual.unwrap().threshold), (DayStanding::Suspected, FLOOR));
    // Measured again, on the same day.
    values.push(DayValue { day: 12, log: 0.03 });
    assert_eq!(judge(&values).0, DayStanding::Regressed);
    values.push(DayValue { day: 13, log: -0.5 });
    assert_eq!(judge(&values).0, DayStanding::Usual);
    values.push(DayValue { day: 14, log: 0.5 });
    assert_eq!(judge(&values).0, DayStanding::Suspected);
}

#[test]
fn days_count_and_not_runs() {
    let on_one_day = vec![DayValue { day: 0, log: 0.0 }; 50];
    assert_eq!(judge(&on_one_day).0, DayStanding::TooFewDays);
    assert_eq!(judge(&steady(LEAST_DAYS as i64)).0, DayStanding::TooFewDays);
    assert_eq!(judge(&steady(LEAST_DAYS as i64 + 1)).0, DayStanding::Usual);
    assert_eq!(judge(&[]).0, DayStanding::TooFewDays);
}
