//! A visit: a first run that is recorded separately, untimed runs until the model has settled, and
//! then timed runs with nothing else in between.
//!
//! Between two visits of a case other processes have run, so that its first runs find caches,
//! threads and a core in another state than when it runs back to back.

use crate::host::tree::Tree;
use crate::host::yardstick::Yardstick;
use crate::host::{clock, run_queue};
use crate::record::timed_runs::Block;
use crate::record::visit::Visited;
use crate::worker::aftermath;
use crate::worker::heartbeat::Heartbeat;
use crate::worker::visit_plan::{MAX_RUNS, VisitPlan};

/// How long a window of untimed runs is.
const WINDOW_NS: u64 = 1_000_000;
/// Maximum runs in a window: a call of nanoseconds needs no thousands.
const WINDOW_MAX_RUNS: u64 = 2_000;
/// By how much two successive windows may differ if the model has settled.
const AGREEMENT: f64 = 0.02;

/// Buffer for timings. It is allocated and touched once per process, since nothing may be allocated
/// between two runs.
pub struct Samples {
    pub(super) at_ns: Vec<u64>,
    pub(super) latency_ns: Vec<u64>,
    window: Vec<u64>,
    pub(super) yardstick: Yardstick,
}

impl Default for Samples {
    fn default() -> Self {
        // Filled with a value that is not zero, so that the pages are really mapped.
        let touched = |runs: u64| vec![u64::MAX; usize::try_from(runs).unwrap_or(0)];
        Self {
            at_ns: touched(MAX_RUNS.into()),
            latency_ns: touched(MAX_RUNS.into()),
            window: touched(WINDOW_MAX_RUNS),
            yardstick: Yardstick::default(),
        }
    }
}

/// What is timed.
pub trait TimedWork<E> {
    /// What has to happen before a run and is not timed.
    ///
    /// # Errors
    /// What ends the visit.
    fn prepare(&mut self) -> Result<(), E> {
        Ok(())
    }

    /// One run.
    ///
    /// # Errors
    /// What ends the visit.
    fn run(&mut self) -> Result<(), E>;
}

impl<E, F: FnMut() -> Result<(), E>> TimedWork<E> for F {
    #[inline]
    fn run(&mut self) -> Result<(), E> {
        self()
    }
}

impl Samples {
    /// Makes a visit of runs of `work`.
    ///
    /// # Errors
    /// The first error of `work`; what was timed is lost with it.
    pub fn visit<E>(
        &mut self,
        plan: &VisitPlan,
        heartbeat: &mut Heartbeat,
        mut work: impl TimedWork<E>,
    ) -> Result<Visited, E> {
        let begin = clock::now_ns();
        let cold_ns = if plan.settle { Some(run(&mut work)?) } else { None };
        let (settle_runs, settle_ns) = match cold_ns {
            Some(cold_ns) => self.settle(plan, cold_ns, heartbeat, &mut work)?,
            None => (0, 0),
        };
        let spent_ns = clock::now_ns() - begin;
        // Read outside of the yardstick's two readings: what reads files must not come between a
        // settled model and its timed runs.
        let tree = Tree::default();
        let waited_before_ns = plan.waits.then(|| run_queue::waited_ns(&tree)).flatten();
        let before_ns = plan.yardstick.then(|| self.yardstick.read_ns());
        let block = self.time(plan, spent_ns, heartbeat, work)?;
        let yardstick_ns = before_ns.map(|before_ns| [before_ns, self.yardstick.read_ns()]);
        // Less than before if a thread has ended.
        let waited_ns = waited_before_ns
            .and_then(|before_ns| Some(run_queue::waited_ns(&tree)?.saturating_sub(before_ns)));
        let (cpu, mhz, millidegrees) = aftermath::read();
        // Threads of a runtime keep waiting for work for a while, on the cores of the case that is
        // visited next.
        if block.cpu_ns > block.wall_ns + block.wall_ns / 20 {
            aftermath::wait_until_quiet();
        }
        let (schedule, stages) = (None, Vec::new());
        Ok(Visited {
            cold_ns,
            settle_runs,
            settle_ns,
            block,
            cpu,
            mhz,
            millidegrees,
            yardstick_ns,
            waited_ns,
            schedule,
            stages,
        })
    }

