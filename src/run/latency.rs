//! The latency part of a run: cases are loaded in groups that fit the memory, and the cases of a
//! group are visited round after round, so that drift of the machine affects every case alike.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::host::memory::MemoryBudget;
use crate::host::preconditions::Sensors;
use crate::record::narrowing::Dropped;
use crate::record::options::Order;
use crate::record::run::DELEGATE_REQUIRED;
use crate::record::status::Status;
use crate::run::active_case::{ActiveCase, VisitSize};
use crate::run::context::Side;
use crate::run::entry::Entry;
use crate::run::progress::Event;
use crate::run::search::Search;
use crate::stats::stopping::{Decision, Reason};
use crate::worker::link::Fault;

/// Share of the memory available at the start that loaded models may use together; the rest is for
/// the page cache and for other programs.
const MEMORY_SHARE: f64 = 0.5;
/// Maximum processes that are kept at once, however small their models are.
const MAX_LOADED: usize = 128;
/// How often a machine is asked whether it has cooled or charged enough: asking costs it some work.
const READY_INTERVAL: Duration = Duration::from_secs(2);

/// A case of each of the interleaved runs, visited one right after the other, so that a round of
/// one has its partner in the other at nearly the same moment. A single run has one side.
type ActivePair = Vec<ActiveSide>;

struct ActiveSide {
    /// Index of the run.
    side: usize,
    active: ActiveCase,
}

/// Measures what the runs in `sides` lack. Returns early, with what is measured in
/// the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(sides: &mut [Side<'_>]) -> Result<()> {
    let most_cases = sides.iter().map(|side| side.cases.len()).max().unwrap_or(0);
    let mut waiting: Vec<usize> = (0..most_cases).rev().collect();
    let mut search = sides.first().and_then(Search::of);
    let mut group = Vec::new();
    while !waiting.is_empty() && !interrupted(sides) {
        load_group(sides, &mut waiting, &mut group)?;
        match &mut search {
            Some(search) => narrow(sides, &mut group, search, waiting.len())?,
            None => visit_in_rounds(sides, &mut group)?,
        }
    }
    // Of a search, the best case is left, which is measured to its end.
    visit_in_rounds(sides, &mut group)
}

