//! When a case that goes on for minutes begins to be slower for good.

use crate::stats::statistics;

/// The first windows are the start that the others are compared with.
pub(crate) const START_WINDOWS: usize = 3;
/// By how much slower than at the start is slower: windows of a busy machine differ by a few percent.
pub(crate) const SLOWER: f64 = 1.05;
/// How many windows in succession have to be slower: one alone is a disturbance.
const LASTING: usize = 3;
/// The share of the windows that are the last ones.
const LAST: f64 = 0.2;

/// The median of the first windows' medians.
#[must_use]
pub(crate) fn at_start(p50: &[f64]) -> Option<f64> {
    statistics::median(&p50[..p50.len().min(START_WINDOWS)])
}

/// The median of as many windows at the end.
#[must_use]
pub(crate) fn at_end(p50: &[f64]) -> Option<f64> {
    statistics::median(&p50[p50.len().saturating_sub(START_WINDOWS)..])
}

/// The last windows, by which the end is judged.
#[must_use]
pub(crate) fn last(p50: &[f64]) -> &[f64] {
    let count = ((p50.len() as f64 * LAST).round() as usize).max(START_WINDOWS);
    &p50[p50.len().saturating_sub(count)..]
}

/// The first of the windows since which three in succession were at least 5% slower than at the
/// start; `p50` are the medians of the windows.
#[must_use]
pub(crate) fn onset(p50: &[f64]) -> Option<usize> {
    let limit = at_start(p50)? * SLOWER;
    let lasting = p50.windows(LASTING).position(|part| part.iter().all(|value| *value >= limit))?;
    // The start is not slower than itself.
    Some(lasting.max(START_WINDOWS)).filter(|at| at + LASTING <= p50.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_slowdown_is_found_where_it_begins() {
        let p50 = [10.0, 10.1, 9.9, 10.0, 10.2, 10.9, 11.4, 11.8, 11.9, 12.0];
        assert_eq!(onset(&p50), Some(5));
        assert_eq!((at_start(&p50), at_end(&p50)), (Some(10.0), Some(11.9)));
    }

    #[test]
    fn a_passing_disturbance_and_a_cold_start_are_none() {
        assert_eq!(onset(&[10.0, 10.0, 10.0, 12.0, 12.0, 10.0, 10.0, 12.0]), None);
        assert_eq!(onset(&[14.0, 10.0, 10.0, 10.0, 10.0, 10.0]), None);
        assert_eq!(onset(&[10.0, 12.0]), None);
        assert_eq!(onset(&[]), None);
        assert_eq!(at_start(&[]), None);
    }
}
