//! A case in a search: its visits, and how its latency compares with another's.
//!
//! The cases of a round are paired, as in [`crate::stats::paired`]: what slows the machine
//! slows the neighbours of a round alike. Each round gives the ratio of a case's latency per
//! image to the leader's; their interval is that of [`crate::stats::signed_rank`].
//!
//! Not everything cancels: where two threads have to share a core for a while, a case with one
//! thread is spared, and of two cases with two threads one suffers more than the other. So only
//! the calmest rounds tell, those in which all cases together were nearest to their best.

use crate::stats::signed_rank;
use crate::stats::statistics;

/// The part of a visit's runs that counts as quick: something else that takes a CPU spares some.
const QUICK: f64 = 0.1;
/// The part of a case's visits that counts as its best.
const BEST_VISITS: f64 = 0.1;
/// By what logarithm of its best a visit can count against a round at most: a stall of one case
/// says little of the others.
const MOST_EXCESS: f64 = std::f64::consts::LN_2;
/// Fewest rounds that tell, if there are as many: an interval takes six.
const LEAST_ROUNDS: usize = 8;

/// Maximum number of batches that rounds are joined to.
const BATCHES: usize = 40;

/// A case in the contest.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Contender {
    /// By round: the logarithm of the visit's median latency per image.
    points: Vec<(u32, f64)>,
    /// The same of the quick runs of its best visit.
    quickest: Option<f64>,
    /// How many runs there were.
    runs: usize,
}

/// A case's latency per image over the leader's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PairedRatio {
    /// The median over the rounds.
    pub ratio: f64,
    /// Its 95% interval; with fewer rounds than that takes, the least and the greatest.
    pub ends: (f64, f64),
    /// The same of the quick runs of either's best visit: what it may be if something else took
    /// the CPUs in most of the others.
    pub quick: f64,
    /// Whether `ends` are an interval.
    pub is_sure: bool,
}

impl Contender {
    /// Takes the latencies of a visit in `round`, in ascending order, of runs of `images`.
    pub(crate) fn visited(&mut self, round: u32, sorted_ns: &[f64], images: f64) {
        let log = |probability: f64| {
            Some((statistics::quantile(sorted_ns, probability)?.max(1.0) / images).ln())
        };
        let (Some(median), Some(quick)) = (log(0.5), log(QUICK)) else { return };
        self.points.push((round, median));
        self.runs += sorted_ns.len();
        self.quickest = Some(self.quickest.map_or(quick, |known| known.min(quick)));
    }

    /// How many visits there were.
    #[must_use]
    pub(crate) fn visits(&self) -> usize {
        self.points.len()
    }

    /// How many runs there were.
    #[must_use]
    pub(crate) const fn runs(&self) -> usize {
        self.runs
    }

    /// The logarithm of the latency per image in `round`.
    fn log_in(&self, round: u32) -> Option<f64> {
        let at = self.points.binary_search_by_key(&round, |(round, _)| *round).ok()?;
        Some(self.points[at].1)
    }

    /// Its latency per image over that of `leader`, over those of `rounds` that both have.
    #[must_use]
    pub(crate) fn over(&self, leader: &Self, rounds: &[u32]) -> Option<PairedRatio> {
        let ratio = |round: &u32| Some(self.log_in(*round)? - leader.log_in(*round)?);
        let logs: Vec<f64> = rounds.iter().filter_map(ratio).collect();
        let quick = (self.quickest? - leader.quickest?).exp();
        // The test does not mind single rounds that something else disturbed, however much.
        if let Some((centre, interval)) = signed_rank::centre(&neighbours(&logs)) {
            let ends = (interval.low.exp(), interval.high.exp());
            return Some(PairedRatio { ratio: centre.exp(), ends, quick, is_sure: true });
        }
        let ratio = statistics::median(&logs)?.exp();
        let least = logs.iter().copied().fold(f64::INFINITY, f64::min).exp();
        let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).exp();
        Some(PairedRatio { ratio, ends: (least, greatest), quick, is_sure: false })
    }
}

/// The calmest `part` of the rounds that all of them have, in ascending order.
#[must_use]
pub(crate) fn calm_rounds(contenders: &[&Contender], part: f64) -> Vec<u32> {
    let Some(shortest) = contenders.iter().min_by_key(|it| it.visits()) else { return Vec::new() };
    let bests: Vec<f64> = contenders.iter().map(|it| best(it)).collect();
    let excess = |round: u32| {
        let of = |(it, best): (&&Contender, &f64)| {
            Some((it.log_in(round)? - best).clamp(0.0, MOST_EXCESS))
        };
        let all: Option<Vec<f64>> = contenders.iter().zip(&bests).map(of).collect();
        all.map(|all| (round, statistics::mean(&all)))
    };
    let rounds = shortest.points.iter().map(|(round, _)| *round);
    let mut rounds: Vec<(u32, f64)> = rounds.filter_map(excess).collect();
    rounds.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    // A float-to-integer cast saturates.
    let count = ((rounds.len() as f64 * part).ceil() as usize).max(LEAST_ROUNDS);
    let mut calm: Vec<u32> = rounds.into_iter().take(count).map(|(round, _)| round).collect();
    calm.sort_unstable();
    calm
}

