//! How much a figure changes from day to day without anyone changing anything, and whether a new
//! value is beyond that.

use std::collections::BTreeMap;

use crate::stats::statistics::{median, quantile, sorted};

/// Days that must be known before a value is judged: with fewer changes, their 90th percentile is
/// little more than the largest of them.
pub(crate) const LEAST_DAYS: usize = 10;
/// A change of less than this is never reported, as a logarithm: 2%.
const FLOOR: f64 = 0.019_802_627_296_179_712;
/// How many times the 90th percentile of the changes counts as more than usual.
const TIMES: f64 = 3.0;
/// Days that the level is the median of: few, so that it follows a machine's drift, and enough
/// that an outlier does not move it.
const LEVEL_DAYS: usize = 7;
/// Days that the changes are learned from: enough that a few outliers do not reach the percentile,
/// and few enough that a machine that was replaced is forgotten.
const LEARNED_DAYS: usize = 180;

/// A value on a day; higher is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DayValue {
    /// Days since a fixed one.
    pub day: i64,
    /// The logarithm of the value; its negative where higher values are better.
    pub log: f64,
}

/// What the days before a value say about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usual {
    /// The median of the last days.
    pub level: f64,
    /// How far beyond the level a value must be.
    pub threshold: f64,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum DayStanding {
    /// Fewer than [`LEAST_DAYS`] days were before it.
    TooFewDays,
    /// Within the threshold, or better.
    Usual,
    /// Beyond the threshold, for the first time.
    Suspected,
    /// Beyond the threshold, as the value before it was.
    Regressed,
}

/// The days before `day`, each with the median of its values.
pub(crate) fn days_before(values: &[DayValue], day: i64) -> Vec<f64> {
    let mut by_day: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for value in values.iter().filter(|value| value.day < day) {
        by_day.entry(value.day).or_default().push(value.log);
    }
    by_day.values().filter_map(|logs| median(logs)).collect()
}

/// What is usual after these days, the oldest first; `None` with too few.
pub(crate) fn usual(days: &[f64]) -> Option<Usual> {
    if days.len() < LEAST_DAYS {
        return None;
    }
    let level = median(&days[days.len() - LEVEL_DAYS.min(days.len())..])?;
    let recent = &days[days.len().saturating_sub(LEARNED_DAYS)..];
    let changes: Vec<f64> = recent.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let threshold = (TIMES * quantile(&sorted(&changes), 0.9)?).max(FLOOR);
    Some(Usual { level, threshold })
}

/// Judges the last of these values, the oldest first, by the days before it. One value beyond the
/// threshold may be an outlier; two in a row are a change.
pub(crate) fn judge(values: &[DayValue]) -> (DayStanding, Option<Usual>) {
    let Some((last, before)) = values.split_last() else { return (DayStanding::TooFewDays, None) };
    let known = usual(&days_before(before, last.day));
    let standing = match known {
        None => DayStanding::TooFewDays,
        Some(it) if !is_beyond(last, it) => DayStanding::Usual,
        Some(_) if last_was_beyond(before) => DayStanding::Regressed,
        Some(_) => DayStanding::Suspected,
    };
    (standing, known)
}

fn is_beyond(value: &DayValue, usual: Usual) -> bool {
    value.log - usual.level > usual.threshold
}

fn last_was_beyond(values: &[DayValue]) -> bool {
    let Some((last, before)) = values.split_last() else { return false };
    usual(&days_before(before, last.day)).is_some_and(|it| is_beyond(last, it))
}

#[cfg(test)]
#[path = "day_changes_tests.rs"]
mod tests;
