//! When a case has been measured enough, and when its process is renewed.

use serde::{Deserialize, Serialize};

use super::bootstrap::{self, Round};
use crate::run::record::Visit;
use crate::suite::{Amount, LatencyOptions};

/// Fewest timed runs with `--runs auto`.
pub const MIN_RUNS: u64 = 30;
/// The 95% interval of the median is narrow enough within -/+ this share.
pub const PRECISION: f64 = 0.01;
/// The interval is computed again after so many times more rounds: each look
/// is a chance to stop on a lucky one, and costs a bootstrap.
const LOOK_AGAIN: f64 = 1.1;
/// Most processes that `--processes auto` takes.
pub const AUTO_PROCESSES: u32 = 20;
/// Share of a case's least time that starting its processes may take.
const STARTING_SHARE: f64 = 0.1;

/// Whether a case goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Visit it again.
    More,
    /// It has enough.
    Enough(Reason),
}

/// Why a case has enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// As many runs as were asked for.
    Counted,
    /// The interval of the median is narrow enough.
    Precise,
    /// The most time that it may take is used.
    TimeUsed,
}

/// The progress of one case.
#[derive(Debug, Clone)]
pub struct Stopping {
    runs: Amount,
    min_ns: u64,
    max_ns: u64,
    processes: u32,
    seed: u64,
    rounds: Vec<Round>,
    runs_done: u64,
    timed_ns: u64,
    process_timed_ns: u64,
    look_at: usize,
    precise: bool,
}

impl Stopping {
    /// Begins a case that is spread over `processes` processes (see
    /// [`auto_processes`] for `--processes auto`).
    #[must_use]
    pub fn new(options: &LatencyOptions, processes: u32, seed: u64) -> Self {
        Self {
            runs: options.runs,
            min_ns: seconds_to_ns(options.min_seconds),
            max_ns: seconds_to_ns(options.max_seconds),
            processes: processes.max(1),
            seed,
            rounds: Vec::new(),
            runs_done: 0,
            timed_ns: 0,
            process_timed_ns: 0,
            look_at: bootstrap::MIN_ROUNDS,
            precise: false,
        }
    }

    /// Takes a visit, also one from the journal of a run that is resumed.
    pub fn visited(&mut self, visit: &Visit) {
        if self.rounds.last().is_some_and(|last| last.process != visit.process) {
            self.process_timed_ns = 0;
        }
        self.rounds.push(Round::of_latencies(visit.process, &visit.block.latency_ns));
        self.runs_done += visit.block.latency_ns.len() as u64;
        self.timed_ns += visit.block.wall_ns;
        self.process_timed_ns += visit.block.wall_ns;
        if self.runs == Amount::Auto && self.has_the_least() && self.rounds.len() >= self.look_at {
            self.precise = self.is_precise();
            self.look_at = (self.rounds.len() as f64 * LOOK_AGAIN).ceil() as usize;
        }
    }

    /// Whether to visit the case again.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self.runs {
            Amount::Fixed(count) if self.runs_done >= u64::from(count) => {
                Decision::Enough(Reason::Counted)
            }
            Amount::Fixed(_) => Decision::More,
            Amount::Auto if self.precise => Decision::Enough(Reason::Precise),
            Amount::Auto if self.timed_ns >= self.max_ns && self.runs_done > 0 => {
                Decision::Enough(Reason::TimeUsed)
            }
            Amount::Auto => Decision::More,
        }
    }

    /// Runs in the next block, of `block_runs` that fill one: with a fixed
    /// count, never more than are missing.
    #[must_use]
    pub fn next_runs(&self, block_runs: u32) -> u32 {
        match self.runs {
            Amount::Auto => block_runs,
            Amount::Fixed(count) => {
                let missing = u64::from(count).saturating_sub(self.runs_done);
                block_runs.min(u32::try_from(missing).unwrap_or(u32::MAX))
            }
        }
    }

    /// Whether the case's process has had its share of the least time and the
    /// next visit belongs to a new one. Renewal goes on past the least time.
    #[must_use]
    pub fn process_is_due(&self) -> bool {
        if self.processes <= 1 || self.rounds.is_empty() {
            return false;
        }
        match self.runs {
            Amount::Auto => self.process_timed_ns >= self.min_ns / u64::from(self.processes),
            Amount::Fixed(count) => {
                let share = u64::from(count).div_ceil(u64::from(self.processes));
                self.runs_done / share.max(1) >= self.process_count()
            }
        }
    }

    /// Time in timed blocks so far.
    #[must_use]
    pub const fn timed_ns(&self) -> u64 {
        self.timed_ns
    }

    fn has_the_least(&self) -> bool {
        self.runs_done >= MIN_RUNS
            && self.timed_ns >= self.min_ns
            && self.process_count() >= u64::from(self.processes)
    }

    fn process_count(&self) -> u64 {
        self.rounds.chunk_by(|a, b| a.process == b.process).count() as u64
    }

    fn is_precise(&self) -> bool {
        bootstrap::estimate(&self.rounds, self.seed).is_some_and(|estimate| {
            let interval = estimate.interval();
            (interval.high - interval.low) / 2.0 <= PRECISION.ln_1p()
        })
    }
}

