//! Two or more speeds: the modes of a case's latencies.
//!
//! The density of the logarithms is estimated with a Gaussian kernel whose
//! width follows Silverman's rule, 0.9 x deviation x n^(-1/5) ('Density
//! Estimation for Statistics and Data Analysis', 1986, equation 3.31), applied
//! both inside rounds and to the rounds' medians: rounds that merely differ
//! are not modes. Two peaks are two modes if the density between them falls to
//! 30% of the lower one and each holds a tenth of the runs.

use serde::{Deserialize, Serialize};

use crate::stats::round::{Round, thin};
use crate::stats::statistics;

/// Fewest rounds and runs in which modes are looked for.
pub(crate) const MIN_ROUNDS: usize = 12;
const MIN_POINTS: usize = 60;
/// Minimum share of the runs in a mode.
pub(crate) const MIN_SHARE: f64 = 0.1;
/// The density between two modes falls to this share of the lower peak.
pub(crate) const VALLEY: f64 = 0.3;
/// Narrowest kernel, in logarithms: closer than about 1% is one speed.
const MIN_WIDTH: f64 = 0.005;
/// Points and steps of the density estimate.
const POINTS: usize = 512;
const STEPS: usize = 256;

/// One of the speeds at which a case ran.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mode {
    /// Median of its runs in microseconds.
    pub median_us: f64,
    /// Share of all runs.
    pub share: f64,
}

/// The modes of a case and how its rounds move among them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Modes {
    /// From the fastest on; two or more.
    pub modes: Vec<Mode>,
    /// Whether a left mode is come back to, or rounds hold two modes at once.
    /// Without this, two modes are one change of speed: a drift.
    pub alternating: bool,
}

/// The modes of rounds in their order; `None` if there is only one, or too little data.
#[must_use]
pub(crate) fn find(rounds: &[Round]) -> Option<Modes> {
    let all: Vec<f64> = rounds.iter().flat_map(|round| round.points.iter().copied()).collect();
    if rounds.len() < MIN_ROUNDS || all.len() < MIN_POINTS {
        return None;
    }
    let points = statistics::sorted(&all);
    let cuts = cuts(&thin(points.clone(), POINTS), kernel_width(rounds));
    if cuts.is_empty() {
        return None;
    }
    let modes = split(&points, &cuts)
        .into_iter()
        .filter_map(|part| {
            Some(Mode {
                median_us: statistics::quantile(part, 0.5)?.exp() / 1e3,
                share: part.len() as f64 / points.len() as f64,
            })
        })
        .collect();
    Some(Modes { modes, alternating: alternates(rounds, &cuts) })
}

fn kernel_width(rounds: &[Round]) -> f64 {
    let medians: Vec<f64> =
        rounds.iter().filter_map(|round| statistics::quantile(&round.points, 0.5)).collect();
    let inside: Vec<f64> = rounds
        .iter()
        .zip(&medians)
        .flat_map(|(round, median)| round.points.iter().map(move |point| point - median))
        .collect();
    MIN_WIDTH
        .max(silverman(&inside, f64::INFINITY))
        .max(silverman(&medians, step_deviation(&medians)))
}

/// The deviation that steps from each round to the next betray: speeds that
/// last for several rounds do not widen it, as they widen the plain deviation
/// (after von Neumann, 'Distribution of the Ratio of the Mean Square Successive
/// Difference to the Variance', 1941).
fn step_deviation(medians: &[f64]) -> f64 {
    let steps: Vec<f64> = medians.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    // The median of |x - y| of two normal values is 0.6745 x sqrt(2) deviations.
    statistics::median(&steps).unwrap_or(0.0) / 0.954
}

fn silverman(sample: &[f64], limit: f64) -> f64 {
    let robust = statistics::robust_deviation(&statistics::sorted(sample));
    let deviation = statistics::standard_deviation(sample).min(robust).min(limit);
    0.9 * deviation * (sample.len() as f64).powf(-0.2)
}

