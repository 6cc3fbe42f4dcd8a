//! Intervals of the tail of a distribution, and of the share of runs within a budget.
//!
//! A quantile's interval runs between two runs in the order of their latency, chosen so
//! that, in 95 of 100 cases, a binomial count puts the true quantile between them
//! (W. J. Conover, 'Practical Nonparametric Statistics', 3rd edition, 1999, section 3.2).
//! Runs of one visit or process resemble each other, so they count as fewer: as the runs
//! over the design effect, by which the visits' own counts scatter more than a binomial's
//! (R. S. Woodruff, 'Confidence Intervals for Medians and Other Position Measures',
//! Journal of the American Statistical Association 47, 1952).
//!
//! The fewest runs that can have an interval follow: 36 for p90, 72 for p95, 368 for p99.
//! MLPerf's LoadGen derives the queries that a percentile needs from the same binomial
//! bound ('early stopping', mlcommons/inference, loadgen/early_stopping.cc); it takes the
//! queries as independent and bounds one side, at 99%.

use crate::stats::interval::{Proportion, Z_95};
use crate::stats::statistics::Interval;

/// Minimum number of groups of runs to estimate how their counts scatter.
const MIN_GROUPS: usize = 5;
/// What may lie outside on either side.
const OUTSIDE: f64 = 0.025;
/// Above this binomial variance the normal distribution is as good: its error in a rank is
/// below one.
const NORMAL_FROM: f64 = 300.0;

/// Latencies in the groups within which they resemble each other: the processes of a case if there
/// are enough, else its visits.
#[derive(Debug, Clone)]
pub(crate) struct Grouped {
    sorted_ns: Vec<f64>,
    groups: Vec<Vec<u64>>,
}

impl Grouped {
    /// Of each visit: its process and its latencies.
    #[must_use]
    pub(crate) fn of<'a>(visits: impl Iterator<Item = (u32, &'a [u64])>) -> Self {
        let visits: Vec<(u32, &[u64])> = visits.filter(|(_, runs)| !runs.is_empty()).collect();
        let mut processes: Vec<(u32, Vec<u64>)> = Vec::new();
        for (process, runs) in &visits {
            match processes.iter_mut().find(|(known, _)| known == process) {
                Some((_, all)) => all.extend_from_slice(runs),
                None => processes.push((*process, runs.to_vec())),
            }
        }
        let groups: Vec<Vec<u64>> = if processes.len() >= MIN_GROUPS {
            processes.into_iter().map(|(_, runs)| runs).collect()
        } else {
            visits.iter().map(|(_, runs)| runs.to_vec()).collect()
        };
        let mut all: Vec<u64> = groups.iter().flatten().copied().collect();
        all.sort_unstable();
        Self { sorted_ns: all.into_iter().map(|ns| ns as f64).collect(), groups }
    }

    /// The quantile in nanoseconds; `None` without a run.
    #[must_use]
    pub(crate) fn quantile(&self, probability: f64) -> Option<f64> {
        crate::stats::statistics::quantile(&self.sorted_ns, probability)
    }

    /// The quantile's 95% interval in nanoseconds; `None` if the runs are too few.
    #[must_use]
    pub(crate) fn interval(&self, probability: f64) -> Option<Interval> {
        let quantile = self.quantile(probability)?;
        let count = self.effective_runs(|ns| ns as f64 > quantile)?;
        let (low, high) = ranks(count.floor() as usize, probability)?;
        let at = |rank: f64| {
            let position = (rank / count.floor() * self.sorted_ns.len() as f64).ceil();
            self.sorted_ns[(position as usize).clamp(1, self.sorted_ns.len()) - 1]
        };
        Some(Interval { low: at(low).min(quantile), high: at(high).max(quantile) })
    }

    /// The share of runs of at most `budget_ns`, with Wilson's interval for the effective number of
    /// runs; `None` if there are too few groups.
    #[must_use]
    pub(crate) fn share_within(&self, budget_ns: f64) -> Option<Proportion> {
        let count = self.effective_runs(|ns| ns as f64 <= budget_ns)?;
        let within = self.sorted_ns.partition_point(|ns| *ns <= budget_ns) as f64;
        let value = within / self.sorted_ns.len() as f64;
        let middle = (value * count + Z_95 * Z_95 / 2.0) / (count + Z_95 * Z_95);
        let half = Z_95 / (count + Z_95 * Z_95)
            * (count * value * (1.0 - value) + Z_95 * Z_95 / 4.0).sqrt();
        Some(Proportion {
            value,
            low: (middle - half).clamp(0.0, value),
            high: (middle + half).clamp(value, 1.0),
        })
    }

    /// The effective number of independent runs for the share for which `counts` is true: the runs
    /// over their design effect, which is at least 1.
    fn effective_runs(&self, counts: impl Fn(u64) -> bool) -> Option<f64> {
        if self.groups.len() < MIN_GROUPS {
            return None;
        }
        let (groups, runs) = (self.groups.len() as f64, self.sorted_ns.len() as f64);
        let of = |group: &Vec<u64>| group.iter().filter(|ns| counts(**ns)).count() as f64;
        let share = self.groups.iter().map(of).sum::<f64>() / runs;
        let residual = |group: &Vec<u64>| (of(group) - share * group.len() as f64).powi(2);
        let scatter = self.groups.iter().map(residual).sum::<f64>() * groups / (groups - 1.0);
        let binomial = runs * share * (1.0 - share);
        let effect = if binomial > 0.0 { (scatter / binomial).max(1.0) } else { 1.0 };
        Some(runs / effect)
    }
}

/// The ranks, from 1, between which the quantile of `count` independent values lies in at least 95
/// of 100 cases; `None` if no value is rare enough to bound it above.
fn ranks(count: usize, probability: f64) -> Option<(f64, f64)> {
    let (n, slow) = (count as f64, 1.0 - probability);
    let variance = n * probability * slow;
    if variance > NORMAL_FROM {
        let reach = Z_95 * variance.sqrt();
        let (low, high) =
            ((n * probability - reach).floor(), (n * probability + reach).ceil() + 1.0);
        return (high <= n).then_some((low, high));
    }
    // Of n values, `above` exceed the true quantile; its chances by recurrence from none.
    let mut chance = probability.powf(n);
    if chance > OUTSIDE {
        return None;
    }
    let (mut below, mut fewest, mut most) = (0.0, 0, count);
    for above in 0..=count {
        if below + chance <= OUTSIDE {
            fewest = above + 1;
        }
        below += chance;
        if below >= 1.0 - OUTSIDE {
            most = above;
            break;
        }
        chance *= (count - above) as f64 / (above + 1) as f64 * slow / probability;
    }
    // With at least `fewest` above it, the quantile is below the value of rank
    // n - fewest + 1; with at most `most`, it is not below that of rank n - most.
    let high = (count - fewest + 1).min(count);
    Some((count.saturating_sub(most).max(1) as f64, high as f64))
}

#[cfg(test)]
#[path = "tail_tests.rs"]
mod tests;
