//! Two cases against each other: the ratio of their latencies, and what may
//! be concluded from it.
//!
//! Visits of the same round are paired: what slows the machine for seconds
//! slows both and cancels in the ratio. Each round gives one log ratio of the
//! blocks' quantiles; the estimate is the median over rounds, and what is
//! resampled for its interval is the pair of processes (see [`bootstrap`]).

use serde::{Deserialize, Serialize};

use super::bootstrap::{self, Estimate, Round};
use super::statistics::{self, Interval};
use crate::run::record::Visit;

/// Change that counts as one, unless the user says otherwise, in percent.
pub const DEFAULT_THRESHOLD_PERCENT: f64 = 1.0;
/// Pairs of processes from which on the processes' own differences are known.
pub const MIN_REPLICATES: usize = 3;
/// With fewer, no change below this is told from the luck of a memory layout.
/// Twenty-five identical pairs of single processes differed by up to 0.8%
/// (docs/measurement.md); this is twice that and a little more.
pub const UNREPLICATED_THRESHOLD_PERCENT: f64 = 2.0;

/// What a comparison concludes about the new side.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Surely faster, by the threshold or more.
    Faster,
    /// Surely slower, by the threshold or more.
    Slower,
    /// Any difference surely lies within the threshold.
    Same,
    /// The measurement does not tell.
    Undecided,
}

/// Whether rounds of the two sides belong together.
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
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Pairing {
    /// Both sides were visited in turn in one run: rounds are paired.
    ByRound,
    /// Two runs at different times: what the machine did between them cannot
    /// be told from a change.
    Unpaired,
}

/// The new side against the base.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Latency of new over base: above 1 is slower.
    pub ratio: f64,
    /// Its 95% interval; absent with too few rounds.
    pub interval: Option<Interval>,
    /// What may be concluded.
    pub verdict: Verdict,
    /// Whether rounds were paired.
    pub pairing: Pairing,
    /// Rounds (of both sides, if paired) that went into it.
    pub rounds: usize,
    /// Pairs of processes; if unpaired, processes of the side that has fewer.
    pub processes: usize,
}

/// Compares a quantile (`probability` 0.5 is the median) of two cases.
/// `threshold_percent` is the change that counts as one. `None` if there is
/// nothing to compare: no rounds, or none in common.
#[must_use]
pub fn compare(
    base: &[Visit],
    new: &[Visit],
    pairing: Pairing,
    probability: f64,
    threshold_percent: f64,
    seed: u64,
) -> Option<Comparison> {
    let (log_ratio, estimate, rounds, processes) = match pairing {
        Pairing::ByRound => {
            let ratios = log_ratios(base, new, probability);
            let points: Vec<f64> = ratios.iter().flat_map(|round| round.points.clone()).collect();
            let estimate = bootstrap::estimate(&ratios, seed);
            (statistics::median(&points)?, estimate, ratios.len(), processes(&ratios))
        }
        Pairing::Unpaired => {
            let (base, new) = (latencies(base), latencies(new));
            let log_ratio = pooled(&new, probability)? - pooled(&base, probability)?;
            let estimate = difference(&base, &new, probability, seed);
            let fewer = processes(&base).min(processes(&new));
            (log_ratio, estimate, base.len().min(new.len()), fewer)
        }
    };
    let threshold = threshold_in_force(threshold_percent, processes);
    Some(Comparison {
        ratio: log_ratio.exp(),
        interval: estimate.map(|estimate| {
            let log = estimate.interval();
            Interval { low: log.low.exp(), high: log.high.exp() }
        }),
        verdict: estimate.map_or(Verdict::Undecided, |estimate| conclude(&estimate, threshold)),
        pairing,
        rounds,
        processes,
    })
}

/// The change that counts as one, in percent, with so many processes a side.
#[must_use]
pub fn threshold_in_force(threshold_percent: f64, processes: usize) -> f64 {
    if processes < MIN_REPLICATES {
        threshold_percent.max(UNREPLICATED_THRESHOLD_PERCENT)
    } else {
        threshold_percent
    }
}

/// A change is one that the interval tells from none and that reaches the
/// threshold; 'same' needs the whole interval within the threshold.
fn conclude(log_ratio: &Estimate, threshold_percent: f64) -> Verdict {
    let reach = (threshold_percent / 100.0).ln_1p();
    let Interval { low, high } = log_ratio.interval();
    if low > 0.0 && log_ratio.value >= reach {
        Verdict::Slower
    } else if high < 0.0 && log_ratio.value <= -reach {
        Verdict::Faster
    } else if low >= -reach && high <= reach {
        Verdict::Same
    } else {
        Verdict::Undecided
    }
}

/// One log ratio for each round that both sides have.
fn log_ratios(base: &[Visit], new: &[Visit], probability: f64) -> Vec<Round> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut rounds = Vec::new();
    for old in base {
        let Some(new) = new.iter().find(|visit| visit.round == old.round) else { continue };
        let (Some(old_log), Some(new_log)) =
            (log_quantile(old, probability), log_quantile(new, probability))
        else {
            continue;
        };
        let pair = (old.process, new.process);
        let known = pairs.iter().position(|known| *known == pair);
        let index = known.unwrap_or_else(|| {
            pairs.push(pair);
            pairs.len() - 1
        });
        // There are no more pairs than rounds, which are counted in u32.
        let process = u32::try_from(index).unwrap_or(u32::MAX);
        rounds.push(Round { process, points: vec![new_log - old_log] });
    }
    rounds
}

fn log_quantile(visit: &Visit, probability: f64) -> Option<f64> {
    let sorted = statistics::sorted_ns(&visit.block.latency_ns);
    statistics::quantile(&sorted, probability).map(|ns| ns.max(1.0).ln())
}

fn latencies(visits: &[Visit]) -> Vec<Round> {
    visits.iter().map(|visit| Round::of_latencies(visit.process, &visit.block.latency_ns)).collect()
}

fn pooled(rounds: &[Round], probability: f64) -> Option<f64> {
    let points: Vec<f64> = rounds.iter().flat_map(|round| round.points.clone()).collect();
    statistics::quantile(&statistics::sorted(&points), probability)
}

/// Difference of two independent estimates, with Welch's degrees of freedom
/// ('The Generalization of Student's Problem', Biometrika 34, 1947).
fn difference(base: &[Round], new: &[Round], probability: f64, seed: u64) -> Option<Estimate> {
    let base = bootstrap::estimate_quantile(base, probability, seed)?;
    let new = bootstrap::estimate_quantile(new, probability, seed.wrapping_add(1))?;
    let (a, b) = (base.standard_error.powi(2), new.standard_error.powi(2));
    let spread = a * a / base.degrees + b * b / new.degrees;
    let degrees = if spread > 0.0 { (a + b).powi(2) / spread } else { base.degrees };
    Some(Estimate {
        value: new.value - base.value,
        standard_error: (a + b).sqrt(),
        degrees,
        unit: base.unit,
    })
}

fn processes(rounds: &[Round]) -> usize {
    let mut known: Vec<u32> = rounds.iter().map(|round| round.process).collect();
    known.sort_unstable();
    known.dedup();
    known.len()
}

#[cfg(test)]
#[path = "paired_tests.rs"]
mod tests;