/// The positions of the valleys between modes.
fn cuts(points: &[f64], width: f64) -> Vec<f64> {
    let (grid, density) = density(points, width);
    let mut peaks: Vec<usize> = (0..density.len())
        .filter(|i| {
            let left = i.checked_sub(1).map_or(0.0, |j| density[j]);
            let right = density.get(i + 1).copied().unwrap_or(0.0);
            density[*i] > left && density[*i] >= right
        })
        .collect();
    // A peak that is not a mode is absorbed by its neighbour, the shallowest valley or the smallest
    // share first, until all that are left are modes.
    loop {
        let valleys: Vec<usize> =
            peaks.windows(2).map(|pair| lowest(&density, pair[0], pair[1])).collect();
        let cuts: Vec<f64> = valleys.iter().map(|valley| grid[*valley]).collect();
        let depth =
            |i: &usize| density[valleys[*i]] / density[peaks[*i]].min(density[peaks[i + 1]]);
        let shallowest = (0..valleys.len()).max_by(|a, b| depth(a).total_cmp(&depth(b)));
        if let Some(i) = shallowest.filter(|i| depth(i) > VALLEY) {
            let lower = if density[peaks[i]] < density[peaks[i + 1]] { i } else { i + 1 };
            peaks.remove(lower);
            continue;
        }
        let shares: Vec<f64> = split(points, &cuts)
            .iter()
            .map(|part| part.len() as f64 / points.len() as f64)
            .collect();
        let smallest = (0..shares.len()).min_by(|a, b| shares[*a].total_cmp(&shares[*b]));
        match smallest.filter(|i| peaks.len() > 1 && shares[*i] < MIN_SHARE) {
            Some(i) => drop(peaks.remove(i)),
            None => return cuts,
        }
    }
}

fn density(points: &[f64], width: f64) -> (Vec<f64>, Vec<f64>) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return (Vec::new(), Vec::new());
    };
    let (from, to) = (first - 3.0 * width, last + 3.0 * width);
    let grid: Vec<f64> =
        (0..STEPS).map(|i| from + (to - from) * i as f64 / (STEPS - 1) as f64).collect();
    // A kernel narrower than the grid's step would fall between two steps.
    let width = width.max((to - from) / STEPS as f64);
    let kernel = |x: f64| (-0.5 * (x / width).powi(2)).exp();
    let density = grid.iter().map(|at| points.iter().map(|x| kernel(at - x)).sum()).collect();
    (grid, density)
}

fn lowest(density: &[f64], from: usize, to: usize) -> usize {
    (from..=to).min_by(|a, b| density[*a].total_cmp(&density[*b])).unwrap_or(from)
}

fn split<'a>(sorted: &'a [f64], cuts: &[f64]) -> Vec<&'a [f64]> {
    let mut rest = sorted;
    let mut parts = Vec::new();
    for cut in cuts {
        let (part, next) = rest.split_at(rest.partition_point(|x| x <= cut));
        parts.push(part);
        rest = next;
    }
    parts.push(rest);
    parts
}

