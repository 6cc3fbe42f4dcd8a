//! Two cases against each other: the ratio of their latencies, and what may
//! be concluded from it.
//!
//! Visits of the same round are paired: what slows the machine for seconds
//! slows both and cancels in the ratio. Each round gives one log ratio of the
//! visits' medians, each pair of processes the median of its rounds' ratios, and
//! the pairs of processes their [`signed_rank::centre`]. Where they are too few for
//! that, the estimate is the median over rounds, and its interval Student's
//! ([`crate::stats::estimate`]).
//!
//! Tails are compared as they are displayed: the ratio of the quantiles of all runs. Its
//! interval is made of those of both sides ([`Grouped::interval`]): the distances of their
//! ends, as the root of the sum of squares (G. Y. Zou and A. Donner, 'Construction of
//! Confidence Limits about Effect Measures', Statistics in Medicine 27, 2008).

use serde::{Deserialize, Serialize};

use crate::record::visit::Visit;
use crate::stats::estimate::estimate;
use crate::stats::interval::Z_95;
use crate::stats::round::{Round, pooled_median};
use crate::stats::signed_rank;
use crate::stats::statistics;
use crate::stats::statistics::{Interval, student_p};
use crate::stats::tail::Grouped;
use crate::stats::unpaired;
use crate::stats::unpaired::{UnpairedDifference, is_mostly_disturbed, processes};

/// Change that counts as one, unless the user says otherwise, in percent.
pub const DEFAULT_THRESHOLD_PERCENT: f64 = 1.0;
/// Pairs of processes from which on the processes' own differences are known.
pub(crate) const MIN_REPLICATES: usize = 3;
/// With fewer, no change below this is told from the luck of a memory layout.
/// Twenty-five identical pairs of single processes differed by up to 0.8%
/// (docs/measurement.md); this is twice that and a little more.
pub(crate) const UNREPLICATED_THRESHOLD_PERCENT: f64 = 2.0;
/// With so many degrees of freedom Student's t is the normal distribution.
const MANY_DEGREES: f64 = 1_000.0;

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
    /// Two runs at different times, each held against the yardstick beside its visits.
    ByYardstick,
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
    /// Two-sided, of no change; absent if the interval is.
    pub p_value: Option<f64>,
    /// What may be concluded.
    pub verdict: Verdict,
    /// How the two sides were held against each other.
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
) -> Option<Comparison> {
    let (found, pairing) = match pairing {
        _ if probability > 0.5 => (tails(base, new, pairing, probability)?, pairing),
        Pairing::ByRound => (by_round(base, new, probability)?, pairing),
        Pairing::ByYardstick | Pairing::Unpaired => {
            let (difference, pairing) = unpaired(base, new, pairing)?;
            (difference.into(), pairing)
        }
    };
    let Found { log_ratio, interval, p_value, rounds, processes } = found;
    let threshold = threshold_in_force(threshold_percent, processes);
    // What disturbs both sides in turn cancels; what disturbs one of two runs does not.
    let tells = pairing == Pairing::ByRound || ![base, new].into_iter().any(is_mostly_disturbed);
    let concluded = interval.filter(|_| tells);
    Some(Comparison {
        ratio: log_ratio.exp(),
        interval: interval.map(|log| Interval { low: log.low.exp(), high: log.high.exp() }),
        verdict: concluded
            .map_or(Verdict::Undecided, |interval| conclude(log_ratio, interval, threshold)),
        p_value,
        pairing,
        rounds,
        processes,
    })
}

/// What the samples tell, in logarithms.
struct Found {
    log_ratio: f64,
    interval: Option<Interval>,
    p_value: Option<f64>,
    rounds: usize,
    processes: usize,
}

fn by_round(base: &[Visit], new: &[Visit], probability: f64) -> Option<Found> {
    let partners = partners(base, new);
    let ratios = log_ratios(&partners, probability);
    let (rounds, processes) = (ratios.len(), processes(&ratios));
    let of_processes = process_medians(&ratios);
    let (log_ratio, interval, p_value) = match signed_rank::centre(&of_processes) {
        Some((centre, interval)) => (centre, Some(interval), signed_rank::p_value(&of_processes)),
        None => {
            let estimate = estimate(&ratios);
            let median = pooled_median(&ratios)?;
            (median, estimate.map(|it| it.interval()), estimate.map(|it| it.p_value()))
        }
    };
    Some(Found { log_ratio, interval, p_value, rounds, processes })
}

/// By the yardstick where that is asked for and both sides have it, else of the latencies
/// as they are; and which of the two it was.
fn unpaired(
    base: &[Visit],
    new: &[Visit],
    pairing: Pairing,
) -> Option<(UnpairedDifference, Pairing)> {
    let steadied =
        (pairing == Pairing::ByYardstick).then(|| unpaired::by_yardstick(base, new)).flatten();
    match steadied {
        Some(difference) => Some((difference, Pairing::ByYardstick)),
        None => Some((unpaired::of_latencies(base, new)?, Pairing::Unpaired)),
    }
}

impl From<UnpairedDifference> for Found {
    fn from(difference: UnpairedDifference) -> Self {
        let UnpairedDifference { log_ratio, estimate, rounds, processes } = difference;
        let interval = estimate.map(|estimate| estimate.interval());
        let p_value = estimate.map(|estimate| estimate.p_value());
        Self { log_ratio, interval, p_value, rounds, processes }
    }
}

