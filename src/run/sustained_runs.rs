//! Cases that are run for minutes, one after the other: what heat makes of them.
//!
//! Each window is journalled on its own, so that a run that was killed goes on after the last one.
//! The machine cools meanwhile; the windows since then name another process.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::host::cooling::Cooling;
use crate::host::preconditions::Sensors;
use crate::record::options::LatencyOptions;
use crate::record::status::Status;
use crate::record::sustained::{SustainedOptions, SustainedOutcome, SustainedWindow};
use crate::run::active_case::{tells_waiting, visited, warm_worker};
use crate::run::context::Side;
use crate::run::entry::Entry;
use crate::run::progress::Event;
use crate::stats::punctuality::Punctuality;
use crate::stats::statistics;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::Request;
use crate::worker::visit_plan::{MAX_RUNS, PacedPlan, VisitPlan};

/// How often the temperature is read while the machine cools.
const COOLING_INTERVAL: Duration = Duration::from_secs(1);
/// How much of a window is asked for at once, so that an interrupt need not wait for its end.
const REQUEST: Duration = Duration::from_secs(1);
/// Frames before the first timed one of a window on a schedule.
const SETTLE_FRAMES: u32 = 2;

/// Runs every case that the runs in `sides` want sustained and have not yet. Returns early, with
/// what is measured in the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(sides: &mut [Side<'_>]) -> Result<()> {
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (side, it) in sides.iter().enumerate() {
        turns.extend(
            (0..it.cases.len()).filter(|case| it.lacks_windows(*case)).map(|case| (side, case)),
        );
    }
    let seed = sides.first().map_or(0, |side| side.context.seed());
    turns.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let known = sides.iter().flat_map(|side| side.cases.iter()).filter_map(|record| {
        let first = record.sustained.windows.first()?;
        first.celsius_before.filter(|_| !first.began_warm)
    });
    // Of a run that goes on, the temperature at which it began.
    let coolest = known.fold(f64::INFINITY, f64::min);
    let goes_on = coolest.is_finite();
    let start = if goes_on { Some(coolest) } else { Sensors::now().celsius };
    for (index, (side, case)) in turns.into_iter().enumerate() {
        let is_first = index == 0 && !goes_on;
        // A case that was cut short goes on as it is: its windows say in how many parts they are.
        let is_begun = !sides[side].cases[case].sustained.windows.is_empty();
        let cooled = is_first || is_begun || cool_down(&mut sides[side], start);
        if sides[side].context.interrupted() {
            return Ok(());
        }
        sides[side].sustain(case, cooled)?;
    }
    Ok(())
}

/// Waits until the machine is as cool as at the start, and says whether it is.
fn cool_down(side: &mut Side<'_>, start: Option<f64>) -> bool {
    let Some(cooling) = start.map(Cooling::to) else { return true };
    let (begin, mut told) = (Instant::now(), false);
    while !side.context.interrupted() {
        let celsius = Sensors::now().celsius;
        if cooling.is_done(celsius) {
            return true;
        }
        if cooling.is_too_long(begin.elapsed()) {
            return false;
        }
        if !told {
            side.context.observe(Event::Waiting(&cooling.sentence(celsius)));
            told = true;
        }
        side.context.pause(COOLING_INTERVAL);
    }
    false
}