/// How many processes `--processes auto` spreads a case over: as many as start
/// within a tenth of the case's least time, at most [`AUTO_PROCESSES`], and one
/// where that is fewer than an interval over processes needs.
/// `starting_ns` is what one process took from its start to its first block.
#[must_use]
pub fn auto_processes(starting_ns: u64, min_seconds: f64) -> u32 {
    let affordable = min_seconds * 1e9 * STARTING_SHARE / (starting_ns.max(1) as f64);
    let processes = (affordable as u32).min(AUTO_PROCESSES);
    if (processes as usize) < bootstrap::MIN_PROCESSES { 1 } else { processes }
}

fn seconds_to_ns(seconds: f64) -> u64 {
    // A float-to-integer cast saturates; negative values become 0.
    (seconds * 1e9) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::simulated::Series;
    use crate::suite::Order;
    use crate::worker::protocol::Block;

    fn options(runs: Amount) -> LatencyOptions {
        LatencyOptions {
            batch: std::num::NonZeroUsize::MIN,
            warmup: Amount::Auto,
            runs,
            min_seconds: 0.5,
            max_seconds: 5.0,
            block_ms: 50.0,
            order: Order::Interleaved,
            cooldown_seconds: 0.0,
            care: crate::host::care::Care::default(),
            processes: Amount::Auto,
            affinity: vec![],
            budget_ms: None,
        }
    }

    fn visit(round: usize, process: u32, latency_ns: Vec<u64>) -> Visit {
        let wall_ns = latency_ns.iter().sum();
        let block =
            Block { at_ns: vec![0; latency_ns.len()], latency_ns, cpu_ns: wall_ns, wall_ns };
        Visit { round: round as u32, process, block, mhz: None }
    }

    /// Visits until the rule is satisfied: why, rounds, and processes.
    fn drive(runs: Amount, processes: u32, series: Series) -> (Reason, usize, u32) {
        let mut stopping = Stopping::new(&options(runs), processes, 1);
        let mut process = 0;
        for (round, (_, latencies)) in series.latencies(7).into_iter().enumerate() {
            if stopping.process_is_due() {
                process += 1;
            }
            let take = stopping.next_runs(latencies.len() as u32) as usize;
            stopping.visited(&visit(round, process, latencies[..take].to_vec()));
            if let Decision::Enough(reason) = stopping.decision() {
                return (reason, round + 1, process + 1);
            }
        }
        panic!("never enough");
    }

    #[test]
    fn a_steady_case_stops_after_the_least_time() {
        // Runs of 1 ms, 50 a block: the least time is ten rounds.
        let steady = Series { rounds: 500, run_deviation: 0.01, ..Series::default() };
        let (reason, rounds, processes) = drive(Amount::Auto, 1, steady);
        assert_eq!((reason, processes), (Reason::Precise, 1));
        assert!((10..=11).contains(&rounds), "{rounds}");
    }

    #[test]
    fn a_noisy_case_goes_on_until_its_time_is_used() {
        let noisy = Series { rounds: 500, round_deviation: 0.3, ..Series::default() };
        let (reason, rounds, _) = drive(Amount::Auto, 1, noisy);
        assert_eq!(reason, Reason::TimeUsed);
        assert!((60..140).contains(&rounds), "{rounds} rounds of about 50 ms in 5 s");
        let middling = Series { rounds: 500, round_deviation: 0.02, ..Series::default() };
        let (reason, rounds, _) = drive(Amount::Auto, 1, middling);
        assert_eq!(reason, Reason::Precise);
        assert!((11..100).contains(&rounds), "{rounds}");
    }

    #[test]
    fn a_fixed_count_is_kept_exactly() {
        let mut stopping = Stopping::new(&options(Amount::Fixed(70)), 1, 1);
        assert_eq!((stopping.decision(), stopping.next_runs(50)), (Decision::More, 50));
        stopping.visited(&visit(0, 0, vec![1; 50]));
        assert_eq!((stopping.decision(), stopping.next_runs(50)), (Decision::More, 20));
        stopping.visited(&visit(1, 0, vec![1; 20]));
        assert_eq!(stopping.decision(), Decision::Enough(Reason::Counted));
        assert_eq!(stopping.next_runs(50), 0);
    }

    #[test]
    fn processes_are_renewed_evenly() {
        let steady = Series { rounds: 500, run_deviation: 0.01, ..Series::default() };
        let (reason, rounds, processes) = drive(Amount::Auto, 5, steady);
        assert_eq!((reason, processes), (Reason::Precise, 5));
        assert!((10..16).contains(&rounds), "{rounds}");
        assert_eq!(drive(Amount::Fixed(400), 4, steady), (Reason::Counted, 8, 4));
        assert_eq!(drive(Amount::Fixed(400), 1, steady).2, 1);
    }

    #[test]
    fn a_slow_case_is_bounded_by_the_most_time() {
        let mut stopping = Stopping::new(&options(Amount::Auto), 1, 1);
        stopping.visited(&visit(0, 0, vec![3_000_000_000]));
        assert_eq!(stopping.decision(), Decision::More);
        stopping.visited(&visit(1, 0, vec![3_000_000_000]));
        assert_eq!(stopping.decision(), Decision::Enough(Reason::TimeUsed));
    }

    #[test]
    fn auto_takes_as_many_processes_as_start_quickly() {
        assert_eq!(auto_processes(1_000_000, 0.5), 20);
        assert_eq!(auto_processes(10_000_000, 0.5), 5);
        assert_eq!(auto_processes(11_000_000, 0.5), 1);
        assert_eq!(auto_processes(0, 0.5), 20);
    }
}
