//! What minutes made of a case, and its highest rate, in two runs.
//!
//! Both come from a single process of each run, so that nothing is known of how they scatter from
//! process to process: changes below the threshold for a single process are not told.

use crate::decide::comparison::{CaseComparison, CompareOptions, Outcome};
use crate::decide::metric::Metric;
use crate::record::run::{CaseRecord, Run};
use crate::record::scenario::Rate;
use crate::record::sustained::SustainedRecord;
use crate::stats::rate_search::{RateRange, range, verdicts};
use crate::stats::statistics::Interval;
use crate::stats::{paired, throttling, welch};

/// By how much the minutes of two runs may differ, as a share: heat takes its time.
const MINUTES_APART: f64 = 0.1;

/// What minutes made of a case, which is called `name`, if either run has that and medians are
/// compared.
pub(crate) fn compared_sustained(
    name: &str,
    base: (&Run, &CaseRecord),
    new: (&Run, &CaseRecord),
    options: CompareOptions,
) -> Option<CaseComparison> {
    if options.metric != Metric::P50 {
        return None;
    }
    let line = sustained(name, &base.1.sustained, &new.1.sustained, options)?;
    let [was, is] = [base.0, new.0].map(sustained_rate);
    let scenario = line.scenario.map(|minutes| match if line.base.is_some() { was } else { is } {
        Some(rate) => format!("{minutes}, {rate} per second"),
        None => minutes,
    });
    let line = CaseComparison { scenario, ..line };
    if was == is || line.base.is_none() || line.new.is_none() {
        return Some(line);
    }
    let words = |rate: Option<Rate>| match rate {
        Some(rate) => format!("{rate} per second"),
        None => "back to back".to_owned(),
    };
    let why = format!(
        "it ran {} and now runs {} (--sustained-rate), so the two are not compared",
        words(was),
        words(is)
    );
    Some(not_compared(line, why))
}

/// The schedule of the minutes of a run.
fn sustained_rate(run: &Run) -> Option<Rate> {
    run.header.options.latency.as_ref()?.sustained?.rate
}

/// Two figures that are not of the same thing.
fn not_compared(line: CaseComparison, why: String) -> CaseComparison {
    CaseComparison {
        change: None,
        low: None,
        high: None,
        p_value: None,
        outcome: Outcome::Undecided,
        note: Some(why),
        ..line
    }
}

/// The medians of the last windows.
fn sustained(
    name: &str,
    base: &SustainedRecord,
    new: &SustainedRecord,
    options: CompareOptions,
) -> Option<CaseComparison> {
    let (was, is) = (medians_ms(base), medians_ms(new));
    let minutes = if was.is_empty() { new.seconds() } else { base.seconds() } / 60.0;
    let (then, now) = (throttling::at_end(&was), throttling::at_end(&is));
    let sides = CaseComparison {
        scenario: Some(format!("at the end of {minutes:.1} minutes")),
        base: then,
        new: now,
        ..CaseComparison::bare(name.to_owned(), Outcome::Undecided)
    };
    let (then, now) = match (then, now) {
        (None, None) => return None,
        (None, Some(_)) => return Some(CaseComparison { outcome: Outcome::New, ..sides }),
        (Some(_), None) => return Some(gone(sides, new.lost.as_ref().map(|(_, why)| why))),
        (Some(then), Some(now)) => (then, now),
    };
    let logs = |p50: &[f64]| throttling::last(p50).iter().map(|ms| ms.ln()).collect::<Vec<f64>>();
    let found = welch::difference(&logs(&was), &logs(&is));
    let lasted = [base, new].map(|side| side.seconds() / 60.0);
    if (lasted[0] / lasted[1]).ln().abs() > MINUTES_APART {
        let why = format!(
            "it ran for {:.1} minutes and now for {:.1}, so their ends are not compared",
            lasted[0], lasted[1]
        );
        return Some(not_compared(sides, why));
    }
    let interval = found.as_ref().map(|found| found.interval);
    let line = CaseComparison { change: Some(now / then), ..sides };
    Some(judged(line, interval, options))
}

fn medians_ms(record: &SustainedRecord) -> Vec<f64> {
    record.windows.iter().map(|window| window.p50_ns.max(1) as f64 / 1e6).collect()
}

/// The highest rate that a case kept.
#[must_use]
pub(crate) fn kept_rate(record: &CaseRecord) -> Option<f64> {
    range_of(record)?.kept
}

/// The highest rates in time of `both`.
pub(crate) fn compared_rates(
    both: CaseComparison,
    base: (&Run, &CaseRecord),
    new: (&Run, &CaseRecord),
    options: CompareOptions,
) -> CaseComparison {
    let limits = [base.0, new.0].map(limit);
    let [Some(was), Some(is)] = [base.1, new.1].map(range_of) else { return both };
    let words = limits[0].map(|limit| format!("highest rate within {limit} ms"));
    let both = CaseComparison { scenario: words, ..both };
    if limits[0] != limits[1] {
        let note = Some("the limits differ (--find-rate), so rates are not compared".into());
        return CaseComparison { note, ..both };
    }
    // The highest rate lies between the one that was kept and the one that was missed.
    let ends = |range: RateRange| {
        let low = range.kept.map_or(f64::NEG_INFINITY, f64::ln);
        (low, range.missed.map_or(f64::INFINITY, f64::ln))
    };
    let ((was_low, was_high), (is_low, is_high)) = (ends(was), ends(is));
    let slower = Interval { low: was_low - is_high, high: was_high - is_low };
    let change = both.base.zip(both.new).map(|(then, now)| now / then);
    let line = CaseComparison { change, ..both };
    let mut line = judged(line, Some(slower), options);
    // It is compared as a time; shown is the rate.
    (line.low, line.high) = (line.high.map(|high| 1.0 / high), line.low.map(|low| 1.0 / low));
    line
}

fn range_of(record: &CaseRecord) -> Option<RateRange> {
    let found = record.found_rate.as_ref().filter(|found| found.lost.is_none())?;
    Some(range(&verdicts(&found.tried)))
}

fn limit(run: &Run) -> Option<f64> {
    run.header.options.latency.as_ref()?.find_rate.map(|goal| goal.p99_ms)
}

/// The base has it and the new run does not.
fn gone(sides: CaseComparison, why: Option<&String>) -> CaseComparison {
    let note = why.map_or("the new run does not have this".to_owned(), Clone::clone);
    CaseComparison { outcome: Outcome::Missing, note: Some(note), ..sides }
}

/// The verdict by the interval of the logarithm of how much slower the new run is.
fn judged(
    line: CaseComparison,
    slower: Option<Interval>,
    options: CompareOptions,
) -> CaseComparison {
    let mut notes = Vec::new();
    let threshold = paired::threshold_in_force(options.threshold_percent, 1);
    if threshold > options.threshold_percent {
        notes.push(format!(
            "one process of each run: changes below {threshold}% cannot be told apart from memory-layout effects"
        ));
    }
    let Some(interval) = slower else {
        notes.push("too little is known for an interval".into());
        return CaseComparison { note: Some(notes.join("; ")), ..line };
    };
    let middle = f64::midpoint(interval.low, interval.high);
    CaseComparison {
        low: Some(interval.low.exp()).filter(|low| *low > 0.0),
        high: Some(interval.high.exp()).filter(|high| high.is_finite()),
        outcome: paired::conclude(middle, interval, threshold).into(),
        note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
        ..line
    }
}
