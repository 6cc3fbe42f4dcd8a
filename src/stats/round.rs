//! A round of one case: what enters every statistic of it.

use crate::stats::statistics;

/// Points that stand for the runs of one round.
pub(crate) const POINTS: usize = 64;

/// One round of one case, in whatever unit is to be estimated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Round {
    /// Which of the case's processes it ran in.
    pub process: u32,
    /// Sorted values: logarithms of latencies, or one log ratio.
    pub points: Vec<f64>,
}

impl Round {
    /// The round of a visit's latencies: their logarithms, at most [`POINTS`] of them,
    /// taken at evenly spaced quantiles.
    #[must_use]
    pub(crate) fn of_latencies(process: u32, latency_ns: &[u64]) -> Self {
        let logs: Vec<f64> =
            statistics::sorted_ns(latency_ns).into_iter().map(|ns| ns.max(1.0).ln()).collect();
        Self { process, points: thin(logs, POINTS) }
    }
}

/// The median of all points of the rounds together.
#[must_use]
pub(crate) fn pooled_median(rounds: &[Round]) -> Option<f64> {
    let points: Vec<f64> = rounds.iter().flat_map(|round| round.points.iter().copied()).collect();
    statistics::median(&points)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_become_logarithms_at_even_quantiles() {
        let round = Round::of_latencies(3, &(1..=6_400).rev().collect::<Vec<u64>>());
        assert_eq!((round.process, round.points.len()), (3, POINTS));
        assert!(round.points.is_sorted());
        assert!((pooled_median(std::slice::from_ref(&round)).unwrap().exp() - 3_200.0).abs() < 5.0);
        assert_eq!(Round::of_latencies(0, &[0]).points, [0.0]);
        assert_eq!(pooled_median(&[Round::of_latencies(0, &[])]), None);
    }

    #[test]
    fn rounds_are_pooled() {
        let rounds: Vec<Round> =
            (0..9).map(|i| Round { process: 0, points: vec![f64::from(i * i)] }).collect();
        assert_eq!(pooled_median(&rounds), Some(16.0));
        assert_eq!(pooled_median(&[]), None);
    }
}
