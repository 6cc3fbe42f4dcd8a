//! How long a parent waits for a worker: until it has been silent for too long.
//!
//! Only time that the parent really spent waiting counts. It waits in short slices, and a slice
//! that took longer than planned counts only as planned: the parent was stopped (Ctrl-Z), or the
//! machine was suspended.

use std::time::Duration;

/// Slices in a silence that is too long.
const SLICES: u32 = 20;
/// Longest slice. A parent that wakes more often would disturb what is measured.
const LONGEST_SLICE: Duration = Duration::from_secs(1);

/// The deadline of one request.
#[derive(Debug, Clone)]
pub(crate) struct ReplyDeadline {
    silence: Duration,
    whole: Option<Duration>,
    silent_for: Duration,
    waited: Duration,
}

/// Which deadline has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// Nothing was heard for this long.
    Silence(Duration),
    /// The request took this long, whatever was heard.
    Whole(Duration),
}

impl ReplyDeadline {
    /// For a worker that may be silent for `silence`, and busy with the request for `whole` if that
    /// is bounded.
    #[must_use]
    pub(crate) const fn new(silence: Duration, whole: Option<Duration>) -> Self {
        Self { silence, whole, silent_for: Duration::ZERO, waited: Duration::ZERO }
    }

    /// How long to wait at a time.
    #[must_use]
    pub(crate) fn slice(&self) -> Duration {
        let whole = self.whole.map_or(Duration::MAX, |whole| whole.saturating_sub(self.waited));
        let left = self.silence.saturating_sub(self.silent_for).min(whole);
        left.min(self.silence / SLICES).min(LONGEST_SLICE)
    }

    /// Records that nothing was heard in a slice that was planned as `slice` and took `took`.
    pub(crate) fn waited(&mut self, slice: Duration, took: Duration) {
        // Rounded up, so that waits cannot end just before the deadline for ever.
        let counted = took.min(slice).max(Duration::from_micros(1));
        self.silent_for += counted;
        self.waited += counted;
    }

    /// Records a sign of life from the worker.
    pub(crate) fn heard(&mut self, took: Duration) {
        self.waited += took.min(LONGEST_SLICE);
        self.silent_for = Duration::ZERO;
    }

    /// Whether it has expired. To be called only after a check that found nothing.
    #[must_use]
    pub(crate) fn exhausted(&self) -> Option<Expired> {
        if self.silent_for >= self.silence {
            return Some(Expired::Silence(self.silence));
        }
        self.whole.filter(|whole| self.waited >= *whole).map(Expired::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Waits in silence until it expires; returns the number of slices.
    fn exhaust(patience: &mut ReplyDeadline) -> u32 {
        for slices in 0.. {
            if patience.exhausted().is_some() {
                return slices;
            }
            let slice = patience.slice();
            patience.waited(slice, slice);
        }
        unreachable!()
    }

    #[test]
    fn silence_ends_it_and_a_sign_of_life_begins_it_anew() {
        let mut patience = ReplyDeadline::new(60 * SECOND, None);
        for _ in 0..1_000 {
            for _ in 0..59 {
                patience.waited(patience.slice(), SECOND);
                assert_eq!(patience.exhausted(), None);
            }
            patience.heard(SECOND);
        }
        assert_eq!(exhaust(&mut patience), 60);
        assert_eq!(patience.exhausted(), Some(Expired::Silence(60 * SECOND)));
    }

    #[test]
    fn time_in_which_the_parent_was_stopped_does_not_count() {
        let mut patience = ReplyDeadline::new(SECOND, None);
        let slice = patience.slice();
        assert_eq!(slice, SECOND / 20);
        patience.waited(slice, 3_600 * SECOND);
        assert_eq!(patience.exhausted(), None);
        assert_eq!(exhaust(&mut patience), 19);
    }

    #[test]
    fn what_beats_for_ever_is_ended_where_the_whole_is_bounded() {
        let mut patience = ReplyDeadline::new(4 * SECOND, Some(20 * SECOND));
        let mut beats = 0;
        while patience.exhausted().is_none() {
            patience.heard(SECOND);
            beats += 1;
        }
        assert_eq!((beats, patience.exhausted()), (20, Some(Expired::Whole(20 * SECOND))));
    }

    #[test]
    fn waits_that_end_at_once_end_it_too() {
        let mut patience = ReplyDeadline::new(Duration::from_millis(1), None);
        let mut waits = 0;
        while patience.exhausted().is_none() {
            patience.waited(patience.slice(), Duration::ZERO);
            waits += 1;
        }
        assert_eq!(waits, 1_000);
    }
}
