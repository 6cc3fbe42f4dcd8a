//! How sure a median is: Student's t over the medians of its units.
//!
//! Runs inside a round share its moment, and rounds inside a process its memory layout, so
//! neither is an independent observation. A **unit** is a process; where there is only one,
//! a tenth of its rounds, neighbours together, since a machine's speed lasts longer than a
//! round (10 to 30 such batches lose little: Schmeiser, 'Batch Size Effects in the Analysis
//! of Simulation Output', Operations Research 30(3), 1982). The units' medians are taken as
//! a sample. Where units that follow each other resemble each other, their mean is known less
//! well by sqrt((1 + r) / (1 - r)), r their correlation, as in a first-order autoregression.
//! Everything is in logarithms, so an interval is a ratio to the median and never negative.

use crate::stats::round::{Round, pooled_median};
use crate::stats::statistics;
use crate::stats::statistics::{Interval, student_975, student_p};

/// Fewest rounds of a single process that an interval is computed from.
pub(crate) const MIN_ROUNDS: usize = 5;
/// The rounds of a single process are joined to so many units, where each gets two or more.
pub(crate) const BATCHES: usize = 10;
/// Fewest units whose correlation means anything.
const CORRELATED: usize = 5;
/// Most correlation of neighbours that an interval is widened for: beyond, the units are one
/// stretch of the machine, and no width would be enough.
const MOST_CORRELATION: f64 = 0.8;

/// A median and how sure it is, in the scale of the points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate {
    /// The median of all points.
    pub value: f64,
    /// Standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees: f64,
    /// Standard deviation of the units' medians.
    pub unit_deviation: f64,
}

impl Estimate {
    /// The 95% interval.
    #[must_use]
    pub(crate) fn interval(&self) -> Interval {
        let reach = student_975(self.degrees) * self.standard_error;
        Interval { low: self.value - reach, high: self.value + reach }
    }

    /// Two-sided, of a value of 0.
    #[must_use]
    pub(crate) fn p_value(&self) -> f64 {
        if self.standard_error > 0.0 {
            student_p(self.value / self.standard_error, self.degrees)
        } else {
            f64::from(self.value == 0.0)
        }
    }
}

/// The median of rounds of one case, in the order in which they happened.
/// `None` where there are too few rounds to say how sure it is.
#[must_use]
pub(crate) fn estimate(rounds: &[Round]) -> Option<Estimate> {
    let units = units(rounds)?;
    let n = units.len() as f64;
    let unit_deviation = statistics::standard_deviation(&units);
    Some(Estimate {
        value: pooled_median(rounds)?,
        standard_error: unit_deviation / n.sqrt() * widening(&units),
        degrees: n - 1.0,
        unit_deviation,
    })
}

/// The medians of the units; `None` if they are too few.
fn units(rounds: &[Round]) -> Option<Vec<f64>> {
    let rounds: Vec<&Round> = rounds.iter().filter(|round| !round.points.is_empty()).collect();
    let processes = by_process(&rounds);
    if processes.len() > 1 {
        return processes.iter().map(|members| median(members)).collect();
    }
    if rounds.len() < MIN_ROUNDS {
        return None;
    }
    let batches = if rounds.len() < 2 * BATCHES { rounds.len() } else { BATCHES };
    let members = |i| &rounds[i * rounds.len() / batches..(i + 1) * rounds.len() / batches];
    (0..batches).map(|i| median(members(i))).collect()
}

fn by_process<'a>(rounds: &[&'a Round]) -> Vec<Vec<&'a Round>> {
    let mut groups: Vec<Vec<&Round>> = Vec::new();
    for round in rounds {
        match groups.iter_mut().find(|group| group[0].process == round.process) {
            Some(group) => group.push(round),
            None => groups.push(vec![round]),
        }
    }
    groups
}

fn median(rounds: &[&Round]) -> Option<f64> {
    let points: Vec<f64> = rounds.iter().flat_map(|round| round.points.iter().copied()).collect();
    statistics::median(&points)
}

/// How much the standard error has to grow because neighbouring units resemble each other:
/// by the correlation of their ranks at lag 1, freed of the bias that few values give it
/// (Kendall, 'Note on Bias in the Estimation of Autocorrelation', Biometrika 41, 1954).
fn widening(medians: &[f64]) -> f64 {
    if medians.len() < CORRELATED {
        return 1.0;
    }
    let n = medians.len() as f64;
    let unbiased = (n * lag_1_rank_correlation(medians) + 1.0) / (n - 3.0);
    let correlation = unbiased.clamp(0.0, MOST_CORRELATION);
    ((1.0 + correlation) / (1.0 - correlation)).sqrt()
}

/// Correlation of the ranks of neighbours.
fn lag_1_rank_correlation(series: &[f64]) -> f64 {
    let ranks = ranks(series);
    let mean = statistics::mean(&ranks);
    let square: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    let product: f64 = ranks.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if square > 0.0 { product / square } else { 0.0 }
}

/// Ranks from 0; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let sorted = statistics::sorted(values);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|x| x < value);
        let up_to = sorted.partition_point(|x| x <= value);
        (below + up_to).saturating_sub(1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