impl Side<'_> {
    fn sustained(&self) -> Option<SustainedOptions> {
        self.context.options().latency.as_ref()?.sustained
    }

    fn lacks_windows(&self, case: usize) -> bool {
        let record = &self.cases[case];
        let wanted = self.sustained().filter(|_| !self.is_done && record.status == Status::Ok);
        wanted.is_some_and(|options| !record.sustained.is_over(&options))
    }

    /// A fresh process for the case, and windows until its time is over.
    fn sustain(&mut self, case: usize, cooled: bool) -> Result<()> {
        let Some(options) = &self.context.header().options.latency else { return Ok(()) };
        let Some(sustained) = options.sustained else { return Ok(()) };
        self.context.observe(Event::CaseLoading(&self.cases[case].case));
        let before = Sensors::now().celsius;
        let warm = match warm_worker(&self.context, options, &self.cases[case]) {
            Ok(warm) => warm,
            Err(fault) => return self.lose_windows(case, &fault),
        };
        let Some((mut warm, _)) = warm else { return Ok(()) };
        let last = self.cases[case].sustained.windows.last();
        let process = last.map_or(0, |window| window.process + 1);
        let waits = tells_waiting(options, &self.cases[case].case);
        let mut first = true;
        while !self.cases[case].sustained.is_over(&sustained) {
            let interrupted = || self.context.interrupted();
            match window(warm.link.as_mut(), options, &sustained, waits, interrupted) {
                Ok(None) => return Ok(()),
                Ok(Some(mut window)) => {
                    window.process = process;
                    window.celsius_before = before.filter(|_| first);
                    window.began_warm = first && !cooled;
                    first = false;
                    self.keep_window(case, SustainedOutcome::Window(window))?;
                }
                Err(fault) => return self.lose_windows(case, &fault),
            }
        }
        self.context.observe(Event::CaseSustained(&self.cases[case].case));
        Ok(())
    }

    fn lose_windows(&mut self, case: usize, fault: &Fault) -> Result<()> {
        if fault.is_of_interrupt(self.context.interrupt()) {
            return Ok(());
        }
        let (status, error) = (fault.status, fault.reason.clone());
        self.keep_window(case, SustainedOutcome::Lost { status, error })
    }

    fn keep_window(&mut self, case: usize, outcome: SustainedOutcome) -> Result<()> {
        let entry = Entry::Sustained { case, outcome: Box::new(outcome) };
        self.context.keep_case(&mut self.cases[case], entry)
    }
}

/// One window; nothing if it was interrupted.
fn window(
    link: &mut dyn Link,
    options: &LatencyOptions,
    sustained: &SustainedOptions,
    waits: bool,
    interrupted: impl Fn() -> bool,
) -> Result<Option<SustainedWindow>, Fault> {
    let time = Duration::from_secs_f64(sustained.window_seconds());
    let (begin, mut latencies) = (Instant::now(), Vec::new());
    let (mut last, mut schedules, mut waited_ns) = (None, Vec::new(), None);
    while last.is_none() || begin.elapsed() < time {
        if interrupted() {
            return Ok(None);
        }
        let left = time.saturating_sub(begin.elapsed());
        let request = match sustained.rate {
            Some(rate) => Request::Paced(PacedPlan {
                period_ns: rate.period_ns(),
                settle_frames: SETTLE_FRAMES,
                // A float-to-integer cast saturates.
                timed_frames: (left.as_secs_f64() * rate.per_second()).round().max(1.0) as u32,
                yardstick: false,
            }),
            None => Request::Visit(VisitPlan {
                settle: false,
                least_runs: 1,
                least_ns: u64::try_from(left.min(REQUEST).as_nanos()).unwrap_or(u64::MAX),
                most_runs: MAX_RUNS,
                yardstick: false,
                waits,
                deadline_ns: (options.max_seconds * 1e9) as u64,
            }),
        };
        let mut told = visited(link, &request)?;
        if let Some(schedule) = told.schedule {
            let block = &told.block;
            schedules.extend(Punctuality::of(
                [(schedule, block.at_ns.as_slice(), block.latency_ns.as_slice())].into_iter(),
            ));
        }
        if let Some(ns) = told.waited_ns {
            waited_ns = Some(waited_ns.unwrap_or(0) + ns);
        }
        latencies.append(&mut told.block.latency_ns);
        last = Some((told.mhz, told.millidegrees));
    }
    let (mhz, millidegrees) = last.unwrap_or_default();
    let sorted = statistics::sorted_ns(&latencies);
    // Every request times at least one run.
    let of = |share| statistics::quantile(&sorted, share).unwrap_or(0.0) as u64;
    Ok(Some(SustainedWindow {
        process: 0,
        seconds: begin.elapsed().as_secs_f64(),
        runs: latencies.len() as u64,
        p50_ns: of(0.5),
        p90_ns: of(0.9),
        waited_ns,
        frames: sustained.rate.map(|_| schedules.iter().map(|it| it.frames as u64).sum()),
        missed: sustained.rate.map(|_| schedules.iter().map(|it| it.missed as u64).sum()),
        mhz,
        celsius: millidegrees.map(|value| value as f64 / 1e3),
        celsius_before: None,
        began_warm: false,
    }))
}
