//! How sure the median is: a bootstrap over rounds and processes.
//!
//! Runs inside a round share its moment, and rounds inside a process share its
//! memory layout, so neither single runs nor (with several processes) single
//! rounds are independent observations. What is resampled is the **unit**:
//!
//! - with [`MIN_PROCESSES`] processes or more, the process, whole. Resampling
//!   the rounds inside it as well would count their noise twice (Davison and
//!   Hinkley, 'Bootstrap Methods and their Application', 1997, section 3.8);
//! - with fewer, the process too if the processes differ by more than their
//!   rounds explain (`processes_differ`), else the round;
//! - where there are rounds enough, [`BATCHES`] batches of neighbouring rounds,
//!   since a machine's speed lasts longer than a round: 10 to 30 batches lose
//!   little (Schmeiser, 'Batch Size Effects in the Analysis of Simulation
//!   Output', Operations Research 30(3), 1982).
//!
//! The interval is the estimate -/+ t x the bootstrap's standard error, with
//! the units' degrees of freedom. The standard error is widened by
//! sqrt(n / (n - 1)), which the plain bootstrap falls short of with few units
//! (Hesterberg, 'What Teachers Should Know About the Bootstrap', The American
//! Statistician 69(4), 2015), and, where neighbouring units still resemble each
//! other, by sqrt(1 + 2r), r their correlation: the first term of the variance
//! of a mean of correlated values (processes: see `widening_of_processes`). Everything is in logarithms, so an interval
//! is a ratio to the median and never negative.

use rand::Rng;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::stats::statistics;
use crate::stats::statistics::{Interval, student_975};

/// Fewest units that an interval is computed from where the unit is the round.
pub const MIN_ROUNDS: usize = 5;
/// From so many processes on, the process is the unit without further question.
pub const MIN_PROCESSES: usize = 5;
/// Rounds are joined to so many batches, where each gets two or more.
pub const BATCHES: usize = 10;
/// Resamples: the standard error is then known to about 1 / sqrt(2 x 500) = 3%.
pub const RESAMPLES: usize = 500;
/// Points that stand for the runs of one round.
pub const POINTS_PER_ROUND: usize = 64;
/// Steps of the pooled distribution among which a resample's median is sought.
const GRID: usize = 1024;
/// Permutations of the test whether processes differ.
const PERMUTATIONS: usize = 199;
/// Level of that test: a preliminary test is to err on the side of the wider
/// interval (Bancroft, 'Analysis and Inference for Incompletely Specified
/// Models', Biometrics 20(3), 1964, recommends 0.25).
const POOLING_LEVEL: f64 = 0.25;
/// Most correlation of neighbouring processes that an interval is widened for: beyond,
/// the units are one stretch of the machine, and no width would be enough.
const MOST_CORRELATION: f64 = 0.8;

/// One round of one case, in whatever unit is to be estimated.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Which of the case's processes it ran in.
    pub process: u32,
    /// Sorted values: logarithms of latencies, or one log ratio.
    pub points: Vec<f64>,
}

impl Round {
    /// The round of a visit's latencies: their logarithms, at most
    /// [`POINTS_PER_ROUND`] of them, taken at evenly spaced quantiles.
    #[must_use]
    pub fn of_latencies(process: u32, latency_ns: &[u64]) -> Self {
        let logs: Vec<f64> =
            statistics::sorted_ns(latency_ns).into_iter().map(|ns| ns.max(1.0).ln()).collect();
        Self { process, points: thin(logs, POINTS_PER_ROUND) }
    }

    fn median(&self) -> f64 {
        // A round without a point is dropped before anything is asked of it.
        statistics::quantile(&self.points, 0.5).unwrap_or(f64::NAN)
    }
}

/// What was resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResampledUnit {
    /// Rounds, or batches of neighbouring rounds.
    Round,
    /// Processes.
    Process,
}

/// A quantile and how sure it is, in the scale of the points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The quantile of all points.
    pub value: f64,
    /// Standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees: f64,
    /// Standard deviation of the units' own quantiles.
    pub unit_deviation: f64,
    /// What was resampled.
    pub unit: ResampledUnit,
}