fn alternates(rounds: &[Round], cuts: &[f64]) -> bool {
    let mode = |log: f64| cuts.partition_point(|cut| *cut < log);
    let mixed = rounds
        .iter()
        .filter(|round| {
            let parts = split(&round.points, cuts);
            let share = |part: &&&[f64]| part.len() as f64 >= MIN_SHARE * round.points.len() as f64;
            parts.iter().filter(|part| !part.is_empty()).filter(share).count() > 1
        })
        .count();
    let of_rounds: Vec<usize> = rounds
        .iter()
        .filter_map(|round| statistics::quantile(&round.points, 0.5))
        .map(mode)
        .collect();
    let stretches = of_rounds.chunk_by(|a, b| a == b).count();
    let visited = {
        let mut known = of_rounds;
        known.sort_unstable();
        known.dedup();
        known.len()
    };
    mixed >= 2 || stretches > visited
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulated::Series;

    /// The series with `factor` on the latencies of the rounds that `slow` picks.
    fn two_speeds(
        series: Series,
        seed: u64,
        factor: f64,
        slow: impl Fn(usize) -> bool,
    ) -> Vec<Round> {
        series
            .latencies(seed)
            .into_iter()
            .enumerate()
            .map(|(round, (process, ns))| {
                let scale = if slow(round) { factor } else { 1.0 };
                let scaled: Vec<u64> = ns.iter().map(|ns| (*ns as f64 * scale) as u64).collect();
                Round::of_latencies(process, &scaled)
            })
            .collect()
    }

    #[test]
    fn two_speeds_of_the_machine_are_two_modes_with_their_shares() {
        for seed in 0..50 {
            let series =
                Series { run_deviation: 0.03, round_deviation: 0.005, ..Series::default() };
            let rounds = two_speeds(series, seed, 1.22, |round| round % 8 < 2);
            let found = find(&rounds).unwrap();
            assert!(found.alternating);
            let [fast, slow] = found.modes[..] else { panic!("{found:?}") };
            assert!((fast.median_us / 1_000.0 - 1.0).abs() < 0.02, "{fast:?}");
            assert!((slow.median_us / 1_220.0 - 1.0).abs() < 0.03, "{slow:?}");
            assert!((slow.share - 0.25).abs() < 0.03, "{slow:?}");
        }
    }

    #[test]
    fn modes_that_change_inside_rounds_are_found_too() {
        let series = Series { run_deviation: 0.02, ..Series::default() };
        let rounds: Vec<Round> = series
            .latencies(1)
            .into_iter()
            .map(|(process, mut ns)| {
                ns.iter_mut().step_by(3).for_each(|ns| *ns = *ns * 3 / 2);
                Round::of_latencies(process, &ns)
            })
            .collect();
        let found = find(&rounds).unwrap();
        assert!(found.alternating && found.modes.len() == 2, "{found:?}");
    }

    #[test]
    fn three_speeds_are_three_modes() {
        let series = Series { rounds: 60, run_deviation: 0.02, ..Series::default() };
        let rounds: Vec<Round> = series
            .latencies(2)
            .into_iter()
            .enumerate()
            .map(|(round, (process, ns))| {
                let scale = [10, 13, 17][round / 5 % 3];
                let scaled: Vec<u64> = ns.iter().map(|ns| ns * scale / 10).collect();
                Round::of_latencies(process, &scaled)
            })
            .collect();
        assert_eq!(find(&rounds).unwrap().modes.len(), 3);
    }

    #[test]
    fn one_change_of_speed_does_not_alternate() {
        let series = Series { run_deviation: 0.03, ..Series::default() };
        let found = find(&two_speeds(series, 3, 1.22, |round| round >= 20)).unwrap();
        assert!(!found.alternating, "{found:?}");
    }

    #[test]
    fn one_noisy_speed_is_seldom_taken_for_two() {
        let rounds = Series { round_deviation: 0.05, run_deviation: 0.005, ..Series::default() };
        let shapes = [
            Series { run_deviation: 0.05, ..Series::default() },
            Series { run_deviation: 0.4, run_correlation: 0.0, ..Series::default() },
            Series { rounds: 12, runs: 6, ..Series::default() },
            rounds,
            Series { rounds: 12, ..rounds },
            Series { round_correlation: 0.8, ..rounds },
        ];
        for series in shapes {
            let taken = (0..100)
                .filter(|seed| find(&series.rounds(*seed)).is_some_and(|found| found.alternating))
                .count();
            assert!(taken <= 3, "{taken} of 100: {series:?}");
        }
    }

    #[test]
    fn too_little_tells_nothing() {
        let rounds = two_speeds(Series { rounds: 11, ..Series::default() }, 1, 1.5, |r| r % 2 == 0);
        assert_eq!(find(&rounds), None);
        assert_eq!(find(&[]), None);
        let constant = vec![Round { process: 0, points: vec![14.0; 30] }; 20];
        assert_eq!(find(&constant), None);
    }
}
