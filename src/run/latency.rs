//! The latency part of a run: cases are loaded in groups that fit the memory,
//! and the cases of a group are visited in turn, round after
//! round, so that drift of the machine hits every case alike.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::host::care::Reading;
use crate::record::options::Order;
use crate::record::run::DELEGATE_REQUIRED;
use crate::record::status::Status;
use crate::run::active_case::ActiveCase;
use crate::run::context::Arm;
use crate::run::journal::Entry;
use crate::run::progress::Event;
use crate::stats::stopping::{Decision, Reason};
use crate::worker::link::Fault;

/// Share of the memory that is available at the start which loaded models may
/// take together; the rest is for the page cache and for what runs beside us.
const MEMORY_SHARE: f64 = 0.5;
/// Most processes that are kept at once, however small their models are.
const MAX_LOADED: usize = 128;
/// How often a machine is asked whether it has cooled or charged enough: asking
/// costs it some work itself.
const CARE_INTERVAL: Duration = Duration::from_secs(2);

/// Cases that are visited next to each other: one of each run that is taken in
/// turn, so that a round of the one has its partner in the other at nearly the
/// same moment. A run alone has one seat in each.
type Companions = Vec<Seat>;

struct Seat {
    /// Index of the run.
    arm: usize,
    active: ActiveCase,
}

/// Measures what the runs in `arms` lack. Returns early, with what is measured in
/// the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub fn measure(arms: &mut [Arm<'_>]) -> Result<()> {
    let most_cases = arms.iter().map(|arm| arm.cases.len()).max().unwrap_or(0);
    let mut waiting: Vec<usize> = (0..most_cases).rev().collect();
    while !waiting.is_empty() && !interrupted(arms) {
        let group = load_group(arms, &mut waiting)?;
        visit_in_rounds(arms, group)?;
    }
    Ok(())
}

