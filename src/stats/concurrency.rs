//! What several instances of a model do together while all of them run.

/// The runs of one stream: start and latency of each, in nanoseconds of one clock.
pub(crate) type StreamRuns<'a> = (&'a [u64], &'a [u64]);

/// The rates of streams during the time in which all of them made timed runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Concurrency {
    /// Runs per second of each stream.
    rates: Vec<f64>,
}

impl Concurrency {
    /// Of the streams of one round; `None` if there is no such time.
    #[must_use]
    pub(crate) fn of(streams: &[StreamRuns<'_>]) -> Option<Self> {
        let ends =
            |(at, latency): &StreamRuns<'_>| Some((*at.first()?, at.last()? + latency.last()?));
        let ends: Vec<(u64, u64)> = streams.iter().map(ends).collect::<Option<_>>()?;
        let begin = ends.iter().map(|(begin, _)| *begin).max()?;
        let end = ends.iter().map(|(_, end)| *end).min()?;
        let seconds = end.checked_sub(begin).filter(|ns| *ns > 0)? as f64 / 1e9;
        // A run counts by the part of it that lies inside.
        let inside = |(at, latency): (&u64, &u64)| {
            let run = (*at + latency).min(end).saturating_sub((*at).max(begin));
            run as f64 / (*latency).max(1) as f64
        };
        let rate = |(at, latency): &StreamRuns<'_>| {
            at.iter().zip(latency.iter()).map(inside).sum::<f64>() / seconds
        };
        Some(Self { rates: streams.iter().map(rate).collect() })
    }

    /// Runs per second of all streams together.
    #[must_use]
    pub(crate) fn per_second(&self) -> f64 {
        self.rates.iter().sum()
    }

    /// The rate of the slowest stream over that of the fastest one: 1 if all get the same.
    #[must_use]
    pub(crate) fn fairness(&self) -> f64 {
        let fastest = self.rates.iter().copied().fold(0.0, f64::max);
        self.rates.iter().copied().fold(f64::INFINITY, f64::min) / fastest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_in_which_all_run_counts() {
        // The second stream starts later, runs half as often, and ends later.
        let one = ([0, 100, 200, 300].map(|ms| ms * 1_000_000), [100_000_000; 4]);
        let two = ([100, 300].map(|ms| ms * 1_000_000), [200_000_000; 2]);
        let streams: [StreamRuns<'_>; 2] = [(&one.0, &one.1), (&two.0, &two.1)];
        let found = Concurrency::of(&streams).unwrap();
        assert!((found.per_second() - 15.0).abs() < 1e-9, "{found:?}");
        assert!((found.fairness() - 0.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn streams_one_after_the_other_say_nothing() {
        let (one, two) = (([0], [10]), ([10], [10]));
        assert_eq!(Concurrency::of(&[(&one.0, &one.1), (&two.0, &two.1)]), None);
        assert_eq!(Concurrency::of(&[(&[], &[])]), None);
    }
}
