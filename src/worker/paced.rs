//! A paced visit: runs start on a schedule, and the thread that makes them sleeps in between, as
//! an application does that waits for its camera.
//!
//! It does not spin up to the start of a run: that would keep the core awake, and the state in
//! which an idle core runs a model is what is to be measured. How late runs start is kept.

use crate::host::clock;
use crate::record::schedule::Schedule;
use crate::record::timed_runs::Block;
use crate::record::visit::Visited;
use crate::worker::aftermath;
use crate::worker::heartbeat::Heartbeat;
use crate::worker::visit::{Samples, TimedWork};
use crate::worker::visit_plan::PacedPlan;

/// How long it sleeps at most before it reports that it is alive.
const NAP_NS: u64 = 1_000_000_000;

/// The clock that a schedule is kept by.
pub(crate) trait Alarm {
    /// Now, in nanoseconds.
    fn now_ns(&self) -> u64;
    /// Sleeps until then.
    fn sleep_until_ns(&self, ns: u64);
}

/// The machine's monotonic clock.
pub(crate) struct MonotonicAlarm;

impl Alarm for MonotonicAlarm {
    #[inline]
    fn now_ns(&self) -> u64 {
        clock::now_ns()
    }

    fn sleep_until_ns(&self, ns: u64) {
        clock::sleep_until_ns(ns);
    }
}

impl Samples {
    /// Makes a paced visit of runs of `work`: the first run is kept apart, those of the plan's
    /// first frames are not timed.
    ///
    /// # Errors
    /// The first error of `work`; what was timed is lost with it.
    pub(crate) fn paced<E>(
        &mut self,
        plan: &PacedPlan,
        alarm: &impl Alarm,
        heartbeat: &mut Heartbeat,
        work: impl TimedWork<E>,
    ) -> Result<Visited, E> {
        let before_ns = plan.yardstick.then(|| self.yardstick.read_ns());
        let mut visited = self.keep_pace(plan, alarm, heartbeat, work)?;
        visited.yardstick_ns = before_ns.map(|before_ns| [before_ns, self.yardstick.read_ns()]);
        (visited.cpu, visited.mhz, visited.millidegrees) = aftermath::read();
        aftermath::wait_until_quiet();
        Ok(visited)
    }

    fn keep_pace<E>(
        &mut self,
        plan: &PacedPlan,
        alarm: &impl Alarm,
        heartbeat: &mut Heartbeat,
        mut work: impl TimedWork<E>,
    ) -> Result<Visited, E> {
        let period_ns = plan.period_ns.max(1);
        let schedule = Schedule { first_due_ns: alarm.now_ns() + period_ns, period_ns };
        let mut visited = Visited { schedule: Some(schedule), ..Visited::default() };
        let (first_timed, end) = plan.frames();
        // Process CPU time and the clock before the first timed run.
        let mut begun = None;
        let (mut frame, mut runs) = (0, 0);
        while frame < end || runs == 0 {
            if frame >= first_timed && begun.is_none() {
                begun = Some((clock::process_cpu_ns(), alarm.now_ns()));
            }
            work.prepare()?;
            wait(schedule.due_ns(frame), alarm, heartbeat);
            let start = alarm.now_ns();
            let outcome = work.run();
            let done = alarm.now_ns();
            outcome?;
            let latency = done - start;
            match (begun, visited.cold_ns) {
                (Some(_), Some(_)) => {
                    (self.at_ns[runs], self.latency_ns[runs]) = (start, latency);
                    runs += 1;
                }
                (_, None) => visited.cold_ns = Some(latency),
                _ => {
                    visited.settle_runs += 1;
                    visited.settle_ns += latency;
                }
            }
            frame = schedule.frame_after(done);
            heartbeat.tick(done);
        }
        let (cpu_before, begin) = begun.unwrap_or_default();
        visited.block = Block {
            at_ns: self.at_ns[..runs].to_vec(),
            latency_ns: self.latency_ns[..runs].to_vec(),
            cpu_ns: clock::process_cpu_ns().saturating_sub(cpu_before),
            wall_ns: alarm.now_ns() - begin,
        };
        Ok(visited)
    }
}

