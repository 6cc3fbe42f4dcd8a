//! A case with a worker: loaded, warm, and visited block by block.

use std::time::{Duration, Instant};

use anyhow::Result;
use time::OffsetDateTime;

use super::execute::Context;
use super::journal::Entry;
use super::record::{CaseRecord, Process, Visit, rfc3339};
use crate::host;
use crate::measure::block::iterations_for;
use crate::measure::clock;
use crate::measure::stopping::{Decision, Stopping, auto_processes};
use crate::measure::warmup::{Step, Warmup};
use crate::suite::{Amount, LatencyOptions};
use crate::worker::protocol::{Block, Memory};
use crate::worker::source::unexpected;
use crate::worker::{Fault, Link, Reply, Request, Worker, sample_input};

/// Most iterations of one block, however short they are: it bounds the reply.
const MAX_BLOCK_ITERATIONS: u32 = 20_000;

/// A case that is being measured.
pub struct ActiveCase {
    /// Its index in the run.
    pub index: usize,
    link: Box<dyn Link + Send>,
    resident_bytes: u64,
    iterations: u32,
    stopping: Stopping,
    spent: Duration,
}

impl ActiveCase {
    /// Starts a worker for the case, loads the model and warms it up.
    ///
    /// # Errors
    /// The outer error is the case's fault; the inner one the run's.
    pub fn begin(
        context: &mut Context<'_>,
        options: &LatencyOptions,
        index: usize,
        record: &mut CaseRecord,
    ) -> Result<Self, Result<Fault>> {
        let (start, now_ns) = (Instant::now(), clock::now_ns());
        let started_at = rfc3339(OffsetDateTime::now_utc());
        let (link, process, resident_bytes, estimate_ns) =
            warm_worker(context, options, record).map_err(Ok)?;
        let entry = Entry::Process { case: index, started_at, process: Box::new(process) };
        context.keep_case(record, entry).map_err(Err)?;
        let iterations = iterations_for(options.block_ms, estimate_ns).min(MAX_BLOCK_ITERATIONS);
        let starting_ns = clock::now_ns() - now_ns;
        let processes = match options.processes {
            Amount::Fixed(count) => count,
            Amount::Auto => auto_processes(starting_ns, options.min_seconds),
        };
        let mut stopping = Stopping::new(options, processes, context.seed());
        record.visits.iter().for_each(|visit| stopping.visited(visit));
        Ok(Self { index, link, resident_bytes, iterations, stopping, spent: start.elapsed() })
    }

    /// Resident memory of the worker after loading.
    #[must_use]
    pub const fn resident_bytes(&self) -> u64 {
        self.resident_bytes
    }

    /// Time spent on the case so far, everything included.
    #[must_use]
    pub const fn spent(&self) -> Duration {
        self.spent
    }

    /// Whether the next visit belongs to a fresh process.
    #[must_use]
    pub fn process_is_due(&self) -> bool {
        self.stopping.process_is_due()
    }

    /// Measures one block and says whether the case has enough.
    ///
    /// # Errors
    /// The outer error ends the run; the inner one is the case's fault.
    pub fn visit(
        &mut self,
        context: &mut Context<'_>,
        round: u32,
        record: &mut CaseRecord,
    ) -> Result<Result<Decision, Fault>> {
        let start = Instant::now();
        let mhz = host::frequency::current_mhz();
        let iterations = self.stopping.next_runs(self.iterations);
        let timed = timed(self.link.as_mut(), &Request::Block { iterations });
        self.spent += start.elapsed();
        let block = match timed {
            Ok(block) => block,
            Err(fault) => return Ok(Err(fault)),
        };
        let process = record.processes.len().saturating_sub(1) as u32;
        let visit = Visit { round, process, block, mhz };
        self.stopping.visited(&visit);
        context.keep_case(record, Entry::Visit { case: self.index, visit })?;
        Ok(Ok(self.stopping.decision()))
    }

    /// Goes on in a fresh process: what a process's memory layout does to a
    /// latency can be seen only in another process.
    ///
    /// # Errors
    /// The outer error ends the run; the inner one is the case's fault.
    pub fn renew(
        &mut self,
        context: &mut Context<'_>,
        options: &LatencyOptions,
        record: &mut CaseRecord,
    ) -> Result<Result<(), Fault>> {
        let spent = self.spent;
        self.ask_last_questions(context, record)?;
        match Self::begin(context, options, self.index, record) {
            Ok(fresh) => {
                // The plan for this case's processes was made by its first one.
                let stopping = std::mem::replace(self, fresh).stopping;
                self.stopping = stopping;
                self.spent += spent;
                Ok(Ok(()))
            }
            Err(fault) => Ok(Err(fault?)),
        }
    }

    /// Memory and coverage. A worker that is lost here has been measured; what
    /// it can no longer tell stays empty.
    ///
    /// # Errors
    /// Only what ends the run.
    pub fn ask_last_questions(
        &mut self,
        context: &mut Context<'_>,
        record: &mut CaseRecord,
    ) -> Result<()> {
        let case = self.index;
        if let Ok((Reply::Memory(memory), _)) = self.link.ask(&Request::Memory, &[]) {
            context.keep_case(record, Entry::Memory { case, memory })?;
        }
        if record.coverage.is_none()
            && let Ok((Reply::Coverage(coverage), _)) = self.link.ask(&Request::Coverage, &[])
        {
            context.keep_case(record, Entry::Coverage { case, coverage })?;
        }
        Ok(())
    }
}

type Warm = (Box<dyn Link + Send>, Process, u64, f64);

/// A worker at its steady state, what it told, its resident memory and its
/// latency estimate in nanoseconds.
fn warm_worker(
    context: &Context<'_>,
    options: &LatencyOptions,
    record: &CaseRecord,
) -> Result<Warm, Fault> {
    let case = &record.case;
    let Worker { mut link, loaded } =
        context.workers.load_batch(case, context.model(case), options.batch)?;
    let inputs = sample_input::seeded(&loaded.inputs, context.seed());
    match link.ask(&Request::SetInputs, &inputs)?.0 {
        Reply::InputsSet => {}
        other => return Err(unexpected(other)),
    }
    let first = timed(link.as_mut(), &Request::First)?;
    let mut warmup = Warmup::new(options.warmup);
    let report = loop {
        match warmup.step() {
            Step::Run(iterations) => {
                warmup.feed(&timed(link.as_mut(), &Request::Block { iterations })?);
            }
            Step::Done(report) => break report,
        }
    };
    let memory = memory(link.as_mut())?;
    let first_inference_ns = first.latency_ns.first().copied().unwrap_or(first.wall_ns);
    let process = Process { loaded, first_inference_ns, warmup: report, memory: Some(memory) };
    let estimate_ns = warmup.latency_ns().unwrap_or(first_inference_ns as f64);
    Ok((link, process, memory.resident_bytes, estimate_ns))
}

fn timed(link: &mut dyn Link, request: &Request) -> Result<Block, Fault> {
    match link.ask(request, &[])?.0 {
        Reply::Timed(block) => Ok(block),
        other => Err(unexpected(other)),
    }
}

fn memory(link: &mut dyn Link) -> Result<Memory, Fault> {
    match link.ask(&Request::Memory, &[])?.0 {
        Reply::Memory(memory) => Ok(memory),
        other => Err(unexpected(other)),
    }
}
