//! Latencies made up for tests, with a median that is known.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::stats::round::Round;

/// Log-normal latencies: each process, each round and each run adds its own
/// normal deviation to the logarithm; rounds and runs follow a first-order
/// autoregression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series {
    /// Processes.
    pub processes: usize,
    /// Rounds of each process.
    pub rounds: usize,
    /// Runs of each round.
    pub runs: usize,
    /// Standard deviation of what a process adds to the logarithm.
    pub process_deviation: f64,
    /// Of what a round adds.
    pub round_deviation: f64,
    /// Correlation of a round with the next.
    pub round_correlation: f64,
    /// Standard deviation of what a run adds.
    pub run_deviation: f64,
    /// Correlation of a run with the next, across rounds.
    pub run_correlation: f64,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            processes: 1,
            rounds: 40,
            runs: 50,
            process_deviation: 0.0,
            round_deviation: 0.0,
            round_correlation: 0.0,
            run_deviation: 0.05,
            run_correlation: 0.5,
        }
    }
}

impl Series {
    /// The true median: 1 ms.
    pub(crate) fn true_log_median(&self) -> f64 {
        1e6_f64.ln()
    }

    /// Process and latencies of each round.
    pub(crate) fn latencies(&self, seed: u64) -> Vec<(u32, Vec<u64>)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut of_round = normal(&mut rng);
        let mut of_run = normal(&mut rng);
        let mut all = Vec::new();
        for process in 0..self.processes as u32 {
            let of_process = self.process_deviation * normal(&mut rng);
            for _ in 0..self.rounds {
                of_round = follow(of_round, self.round_correlation, &mut rng);
                let level = self.true_log_median() + of_process + self.round_deviation * of_round;
                let run = |_| {
                    of_run = follow(of_run, self.run_correlation, &mut rng);
                    (level + self.run_deviation * of_run).exp().round() as u64
                };
                all.push((process, (0..self.runs).map(run).collect()));
            }
        }
        all
    }

    /// The same as rounds.
    pub(crate) fn rounds(&self, seed: u64) -> Vec<Round> {
        self.latencies(seed)
            .into_iter()
            .map(|(process, latency_ns)| Round::of_latencies(process, &latency_ns))
            .collect()
    }
}

fn follow(last: f64, correlation: f64, rng: &mut ChaCha8Rng) -> f64 {
    correlation * last + (1.0 - correlation * correlation).sqrt() * normal(rng)
}

/// A standard normal value (Box and Muller, 1958).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
