//! Two runs made at different times: the ratio of their medians, and how sure it is.
//!
//! What the machine did between the runs is in that ratio. With the yardstick it is taken
//! out again: each visit's latencies are divided by what the yardstick took beside them, and
//! only visits that nothing disturbed count ([`crate::stats::disturbance`]). Without it, the
//! machine is taken to have changed between the runs as much as it did within them.
//!
//! The interval is Welch's ('The Generalization of Student's Problem', Biometrika 34, 1947)
//! of the two estimates.

use crate::record::visit::Visit;
use crate::stats::disturbance::{Disturbance, Reading};
use crate::stats::estimate::{Estimate, estimate};
use crate::stats::round::{Round, pooled_median};

/// The share of disturbed visits beyond which a run is none to compare with another one.
const MOSTLY: f64 = 0.5;

/// New over base, in logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UnpairedDifference {
    /// The logarithm of the ratio.
    pub log_ratio: f64,
    /// How sure it is; absent with too few rounds.
    pub estimate: Option<Estimate>,
    /// Rounds of the side that has fewer.
    pub rounds: usize,
    /// Processes of the side that has fewer.
    pub processes: usize,
}

/// Of the latencies as they are. `None` where a side has none.
#[must_use]
pub(crate) fn of_latencies(base: &[Visit], new: &[Visit]) -> Option<UnpairedDifference> {
    between(&latencies(base), &latencies(new), MachineDrift::MayHaveChanged)
}

/// Of the latencies over what the yardstick took beside them. `None` where a side has none,
/// or was measured without the yardstick.
#[must_use]
pub(crate) fn by_yardstick(base: &[Visit], new: &[Visit]) -> Option<UnpairedDifference> {
    between(&over_yardstick(base)?, &over_yardstick(new)?, MachineDrift::TakenOut)
}

/// The logarithm of a case's median in yardsticks: two of them differ by what [`by_yardstick`] says
/// of their visits. `None` without visits, or of ones without the yardstick.
#[must_use]
#[cfg(feature = "history")]
pub(crate) fn log_in_yardsticks(visits: &[Visit]) -> Option<f64> {
    pooled_median(&over_yardstick(visits)?)
}

/// The rounds of visits: logarithms of their latencies.
pub(crate) fn latencies(visits: &[Visit]) -> Vec<Round> {
    let round = |visit: &Visit| Round::of_latencies(visit.process, &visit.block.latency_ns());
    visits.iter().map(round).collect()
}

/// Whether so many of a case's visits were disturbed that two runs do not tell of it: compilers
/// beside one of them have made the same program look 8% faster by the yardstick.
#[must_use]
pub(crate) fn is_mostly_disturbed(visits: &[Visit]) -> bool {
    let readings: Vec<Reading> = visits.iter().map(Reading::from).collect();
    Disturbance::of(&readings).share.is_some_and(|share| share > MOSTLY)
}

/// The rounds of the visits that nothing disturbed, as multiples of the yardstick.
fn over_yardstick(visits: &[Visit]) -> Option<Vec<Round>> {
    let readings: Vec<Reading> = visits.iter().map(Reading::from).collect();
    let counts = Disturbance::of(&readings).counts;
    let counted = visits.iter().zip(counts).filter(|(_, counts)| *counts);
    counted
        .map(|(visit, _)| {
            let [before, after] = visit.yardstick_ns?.map(|ns| (ns.max(1) as f64).ln());
            let mut round = Round::of_latencies(visit.process, &visit.block.latency_ns());
            round.points.iter_mut().for_each(|point| *point -= f64::midpoint(before, after));
            Some(round)
        })
        .collect()
}

/// How many processes the rounds are of.
pub(crate) fn processes(rounds: &[Round]) -> usize {
    let mut known: Vec<u32> = rounds.iter().map(|round| round.process).collect();
    known.sort_unstable();
    known.dedup();
    known.len()
}

/// What of the machine between the two runs is in their ratio.
#[derive(Clone, Copy, PartialEq)]
enum MachineDrift {
    TakenOut,
    MayHaveChanged,
}

fn between(base: &[Round], new: &[Round], machine: MachineDrift) -> Option<UnpairedDifference> {
    Some(UnpairedDifference {
        log_ratio: pooled_median(new)? - pooled_median(base)?,
        estimate: estimate(base).zip(estimate(new)).map(|(old, new)| welch(&old, &new, machine)),
        rounds: base.len().min(new.len()),
        processes: processes(base).min(processes(new)),
    })
}

/// Where the machine may have changed between the runs, it is by as much as the units of
/// either: a standard error, which shrinks with their number, does not know that.
fn welch(base: &Estimate, new: &Estimate, machine: MachineDrift) -> Estimate {
    let variance = |it: &Estimate| {
        let between = if machine == MachineDrift::TakenOut { 0.0 } else { it.unit_deviation };
        it.standard_error.powi(2) + between.powi(2)
    };
    let (a, b) = (variance(base), variance(new));
    let spread = a * a / base.degrees + b * b / new.degrees;
    Estimate {
        value: new.value - base.value,
        standard_error: (a + b).sqrt(),
        degrees: if spread > 0.0 { (a + b).powi(2) / spread } else { base.degrees },
        unit_deviation: base.unit_deviation.max(new.unit_deviation),
    }
}

#[cfg(test)]
#[path = "unpaired_tests.rs"]
mod tests;
