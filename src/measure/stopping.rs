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
/// Share of a case's least time that loading its processes may take, in a run alone.
/// Warm-up is not charged: how long it takes is the machine's unrest, which is what
/// more processes are there for.
const LOADING_SHARE: f64 = 0.1;
/// The same in runs taken in turn, whose intervals rest on pairs of processes.
const LOADING_SHARE_IN_TURN: f64 = 0.5;
/// Most of a fixed count of runs that one block takes, as its divisor: `--runs 50` is
/// to be spread over the run's duration too.
const BLOCKS_OF_A_COUNT: u32 = 10;

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

/// Over how many processes a case is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replication {
    processes: u32,
    /// Whether processes are renewed also while warming up has taken longer than the
    /// timed blocks, as it does on a machine that never comes to rest.
    warmup_may_prevail: bool,
}

impl Replication {
    /// As many as were asked for.
    #[must_use]
    pub const fn fixed(processes: u32) -> Self {
        let processes = if processes == 0 { 1 } else { processes };
        Self { processes, warmup_may_prevail: true }
    }

    /// By the rule of `--processes auto` in a run alone: as many as are loaded within a
    /// tenth of the case's least time. `loading_ns` is what one process took from its
    /// start to its first inference.
    #[must_use]
    pub fn auto(loading_ns: u64, least_seconds: f64) -> Self {
        let processes = affordable(loading_ns, least_seconds * LOADING_SHARE);
        Self { processes, warmup_may_prevail: false }
    }

    /// The same in runs taken in turn: as many as are loaded within half of that time,
    /// whatever the machine makes of their warm-up.
    #[must_use]
    pub fn auto_in_turn(loading_ns: u64, least_seconds: f64) -> Self {
        let processes = affordable(loading_ns, least_seconds * LOADING_SHARE_IN_TURN);
        Self { processes, warmup_may_prevail: true }
    }
}

/// At most [`AUTO_PROCESSES`], and one where that is fewer than an interval over
/// processes needs.
fn affordable(loading_ns: u64, seconds: f64) -> u32 {
    // A float-to-integer cast saturates.
    let processes = ((seconds * 1e9 / loading_ns.max(1) as f64) as u32).min(AUTO_PROCESSES);
    if (processes as usize) < bootstrap::MIN_PROCESSES { 1 } else { processes }
}

/// The progress of one case.
#[derive(Debug, Clone)]
pub struct Stopping {
    runs: Amount,
    min_ns: u64,
    max_ns: u64,
    replication: Replication,
    seed: u64,
    rounds: Vec<Round>,
    runs_done: u64,
    timed_ns: u64,
    process_timed_ns: u64,
    warmup_ns: u64,
    look_at: usize,
    precise: bool,
}

impl Stopping {
    /// Begins a case.
    #[must_use]
    pub fn new(options: &LatencyOptions, replication: Replication, seed: u64) -> Self {
        Self {
            runs: options.runs,
            min_ns: seconds_to_ns(options.min_seconds),
            max_ns: seconds_to_ns(options.max_seconds),
            replication,
            seed,
            rounds: Vec::new(),
            runs_done: 0,
            timed_ns: 0,
            process_timed_ns: 0,
            warmup_ns: 0,
            look_at: bootstrap::MIN_ROUNDS,
            precise: false,
        }
    }

