//! A case with a worker: loaded, warmed up, and visited round after round.

use std::time::{Duration, Instant};

use anyhow::Result;
use time::OffsetDateTime;

use crate::host::{affinity, clock};
use crate::model::file_layers::FileLayers;
use crate::record::case::Case;
use crate::record::header::rfc3339;
use crate::record::operator_profile::OperatorProfile;
use crate::record::options::{Amount, LatencyOptions};
use crate::record::run::CaseRecord;
use crate::record::visit::{Memory, Process, ProcessBegan, Visit, Visited};
use crate::run::context::Context;
use crate::run::entry::Entry;
use crate::run::run_inputs;
use crate::stats::statistics;
use crate::stats::stopping::{Decision, LEAST_RUNS, Replication, Stopping};
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};
use crate::worker::sample_input;
use crate::worker::visit_plan::{MAX_RUNS, VisitPlan};
use crate::worker::warmup::{Warmup, WarmupStep};
use crate::worker::worker_source::Worker;
use crate::worker::worker_source::unexpected;

/// How long a visit is at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct VisitSize {
    /// Minimum time in timed runs.
    pub block_ms: f64,
    /// Minimum number of timed runs.
    pub least_runs: u32,
}

impl VisitSize {
    /// That of a run which measures each case to its end.
    pub(crate) const fn of(options: &LatencyOptions) -> Self {
        Self { block_ms: options.block_ms, least_runs: LEAST_RUNS }
    }
}

/// A case that is being measured.
pub(crate) struct ActiveCase {
    /// Its index in the run.
    pub index: usize,
    link: Box<dyn Link + Send>,
    resident_bytes: u64,
    stopping: Stopping,
    spent: Duration,
    /// What a run took at the end of its first warm-up.
    run_ns: f64,
    /// Whether its visits tell how long threads waited for a CPU.
    waits: bool,
}

/// Whether it is to be told how long a case's threads waited for a CPU: more threads than CPUs wait for
/// each other.
pub(crate) fn tells_waiting(options: &LatencyOptions, case: &Case) -> bool {
    !options.no_yardstick && case.threads.get() <= affinity::usable(options.cpus_of(case))
}

impl ActiveCase {
    /// Starts a worker for the case, loads the model and warms it up. `None` if the user
    /// interrupted that.
    ///
    /// # Errors
    /// The outer error is the case's fault; the inner one the run's.
    pub(crate) fn begin(
        context: &mut Context<'_>,
        options: &LatencyOptions,
        index: usize,
        record: &mut CaseRecord,
    ) -> Result<Option<Self>, Result<Fault>> {
        let start = Instant::now();
        let Some(warm) = keep_warm_worker(context, options, index, record)? else {
            return Ok(None);
        };
        let replication = replication(context, options, &warm);
        let mut stopping = Stopping::new(options, replication);
        record.processes.iter().for_each(|process| stopping.warmed_up(process.warmup.ns));
        record.visits.iter().for_each(|visit| stopping.visited(visit));
        let case = &record.case;
        Ok(Some(Self {
            index,
            link: warm.link,
            resident_bytes: warm.resident_bytes,
            stopping,
            spent: start.elapsed(),
            run_ns: warm.estimate_ns,
            waits: tells_waiting(options, case),
        }))
    }

    /// What a run took at the end of its first warm-up.
    #[must_use]
    pub(crate) const fn run_seconds(&self) -> f64 {
        self.run_ns / 1e9
    }

    /// How many processes the case is spread over.
    #[must_use]
    pub(crate) const fn processes(&self) -> u32 {
        self.stopping.processes()
    }

    /// Spreads the case over at most `most` processes.
    pub(crate) fn limit_processes(&mut self, most: u32) {
        self.stopping.limit_processes(most);
    }

    /// Resident memory of the worker after loading.
    #[must_use]
    pub(crate) const fn resident_bytes(&self) -> u64 {
        self.resident_bytes
    }

    /// Time spent on the case so far, everything included.
    #[must_use]
    pub(crate) const fn spent(&self) -> Duration {
        self.spent
    }

    /// Whether the next visit belongs to a fresh process.
    #[must_use]
    pub(crate) fn process_is_due(&self) -> bool {
        self.stopping.process_is_due()
    }