/// Sleeps until `due_ns`, and reports on the way that the worker is alive.
fn wait(due_ns: u64, alarm: &impl Alarm, heartbeat: &mut Heartbeat) {
    loop {
        let now_ns = alarm.now_ns();
        if now_ns >= due_ns {
            return;
        }
        heartbeat.tick(now_ns);
        alarm.sleep_until_ns(due_ns.min(now_ns + NAP_NS));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    /// A clock that stands still but for sleeps, which last `late` too long, and runs.
    struct FakeAlarm {
        now: Cell<u64>,
        late: u64,
        sleeps: RefCell<Vec<u64>>,
    }

    impl Alarm for FakeAlarm {
        fn now_ns(&self) -> u64 {
            self.now.get()
        }

        fn sleep_until_ns(&self, ns: u64) {
            self.sleeps.borrow_mut().push(ns);
            self.now.set(ns + self.late);
        }
    }

    const PLAN: PacedPlan =
        PacedPlan { period_ns: 1_000, settle_frames: 2, timed_frames: 4, yardstick: false };

    /// A visit of a model whose n-th run takes `cost(n)` nanoseconds of that clock.
    fn visit(plan: PacedPlan, late: u64, cost: impl Fn(u64) -> u64) -> (Visited, Vec<u64>) {
        let alarm = FakeAlarm { now: Cell::new(5_000), late, sleeps: RefCell::default() };
        let mut runs = 0;
        let visited = Samples::default()
            .paced(&plan, &alarm, &mut Heartbeat::mute(), || {
                alarm.now.set(alarm.now.get() + cost(runs));
                runs += 1;
                Ok::<(), ()>(())
            })
            .unwrap();
        (visited, alarm.sleeps.into_inner())
    }

    #[test]
    fn runs_start_on_schedule_whatever_they_take() {
        let (visited, sleeps) = visit(PLAN, 10, |n| 100 + n);
        assert_eq!(sleeps, [6_000, 7_000, 8_000, 9_000, 10_000, 11_000], "no drift");
        assert_eq!(visited.cold_ns, Some(100));
        assert_eq!((visited.settle_runs, visited.settle_ns), (1, 101));
        assert_eq!(visited.block.at_ns, [8_010, 9_010, 10_010, 11_010]);
        assert_eq!(visited.block.latency_ns, [102, 103, 104, 105]);
        assert_eq!(visited.block.wall_ns, 11_010 + 105 - (7_010 + 101));
        let schedule = Schedule { first_due_ns: 6_000, period_ns: 1_000 };
        assert_eq!(visited.schedule, Some(schedule));
    }

    #[test]
    fn frames_that_become_due_during_a_run_are_dropped() {
        let (visited, sleeps) = visit(PLAN, 0, |n| if n == 2 { 2_500 } else { 100 });
        assert_eq!(sleeps, [6_000, 7_000, 8_000, 11_000]);
        assert_eq!(visited.block.at_ns, [8_000, 11_000]);
    }

    #[test]
    fn a_run_longer_than_the_visit_is_timed_once() {
        let (visited, _) = visit(PLAN, 0, |_| 100_000);
        assert_eq!(visited.block.latency_ns, [100_000]);
        assert_eq!((visited.cold_ns, visited.settle_runs), (Some(100_000), 0));
    }

    #[test]
    fn a_long_wait_is_interrupted_to_say_that_the_worker_lives() {
        let plan =
            PacedPlan { period_ns: 2_500_000_000, settle_frames: 1, timed_frames: 1, ..PLAN };
        let (_, sleeps) = visit(plan, 0, |_| 100);
        let from_start: Vec<u64> = sleeps.iter().map(|ns| (ns - 5_000) / 100_000_000).collect();
        assert_eq!(from_start, [10, 20, 25, 35, 45, 50]);
    }
}
