//! Whether a case ran at one speed: the value of the `stability` column.
//!
//! The first that applies, in this order: emulated, throttled, multimodal, drifting, noisy, stable.
//! The constants are explained in docs/measurement.md.

use serde::{Deserialize, Serialize};

use crate::stats::estimate;
use crate::stats::modes;
use crate::stats::modes::Mode;
use crate::stats::round::Round;
use crate::stats::statistics;
use crate::stats::statistics::Interval;

/// Change from the first quarter of the rounds to the last, in percent, from
/// which on a trend is called a drift.
pub(crate) const DRIFT_PERCENT: f64 = 3.0;
/// Rounds at less than this share of the highest frequency ran throttled.
pub(crate) const THROTTLED_FREQUENCY: f64 = 0.95;
/// If they were slower than the others by this share,
pub(crate) const THROTTLED_SLOWDOWN: f64 = 0.05;
/// and if they were this share of all rounds.
pub(crate) const THROTTLED_SHARE: f64 = 0.1;
/// Half width of the 95% interval of the median, relative to it, above which a case is noisy
/// and its row has a note: smaller differences cannot be seen. How single runs scatter is
/// told by the other percentiles, and makes no median wrong.
pub(crate) const NOISY_INTERVAL: f64 = 0.05;
/// Two-sided 0.1% of the normal distribution. Strict, because Mann and Kendall's
/// test takes rounds for independent, which they are not quite.
const TREND_Z: f64 = 3.29;

/// How steadily a case ran.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Stability {
    /// At one speed.
    Stable,
    /// Steadily slower or faster from the first rounds to the last.
    Drifting,
    /// Slower in rounds at a lowered CPU frequency.
    Throttled,
    /// At two or more distinct speeds.
    Multimodal,
    /// At one speed, with too much spread to know it well.
    Noisy,
    /// On an emulated CPU: times say nothing about a real one.
    Emulated,
}

/// What is known of a case's steadiness.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assessment {
    /// The value; absent with too few rounds.
    pub stability: Option<Stability>,
    /// Change of the median from the first quarter of the rounds to the last.
    pub drift_percent: Option<f64>,
    /// Two or more, if they were found.
    pub modes: Vec<Mode>,
}

/// Assesses rounds in their order: their latencies, the CPU frequency right
/// after each where known, and the 95% interval of the logarithm of their median.
#[must_use]
pub(crate) fn assess(
    rounds: &[Round],
    mhz: &[Option<u32>],
    interval: Option<Interval>,
    emulated: bool,
) -> Assessment {
    let medians: Vec<f64> =
        rounds.iter().filter_map(|round| statistics::quantile(&round.points, 0.5)).collect();
    let drift_percent = drift_percent(&medians);
    let found = modes::find(rounds);
    let alternating = found.as_ref().is_some_and(|found| found.alternating);
    let drifting = drift_percent.is_some_and(|drift| drift.abs() >= DRIFT_PERCENT)
        && (has_trend(&medians) || found.is_some());
    let stability = if emulated {
        Some(Stability::Emulated)
    } else if medians.len() < estimate::MIN_ROUNDS {
        None
    } else if is_throttled(&medians, mhz) {
        Some(Stability::Throttled)
    } else if alternating {
        Some(Stability::Multimodal)
    } else if drifting {
        Some(Stability::Drifting)
    } else if is_noisy(interval) {
        Some(Stability::Noisy)
    } else {
        Some(Stability::Stable)
    };
    Assessment { stability, drift_percent, modes: found.map_or(Vec::new(), |found| found.modes) }
}

/// Medians of the first and the last quarter of the rounds against each other;
/// `None` below four rounds.
fn drift_percent(log_medians: &[f64]) -> Option<f64> {
    let quarter = log_medians.len() / 4;
    if quarter == 0 {
        return None;
    }
    let first = statistics::median(&log_medians[..quarter])?;
    let last = statistics::median(&log_medians[log_medians.len() - quarter..])?;
    Some((last - first).exp_m1() * 100.0)
}

/// Mann and Kendall's test for a monotonic trend (Kendall, 'Rank Correlation
/// Methods', 1975), without its correction for ties: those are rare in
/// nanoseconds, and leaving it out only makes the test stricter.
fn has_trend(series: &[f64]) -> bool {
    let n = series.len() as f64;
    let later = |i: usize| &series[i + 1..];
    let sum: f64 = (0..series.len())
        .flat_map(|i| later(i).iter().map(move |x| x - series[i]))
        .map(|step| if step == 0.0 { 0.0 } else { step.signum() })
        .sum();
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    sum.abs() - 1.0 > TREND_Z * variance.sqrt()
}