    /// Makes one visit and says whether the case has enough.
    ///
    /// # Errors
    /// The outer error ends the run; the inner one is the case's fault.
    pub(crate) fn visit(
        &mut self,
        context: &mut Context<'_>,
        options: &LatencyOptions,
        size: VisitSize,
        round: u32,
        record: &mut CaseRecord,
    ) -> Result<Result<Decision, Fault>> {
        let start = Instant::now();
        let request = Request::Visit(self.next_visit(options, size));
        let visited = visited(self.link.as_mut(), &request);
        self.spent += start.elapsed();
        let visited = match visited {
            Ok(visited) => visited,
            Err(fault) => return Ok(Err(fault)),
        };
        let process = record.processes.len().saturating_sub(1) as u32;
        let visit = Visit::of(round, process, visited);
        self.stopping.visited(&visit);
        context.keep_case(record, Entry::Visit { case: self.index, visit })?;
        Ok(Ok(self.stopping.decision()))
    }

    fn next_visit(&self, options: &LatencyOptions, size: VisitSize) -> VisitPlan {
        let most_runs = self.stopping.most_runs().min(MAX_RUNS);
        // Float-to-integer casts saturate.
        VisitPlan {
            settle: true,
            least_runs: size.least_runs.min(most_runs),
            least_ns: (size.block_ms * 1e6) as u64,
            most_runs,
            yardstick: !options.no_yardstick,
            waits: self.waits,
            deadline_ns: (options.max_seconds * 1e9) as u64,
        }
    }

    /// Continues in a fresh process: the effect of a process's memory layout on latency shows only
    /// in another process. Stays in the old one if the user interrupted the start of the new one,
    /// since there will be no further visit.
    ///
    /// # Errors
    /// The outer error ends the run; the inner one is the case's fault.
    pub(crate) fn renew(
        &mut self,
        context: &mut Context<'_>,
        options: &LatencyOptions,
        record: &mut CaseRecord,
    ) -> Result<Result<(), Fault>> {
        let start = Instant::now();
        self.ask_last_questions(context, record)?;
        match keep_warm_worker(context, options, self.index, record) {
            Ok(warm) => {
                if let Some(warm) = warm {
                    self.stopping.warmed_up(warm.warmup_ns);
                    self.link = warm.link;
                    self.resident_bytes = warm.resident_bytes;
                }
                self.spent += start.elapsed();
                Ok(Ok(()))
            }
            Err(fault) => Ok(Err(fault?)),
        }
    }

