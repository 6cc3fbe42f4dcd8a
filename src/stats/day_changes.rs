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
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::stats::simulated::normal;

    /// What a day adds to the logarithm: nine medians in ten are within 1.2% of the usual.
    const DEVIATION: f64 = 0.007;

    /// Logs of a machine that nobody changes: each day has an effect of its own, the speed
    /// drifts (a random walk of 0.15% per day), and every fiftieth day something else ran (10% to
    /// 42% slower).
    fn unchanged(rng: &mut ChaCha8Rng, deviation: f64, days: usize) -> Vec<DayValue> {
        let mut drift = 0.0;
        let value = |day: usize| {
            drift += 0.0015 * normal(rng);
            let outlier = rng.random::<f64>() < 0.02;
            let disturbed = if outlier { 0.1 + 0.25 * rng.random::<f64>() } else { 0.0 };
            DayValue { day: day as i64, log: 1.0 + drift + deviation * normal(rng) + disturbed }
        };
        (0..days).map(value).collect()
    }

    /// The standing of each day from `from` on; only the days that can matter are handed over.
    fn standings(values: &[DayValue], from: usize) -> Vec<DayStanding> {
        let first = |day: usize| day.saturating_sub(LEARNED_DAYS + 2);
        (from..values.len()).map(|day| judge(&values[first(day)..=day]).0).collect()
    }

    #[test]
    fn at_most_one_in_a_hundred_unchanged_days_of_1000_runs_is_red() {
        let mut worst = 0.0_f64;
        for seed in 0..5 {
            let values = unchanged(&mut ChaCha8Rng::seed_from_u64(seed), DEVIATION, 1000);
            let standings = standings(&values, 30);
            let red = standings.iter().filter(|it| **it == DayStanding::Regressed).count();
            worst = worst.max(red as f64 / standings.len() as f64);
            assert!(standings.contains(&DayStanding::Suspected), "the outliers are there");
        }
        assert!(worst <= 0.01, "{worst}");
    }

    /// In how many of 100 series a step by this factor is red on its first or second day.
    fn found(deviation: f64, factor: f64) -> usize {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let is_found = |_: &usize| {
            let mut values = unchanged(&mut rng, deviation, 182);
            values[180..].iter_mut().for_each(|value| value.log += factor.ln());
            standings(&values, 180).contains(&DayStanding::Regressed)
        };
        (0..300).filter(is_found).count() / 3
    }

    #[test]
    fn a_step_of_ten_percent_is_red_within_two_days_in_95_of_100() {
        assert!(found(DEVIATION, 1.1) >= 95, "{}", found(DEVIATION, 1.1));
    }

    /// What docs/history.md says of a machine whose days differ more.
    #[test]
    fn days_that_differ_twice_as_much_hide_a_step_twice_as_large() {
        assert!(found(2.0 * DEVIATION, 1.1) < 50, "{}", found(2.0 * DEVIATION, 1.1));
        assert!(found(2.0 * DEVIATION, 1.2) >= 95, "{}", found(2.0 * DEVIATION, 1.2));
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
}
