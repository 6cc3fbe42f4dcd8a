//! The centre of paired differences and its interval, whatever their spread: the Hodges-Lehmann
//! estimate, which is the median of all pairwise means, and the interval that belongs to Wilcoxon's
//! signed-rank test. Both assume only that differences are distributed symmetrically around their
//! centre, and that they are independent of each other (Hollander, Wolfe and Chicken,
//! 'Nonparametric Statistical Methods', 3rd edition, 2014, sections 3.2 and 3.3).
//!
//! Pairs of processes need this: most differ by some tenths of a percent, and now and then one
//! differs by a tenth or more, since the machine changed its speed under it. These few dominate a
//! standard error, but not ranks.

use crate::stats::statistics;
use crate::stats::statistics::Interval;

/// Fewest differences with a 95% interval: with 5, even all of them on one side of 0
/// happen by chance in 1 of 16 cases.
pub(crate) const MIN_DIFFERENCES: usize = 6;

/// The centre of `differences` and its interval of at least 95%; `None` with fewer
/// than [`MIN_DIFFERENCES`].
#[must_use]
pub fn centre(differences: &[f64]) -> Option<(f64, Interval)> {
    let count = differences.len();
    if count < MIN_DIFFERENCES {
        return None;
    }
    let means = differences
        .iter()
        .enumerate()
        .flat_map(|(i, a)| differences[i..].iter().map(move |b| f64::midpoint(*a, *b)));
    let means = statistics::sorted(&means.collect::<Vec<_>>());
    let outside = means_outside(count);
    let interval = Interval { low: means[outside], high: means[means.len() - 1 - outside] };
    Some((statistics::quantile(&means, 0.5)?, interval))
}

/// The two-sided p of the signed-rank test that the centre of `differences` is 0: twice
/// the chance that the ranks of either sign sum to as little as they do. Differences of 0
/// count half for either sign. `None` with fewer than [`MIN_DIFFERENCES`].
#[must_use]
pub(crate) fn p_value(differences: &[f64]) -> Option<f64> {
    if differences.len() < MIN_DIFFERENCES {
        return None;
    }
    // The statistic is the number of pairwise means on that side of 0 (Tukey).
    let (mut below, mut above) = (0.0, 0.0);
    for (i, a) in differences.iter().enumerate() {
        for b in &differences[i..] {
            match f64::midpoint(*a, *b) {
                mean if mean < 0.0 => below += 1.0,
                mean if mean > 0.0 => above += 1.0,
                _ => (below, above) = (below + 0.5, above + 0.5),
            }
        }
    }
    let statistic = f64::min(below, above).ceil() as usize;
    let chance: f64 = shares(differences.len()).into_iter().take(statistic + 1).sum();
    Some((2.0 * chance).min(1.0))
}

/// The smallest p that so many differences can give: all of them on one side.
#[must_use]
pub(crate) fn smallest_p(differences: usize) -> f64 {
    // So many are rare; with more the smallest p is 0 for every purpose.
    0.5_f64.powi(i32::try_from(differences).unwrap_or(i32::MAX) - 1)
}

/// Fewest differences with which one of `comparisons` can be found at `level` for all of them
/// together.
#[must_use]
pub(crate) fn least_differences(comparisons: usize, level: f64) -> usize {
    let finds = |count: &usize| smallest_p(*count) * comparisons as f64 <= level;
    (MIN_DIFFERENCES..).find(finds).unwrap_or(MIN_DIFFERENCES)
}

/// Of the 2^count choices of ranks, the share whose sum is each number.
fn shares(count: usize) -> Vec<f64> {
    let most = count * (count + 1) / 2;
    let mut share = vec![0.0; most + 1];
    share[0] = 1.0;
    for rank in 1..=count {
        for sum in (0..=most).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = f64::midpoint(share[sum], with);
        }
    }
    share
}

/// How many of the sorted pairwise means lie outside the interval on either side:
/// the most for which the signed-rank statistic of `count` differences is that small
/// or smaller with a probability of at most 2.5%.
fn means_outside(count: usize) -> usize {
    let mut below = 0.0;
    for (sum, share) in shares(count).into_iter().enumerate() {
        below += share;
        if below > 0.025 {
            return sum.saturating_sub(1);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // Two-sided 5%: the largest statistic that is still significant, by the table
        // of McCornack ('Extended Tables of the Wilcoxon Matched Pair Signed Rank
        // Statistic', Journal of the American Statistical Association 60, 1965).
        for (count, statistic) in [(6, 0), (7, 2), (8, 3), (10, 8), (15, 25), (20, 52), (30, 137)] {
            assert_eq!(means_outside(count), statistic, "{count} differences");
        }
    }

    #[test]
    fn p_is_below_five_percent_where_the_interval_leaves_out_zero() {
        // R: wilcox.test(c(1.1, 2.2, -0.3, 3.1, 4.2, 1.9, 2.4, 0.8), exact = TRUE), V = 35.
        let p = p_value(&[1.1, 2.2, -0.3, 3.1, 4.2, 1.9, 2.4, 0.8]).unwrap();
        assert!((p - 0.015_625).abs() < 1e-9, "{p}");
        assert_eq!(p_value(&[0.0; 8]), Some(1.0));
        assert_eq!(p_value(&[0.1; 5]), None);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..200 {
            let shift = rng.random_range(-0.5..0.5);
            let all: Vec<f64> = (0..9).map(|_| shift + rng.random_range(-1.0..1.0)).collect();
            let outside = !centre(&all).unwrap().1.contains(0.0);
            assert_eq!(p_value(&all).unwrap() <= 0.05, outside, "{all:?}");
        }
    }

    #[test]
    fn many_comparisons_need_more_differences() {
        for count in [6, 7, 10] {
            assert_eq!(Some(smallest_p(count)), p_value(&vec![1.0; count]));
        }
        assert_eq!(least_differences(0, 0.05), 6);
        for (comparisons, count) in [(1, 6), (2, 7), (3, 7), (4, 8), (12, 9), (100, 12)] {
            assert_eq!(least_differences(comparisons, 0.05), count, "{comparisons}");
            assert!(smallest_p(count - 1) * comparisons as f64 > 0.05 || count == 6);
        }
    }

    #[test]
    fn few_differences_have_no_interval() {
        assert_eq!(centre(&[0.1; 5]), None);
        let (value, interval) = centre(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((value, interval), (3.5, Interval { low: 1.0, high: 6.0 }));
    }

    #[test]
    fn the_interval_holds_the_centre_as_often_as_it_says_whatever_the_tails() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let trials = 4000;
        let held = (0..trials)
            .filter(|_| {
                // One of eight is wilder by thirty times.
                let differences: Vec<f64> = (0..16)
                    .map(|_| {
                        let spread = if rng.random_range(0..8) == 0 { 0.3 } else { 0.01 };
                        0.02 + spread * (rng.random::<f64>() - 0.5)
                    })
                    .collect();
                let (_, interval) = centre(&differences).unwrap();
                interval.low <= 0.02 && 0.02 <= interval.high
            })
            .count();
        let share = held as f64 / f64::from(trials);
        assert!((0.94..0.965).contains(&share), "{share}");
    }
}