    /// Takes the warm-up of a process, also from the journal of a run that is resumed.
    pub fn warmed_up(&mut self, ns: u64) {
        self.warmup_ns += ns;
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
    /// count, never more than its process is short of, nor than a tenth of all.
    #[must_use]
    pub fn next_runs(&self, block_runs: u32) -> u32 {
        match self.runs {
            Amount::Auto => block_runs,
            Amount::Fixed(count) => {
                let share = self.share_of(count);
                let left_of_share = share - self.runs_done % share;
                let missing = u64::from(count).saturating_sub(self.runs_done);
                let most = left_of_share.min(missing);
                let most = u32::try_from(most).unwrap_or(u32::MAX);
                block_runs.min(count.div_ceil(BLOCKS_OF_A_COUNT)).min(most)
            }
        }
    }

    /// Whether the case's process has had its share of the least time and the
    /// next visit belongs to a new one. Renewal goes on past the least time.
    #[must_use]
    pub fn process_is_due(&self) -> bool {
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

    /// Runs of each process where `count` are asked for in all.
    fn share_of(&self, count: u32) -> u64 {
        u64::from(count).div_ceil(u64::from(self.replication.processes)).max(1)
    }

    /// How many processes the case is spread over.
    #[must_use]
    pub const fn processes(&self) -> u32 {
        self.replication.processes
    }

    /// Spreads the case over no more than `most` processes.
    pub fn limit_processes(&mut self, most: u32) {
        self.replication.processes = self.replication.processes.min(most).max(1);
    }

    /// Time in timed blocks so far.
    #[must_use]
    pub const fn timed_ns(&self) -> u64 {
        self.timed_ns
    }

    fn has_the_least(&self) -> bool {
        self.runs_done >= MIN_RUNS
            && self.timed_ns >= self.min_ns
            && self.process_count() >= u64::from(self.replication.processes)
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
        let mut stopping = Stopping::new(&options(runs), Replication::fixed(processes), 1);
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

    /// Blocks of a fixed count, each with its process.
    fn blocks_of(count: u32, processes: u32, block_runs: u32) -> Vec<(u32, u32)> {
        let replication = Replication::fixed(processes);
        let mut stopping = Stopping::new(&options(Amount::Fixed(count)), replication, 1);
        let (mut blocks, mut process) = (Vec::new(), 0);
        while stopping.decision() == Decision::More {
            process += u32::from(stopping.process_is_due());
            let runs = stopping.next_runs(block_runs);
            stopping.visited(&visit(blocks.len(), process, vec![1; runs as usize]));
            blocks.push((process, runs));
        }
        assert_eq!(stopping.decision(), Decision::Enough(Reason::Counted));
        assert_eq!(blocks.iter().map(|(_, runs)| runs).sum::<u32>(), count);
        blocks
    }

    #[test]
    fn a_fixed_count_is_kept_exactly_and_spread_over_rounds() {
        assert_eq!(blocks_of(50, 1, 150), [(0, 5); 10]);
        assert_eq!(blocks_of(3, 1, 150), [(0, 1); 3]);
        // A block that takes 50 ms holds fewer runs than a tenth.
        assert_eq!(blocks_of(70, 1, 4).len(), 18);
    }

    #[test]
    fn a_fixed_count_is_spread_over_as_many_processes_as_asked_for() {
        for (count, processes, block_runs) in [(50, 5, 150), (100, 20, 50), (40, 8, 2), (3, 5, 9)] {
            let blocks = blocks_of(count, processes, block_runs);
            let seen = blocks.last().unwrap().0 + 1;
            assert_eq!(seen, processes.min(count), "{blocks:?}");
            for process in 0..seen {
                let of_it = blocks.iter().filter(|(it, _)| *it == process);
                let runs: u32 = of_it.map(|(_, runs)| runs).sum();
                assert_eq!(runs, count.div_ceil(processes), "{blocks:?}");
            }
        }
    }

    #[test]
    fn processes_are_renewed_evenly() {
        let steady = Series { rounds: 500, run_deviation: 0.01, ..Series::default() };
        let (reason, rounds, processes) = drive(Amount::Auto, 5, steady);
        assert_eq!((reason, processes), (Reason::Precise, 5));
        assert!((10..16).contains(&rounds), "{rounds}");
        assert_eq!(drive(Amount::Fixed(400), 4, steady), (Reason::Counted, 12, 4));
        assert_eq!(drive(Amount::Fixed(400), 1, steady).2, 1);
    }

    #[test]
    fn a_slow_case_is_bounded_by_the_most_time() {
        let mut stopping = Stopping::new(&options(Amount::Auto), Replication::fixed(1), 1);
        stopping.visited(&visit(0, 0, vec![3_000_000_000]));
        assert_eq!(stopping.decision(), Decision::More);
        stopping.visited(&visit(1, 0, vec![3_000_000_000]));
        assert_eq!(stopping.decision(), Decision::Enough(Reason::TimeUsed));
    }

    #[test]
    fn auto_takes_as_many_processes_as_load_quickly() {
        let alone = |ns| Replication::auto(ns, 0.5).processes;
        assert_eq!([0, 1_000_000, 10_000_000, 11_000_000].map(alone), [20, 20, 5, 1]);
        let in_turn = |ns| Replication::auto_in_turn(ns, 5.0).processes;
        assert_eq!([125_000_000, 500_000_000, 501_000_000].map(in_turn), [20, 5, 1]);
    }

    #[test]
    fn on_a_machine_without_rest_warm_up_does_not_take_most_of_the_time() {
        let due = |replication| {
            let mut stopping = Stopping::new(&options(Amount::Auto), replication, 1);
            stopping.warmed_up(1_000_000_000);
            let mut visits = 0;
            while !stopping.process_is_due() {
                stopping.visited(&visit(visits, 0, vec![1_000_000; 50]));
                visits += 1;
            }
            visits
        };
        assert_eq!(due(Replication::auto(1_000_000, 0.5)), 20);
        // Runs taken in turn rest on their pairs of processes.
        assert_eq!(due(Replication::auto_in_turn(1_000_000, 0.5)), 1);
        assert_eq!(due(Replication::fixed(20)), 1);
    }
}