fn is_throttled(log_medians: &[f64], mhz: &[Option<u32>]) -> bool {
    let readings: Vec<(f64, f64)> = log_medians
        .iter()
        .zip(mhz)
        .filter_map(|(median, mhz)| Some((*median, f64::from((*mhz)?))))
        .collect();
    let frequencies: Vec<f64> = readings.iter().map(|(_, mhz)| *mhz).collect();
    // The 90th percentile is used as the highest, so that one reading of a short turbo does not
    // make all others look throttled.
    let Some(highest) = statistics::quantile(&statistics::sorted(&frequencies), 0.9) else {
        return false;
    };
    let (low, full): (Vec<_>, Vec<_>) =
        readings.iter().partition(|(_, mhz)| *mhz < THROTTLED_FREQUENCY * highest);
    let median = |part: &[(f64, f64)]| {
        statistics::median(&part.iter().map(|(median, _)| *median).collect::<Vec<f64>>())
    };
    let (Some(slow), Some(fast)) = (median(&low), median(&full)) else { return false };
    let share = low.len() as f64 / readings.len() as f64;
    share >= THROTTLED_SHARE && slow - fast >= THROTTLED_SLOWDOWN.ln_1p()
}

fn is_noisy(interval: Option<Interval>) -> bool {
    let half_width = interval.map_or(0.0, |interval| (interval.high - interval.low) / 2.0);
    half_width > NOISY_INTERVAL.ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::Series;

    fn assess_rounds(rounds: &[Round], mhz: &[Option<u32>]) -> Assessment {
        let interval = estimate::estimate(rounds).map(|estimate| estimate.interval());
        assess(rounds, mhz, interval, false)
    }

    /// Calm rounds, each made slower by `log(round)`.
    fn shaped(seed: u64, log: impl Fn(usize) -> f64) -> Vec<Round> {
        let calm = Series { run_deviation: 0.02, round_deviation: 0.003, ..Series::default() };
        let mut rounds = calm.rounds(seed);
        for (i, round) in rounds.iter_mut().enumerate() {
            round.points.iter_mut().for_each(|point| *point += log(i));
        }
        rounds
    }

    #[test]
    fn each_word_has_its_case() {
        for seed in 0..40 {
            let word = |log: &dyn Fn(usize) -> f64| {
                assess_rounds(&shaped(seed, log), &[]).stability.unwrap()
            };
            assert_eq!(word(&|_| 0.0), Stability::Stable);
            assert_eq!(word(&|i| i as f64 * 0.002), Stability::Drifting);
            assert_eq!(word(&|i| i as f64 * -0.002), Stability::Drifting);
            assert_eq!(word(&|i| if i < 25 { 0.0 } else { 0.2 }), Stability::Drifting);
            assert_eq!(word(&|i| if i / 6 % 2 == 0 { 0.0 } else { 0.2 }), Stability::Multimodal);
        }
        let scattered = Series { run_deviation: 0.2, run_correlation: 0.0, ..Series::default() };
        assert_eq!(assess_rounds(&scattered.rounds(1), &[]).stability, Some(Stability::Stable));
        let wide = Series { rounds: 12, round_deviation: 0.2, ..Series::default() };
        let noisy = (0..40)
            .filter(|seed| {
                let word = assess_rounds(&wide.rounds(*seed), &[]).stability;
                word == Some(Stability::Noisy)
            })
            .count();
        assert!(noisy >= 36, "{noisy} of 40");
    }

    #[test]
    fn a_lowered_frequency_that_costs_time_is_throttling() {
        let hot = |i: usize| i >= 20;
        let mhz: Vec<Option<u32>> =
            (0..40).map(|i| Some(if hot(i) { 1_800 } else { 2_600 })).collect();
        let slower = shaped(1, |i| if hot(i) { 0.25 } else { 0.0 });
        assert_eq!(assess_rounds(&slower, &mhz).stability, Some(Stability::Throttled));
        // The same readings although nothing became slower: they are only from an idle moment after
        // the runs.
        let unmoved = shaped(1, |_| 0.0);
        assert_eq!(assess_rounds(&unmoved, &mhz).stability, Some(Stability::Stable));
    }

    #[test]
    fn drift_is_that_from_the_first_quarter_to_the_last() {
        let rounds = shaped(2, |i| if i < 20 { 0.0 } else { 0.1 });
        let drift = assess_rounds(&rounds, &[]).drift_percent.unwrap();
        assert!((drift - 10.5).abs() < 1.0, "{drift}");
        assert_eq!(assess_rounds(&rounds[..3], &[]).drift_percent, None);
    }

    #[test]
    fn an_emulated_cpu_is_said_first_and_few_rounds_say_nothing() {
        let rounds = shaped(3, |i| if i % 2 == 0 { 0.0 } else { 0.3 });
        assert_eq!(assess(&rounds, &[], None, true).stability, Some(Stability::Emulated));
        assert_eq!(assess_rounds(&rounds[..4], &[]).stability, None);
    }
}
