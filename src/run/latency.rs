//! The latency part of a run: cases are loaded in groups that fit the memory,
//! and the cases of a group are visited in turn, a block each, round after
//! round, so that drift of the machine hits every case alike.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::active_case::{ActiveCase, Outcome};
use super::execute::Context;
use super::journal::Entry;
use super::progress::Event;
use super::record::{CaseRecord, Status};
use crate::suite::{LatencyOptions, Order};
use crate::worker::Fault;

/// Share of the memory that is available at the start which loaded models may
/// take together; the rest is for the page cache and for what runs beside us.
const MEMORY_SHARE: f64 = 0.5;
/// Most processes that are kept at once, however small their models are.
const MAX_LOADED: usize = 128;

/// Measures what `records` lack. Returns early, with what is measured in the
/// journal, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub fn measure(
    context: &mut Context<'_>,
    options: &LatencyOptions,
    records: &mut [CaseRecord],
) -> Result<()> {
    let mut waiting: Vec<usize> = (0..records.len()).filter(|i| !records[*i].ended).collect();
    waiting.reverse();
    while !waiting.is_empty() && !context.interrupted() {
        let mut group = load_group(context, options, records, &mut waiting)?;
        visit_in_rounds(context, options, records, &mut group)?;
    }
    Ok(())
}

/// Loads and warms up cases until the memory or the list is used up.
fn load_group(
    context: &mut Context<'_>,
    options: &LatencyOptions,
    records: &mut [CaseRecord],
    waiting: &mut Vec<usize>,
) -> Result<Vec<ActiveCase>> {
    let most = match options.order {
        Order::Interleaved => MAX_LOADED,
        Order::Sequential => 1,
    };
    let budget = crate::host::memory::available_bytes() as f64 * MEMORY_SHARE;
    let mut resident = 0.0;
    let mut group: Vec<ActiveCase> = Vec::new();
    while group.len() < most && resident < budget && !context.interrupted() {
        let Some(index) = waiting.pop() else { break };
        context.observe(Event::CaseLoading(&records[index].case));
        let start = Instant::now();
        match ActiveCase::begin(context, options, index, &mut records[index]) {
            Ok(active) => {
                resident += active.resident_bytes() as f64;
                group.push(active);
            }
            Err(lost) => end(context, &mut records[index], index, lost?, start.elapsed())?,
        }
    }
    Ok(group)
}

fn visit_in_rounds(
    context: &mut Context<'_>,
    options: &LatencyOptions,
    records: &mut [CaseRecord],
    group: &mut Vec<ActiveCase>,
) -> Result<()> {
    let seen = records.iter().flat_map(|record| &record.visits).map(|visit| visit.round + 1);
    let mut round = seen.max().unwrap_or(0);
    while !group.is_empty() && !context.interrupted() {
        let mut rng = ChaCha8Rng::seed_from_u64(context.seed().wrapping_add(u64::from(round)));
        group.shuffle(&mut rng);
        let mut still_going = Vec::with_capacity(group.len());
        for mut active in group.drain(..) {
            if context.interrupted() {
                still_going.push(active);
                continue;
            }
            std::thread::sleep(Duration::from_secs_f64(options.cooldown_seconds));
            let index = active.index;
            match active.visit(context, options, round, &mut records[index])? {
                Outcome::MoreToDo => still_going.push(active),
                Outcome::Enough(spent) => {
                    end_well(context, &mut records[index], index, spent)?;
                }
                Outcome::Lost(fault, spent) => {
                    end(context, &mut records[index], index, fault, spent)?;
                }
            }
        }
        *group = still_going;
        context.observe(Event::RoundEnded { round, cases_left: group.len() });
        round += 1;
    }
    Ok(())
}

fn end_well(
    context: &mut Context<'_>,
    record: &mut CaseRecord,
    case: usize,
    spent: Duration,
) -> Result<()> {
    let refused = context.options().require_delegate
        && record.coverage.as_ref().is_some_and(|coverage| coverage.took_nothing());
    let (status, error) = if refused {
        (
            Status::Failed,
            Some("the delegate took no node and --require-delegate asks for it".into()),
        )
    } else {
        (Status::Ok, None)
    };
    let seconds = record.seconds + spent.as_secs_f64();
    context.keep_case(record, Entry::CaseEnded { case, status, error, seconds })
}

fn end(
    context: &mut Context<'_>,
    record: &mut CaseRecord,
    case: usize,
    fault: Fault,
    spent: Duration,
) -> Result<()> {
    let seconds = record.seconds + spent.as_secs_f64();
    let Fault { status, reason } = fault;
    let error = Some(reason);
    context.keep_case(record, Entry::CaseEnded { case, status, error, seconds })
}
