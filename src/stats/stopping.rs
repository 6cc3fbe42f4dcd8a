//! When a case has been measured enough, and when its process is renewed.

use serde::{Deserialize, Serialize};

use crate::record::options::{Amount, LatencyOptions, Tail};
use crate::record::timed_runs::TimedRuns;
use crate::record::visit::Visit;
use crate::stats::disturbance::{Disturbance, Reading};
use crate::stats::estimate;
use crate::stats::round::Round;
use crate::stats::tail::Grouped;
use crate::stats::{holm, signed_rank};

/// Fewest timed runs with `--runs auto`.
pub(crate) const MIN_RUNS: u64 = 30;
/// The 95% interval of the median is narrow enough within -/+ this share.
pub(crate) const PRECISION: f64 = 0.01;
/// The interval of a tail, if one is requested, is narrow enough within -/+ this share: tails
/// scatter more, and limits are rarely closer.
pub(crate) const TAIL_PRECISION: f64 = 0.05;
/// The interval is computed again after this factor of more rounds: each check is a chance to stop
/// on a lucky one.
const LOOK_AGAIN: f64 = 1.1;
/// Looks in a row that have to find it narrow enough: at one look it may be so because the
/// rounds happened to agree, and then it holds the median more seldom than it says.
const PRECISE_LOOKS: u32 = 2;
/// Minimum processes that `--processes auto` takes, if it takes several: with fewer, Student's t
/// is wide.
const MIN_PROCESSES: u32 = 5;
/// Maximum processes that `--processes auto` takes.
pub const AUTO_PROCESSES: u32 = 20;
/// Share of a case's least time that loading its processes may take, in a run alone. Warm-up is not
/// counted: it takes long when the machine is unsteady, which is when more processes help.
const LOADING_SHARE: f64 = 0.1;
/// The same in runs interleaved, whose intervals rest on pairs of processes.
const LOADING_SHARE_IN_TURN: f64 = 0.5;
/// Divisor of a fixed count of runs that gives the maximum for one visit: `--runs 50` is spread
/// over the run's duration too.
const VISITS_OF_A_COUNT: u32 = 10;
/// Minimum number of timed runs of a visit.
pub const LEAST_RUNS: u32 = 5;

/// Whether a case continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Visit it again.
    More,
    /// It has enough.
    Enough(Reason),
}

/// Why a case has enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Reason {
    /// As many runs as were requested.
    Counted,
    /// The interval of the median is narrow enough.
    Precise,
    /// Its maximum time is used.
    TimeUsed,
}

/// Over how many processes a case is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replication {
    processes: u32,
    /// Whether processes are renewed also while warming up has taken longer than the
    /// timed runs, as it does on a machine that never comes to rest.
    warmup_may_prevail: bool,
}

impl Replication {
    /// As many as were requested.
    #[must_use]
    pub(crate) const fn fixed(processes: u32) -> Self {
        let processes = if processes == 0 { 1 } else { processes };
        Self { processes, warmup_may_prevail: true }
    }

    /// By the rule of `--processes auto` in a run alone: as many as are loaded within a tenth of
    /// the case's least time. `loading_ns` is the time of one process from its start to its first
    /// inference.
    #[must_use]
    pub(crate) fn auto(loading_ns: u64, least_seconds: f64) -> Self {
        let processes = affordable(loading_ns, least_seconds * LOADING_SHARE);
        Self { processes, warmup_may_prevail: false }
    }

    /// The same in interleaved runs: as many as are loaded within half of that time, whatever the
    /// machine makes of their warm-up; or as many as it takes to find a change in one of
    /// `comparisons` cases, if those are loaded within that time.
    #[must_use]
    pub(crate) fn auto_in_turn(loading_ns: u64, least_seconds: f64, comparisons: usize) -> Self {
        let processes = affordable(loading_ns, least_seconds * LOADING_SHARE_IN_TURN);
        let needed = signed_rank::least_differences(comparisons, holm::LEVEL);
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        let possible = affordable(loading_ns, least_seconds);
        let processes = if possible >= needed { processes.max(needed) } else { processes };
        Self { processes, warmup_may_prevail: true }
    }
}

/// At most [`AUTO_PROCESSES`], and one where that is fewer than an interval over
/// processes needs.
fn affordable(loading_ns: u64, seconds: f64) -> u32 {
    // A float-to-integer cast saturates.
    let processes = ((seconds * 1e9 / loading_ns.max(1) as f64) as u32).min(AUTO_PROCESSES);
    if processes < MIN_PROCESSES { 1 } else { processes }
}

/// Per visit, its process and its runs.
type RunsByProcess = Vec<(u32, TimedRuns)>;

/// The progress of one case.
#[derive(Debug, Clone)]
pub(crate) struct Stopping {
    runs: Amount,
    min_ns: u64,
    max_ns: u64,
    replication: Replication,
    rounds: Vec<Round>,
    /// What each of them tells of the machine.
    readings: Vec<Reading>,
    /// The tail that has to be known, and what is kept for it.
    tail: Option<(Tail, RunsByProcess)>,
    runs_done: u64,
    timed_ns: u64,
    process_timed_ns: u64,
    warmup_ns: u64,
    look_at: usize,
    /// Looks in a row at which the interval was narrow enough.
    precise_looks: u32,
}

impl Stopping {
    /// Begins a case.
    #[must_use]
    pub(crate) fn new(options: &LatencyOptions, replication: Replication) -> Self {
        Self {
            runs: options.runs,
            min_ns: seconds_to_ns(options.min_seconds),
            max_ns: seconds_to_ns(options.max_seconds),
            replication,
            rounds: Vec::new(),
            readings: Vec::new(),
            tail: options.tail.map(|tail| (tail, Vec::new())),
            runs_done: 0,
            timed_ns: 0,
            process_timed_ns: 0,
            warmup_ns: 0,
            look_at: estimate::MIN_ROUNDS,
            precise_looks: 0,
        }
    }