/// What the best visits of a case took.
fn best(contender: &Contender) -> f64 {
    let logs: Vec<f64> = contender.points.iter().map(|(_, log)| *log).collect();
    statistics::quantile(&statistics::sorted(&logs), BEST_VISITS).unwrap_or(f64::INFINITY)
}

/// The medians of neighbours, in at most [`BATCHES`] batches: a machine's mood lasts longer than
/// a round, and not all of it cancels.
fn neighbours(logs: &[f64]) -> Vec<f64> {
    let count = logs.len().min(BATCHES);
    let batch = |i: usize| &logs[i * logs.len() / count..(i + 1) * logs.len() / count];
    (0..count).filter_map(|i| statistics::median(batch(i))).collect()
}

/// The position of the fastest in `rounds`; `None` if no round is known of any.
#[must_use]
pub(crate) fn leader(contenders: &[&Contender], rounds: &[u32]) -> Option<usize> {
    let middle = |it: &Contender| {
        let logs: Vec<f64> = rounds.iter().filter_map(|round| it.log_in(*round)).collect();
        statistics::median(&logs)
    };
    let middles = contenders.iter().enumerate().filter_map(|(at, it)| Some((at, middle(it)?)));
    middles.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case whose visits take `factor` of what the machine's mood makes of 1 ms.
    fn contender(factor: f64, rounds: u32) -> Contender {
        let mut one = Contender::default();
        for round in 0..rounds {
            let mood = 1.0 + f64::from(round * 7 % 5) / 3.0;
            let own = 1.0 + f64::from(round * 3 % 4) / 1000.0;
            let own = if factor == 1.0 { 1.0 } else { own };
            one.visited(round, &[1e6 * mood * own * factor], 1.0);
        }
        one
    }

    #[test]
    fn what_slows_a_round_cancels() {
        let (first, slow) = (contender(1.0, 10), contender(1.05, 10));
        let all: Vec<u32> = (0..10).collect();
        let ratio = slow.over(&first, &all).unwrap();
        assert!(ratio.is_sure && ratio.ends.0 > 1.04 && ratio.ends.1 < 1.06, "{ratio:?}");
        assert_eq!(leader(&[&slow, &first], &all), Some(1));
        // No round in common, nothing to tell.
        let mut later = Contender::default();
        later.visited(19, &[1e6], 1.0);
        assert_eq!((later.over(&first, &all), leader(&[&later], &all)), (None, None));
    }

    #[test]
    fn the_calm_rounds_are_those_in_which_all_are_near_their_best() {
        let (mut spared, mut hit) = (Contender::default(), Contender::default());
        for round in 0..40 {
            let shared = if round < 30 { 1.6 } else { 1.0 };
            spared.visited(round, &[1.3e6 * (1.0 + f64::from(round % 3) / 500.0)], 1.0);
            hit.visited(round, &[1e6 * shared], 1.0);
        }
        let calm = calm_rounds(&[&spared, &hit], 0.25);
        assert_eq!(calm, (30..40).collect::<Vec<_>>());
        assert_eq!(leader(&[&spared, &hit], &calm), Some(1));
        // Before there are eight, all of them tell.
        let (first, second) = (contender(1.0, 5), contender(1.2, 7));
        assert_eq!(calm_rounds(&[&first, &second], 0.25), [0, 1, 2, 3, 4]);
        assert!(calm_rounds(&[], 0.25).is_empty());
    }

    #[test]
    fn a_round_that_something_disturbed_tells_nothing() {
        let (leader, mut slow) = (contender(1.0, 10), contender(1.05, 9));
        slow.visited(9, &[1e12], 1.0);
        let ratio = slow.over(&leader, &(0..10).collect::<Vec<_>>()).unwrap();
        assert!(ratio.ends.0 > 1.04 && ratio.ratio < 1.06, "{ratio:?}");
    }

    #[test]
    fn a_latency_counts_per_image() {
        let (mut one, mut four) = (Contender::default(), Contender::default());
        for round in 0..5 {
            one.visited(round, &[1e6], 1.0);
            four.visited(round, &[2e6], 4.0);
        }
        let all = [0, 1, 2, 3, 4];
        assert!((four.over(&one, &all).unwrap().ratio - 0.5).abs() < 1e-12);
        assert_eq!(leader(&[&one, &four], &all), Some(1));
    }
}