impl Estimate {
    /// The 95% interval.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let reach = student_975(self.degrees) * self.standard_error;
        Interval { low: self.value - reach, high: self.value + reach }
    }
}

/// The median of rounds of one case, in the order in which they happened. `None` if there are too
/// few rounds to say how sure it is.
#[must_use]
pub fn estimate(rounds: &[Round], seed: u64) -> Option<Estimate> {
    estimate_quantile(rounds, 0.5, seed)
}

/// The same for any quantile, `probability` in 0..=1.
#[must_use]
pub fn estimate_quantile(rounds: &[Round], probability: f64, seed: u64) -> Option<Estimate> {
    let rounds: Vec<&Round> = rounds.iter().filter(|round| !round.points.is_empty()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (unit, units) = units(&rounds, &mut rng)?;
    let table = CountTable::of(&units);
    let everything = vec![1; units.len()];
    let value = table.quantile(probability, &everything);
    let replicates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut weights = vec![0_u32; units.len()];
            for _ in 0..units.len() {
                weights[rng.random_range(0..units.len())] += 1;
            }
            table.quantile(probability, &weights)
        })
        .collect();
    let n = units.len() as f64;
    let widening = match unit {
        ResampledUnit::Round => widening(&units),
        ResampledUnit::Process => widening_of_processes(&units),
    };
    let standard_error =
        statistics::standard_deviation(&replicates) * (n / (n - 1.0)).sqrt() * widening;
    let of_units: Vec<f64> =
        units.iter().filter_map(|points| statistics::quantile(points, probability)).collect();
    let unit_deviation = statistics::standard_deviation(&of_units);
    Some(Estimate { value, standard_error, degrees: n - 1.0, unit_deviation, unit })
}