    /// Takes the warm-up of a process, also from the journal of a run that is resumed.
    pub(crate) fn warmed_up(&mut self, ns: u64) {
        self.warmup_ns += ns;
    }

    /// Takes a visit, also one from the journal of a run that is resumed.
    pub(crate) fn visited(&mut self, visit: &Visit) {
        if self.rounds.last().is_some_and(|last| last.process != visit.process) {
            self.process_timed_ns = 0;
        }
        self.rounds.push(Round::of_latencies(visit.process, &visit.block.latency_ns()));
        self.readings.push(visit.into());
        if let Some((_, runs)) = &mut self.tail {
            runs.push((visit.process, visit.block.clone()));
        }
        self.runs_done += visit.block.runs() as u64;
        self.timed_ns += visit.block.wall_ns;
        self.process_timed_ns += visit.block.wall_ns;
        if self.runs == Amount::Auto && self.has_the_least() && self.rounds.len() >= self.look_at {
            self.precise_looks =
                if self.is_precise() && self.knows_the_tail() { self.precise_looks + 1 } else { 0 };
            self.look_at = (self.rounds.len() as f64 * LOOK_AGAIN).ceil() as usize;
        }
    }

    /// Whether to visit the case again.
    #[must_use]
    pub(crate) fn decision(&self) -> Decision {
        match self.runs {
            Amount::Fixed(count) if self.runs_done >= u64::from(count) => {
                Decision::Enough(Reason::Counted)
            }
            Amount::Fixed(_) => Decision::More,
            Amount::Auto if self.precise_looks >= PRECISE_LOOKS => {
                Decision::Enough(Reason::Precise)
            }
            Amount::Auto if self.timed_ns >= self.max_ns && self.runs_done > 0 => {
                Decision::Enough(Reason::TimeUsed)
            }
            Amount::Auto => Decision::More,
        }
    }

    /// Most timed runs of the next visit: with a fixed count, never more than its process
    /// is short of, nor than a tenth of all where that leaves a visit its least.
    #[must_use]
    pub(crate) fn most_runs(&self) -> u32 {
        match self.runs {
            Amount::Auto => u32::MAX,
            Amount::Fixed(count) => {
                let share = self.share_of(count);
                let left_of_share = share - self.runs_done % share;
                let missing = u64::from(count).saturating_sub(self.runs_done);
                let most = left_of_share.min(missing);
                let most = u32::try_from(most).unwrap_or(u32::MAX);
                count.div_ceil(VISITS_OF_A_COUNT).max(LEAST_RUNS).min(most)
            }
        }
    }

    /// Whether the case's process has had its share of the least time and the next visit belongs to
    /// a new one. Renewal continues past the minimum time.
    #[must_use]
    pub(crate) fn process_is_due(&self) -> bool {
        let Replication { processes, warmup_may_prevail } = self.replication;
        if processes <= 1 || self.rounds.is_empty() {
            return false;
        }
        if !warmup_may_prevail && self.warmup_ns > self.timed_ns {
            return false;
        }
        match self.runs {
            Amount::Auto => self.process_timed_ns >= self.min_ns / u64::from(processes),
            Amount::Fixed(count) => self.runs_done / self.share_of(count) >= self.process_count(),
        }
    }

    /// Runs of each process if `count` are requested in total.
    fn share_of(&self, count: u32) -> u64 {
        u64::from(count).div_ceil(u64::from(self.replication.processes)).max(1)
    }

    /// How many processes the case is spread over.
    #[must_use]
    pub(crate) const fn processes(&self) -> u32 {
        self.replication.processes
    }

    /// Spreads the case over at most `most` processes.
    pub(crate) fn limit_processes(&mut self, most: u32) {
        self.replication.processes = self.replication.processes.min(most).max(1);
    }

    fn has_the_least(&self) -> bool {
        self.runs_done >= MIN_RUNS
            && self.timed_ns >= self.min_ns
            && self.process_count() >= u64::from(self.replication.processes)
    }

    fn process_count(&self) -> u64 {
        self.rounds.chunk_by(|a, b| a.process == b.process).count() as u64
    }

    /// Whether the interval of the requested tail is narrow enough.
    fn knows_the_tail(&self) -> bool {
        let Some((tail, runs)) = &self.tail else { return true };
        let runs: Vec<(u32, Vec<u64>)> =
            runs.iter().map(|(process, runs)| (*process, runs.latency_ns())).collect();
        let runs = runs.iter().map(|(process, runs)| (*process, runs.as_slice()));
        let interval = Grouped::of(runs).interval(tail.probability());
        interval.is_some_and(|interval| {
            (interval.high / interval.low).ln() / 2.0 <= TAIL_PRECISION.ln_1p()
        })
    }

    fn is_precise(&self) -> bool {
        let counts = Disturbance::of(&self.readings).counts;
        let counted = self.rounds.iter().zip(counts).filter(|(_, counts)| *counts);
        let counted: Vec<Round> = counted.map(|(round, _)| round.clone()).collect();
        estimate::estimate(&counted).is_some_and(|estimate| {
            let interval = estimate.interval();
            (interval.high - interval.low) / 2.0 <= PRECISION.ln_1p()
        })
    }
}

fn seconds_to_ns(seconds: f64) -> u64 {
    // A float-to-integer cast saturates; negative values become 0.
    (seconds * 1e9) as u64
}

#[cfg(test)]
#[path = "stopping_tests.rs"]
mod tests;
