//! Which of several cases that are visited in the same rounds is the fastest, and which need
//! no further rounds.
//!
//! The cases of a round are paired, as in [`crate::stats::paired`]: what slows the machine
//! slows the neighbours of a round alike. Each round gives the ratio of a case's latency per
//! image to the leader's; their interval is that of [`crate::stats::signed_rank`].

use crate::record::narrowing::DropReason;
use crate::stats::signed_rank;
use crate::stats::statistics;

/// Rounds after which the cases are first looked at.
pub(crate) const FIRST_LOOK: u32 = 1;
/// They are looked at again after this factor of more rounds: each look is a chance to err.
const LOOK_AGAIN: f64 = 1.5;
/// A case that is slower than the leader by this factor in each of its rounds leaves before
/// there are enough of them for an interval; after a single one, only by the second factor, and
/// after a single one of few runs only by the third.
const FAR_SLOWER: f64 = 1.5;
const SLOWER_AT_ONCE: f64 = 3.0;
const SLOWER_IN_A_FEW_RUNS: f64 = 10.0;
const A_FEW_RUNS: usize = 5;
/// A case that is surely slower by this factor leaves at once; one that is closer, or that may
/// be as fast, at the second look in a row that says so.
const CLEARLY_SLOWER: f64 = 1.1;

/// The part of a visit's runs that counts as quick: something else that takes a CPU spares some.
const QUICK: f64 = 0.1;

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
    /// Looks in a row at which it could have left.
    looks: u32,
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
    quick: f64,
    /// Whether `ends` are an interval.
    is_sure: bool,
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

    /// Its latency per image over that of `leader`, over the rounds that both have.
    #[must_use]
    pub(crate) fn over(&self, leader: &Self) -> Option<PairedRatio> {
        let of_leader = |round: u32| {
            let at = leader.points.binary_search_by_key(&round, |(round, _)| *round).ok()?;
            Some(leader.points[at].1)
        };
        let ratio = |(round, log): &(u32, f64)| Some(log - of_leader(*round)?);
        let logs: Vec<f64> = self.points.iter().filter_map(ratio).collect();
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

    /// Whether it need not be visited again, and why, if this look is the one that tells.
    pub(crate) fn leaves(
        &mut self,
        ratio: &PairedRatio,
        margin_percent: f64,
    ) -> Option<DropReason> {
        let (low, _) = ratio.ends;
        if !ratio.is_sure {
            let far = match self.points.len() {
                1 if self.runs < A_FEW_RUNS => SLOWER_IN_A_FEW_RUNS,
                1 => SLOWER_AT_ONCE,
                _ => FAR_SLOWER,
            };
            return (low.min(ratio.quick) >= far).then_some(DropReason::Slower);
        }
        if low * (1.0 + margin_percent / 100.0) < 1.0 {
            self.looks = 0;
            return None;
        }
        self.looks += 1;
        let reason = if low > 1.0 { DropReason::Slower } else { DropReason::NotBetter };
        (low >= CLEARLY_SLOWER || self.looks > 1).then_some(reason)
    }
}

/// The medians of neighbours, in at most [`BATCHES`] batches: a machine's mood lasts longer than
/// a round, and not all of it cancels.
fn neighbours(logs: &[f64]) -> Vec<f64> {
    let count = logs.len().min(BATCHES);
    let batch = |i: usize| &logs[i * logs.len() / count..(i + 1) * logs.len() / count];
    (0..count).filter_map(|i| statistics::median(batch(i))).collect()
}

/// The position of the fastest, over the rounds that all of them have; `None` without one.
#[must_use]
pub(crate) fn leader(contenders: &[&Contender]) -> Option<usize> {
    let first = |it: &&Contender| it.points.first().map(|(round, _)| *round);
    let from = contenders.iter().filter_map(first).max()?;
    let middle = |it: &Contender| {
        let logs: Vec<f64> =
            it.points.iter().filter(|(round, _)| *round >= from).map(|(_, log)| *log).collect();
        statistics::median(&logs).unwrap_or(f64::INFINITY)
    };
    let middles: Vec<f64> = contenders.iter().map(|it| middle(it)).collect();
    (0..middles.len()).min_by(|a, b| middles[*a].total_cmp(&middles[*b]))
}

/// After how many rounds to look again, if the last look was after `rounds`.
#[must_use]
pub(crate) fn next_look(rounds: u32) -> u32 {
    // A float-to-integer cast saturates.
    ((f64::from(rounds) * LOOK_AGAIN).ceil() as u32).max(FIRST_LOOK)
}