/// The displayed quantiles against each other. Unpaired, the machine may have changed
/// between the runs as much as it did within them, as for medians ([`unpaired()`]).
fn tails(base: &[Visit], new: &[Visit], pairing: Pairing, probability: f64) -> Option<Found> {
    let grouped = |visits: &[Visit]| {
        let runs: Vec<(u32, Vec<u64>)> =
            visits.iter().map(|visit| (visit.process, visit.block.latency_ns())).collect();
        Grouped::of(runs.iter().map(|(process, runs)| (*process, runs.as_slice())))
    };
    let (old_runs, new_runs) = (grouped(base), grouped(new));
    let log = |ns: f64| ns.max(1.0).ln();
    let (was, is) = (log(old_runs.quantile(probability)?), log(new_runs.quantile(probability)?));
    let medians = unpaired::of_latencies(base, new)?;
    let drift = match (pairing, medians.estimate) {
        (Pairing::ByRound, _) | (_, None) => 0.0,
        (_, Some(estimate)) => Z_95 * estimate.unit_deviation * std::f64::consts::SQRT_2,
    };
    let ends = old_runs.interval(probability).zip(new_runs.interval(probability));
    let reach = ends.map(|(old, new)| {
        let below = (is - log(new.low)).hypot(log(old.high) - was).hypot(drift);
        let above = (log(new.high) - is).hypot(was - log(old.low)).hypot(drift);
        (below, above)
    });
    let log_ratio = is - was;
    let interval =
        reach.map(|(below, above)| Interval { low: log_ratio - below, high: log_ratio + above });
    // The reach towards 'no change' is that of 95%.
    let p_value = reach.map(|(below, above)| {
        let towards = if log_ratio > 0.0 { below } else { above };
        if towards > 0.0 {
            student_p(log_ratio / towards * Z_95, MANY_DEGREES)
        } else {
            f64::from(log_ratio == 0.0)
        }
    });
    Some(Found {
        log_ratio,
        interval,
        p_value,
        rounds: medians.rounds,
        processes: medians.processes,
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
pub(crate) fn conclude(log_ratio: f64, interval: Interval, threshold_percent: f64) -> Verdict {
    let reach = (threshold_percent / 100.0).ln_1p();
    let Interval { low, high } = interval;
    if low > 0.0 && log_ratio >= reach {
        Verdict::Slower
    } else if high < 0.0 && log_ratio <= -reach {
        Verdict::Faster
    } else if low >= -reach && high <= reach {
        Verdict::Same
    } else {
        Verdict::Undecided
    }
}

/// A visit of the base, its partner of the same round, and the number of their pair of
/// processes.
struct Partners<'a> {
    old: &'a Visit,
    new: &'a Visit,
    pair: u32,
}

/// The rounds that both sides have.
fn partners<'a>(base: &'a [Visit], new: &'a [Visit]) -> Vec<Partners<'a>> {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut rounds = Vec::new();
    for old in base {
        let Some(new) = new.iter().find(|visit| visit.round == old.round) else { continue };
        if old.block.runs() == 0 || new.block.runs() == 0 {
            continue;
        }
        let pair = (old.process, new.process);
        let known = pairs.iter().position(|known| *known == pair);
        let index = known.unwrap_or_else(|| {
            pairs.push(pair);
            pairs.len() - 1
        });
        // There are no more pairs than rounds, which are counted in u32.
        rounds.push(Partners { old, new, pair: u32::try_from(index).unwrap_or(u32::MAX) });
    }
    rounds
}

/// One log ratio for each round.
fn log_ratios(partners: &[Partners<'_>], probability: f64) -> Vec<Round> {
    let log = |visit: &Visit| log_quantile(&visit.block.latency_ns(), probability);
    let ratio = |it: &Partners<'_>| {
        Some(Round { process: it.pair, points: vec![log(it.new)? - log(it.old)?] })
    };
    partners.iter().filter_map(ratio).collect()
}

/// The median of each pair of processes. A pair that had less than a quarter of the
/// rounds that the middle one had is left out: it says as little.
fn process_medians(ratios: &[Round]) -> Vec<f64> {
    let mut pairs: Vec<Vec<f64>> = Vec::new();
    for ratio in ratios {
        let index = ratio.process as usize;
        if pairs.len() <= index {
            pairs.resize(index + 1, Vec::new());
        }
        pairs[index].extend(&ratio.points);
    }
    let mut counts: Vec<usize> = pairs.iter().map(Vec::len).collect();
    counts.sort_unstable();
    let least = counts.get(counts.len() / 2).map_or(0, |middle| middle.div_ceil(4));
    pairs
        .iter()
        .filter(|pair| pair.len() >= least)
        .filter_map(|pair| statistics::median(pair))
        .collect()
}

fn log_quantile(latency_ns: &[u64], probability: f64) -> Option<f64> {
    let sorted = statistics::sorted_ns(latency_ns);
    statistics::quantile(&sorted, probability).map(|ns| ns.max(1.0).ln())
}

#[cfg(test)]
#[path = "paired_tests.rs"]
mod tests;
