//! The highest rate that keeps a limit: which rate to try next, and what the tries tell.

use crate::record::found_rate::TriedRate;
use crate::stats::interval;

/// Share of results that may be late: 99 of 100 are in time.
const SHARE: f64 = 0.01;
/// Frames per try: none late of 381 puts the upper end of the interval below [`SHARE`].
pub(crate) const FRAMES: usize = 400;
/// The lowest rate that is tried, per second: [`FRAMES`] take 20 seconds.
pub(crate) const LEAST: f64 = 20.0;
/// The search ends when the ends of what is known are this close.
const CLOSE: f64 = 1.05;
/// Maximum tries.
const MOST_TRIES: usize = 12;

/// What a try says of its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateVerdict {
    /// Even the upper end of the share of late results is within the limit.
    Kept,
    /// Even its lower end is not.
    Missed,
    /// The limit lies within its interval.
    Unclear,
}

/// The verdict on `late` of `frames`, by Wilson's interval at 95%.
#[must_use]
pub(crate) fn verdict(late: usize, frames: usize) -> RateVerdict {
    match interval::wilson(late, frames) {
        Some(share) if share.high <= SHARE => RateVerdict::Kept,
        Some(share) if share.low > SHARE => RateVerdict::Missed,
        _ => RateVerdict::Unclear,
    }
}

/// The rates that were tried, each with its verdict.
#[must_use]
pub(crate) fn verdicts(tried: &[TriedRate]) -> Vec<(f64, RateVerdict)> {
    tried.iter().map(|it| (it.rate.per_second(), verdict(it.late, it.frames))).collect()
}

/// What the tries tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RateRange {
    /// The highest rate that keeps the limit, below every one that does not.
    pub kept: Option<f64>,
    /// The lowest rate that misses it for certain.
    pub missed: Option<f64>,
}

/// What tries of rates tell; a higher rate is never easier to keep.
#[must_use]
pub(crate) fn range(tried: &[(f64, RateVerdict)]) -> RateRange {
    let lowest = |of: fn(&RateVerdict) -> bool| {
        tried.iter().filter(|(_, it)| of(it)).map(|(rate, _)| *rate).reduce(f64::min)
    };
    let doubtful = lowest(|it| *it != RateVerdict::Kept).unwrap_or(f64::INFINITY);
    let kept = tried.iter().filter(|(rate, it)| *it == RateVerdict::Kept && *rate < doubtful);
    let kept = kept.map(|(rate, _)| *rate).reduce(f64::max);
    RateRange { kept, missed: lowest(|it| *it == RateVerdict::Missed) }
}

/// The rate to try next, at most `most`; nothing if the search is over.
#[must_use]
pub(crate) fn next(tried: &[(f64, RateVerdict)], most: f64) -> Option<f64> {
    if tried.is_empty() {
        return Some(most.max(LEAST));
    }
    if tried.len() >= MOST_TRIES {
        return None;
    }
    let doubtful = tried.iter().filter(|(_, it)| *it != RateVerdict::Kept);
    let high = doubtful.map(|(rate, _)| *rate).reduce(f64::min)?;
    match range(tried).kept {
        Some(low) if high / low <= CLOSE => None,
        Some(low) => Some((low * high).sqrt()),
        None if high <= LEAST => None,
        None => Some((high / 2.0).max(LEAST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search in which every rate up to `limit` is kept and others are missed.
    fn search(limit: f64, most: f64) -> Vec<(f64, RateVerdict)> {
        let mut tried = Vec::new();
        while let Some(rate) = next(&tried, most) {
            let verdict = if rate <= limit { RateVerdict::Kept } else { RateVerdict::Missed };
            tried.push((rate, verdict));
        }
        tried
    }

    #[test]
    fn the_limit_is_found_between_two_close_rates() {
        for limit in [21.0, 47.3, 333.0, 950.0] {
            let tried = search(limit, 1000.0);
            let RateRange { kept: Some(kept), missed: Some(missed) } = range(&tried) else {
                panic!("{limit}: {tried:?}")
            };
            assert!(kept <= limit && limit < missed && missed / kept <= CLOSE, "{kept} {missed}");
        }
    }

    #[test]
    fn a_limit_above_or_below_every_rate_is_said_to_be_there() {
        assert_eq!(range(&search(5000.0, 800.0)), RateRange { kept: Some(800.0), missed: None });
        let none = range(&search(1.0, 800.0));
        assert_eq!(none, RateRange { kept: None, missed: Some(LEAST) });
    }

    #[test]
    fn a_try_is_only_sure_where_its_interval_is() {
        assert_eq!(verdict(0, FRAMES), RateVerdict::Kept);
        assert_eq!(verdict(0, 300), RateVerdict::Unclear);
        assert_eq!(verdict(4, FRAMES), RateVerdict::Unclear);
        assert_eq!(verdict(20, FRAMES), RateVerdict::Missed);
        assert_eq!(verdict(0, 0), RateVerdict::Unclear);
        // A doubtful rate bounds what is kept, and not what is missed.
        let tried =
            [(100.0, RateVerdict::Missed), (50.0, RateVerdict::Unclear), (60.0, RateVerdict::Kept)];
        assert_eq!(range(&tried), RateRange { kept: None, missed: Some(100.0) });
    }
}