/// The units to resample, each with its points; `None` if they are too few.
fn units(rounds: &[&Round], rng: &mut ChaCha8Rng) -> Option<(ResampledUnit, Vec<Vec<f64>>)> {
    let processes = by_process(rounds);
    let replicated =
        processes.len() >= MIN_PROCESSES || (processes.len() >= 2 && processes_differ(rounds, rng));
    if replicated {
        return Some((
            ResampledUnit::Process,
            processes.iter().map(|members| join(members)).collect(),
        ));
    }
    if rounds.len() < MIN_ROUNDS {
        return None;
    }
    let batches = if rounds.len() < 2 * BATCHES { rounds.len() } else { BATCHES };
    let members = |i| &rounds[i * rounds.len() / batches..(i + 1) * rounds.len() / batches];
    Some((ResampledUnit::Round, (0..batches).map(|i| join(members(i))).collect()))
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

/// Whether processes differ by more than their rounds explain: a permutation
/// test of the spread between processes of the ranks of the rounds' medians.
fn processes_differ(rounds: &[&Round], rng: &mut ChaCha8Rng) -> bool {
    let medians: Vec<f64> = rounds.iter().map(|round| round.median()).collect();
    let ranks = ranks(&medians);
    let mut labels: Vec<u32> = rounds.iter().map(|round| round.process).collect();
    let observed = spread_between(&ranks, &labels);
    let mut as_large = 0;
    for _ in 0..PERMUTATIONS {
        labels.shuffle(rng);
        as_large += usize::from(spread_between(&ranks, &labels) >= observed);
    }
    ((as_large + 1) as f64) < POOLING_LEVEL * (PERMUTATIONS + 1) as f64
}

/// Sum over processes of (sum of ranks)^2 / count: what varies in Kruskal and
/// Wallis's statistic when labels are permuted.
fn spread_between(ranks: &[f64], labels: &[u32]) -> f64 {
    let mut sums: Vec<(u32, f64, f64)> = Vec::new();
    for (rank, label) in ranks.iter().zip(labels) {
        match sums.iter_mut().find(|(known, ..)| known == label) {
            Some((_, sum, count)) => {
                *sum += rank;
                *count += 1.0;
            }
            None => sums.push((*label, *rank, 1.0)),
        }
    }
    sums.iter().map(|(_, sum, count)| sum * sum / count).sum()
}

/// How much the standard error has to grow because neighbouring units resemble
/// each other. The correlation of ranks at lag 1 has mean -1/n if they do not
/// (Bartels, 'The Rank Version of von Neumann's Ratio Test for Randomness',
/// JASA 77, 1982); below that nothing is widened.
fn widening(units: &[Vec<f64>]) -> f64 {
    let medians: Vec<f64> =
        units.iter().filter_map(|points| statistics::quantile(points, 0.5)).collect();
    let correlation = lag_1_rank_correlation(&medians) + 1.0 / medians.len() as f64;
    (1.0 + 2.0 * correlation.max(0.0)).sqrt()
}

/// The same for processes that follow each other, which resemble their neighbours where
/// the machine's speed outlasts a process. They are few and long: their correlation r can
/// be large, so that the variance is the whole (1 + r) / (1 - r) of a first-order
/// autoregression, and its estimate is freed of the bias that few values give it (Kendall,
/// 'Note on Bias in the Estimation of Autocorrelation', Biometrika 41, 1954).
fn widening_of_processes(units: &[Vec<f64>]) -> f64 {
    let medians: Vec<f64> =
        units.iter().filter_map(|points| statistics::quantile(points, 0.5)).collect();
    let n = medians.len() as f64;
    if n < 5.0 {
        return 1.0;
    }
    let unbiased = (n * lag_1_rank_correlation(&medians) + 1.0) / (n - 3.0);
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

fn join(rounds: &[&Round]) -> Vec<f64> {
    let all: Vec<f64> = rounds.iter().flat_map(|round| round.points.iter().copied()).collect();
    statistics::sorted(&all)
}

/// At most `count` of the sorted values, at evenly spaced quantiles.
pub(crate) fn thin(sorted: Vec<f64>, count: usize) -> Vec<f64> {
    if sorted.len() <= count {
        return sorted;
    }
    (0..count)
        .filter_map(|i| statistics::quantile(&sorted, (i as f64 + 0.5) / count as f64))
        .collect()
}

/// For each step of a grid over all values, how many points of each unit lie
/// at or below it. A quantile of any resample is then a binary search in which
/// a step costs one product of the weights with a row, whatever the number of
/// points: a whole bootstrap takes about a millisecond.
struct CountTable {
    grid: Vec<f64>,
    /// Row after row, one row of units per step of the grid.
    counts: Vec<u32>,
    units: usize,
}

impl CountTable {
    fn of(units: &[Vec<f64>]) -> Self {
        let pooled = statistics::sorted(&units.concat());
        let highest = pooled.last().copied();
        let mut grid = thin(pooled, GRID);
        // The last row has to count every point.
        grid.extend(highest);
        grid.dedup();
        let counts = grid
            .iter()
            .flat_map(|step| units.iter().map(move |unit| unit.partition_point(|x| x <= step)))
            // A unit holds far fewer points than 2^32.
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
            .collect();
        Self { grid, counts, units: units.len() }
    }

    /// A quantile of the points, each unit taken `weights` times: the mean of
    /// the steps where the count reaches and where it passes its share, as the
    /// median of an even count is the mean of the two in the middle.
    fn quantile(&self, probability: f64, weights: &[u32]) -> f64 {
        let share = probability * self.count_to(self.grid.len() - 1, weights) as f64;
        let lower = self.first_step(|count| count as f64 >= share, weights);
        let upper = self.first_step(|count| count as f64 > share, weights);
        (self.grid[lower] + self.grid[upper]) / 2.0
    }

    fn first_step(&self, reached: impl Fn(u64) -> bool, weights: &[u32]) -> usize {
        let (mut low, mut high) = (0, self.grid.len() - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if reached(self.count_to(middle, weights)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    fn count_to(&self, step: usize, weights: &[u32]) -> u64 {
        let row = &self.counts[step * self.units..(step + 1) * self.units];
        row.iter().zip(weights).map(|(count, weight)| u64::from(*count) * u64::from(*weight)).sum()
    }
}

#[cfg(test)]
#[path = "bootstrap_tests.rs"]
mod tests;
