//! One comparison: both sides interleaved, process after process; and the same two sides compared
//! by a mean of 50 runs.

use anyhow::{Context, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::cli::in_turn::BLOCK_MS;
use shutterbench::record::visit::Visit;
use shutterbench::stats::paired::{Comparison, Pairing};
use shutterbench::stats::stopping::LEAST_RUNS;
use shutterbench::stats::{paired, statistics};
use shutterbench::worker::visit_plan::{MAX_RUNS, VisitPlan};

use super::Arguments;
use super::side::Side;

/// Runs over which the peers take their mean (LiteRT's benchmark tool, by default).
const PEER_RUNS: u32 = 50;

/// What a comparison came to.
pub struct Outcome {
    /// By shutterbench, with the requested threshold.
    pub ours: Comparison,
    /// By the interval alone: threshold 0.
    pub strict: Comparison,
    /// Ratio of two means of 50 runs.
    pub peer_ratio: f64,
}

/// Makes one comparison.
pub fn run(arguments: &Arguments, seed: u64) -> Result<Outcome> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut base, mut new) = (Vec::new(), Vec::new());
    let rounds = arguments.seconds * 1e3 / BLOCK_MS / f64::from(arguments.processes);
    let rounds = (rounds.round() as u32).max(1);
    for process in 0..arguments.processes {
        let mut sides = start_both(arguments, rng.random())?;
        let plan = VisitPlan {
            settle: true,
            least_runs: LEAST_RUNS,
            least_ns: (BLOCK_MS * 1e6) as u64,
            most_runs: MAX_RUNS,
            yardstick: false,
            waits: false,
            deadline_ns: u64::MAX,
        };
        for round in process * rounds..(process + 1) * rounds {
            // Who comes first changes at random: the second may find a warmer
            // machine.
            let first = usize::from(rng.random::<bool>());
            for side in [first, 1 - first] {
                let visit = Visit::of(round, process, sides[side].visit(plan)?);
                if side == 0 { base.push(visit) } else { new.push(visit) }
            }
        }
    }
    let compare = |threshold| {
        paired::compare(&base, &new, Pairing::ByRound, 0.5, threshold).context("nothing was timed")
    };
    Ok(Outcome {
        ours: compare(arguments.threshold)?,
        strict: compare(0.0)?,
        peer_ratio: peer_ratio(arguments, rng.random())?,
    })
}

/// Base and new, the one or the other started first.
fn start_both(arguments: &Arguments, base_first: bool) -> Result<[Side; 2]> {
    if base_first {
        let base = Side::start(arguments, 0.0)?;
        Ok([base, Side::start(arguments, arguments.slower)?])
    } else {
        let new = Side::start(arguments, arguments.slower)?;
        Ok([Side::start(arguments, 0.0)?, new])
    }
}

/// One process after the other, warmed up as ours, a mean of 50 runs each; the base
/// first or last, since the machine may drift from the one to the other.
fn peer_ratio(arguments: &Arguments, base_first: bool) -> Result<f64> {
    let mean = |slower| -> Result<f64> {
        let block =
            Side::start(arguments, slower)?.visit(VisitPlan::only(PEER_RUNS, u64::MAX))?.block;
        let latencies: Vec<f64> = block.latency_ns.iter().map(|ns| *ns as f64).collect();
        Ok(statistics::mean(&latencies))
    };
    if base_first {
        let base = mean(0.0)?;
        Ok(mean(arguments.slower)? / base)
    } else {
        let new = mean(arguments.slower)?;
        Ok(new / mean(0.0)?)
    }
}