    /// Memory and coverage. A worker that is lost here has been measured; what it can no longer
    /// report stays empty.
    ///
    /// # Errors
    /// Only what ends the run.
    pub(crate) fn ask_last_questions(
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

/// Time after which warm-up ends in a search, whatever its number of runs.
const SEARCH_WARMUP_NS: u64 = 20_000_000;

/// For how long runs are profiled, about, and how many are at least and at most.
const PROFILE_NS: f64 = 5e8;
const PROFILE_RUNS: (f64, f64) = (10.0, 30.0);

impl ActiveCase {
    /// What the operators take, in a pass of its own that the timed runs know nothing of. A worker
    /// that is lost in it has been measured.
    ///
    /// # Errors
    /// Only what ends the run.
    pub(crate) fn profile(
        &mut self,
        context: &mut Context<'_>,
        record: &mut CaseRecord,
    ) -> Result<()> {
        let Some(process) = record.processes.last() else { return Ok(()) };
        let inputs = sample_input::seeded(&process.loaded.inputs, context.seed());
        let last = record.visits.last().map(|visit| visit.block.latency_ns());
        let (least, most) = PROFILE_RUNS;
        let runs =
            last.and_then(|ns| statistics::median_ns(&ns)).map_or(least, |ns| PROFILE_NS / ns);
        let request = Request::Profile { runs: runs.clamp(least, most) as usize };
        let mut profile = match self.link.ask(&request, &inputs) {
            Ok((Reply::Profile(profile), _)) => profile,
            Ok((other, _)) => Box::new(OperatorProfile::without(unexpected(other).reason)),
            Err(fault) if fault.is_of_interrupt(context.interrupt()) => return Ok(()),
            Err(fault) => Box::new(OperatorProfile::without(fault.reason)),
        };
        let model = context.model(&record.case);
        let layers = FileLayers::read(&model.path, model.format);
        for node in &mut profile.nodes {
            node.layer = layers.layer_of(&node.name).unwrap_or_default().to_owned();
        }
        context.keep_case(record, Entry::Profile { case: self.index, profile })
    }
}

/// A worker at its steady state.
pub(crate) struct Warm {
    /// To ask it.
    pub(crate) link: Box<dyn Link + Send>,
    resident_bytes: u64,
    /// What a run takes.
    estimate_ns: f64,
    /// From its start to its first inference.
    loading_ns: u64,
    warmup_ns: u64,
}

/// Starts a worker, warms it up, and records the results; `None` if the user interrupted it, in
/// which case nothing is recorded.
///
/// # Errors
/// The outer error is the case's fault; the inner one the run's.
fn keep_warm_worker(
    context: &mut Context<'_>,
    options: &LatencyOptions,
    index: usize,
    record: &mut CaseRecord,
) -> Result<Option<Warm>, Result<Fault>> {
    let started_at = rfc3339(OffsetDateTime::now_utc());
    let Some((warm, process)) = warm_worker(context, options, record).map_err(Ok)? else {
        return Ok(None);
    };
    let entry = Entry::Process { case: index, started_at, process: Box::new(process) };
    context.keep_case(record, entry).map_err(Err)?;
    Ok(Some(warm))
}

/// Starts a worker and warms it up; `None` if the user interrupted that.
///
/// # Errors
/// The case's fault.
pub(crate) fn warm_worker(
    context: &Context<'_>,
    options: &LatencyOptions,
    record: &CaseRecord,
) -> Result<Option<(Warm, Process)>, Fault> {
    let started_ns = clock::now_ns();
    let case = &record.case;
    let Worker { mut link, loaded } =
        context.workers.load_batch(case, context.model(case), options.batch_of(case))?;
    run_inputs::send(context, case, &loaded, link.as_mut())?;
    let first_ns = clock::now_ns();
    let loading_ns = first_ns - started_ns;
    let first = visited(link.as_mut(), &Request::First)?.block;
    let warmup_ns = clock::now_ns();
    let mut warmup = match (options.narrowing, options.warmup) {
        // Most cases of a search are loaded in vain.
        (Some(_), Amount::Fixed(runs)) => Warmup::brief(runs, SEARCH_WARMUP_NS),
        (_, amount) => Warmup::new(amount),
    };
    let report = loop {
        match warmup.step() {
            WarmupStep::Run(_) if context.interrupted() => return Ok(None),
            WarmupStep::Run(plan) => {
                warmup.feed(&visited(link.as_mut(), &Request::Visit(plan))?.block);
            }
            WarmupStep::Done(report) => break report,
        }
    };
    let warm_ns = clock::now_ns();
    let began = Some(ProcessBegan { load_ns: started_ns, first_ns, warmup_ns, warm_ns });
    let memory = memory(link.as_mut())?;
    let first_inference_ns = first.latency_ns.first().copied().unwrap_or(first.wall_ns);
    let model_bytes = context.model(case).bytes;
    let resident_bytes = memory.map_or(model_bytes, |memory| memory.resident_bytes);
    let process = Process { loaded, first_inference_ns, warmup: report, memory, began };
    let estimate_ns = warmup.latency_ns().unwrap_or(first_inference_ns as f64);
    let warm = Warm { link, resident_bytes, estimate_ns, loading_ns, warmup_ns: report.ns };
    Ok(Some((warm, process)))
}

/// Over how many processes the case is spread, by what its first one took to load.
fn replication(context: &Context<'_>, options: &LatencyOptions, first: &Warm) -> Replication {
    let least_seconds = match options.runs {
        Amount::Fixed(count) => options.min_seconds.min(f64::from(count) * first.estimate_ns / 1e9),
        Amount::Auto => options.min_seconds,
    };
    match options.processes {
        Amount::Fixed(count) => Replication::fixed(count),
        Amount::Auto if context.header().in_turn.is_some() => {
            let of_a_case = 1 + options.scenarios.scenarios().len();
            let comparisons = context.header().cases.len() * of_a_case;
            Replication::auto_in_turn(first.loading_ns, least_seconds, comparisons)
        }
        Amount::Auto => Replication::auto(first.loading_ns, least_seconds),
    }
}

/// Asks for runs, and what they took.
///
/// # Errors
/// The case's fault.
pub(crate) fn visited(link: &mut dyn Link, request: &Request) -> Result<Visited, Fault> {
    match link.ask(request, &[])?.0 {
        Reply::Visited(visited) => Ok(*visited),
        other => Err(unexpected(other)),
    }
}

/// Memory of the worker; `None` if the system does not report it.
fn memory(link: &mut dyn Link) -> Result<Option<Memory>, Fault> {
    match link.ask(&Request::Memory, &[])?.0 {
        Reply::Memory(memory) => Ok(Some(memory)),
        Reply::Failed { .. } => Ok(None),
        other => Err(unexpected(other)),
    }
}