fn interrupted(arms: &[Arm<'_>]) -> bool {
    arms.iter().any(|arm| arm.context.interrupted())
}

/// Loads and warms up cases until the memory or the list is used up.
fn load_group(arms: &mut [Arm<'_>], waiting: &mut Vec<usize>) -> Result<Vec<Companions>> {
    let sequential = arms.iter().any(|arm| {
        arm.context.options().latency.as_ref().is_some_and(|it| it.order == Order::Sequential)
    });
    let most = if sequential { 1 } else { MAX_LOADED / arms.len().max(1) };
    let budget = crate::host::memory::available_bytes() as f64 * MEMORY_SHARE;
    let mut resident = 0.0;
    let mut group = Vec::new();
    while group.len() < most && resident < budget && !interrupted(arms) {
        let Some(index) = waiting.pop() else { break };
        let mut companions = Companions::new();
        for (arm, it) in arms.iter_mut().enumerate() {
            if let Some(active) = it.begin(index)? {
                resident += active.resident_bytes() as f64;
                companions.push(Seat { arm, active });
            }
        }
        // Renewed together, they need one number of processes: what the slower one
        // to load affords.
        let processes = companions.iter().map(|seat| seat.active.processes()).min();
        for seat in &mut companions {
            seat.active.limit_processes(processes.unwrap_or(1));
        }
        if !companions.is_empty() {
            group.push(companions);
        }
    }
    Ok(group)
}

fn visit_in_rounds(arms: &mut [Arm<'_>], mut group: Vec<Companions>) -> Result<()> {
    let visits = arms.iter().flat_map(|arm| arm.cases.iter()).flat_map(|record| &record.visits);
    let mut round = visits.map(|visit| visit.round + 1).max().unwrap_or(0);
    let seed = arms.first().map_or(0, |arm| arm.context.seed());
    while !group.is_empty() && !interrupted(arms) {
        take_care(arms);
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(u64::from(round)));
        group.shuffle(&mut rng);
        for companions in &mut group {
            if interrupted(arms) {
                break;
            }
            // Who comes first changes: the second may find a warmer machine.
            companions.shuffle(&mut rng);
            visit(arms, companions, round)?;
        }
        group.retain(|companions| !companions.is_empty());
        if let Some(arm) = arms.first_mut() {
            arm.context.observe(Event::RoundEnded { round, cases_left: group.len() });
        }
        round += 1;
    }
    Ok(())
}

/// Waits until the machine is as cool and charged as the options ask, or the
/// user interrupts.
fn take_care(arms: &mut [Arm<'_>]) {
    let latency = arms.first().and_then(|arm| arm.context.options().latency.as_ref());
    let Some(care) = latency.map(|options| options.care) else { return };
    let mut told = String::new();
    while care.is_asked() && !interrupted(arms) {
        let Some(reason) = care.unmet(&Reading::now()) else { return };
        if let Some(arm) = arms.first_mut().filter(|_| reason != told) {
            arm.context.observe(Event::Waiting(&reason));
            told = reason;
        }
        if let Some(arm) = arms.first() {
            arm.context.pause(CARE_INTERVAL);
        }
    }
}

/// Visits each of the companions once; those that are done with leave. One that
/// is merely precise enough stays as long as a companion needs a partner.
fn visit(arms: &mut [Arm<'_>], companions: &mut Companions, round: u32) -> Result<()> {
    let mut decisions = Vec::new();
    for mut seat in companions.drain(..) {
        if let Some(decision) = arms[seat.arm].visit(&mut seat.active, round)? {
            decisions.push((seat, decision));
        }
    }
    let all_enough = decisions.iter().all(|(_, decision)| *decision != Decision::More);
    for (seat, decision) in decisions {
        match decision {
            Decision::More => companions.push(seat),
            Decision::Enough(Reason::Precise) if !all_enough => companions.push(seat),
            Decision::Enough(_) => arms[seat.arm].end_well(seat.active)?,
        }
    }
    // After Ctrl-C there will be no visit that needs a fresh process.
    if !interrupted(arms) && companions.iter().any(|seat| seat.active.process_is_due()) {
        for mut seat in std::mem::take(companions) {
            if arms[seat.arm].renew(&mut seat.active)? {
                companions.push(seat);
            }
        }
    }
    Ok(())
}

impl Arm<'_> {
    /// Starts case `index`, if there is one that is not done with; `None` also
    /// where it could not be started, which is then in its record, and where the
    /// user interrupted its warm-up.
    fn begin(&mut self, index: usize) -> Result<Option<ActiveCase>> {
        let Some(options) = &self.context.header().options.latency else { return Ok(None) };
        let Some(record) = self.cases.get_mut(index).filter(|record| !record.ended) else {
            return Ok(None);
        };
        self.context.observe(Event::CaseLoading(&record.case));
        let start = Instant::now();
        match ActiveCase::begin(&mut self.context, options, index, record) {
            Ok(active) => Ok(active),
            Err(lost) => self.end(index, lost?, start.elapsed()).map(|()| None),
        }
    }

    /// One visit. `None`: the case was lost, which is now in its record.
    fn visit(&mut self, active: &mut ActiveCase, round: u32) -> Result<Option<Decision>> {
        let Some(options) = &self.context.header().options.latency else { return Ok(None) };
        self.context.pause(Duration::from_secs_f64(options.cooldown_seconds));
        let record = &mut self.cases[active.index];
        match active.visit(&mut self.context, options, round, record)? {
            Ok(decision) => Ok(Some(decision)),
            Err(fault) => self.end(active.index, fault, active.spent()).map(|()| None),
        }
    }

    /// Gives the case a fresh process. `false`: it was lost.
    fn renew(&mut self, active: &mut ActiveCase) -> Result<bool> {
        let Some(options) = &self.context.header().options.latency else { return Ok(false) };
        let record = &mut self.cases[active.index];
        match active.renew(&mut self.context, options, record)? {
            Ok(()) => Ok(true),
            Err(fault) => self.end(active.index, fault, active.spent()).map(|()| false),
        }
    }

    fn end_well(&mut self, mut active: ActiveCase) -> Result<()> {
        let case = active.index;
        let record = &mut self.cases[case];
        active.ask_last_questions(&mut self.context, record)?;
        let refused = self.context.options().require_delegate
            && record.coverage.as_ref().is_some_and(|coverage| coverage.took_nothing());
        let (status, error) = if refused {
            (Status::Failed, Some(DELEGATE_REQUIRED.to_owned()))
        } else {
            (Status::Ok, None)
        };
        let seconds = record.seconds + active.spent().as_secs_f64();
        let entry = Entry::CaseEnded { case, status, error, seconds, killed: false };
        self.context.keep_case(record, entry)
    }

    /// Ends a case that was lost; one that the end of the whole run took is not done with.
    fn end(&mut self, case: usize, fault: Fault, spent: Duration) -> Result<()> {
        if fault.is_of_interrupt(self.context.interrupt()) {
            return Ok(());
        }
        let record = &mut self.cases[case];
        let seconds = record.seconds + spent.as_secs_f64();
        let Fault { status, reason, killed } = fault;
        let error = Some(reason);
        let entry = Entry::CaseEnded { case, status, error, seconds, killed };
        self.context.keep_case(record, entry)
    }
}