/// How many of `cases` may be left after `share` of the time: half of them after the first of
/// as many equal parts as it takes to halve them down to one, and so on.
#[must_use]
pub(crate) fn allowed(cases: usize, share: f64) -> usize {
    let halvings = cases.max(1).next_power_of_two().ilog2();
    // A float-to-integer cast saturates; a share that is not a number is 0.
    let done = ((share * f64::from(halvings)) as u32).min(halvings);
    cases.div_ceil(1 << done).max(1)
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
        let (leader, mut slow) = (contender(1.0, 10), contender(1.05, 10));
        let ratio = slow.over(&leader).unwrap();
        assert!(ratio.ends.0 > 1.04 && ratio.ends.1 < 1.06, "{ratio:?}");
        // Closer than a tenth, one look is not enough.
        assert_eq!(slow.leaves(&ratio, 2.0), None);
        assert_eq!(slow.leaves(&ratio, 2.0), Some(DropReason::Slower));
        assert_eq!(super::leader(&[&slow, &leader]), Some(1));
    }

    #[test]
    fn a_tie_is_settled_within_the_margin_and_not_beyond() {
        let (leader, mut tie) = (contender(1.0, 10), contender(0.995, 10));
        let ratio = tie.over(&leader).unwrap();
        assert_eq!((tie.leaves(&ratio, 0.1), tie.leaves(&ratio, 0.1)), (None, None));
        assert_eq!(tie.leaves(&ratio, 2.0), None);
        assert_eq!(tie.leaves(&ratio, 2.0), Some(DropReason::NotBetter));
    }

    #[test]
    fn few_rounds_tell_only_what_is_far_slower_in_each() {
        let leader = contender(1.0, 3);
        let (mut far, mut near) = (contender(1.6, 3), contender(1.4, 3));
        let of = |it: &Contender| it.over(&leader).unwrap();
        assert_eq!(far.leaves(&of(&far.clone()), 2.0), Some(DropReason::Slower));
        assert_eq!(near.leaves(&of(&near.clone()), 2.0), None);
        // No round in common, nothing to tell.
        let mut later = Contender::default();
        later.visited(9, &[1e6], 1.0);
        assert_eq!(later.over(&leader), None);
    }

    #[test]
    fn a_single_round_tells_what_is_slower_by_a_wide_factor() {
        let visited = |runs: usize, factor: f64| {
            let mut one = Contender::default();
            one.visited(0, &vec![1e6 * factor; runs], 1.0);
            one
        };
        let slower = Some(DropReason::Slower);
        let known = [(5, 2.9, None), (5, 3.1, slower), (4, 9.9, None), (4, 10.1, slower)];
        for (runs, factor, leaves) in known {
            let mut slow = visited(runs, factor);
            let ratio = slow.over(&visited(5, 1.0)).unwrap();
            assert_eq!(slow.leaves(&ratio, 2.0), leaves, "{runs} runs, {factor}");
        }
    }

    #[test]
    fn a_case_that_was_quick_at_times_stays_until_there_is_an_interval() {
        let (leader, mut disturbed) = (contender(1.0, 2), Contender::default());
        for round in 0..2 {
            let mut runs = [1.1e6, 1.1e6, 9e6, 9e6, 9e6, 9e6, 9e6];
            runs.iter_mut().for_each(|ns| *ns *= 1.0 + f64::from(round * 7 % 5) / 3.0);
            disturbed.visited(round, &runs, 1.0);
        }
        let ratio = disturbed.over(&leader).unwrap();
        assert!(ratio.ratio > 8.0, "{ratio:?}");
        assert_eq!(disturbed.leaves(&ratio, 2.0), None);
    }

    #[test]
    fn a_round_that_something_disturbed_tells_nothing() {
        let (leader, mut slow) = (contender(1.0, 10), contender(1.05, 9));
        slow.visited(9, &[1e12], 1.0);
        let ratio = slow.over(&leader).unwrap();
        assert!(ratio.ends.0 > 1.04 && ratio.ratio < 1.06, "{ratio:?}");
    }

    #[test]
    fn a_latency_counts_per_image() {
        let (mut one, mut four) = (Contender::default(), Contender::default());
        for round in 0..5 {
            one.visited(round, &[1e6], 1.0);
            four.visited(round, &[2e6], 4.0);
        }
        assert!((four.over(&one).unwrap().ratio - 0.5).abs() < 1e-12);
        assert_eq!(leader(&[&one, &four]), Some(1));
    }

    #[test]
    fn time_halves_the_cases_down_to_one() {
        let left = |share| allowed(80, share);
        assert_eq!((left(0.0), left(0.14), left(0.15), left(0.5)), (80, 80, 40, 10));
        assert_eq!((left(0.99), left(1.0), left(f64::INFINITY)), (2, 1, 1));
        assert_eq!((allowed(1, 0.0), allowed(0, 0.0), allowed(2, 0.9)), (1, 1, 2));
        assert_eq!([0, 1, 2, 3, 5, 8, 12].map(next_look), [1, 2, 3, 5, 8, 12, 18]);
    }
}