/// Visits the cases of `group` round after round, and lets those go that need not be visited
/// again, until one is left for the next group to contend with.
fn narrow(
    sides: &mut [Side<'_>],
    group: &mut Vec<ActivePair>,
    search: &mut Search,
    waiting: usize,
) -> Result<()> {
    let mut round = next_round(sides);
    // A search is a run of one side.
    for (case, error) in
        sides.first().map_or_else(Vec::new, |it| search.in_fewer_bits(it, &live(group)))
    {
        if let (Some(active), Some(side)) = (taken(group, case), sides.first_mut()) {
            side.refuse(&active, error)?;
        }
    }
    let run_seconds: Vec<f64> =
        group.iter().flatten().map(|member| member.active.run_seconds()).collect();
    search.begin(&run_seconds, waiting);
    while group.len() > 1 && !interrupted(sides) {
        visit_round(sides, group, round, Some(search.visit_size()))?;
        let Some(side) = sides.first_mut() else { break };
        for (case, dropped) in search.look(side, round, &live(group)) {
            if let Some(active) = taken(group, case) {
                side.drop(active, dropped)?;
            }
        }
        round += 1;
    }
    Ok(())
}

/// The indices of the cases of a group.
fn live(group: &[ActivePair]) -> Vec<usize> {
    group.iter().flatten().map(|member| member.active.index).collect()
}

/// Takes a case out of a group.
fn taken(group: &mut Vec<ActivePair>, case: usize) -> Option<ActiveCase> {
    let is_it = |pair: &ActivePair| pair.iter().any(|member| member.active.index == case);
    let at = group.iter().position(is_it)?;
    group.remove(at).pop().map(|member| member.active)
}

fn interrupted(sides: &[Side<'_>]) -> bool {
    sides.iter().any(|side| side.context.interrupted())
}

/// Loads and warms up cases until the memory or the list is used up, beside those that `group`
/// has.
fn load_group(
    sides: &mut [Side<'_>],
    waiting: &mut Vec<usize>,
    group: &mut Vec<ActivePair>,
) -> Result<()> {
    let sequential = sides.iter().any(|side| {
        side.context.options().latency.as_ref().is_some_and(|it| it.order == Order::Sequential)
    });
    let most = if sequential { 1 } else { MAX_LOADED / sides.len().max(1) };
    let budget = MemoryBudget::of_available(MEMORY_SHARE);
    let mut resident =
        group.iter().flatten().map(|member| member.active.resident_bytes() as f64).sum();
    while group.len() < most && budget.has_room(group.len(), resident) && !interrupted(sides) {
        let Some(index) = waiting.pop() else { break };
        let mut pair = ActivePair::new();
        for (side, it) in sides.iter_mut().enumerate() {
            if let Some(active) = it.begin(index)? {
                resident += active.resident_bytes() as f64;
                pair.push(ActiveSide { side, active });
            }
        }
        // They are renewed together, so they need the same number of processes: what the one that
        // loads more slowly allows.
        let processes = pair.iter().map(|member| member.active.processes()).min();
        for member in &mut pair {
            member.active.limit_processes(processes.unwrap_or(1));
        }
        if !pair.is_empty() {
            group.push(pair);
        }
    }
    Ok(())
}

/// The round after the last one of which there are visits.
fn next_round(sides: &[Side<'_>]) -> u32 {
    let visits = sides.iter().flat_map(|side| side.cases.iter()).flat_map(|record| &record.visits);
    visits.map(|visit| visit.round + 1).max().unwrap_or(0)
}

fn visit_in_rounds(sides: &mut [Side<'_>], group: &mut Vec<ActivePair>) -> Result<()> {
    let mut round = next_round(sides);
    while !group.is_empty() && !interrupted(sides) {
        visit_round(sides, group, round, None)?;
        round += 1;
    }
    Ok(())
}

/// Visits each case once, in an order seeded by the round. In a search, which states how long
/// a visit is, only those leave that were lost.
fn visit_round(
    sides: &mut [Side<'_>],
    group: &mut Vec<ActivePair>,
    round: u32,
    searched: Option<VisitSize>,
) -> Result<()> {
    let seed = sides.first().map_or(0, |side| side.context.seed());
    wait_until_ready(sides);
    let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(u64::from(round)));
    group.shuffle(&mut rng);
    for pair in group.iter_mut() {
        if interrupted(sides) {
            break;
        }
        // The order alternates at random: the second may find a warmer machine.
        pair.shuffle(&mut rng);
        visit(sides, pair, round, searched)?;
    }
    group.retain(|pair| !pair.is_empty());
    if let Some(side) = sides.first_mut() {
        side.context.observe(Event::RoundEnded { round, cases_left: group.len() });
    }
    Ok(())
}

/// Waits until the machine is as cool and charged as the options ask, or the
/// user interrupts.
fn wait_until_ready(sides: &mut [Side<'_>]) {
    let latency = sides.first().and_then(|side| side.context.options().latency.as_ref());
    let Some(preconditions) = latency.map(|options| options.preconditions) else { return };
    let mut told = String::new();
    while preconditions.is_asked() && !interrupted(sides) {
        let Some(reason) = preconditions.unmet(&Sensors::now()) else { return };
        if let Some(side) = sides.first_mut().filter(|_| reason != told) {
            side.context.observe(Event::Waiting(&reason));
            told = reason;
        }
        if let Some(side) = sides.first() {
            side.context.pause(READY_INTERVAL);
        }
    }
}

/// Visits each side once; those that are done leave. One that is merely precise enough stays as
/// long as the other needs a partner. In a search, which states how long a visit is, nobody leaves.
fn visit(
    sides: &mut [Side<'_>],
    pair: &mut ActivePair,
    round: u32,
    searched: Option<VisitSize>,
) -> Result<()> {
    let mut decisions = Vec::new();
    for mut member in pair.drain(..) {
        if let Some(decision) = sides[member.side].visit(&mut member.active, round, searched)? {
            decisions.push((member, decision));
        }
    }
    let all_enough = decisions.iter().all(|(_, decision)| *decision != Decision::More);
    for (member, decision) in decisions {
        match decision {
            _ if searched.is_some() => pair.push(member),
            Decision::More => pair.push(member),
            Decision::Enough(Reason::Precise) if !all_enough => pair.push(member),
            Decision::Enough(_) => sides[member.side].end_well(member.active)?,
        }
    }
    // After Ctrl-C there will be no visit that needs a fresh process.
    if !interrupted(sides) && pair.iter().any(|member| member.active.process_is_due()) {
        for mut member in std::mem::take(pair) {
            if sides[member.side].renew(&mut member.active)? {
                pair.push(member);
            }
        }
    }
    Ok(())
}

impl Side<'_> {
    /// Starts case `index`, if it exists and is not done; `None` also if it could not be started,
    /// which is then in its record, or if the user interrupted its warm-up.
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

    /// One visit, of that size if it is stated. `None`: the case was lost, which is now in its
    /// record.
    fn visit(
        &mut self,
        active: &mut ActiveCase,
        round: u32,
        size: Option<VisitSize>,
    ) -> Result<Option<Decision>> {
        let Some(options) = &self.context.header().options.latency else { return Ok(None) };
        self.context.pause(Duration::from_secs_f64(options.cooldown_seconds));
        let record = &mut self.cases[active.index];
        let size = size.unwrap_or(VisitSize::of(options));
        match active.visit(&mut self.context, options, size, round, record)? {
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

    /// Ends a case that need not be visited again.
    fn drop(&mut self, active: ActiveCase, dropped: Dropped) -> Result<()> {
        let case = active.index;
        self.context.keep_case(&mut self.cases[case], Entry::Dropped { case, dropped })?;
        self.end_well(active)
    }

    /// Ends a case that may not be timed.
    fn refuse(&mut self, active: &ActiveCase, error: String) -> Result<()> {
        let (case, seconds) = (active.index, active.spent().as_secs_f64());
        let (status, error) = (Status::Skipped, Some(error));
        let entry = Entry::CaseEnded { case, status, error, seconds, killed: false };
        self.context.keep_case(&mut self.cases[case], entry)
    }

    fn end_well(&mut self, mut active: ActiveCase) -> Result<()> {
        let case = active.index;
        let record = &mut self.cases[case];
        active.ask_last_questions(&mut self.context, record)?;
        let latency = self.context.options().latency.as_ref();
        if latency.is_some_and(|latency| latency.profile) && record.profile.is_none() {
            active.profile(&mut self.context, record)?;
        }
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

    /// Ends a case that was lost; one that was lost because the whole run ends is not done.
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
