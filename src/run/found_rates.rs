//! The highest rate at which a case's results are there in time.

use anyhow::Result;

use crate::record::found_rate::{FoundRate, RateGoal, TriedRate};
use crate::record::scenario::Rate;
use crate::record::schedule::{FrameRun, Schedule};
use crate::record::status::Status;
use crate::record::visit::Visited;
use crate::run::active_case::{visited, warm_worker};
use crate::run::context::Side;
use crate::run::entry::Entry;
use crate::run::progress::Event;
use crate::stats::rate_search::{FRAMES, next, verdicts};
use crate::stats::statistics;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::Request;
use crate::worker::visit_plan::PacedPlan;

/// Frames before the first that counts.
const SETTLE_FRAMES: u32 = 10;
/// The share of its fastest rate back to back that is tried first: with no time between two runs,
/// the queue only grows.
const FASTEST: f64 = 0.95;

/// Searches for the rate of every case that the runs in `sides` want and do not have. Returns early,
/// with what is known in the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(sides: &mut [Side<'_>]) -> Result<()> {
    for side in sides {
        for case in 0..side.cases.len() {
            let latency = side.context.options().latency.as_ref();
            let Some(goal) = latency.and_then(|latency| latency.find_rate) else { continue };
            let record = &side.cases[case];
            if side.is_done || record.status != Status::Ok || record.found_rate.is_some() {
                continue;
            }
            if side.context.interrupted() {
                return Ok(());
            }
            side.find_rate(case, goal)?;
        }
    }
    Ok(())
}

impl Side<'_> {
    fn find_rate(&mut self, case: usize, goal: RateGoal) -> Result<()> {
        let Some(options) = &self.context.header().options.latency else { return Ok(()) };
        self.context.observe(Event::CaseLoading(&self.cases[case].case));
        let mut found = FoundRate::default();
        let lost = match warm_worker(&self.context, options, &self.cases[case]) {
            Ok(None) => return Ok(()),
            Ok(Some((mut warm, _))) => {
                let most = self.fastest(case);
                let interrupted = || self.context.interrupted();
                search(warm.link.as_mut(), goal, most, interrupted, &mut found.tried).err()
            }
            Err(fault) => Some(fault),
        };
        if self.context.interrupted() {
            return Ok(());
        }
        found.lost = lost.map(|fault| (fault.status, fault.reason));
        let entry = Entry::FoundRate { case, found: Box::new(found) };
        self.context.keep_case(&mut self.cases[case], entry)
    }

    /// The rate that the case reaches back to back, as far as a schedule goes.
    fn fastest(&self, case: usize) -> f64 {
        let all: Vec<u64> =
            self.cases[case].visits.iter().flat_map(|visit| visit.block.latency_ns()).collect();
        let per_second = statistics::median_ns(&all).map_or(Rate::MOST, |ns| FASTEST * 1e9 / ns);
        per_second.min(Rate::MOST)
    }
}

/// Tries rates until the search is over or the user interrupts.
fn search(
    link: &mut dyn Link,
    goal: RateGoal,
    most: f64,
    interrupted: impl Fn() -> bool,
    tried: &mut Vec<TriedRate>,
) -> Result<(), Fault> {
    loop {
        let rate = next(&verdicts(tried), most).and_then(|rate| Rate::try_from(rate).ok());
        let Some(rate) = rate.filter(|_| !interrupted()) else { return Ok(()) };
        let request = Request::Paced(PacedPlan {
            period_ns: rate.period_ns(),
            settle_frames: SETTLE_FRAMES,
            timed_frames: FRAMES as u32,
            yardstick: false,
        });
        tried.push(outcome(rate, goal, &visited(link, &request)?));
    }
}

/// How many results of a visit on a schedule were late.
fn outcome(rate: Rate, goal: RateGoal, told: &Visited) -> TriedRate {
    let schedule = told.schedule.unwrap_or(Schedule { first_due_ns: 0, period_ns: 1 });
    // A float-to-integer cast saturates.
    let limit_ns = (goal.p99_ms * 1e6) as u64;
    let (mut frames, mut late) = (0, 0);
    let mut taken = Vec::with_capacity(told.block.latency_ns.len());
    for run in schedule.runs(&told.block.at_ns, &told.block.latency_ns) {
        let FrameRun { frame, dropped, end_ns, .. } = run;
        let ns = end_ns.saturating_sub(schedule.due_ns(frame));
        frames += dropped + 1;
        late += dropped + usize::from(ns > limit_ns);
        taken.push(ns);
    }
    let p99 = statistics::quantile(&statistics::sorted_ns(&taken), 0.99).unwrap_or(0.0);
    TriedRate { rate, frames, late, p99_ns: p99 as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::timed_runs::Block;

    #[test]
    fn dropped_frames_and_late_results_count_and_queueing_does() {
        let block = Block {
            // Frame 0 in time; frame 1 starts late and ends late; 2 and 3 are dropped; 4 in time.
            at_ns: vec![1_000_000, 2_900_000, 5_000_000],
            latency_ns: vec![500_000, 2_050_000, 500_000],
            ..Block::default()
        };
        let schedule = Some(Schedule { first_due_ns: 1_000_000, period_ns: 1_000_000 });
        let told = Visited { block, schedule, ..Visited::default() };
        let rate = Rate::try_from(1000.0).unwrap();
        let tried = outcome(rate, RateGoal { p99_ms: 1.0 }, &told);
        assert_eq!((tried.frames, tried.late), (5, 3));
        assert!((2_900_000..=2_950_000).contains(&tried.p99_ns), "{tried:?}");
        assert_eq!(outcome(rate, RateGoal { p99_ms: 3.0 }, &told).late, 2);
    }
}
