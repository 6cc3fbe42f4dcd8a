//! What a visit has to do; [`crate::worker::visit`] does it.

use serde::{Deserialize, Serialize};

/// Maximum timed runs of a visit, however short they are: it bounds the reply.
pub const MAX_RUNS: u32 = 20_000;

/// What a visit consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitPlan {
    /// Whether the first run is kept apart and untimed runs follow it until two
    /// windows of them agree. Otherwise every run is timed.
    pub settle: bool,
    /// Fewest timed runs.
    pub least_runs: u32,
    /// Minimum time in timed runs.
    pub least_ns: u64,
    /// Maximum timed runs, whatever time they take.
    pub most_runs: u32,
    /// Whether the yardstick is read before and after the timed runs.
    #[serde(default)]
    pub yardstick: bool,
    /// Whether it is told how long the threads waited for a CPU meanwhile. More threads than CPUs
    /// wait for each other, which tells nothing about others.
    #[serde(default)]
    pub waits: bool,
    /// Time after which the visit ends with the current run, if one was timed.
    pub deadline_ns: u64,
}

impl VisitPlan {
    /// Just `runs` timed runs, or as many as fit into `deadline_ns`: a window of warm-up.
    #[must_use]
    pub const fn only(runs: u32, deadline_ns: u64) -> Self {
        Self {
            settle: false,
            least_runs: runs,
            least_ns: 0,
            most_runs: runs,
            yardstick: false,
            waits: false,
            deadline_ns,
        }
    }

    /// Whether `runs` timed runs in `ns` are enough.
    pub(crate) const fn is_done(&self, runs: usize, ns: u64) -> bool {
        runs >= self.most_runs as usize || (runs >= self.least_runs as usize && ns >= self.least_ns)
    }

    /// Maximum time for untimed runs if one takes `run_ns`: half of what the timed ones take.
    pub(crate) fn settling_ns(&self, run_ns: u64) -> u64 {
        self.least_ns.max(run_ns.saturating_mul(u64::from(self.least_runs))) / 2
    }
}

/// What a paced visit has to do; [`crate::worker::paced`] does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacedPlan {
    /// Time from one frame to the next.
    pub period_ns: u64,
    /// How many frames pass before runs are timed.
    pub settle_frames: u32,
    /// How many then pass, at most [`MAX_RUNS`].
    pub timed_frames: u32,
    /// Whether the yardstick is read before and after the runs.
    pub yardstick: bool,
}

impl PacedPlan {
    /// The first frame whose run is timed, and the one with which the visit ends.
    pub(crate) fn frames(&self) -> (u64, u64) {
        let first = u64::from(self.settle_frames);
        (first, first + u64::from(self.timed_frames.clamp(1, MAX_RUNS)))
    }
}
