//! How well runs kept to their schedule.
//!
//! A frame misses its deadline if its result is not there when the next frame is due: its run
//! ended later, or there was none since an earlier run still lasted.

use crate::record::schedule::{FrameRun, Schedule};
use crate::stats::statistics;

/// A run that starts within this time of its frame starts in time: what a camera's clock and an
/// idle system leave.
pub(crate) const IN_TIME_NS: u64 = 200_000;

/// How well the runs of some visits kept to their schedules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Punctuality {
    /// Frames that were due from the first timed run to the last.
    pub frames: usize,
    /// How many of them missed their deadline.
    pub missed: usize,
    /// The longest streak of them in one visit.
    pub longest_streak: usize,
    /// How late runs started, in nanoseconds, sorted.
    late_ns: Vec<f64>,
}

/// The timed runs of a visit: its schedule, and start and latency of each run in nanoseconds.
pub(crate) type ScheduledRuns<'a> = (Schedule, &'a [u64], &'a [u64]);

impl Punctuality {
    /// Of visits in any order; `None` without a run.
    #[must_use]
    pub(crate) fn of<'a>(visits: impl Iterator<Item = ScheduledRuns<'a>>) -> Option<Self> {
        let mut all = Self { frames: 0, missed: 0, longest_streak: 0, late_ns: Vec::new() };
        for (schedule, at_ns, latency_ns) in visits {
            all.add(schedule, at_ns, latency_ns);
        }
        all.late_ns.sort_by(f64::total_cmp);
        (all.frames > 0).then_some(all)
    }

    fn add(&mut self, schedule: Schedule, at_ns: &[u64], latency_ns: &[u64]) {
        let mut streak = 0;
        for FrameRun { frame, dropped, at_ns, end_ns } in schedule.runs(at_ns, latency_ns) {
            let missed = end_ns > schedule.due_ns(frame + 1);
            self.frames += dropped + 1;
            self.missed += dropped + usize::from(missed);
            streak += dropped;
            self.longest_streak = self.longest_streak.max(streak);
            streak = if missed { streak + 1 } else { 0 };
            self.longest_streak = self.longest_streak.max(streak);
            self.late_ns.push(at_ns.saturating_sub(schedule.due_ns(frame)) as f64);
        }
    }

    /// Share of the frames that missed their deadline.
    #[must_use]
    pub(crate) fn missed_share(&self) -> f64 {
        self.missed as f64 / self.frames as f64
    }

    /// Share of the runs that started in time: within [`IN_TIME_NS`].
    #[must_use]
    pub(crate) fn in_time_share(&self) -> f64 {
        let in_time = self.late_ns.partition_point(|ns| *ns <= IN_TIME_NS as f64);
        in_time as f64 / self.late_ns.len() as f64
    }

    /// A quantile of how late runs started, in nanoseconds.
    #[must_use]
    pub(crate) fn late_ns(&self, probability: f64) -> Option<f64> {
        statistics::quantile(&self.late_ns, probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule { first_due_ns: 1_000_000, period_ns: 1_000_000 };

    fn of(runs: &[(u64, u64)]) -> Punctuality {
        let (at, latency): (Vec<u64>, Vec<u64>) = runs.iter().copied().unzip();
        Punctuality::of([(SCHEDULE, at.as_slice(), latency.as_slice())].into_iter()).unwrap()
    }

    #[test]
    fn runs_that_end_before_the_next_frame_miss_nothing() {
        let found = of(&[(1_000_000, 900_000), (2_050_000, 900_000), (3_300_000, 700_000)]);
        assert_eq!((found.frames, found.missed, found.longest_streak), (3, 0, 0));
        assert_eq!(found.late_ns(0.5), Some(50_000.0));
        assert!((found.in_time_share() - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_run_misses_its_deadline_and_those_of_the_frames_it_drops() {
        // Frame 1 takes until frame 3 is due and past it; 2 and 3 are dropped, 4 is in time.
        let found =
            of(&[(1_000_000, 500_000), (2_000_000, 2_500_000), (5_000_000, 10), (6_000_000, 10)]);
        assert_eq!((found.frames, found.missed, found.longest_streak), (6, 3, 3));
        assert!((found.missed_share() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_streak_ends_with_the_first_result_in_time_and_with_the_visit() {
        let late = [(1_000_000, 1_100_000), (3_000_000, 1_100_000), (5_000_000, 10)];
        assert_eq!(of(&late).longest_streak, 4);
        let (at, latency) = ([1_000_000_u64], [1_100_000_u64]);
        let visits = [(SCHEDULE, &at[..], &latency[..]); 3];
        let found = Punctuality::of(visits.into_iter()).unwrap();
        assert_eq!((found.frames, found.missed, found.longest_streak), (3, 3, 1));
        assert_eq!(Punctuality::of([(SCHEDULE, &[][..], &[][..])].into_iter()), None);
    }
}
