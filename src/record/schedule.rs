//! A schedule: frames that are due at fixed intervals.

use serde::{Deserialize, Serialize};

/// When the frames of a visit are due, on the machine's monotonic clock. Frame 0 is the first.
///
/// A run that takes longer than the interval costs the frames that become due meanwhile, as a
/// camera drops them: the next run starts with the next frame. So a run belongs to the latest
/// frame that was due when it started, and nothing but the starts has to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When frame 0 is due.
    pub first_due_ns: u64,
    /// Time between two frames; more than 0.
    pub period_ns: u64,
}

impl Schedule {
    /// When a frame is due.
    #[must_use]
    pub(crate) const fn due_ns(self, frame: u64) -> u64 {
        self.first_due_ns.saturating_add(frame.saturating_mul(self.period_ns))
    }

    /// The latest frame that is due at `ns`; frame 0 before that.
    #[must_use]
    pub(crate) fn frame_at(self, ns: u64) -> u64 {
        ns.saturating_sub(self.first_due_ns) / self.period_ns.max(1)
    }

    /// The frame that the next run is for, if the one before ended at `ns`.
    #[must_use]
    pub(crate) fn frame_after(self, ns: u64) -> u64 {
        if ns < self.first_due_ns { 0 } else { self.frame_at(ns) + 1 }
    }

    /// The runs of a visit that start at `at_ns` and take `latency_ns`, each with its frame.
    pub(crate) fn runs<'a>(
        self,
        at_ns: &'a [u64],
        latency_ns: &'a [u64],
    ) -> impl Iterator<Item = FrameRun> + 'a {
        let mut expected = None;
        at_ns.iter().zip(latency_ns).map(move |(at_ns, latency_ns)| {
            let frame = self.frame_at(*at_ns);
            // At most as many as fit into a visit.
            let dropped = frame.saturating_sub(expected.unwrap_or(frame)) as usize;
            expected = Some(frame + 1);
            FrameRun { frame, dropped, at_ns: *at_ns, end_ns: at_ns + latency_ns }
        })
    }
}

/// A run on a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameRun {
    /// The frame that it is for.
    pub frame: u64,
    /// How many frames since the run before had none.
    pub dropped: usize,
    /// When it started.
    pub at_ns: u64,
    /// When it ended.
    pub end_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_due_at_fixed_intervals() {
        let schedule = Schedule { first_due_ns: 1_000, period_ns: 100 };
        assert_eq!([0, 1, 7].map(|frame| schedule.due_ns(frame)), [1_000, 1_100, 1_700]);
        assert_eq!([0, 1_000, 1_099, 1_100].map(|ns| schedule.frame_at(ns)), [0, 0, 0, 1]);
    }

    #[test]
    fn a_run_that_takes_long_costs_the_frames_that_become_due_meanwhile() {
        let schedule = Schedule { first_due_ns: 1_000, period_ns: 100 };
        assert_eq!(schedule.frame_after(900), 0);
        assert_eq!(schedule.frame_after(1_050), 1);
        assert_eq!(schedule.frame_after(1_350), 4, "frames 1 to 3 were dropped");
        assert_eq!(schedule.frame_after(1_400), 5, "frame 4 was due when it ended, not after");
    }
}