    /// Runs until two successive windows agree, the first run being the first window, or until the
    /// next window would take too long. Returns runs and time.
    fn settle<E>(
        &mut self,
        plan: &VisitPlan,
        cold_ns: u64,
        heartbeat: &mut Heartbeat,
        work: &mut impl TimedWork<E>,
    ) -> Result<(u32, u64), E> {
        let (mut last_ns, mut runs, mut spent_ns) = (cold_ns.max(1), 0, 0);
        loop {
            let window_runs = (WINDOW_NS / last_ns).clamp(1, WINDOW_MAX_RUNS);
            let most_ns = plan.settling_ns(last_ns).min(plan.deadline_ns / 2);
            if spent_ns + window_runs * last_ns > most_ns {
                return Ok((runs, spent_ns));
            }
            let begin = clock::now_ns();
            // At most WINDOW_MAX_RUNS, which fits either type.
            let window = &mut self.window[..window_runs as usize];
            for latency in window.iter_mut() {
                *latency = run(work)?;
                heartbeat.tick(clock::now_ns());
            }
            window.sort_unstable();
            let median_ns = window[window.len() / 2].max(1);
            runs += window_runs as u32;
            spent_ns += clock::now_ns() - begin;
            if median_ns.abs_diff(last_ns) as f64 <= AGREEMENT * median_ns.min(last_ns) as f64 {
                return Ok((runs, spent_ns));
            }
            last_ns = median_ns;
        }
    }

    /// The timed runs, each between its own two readings of the clock; `spent_ns` of the visit's
    /// time are already used.
    ///
    /// What a latency contains besides the call is one reading of the clock
    /// ([`clock::cost_ns`]).
    fn time<E>(
        &mut self,
        plan: &VisitPlan,
        spent_ns: u64,
        heartbeat: &mut Heartbeat,
        mut work: impl TimedWork<E>,
    ) -> Result<Block, E> {
        let mut runs = 0;
        let cpu_before = clock::process_cpu_ns();
        let begin = clock::now_ns();
        for (at, latency) in self.at_ns.iter_mut().zip(&mut self.latency_ns) {
            if plan.most_runs == 0 {
                break;
            }
            work.prepare()?;
            let start = clock::now_ns();
            let outcome = work.run();
            let end = clock::now_ns();
            outcome?;
            *at = start;
            *latency = end - start;
            runs += 1;
            if plan.is_done(runs, end - begin) || end - begin + spent_ns >= plan.deadline_ns {
                break;
            }
            heartbeat.tick(end);
        }
        let wall_ns = clock::now_ns() - begin;
        let cpu_ns = clock::process_cpu_ns() - cpu_before;
        let (at_ns, latency_ns) = (self.at_ns[..runs].to_vec(), self.latency_ns[..runs].to_vec());
        Ok(Block { at_ns, latency_ns, cpu_ns, wall_ns })
    }
}

/// Runs once and says how long it took.
fn run<E>(work: &mut impl TimedWork<E>) -> Result<u64, E> {
    work.prepare()?;
    let start = clock::now_ns();
    work.run()?;
    Ok(clock::now_ns() - start)
}

/// How many runs of about `latency_ns` fill `ms`: at least one, at most [`MAX_RUNS`].
#[must_use]
pub fn runs_for(ms: f64, latency_ns: f64) -> u32 {
    let fit = ms * 1e6 / latency_ns.max(1.0);
    // A float-to-integer cast saturates; NaN becomes 0 and then 1.
    (fit.round() as u32).clamp(1, MAX_RUNS)
}

#[cfg(test)]
#[path = "visit_tests.rs"]
mod tests;
