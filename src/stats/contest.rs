//! Which of several cases that are visited in the same rounds is the fastest, and which need
//! no further rounds.

use std::collections::BTreeMap;

use crate::record::narrowing::DropReason;
use crate::stats::contender::{self, Contender, PairedRatio};

/// Rounds after which the cases are first looked at.
const FIRST_LOOK: u32 = 1;
/// They are looked at again after this factor of more rounds: each look is a chance to err.
const LOOK_AGAIN: f64 = 1.5;
/// A case that is surely slower by this factor leaves at once; one that is closer, or that may
/// be as fast, at the second look in a row that says so.
const CLEARLY_SLOWER: f64 = 1.1;
const A_FEW_RUNS: usize = 5;

/// How patient a contest is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    /// The part of the rounds, the calmest, by which cases are judged.
    pub calm: f64,
    /// The part of the time before which only those leave that are far slower: a machine's mood
    /// lasts for seconds, and what is slow in it may be the fastest in the next.
    pub patience: f64,
    /// What far slower is: more than twice, since threads that share a core take twice as long.
    pub far: f64,
    /// The same after a single round of a few runs.
    pub far_in_a_few_runs: f64,
    /// As many cases contend to the end of the time, however it is divided.
    pub last: usize,
}

/// The rules of a search.
pub(crate) const RULES: Rules =
    Rules { calm: 0.25, patience: 0.5, far: 3.0, far_in_a_few_runs: 10.0, last: 4 };

/// The cases that contend, by a number that is theirs.
#[derive(Debug)]
pub(crate) struct Contest {
    rules: Rules,
    margin_percent: f64,
    contenders: BTreeMap<usize, Contender>,
    /// Looks in a row at which a case could have left.
    looks: BTreeMap<usize, u32>,
    /// How many there were at the beginning.
    cases: usize,
    rounds: u32,
    look_at: u32,
}

/// A case that leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Leaving {
    /// Which.
    pub case: usize,
    /// Why.
    pub why: DropReason,
    /// The fastest then.
    pub leader: usize,
    /// Its latency over that of the leader.
    pub ratio: PairedRatio,
}

impl Contest {
    /// One whose best is to be known within the margin.
    pub(crate) const fn new(margin_percent: f64, rules: Rules) -> Self {
        Self {
            rules,
            margin_percent,
            contenders: BTreeMap::new(),
            looks: BTreeMap::new(),
            cases: 0,
            rounds: 0,
            look_at: FIRST_LOOK,
        }
    }

    /// Begins anew with so many cases; what is known of those that stay is kept.
    pub(crate) fn begin(&mut self, cases: usize) {
        (self.cases, self.rounds, self.look_at) = (cases, 0, FIRST_LOOK);
    }

    /// How many rounds there were.
    pub(crate) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Takes the latencies of a visit in `round`, in ascending order, of runs of `images`.
    pub(crate) fn visited(&mut self, case: usize, round: u32, sorted_ns: &[f64], images: f64) {
        self.contenders.entry(case).or_default().visited(round, sorted_ns, images);
    }

    /// Which of the `live` cases leave after a round, when this `share` of the time is used.
    pub(crate) fn look(&mut self, live: &[usize], share: f64) -> Vec<Leaving> {
        self.contenders.retain(|case, _| live.contains(case));
        self.rounds += 1;
        let allowed = allowed(self.cases, share, self.rules.last);
        let is_due = self.rounds >= self.look_at;
        if !is_due && live.len() <= allowed {
            return Vec::new();
        }
        if is_due {
            self.look_at = next_look(self.rounds);
        }
        self.leaving(is_due, share, allowed)
    }

    /// Those that leave: by their ratios, where a look `is_due`, and the slowest of what is more
    /// than `allowed`.
    fn leaving(&mut self, is_due: bool, share: f64, allowed: usize) -> Vec<Leaving> {
        let cases: Vec<usize> = self.contenders.keys().copied().collect();
        let contenders: Vec<&Contender> = self.contenders.values().collect();
        let rounds = contender::calm_rounds(&contenders, self.rules.calm);
        let Some(first) = contender::leader(&contenders, &rounds) else { return Vec::new() };
        let leader = cases[first];
        let mut leaving = Vec::new();
        let mut staying: Vec<(usize, PairedRatio)> = Vec::new();
        for (case, it) in cases.iter().zip(&contenders).filter(|(case, _)| **case != leader) {
            let Some(ratio) = it.over(contenders[first], &rounds) else { continue };
            let looks = self.looks.entry(*case).or_default();
            let why = match is_due {
                true if share < self.rules.patience || !ratio.is_sure => {
                    far_slower(it, &ratio, self.rules)
                }
                true => told(&ratio, self.margin_percent, looks),
                false => None,
            };
            match why {
                Some(why) => leaving.push(Leaving { case: *case, why, leader, ratio }),
                None => staying.push((*case, ratio)),
            }
        }
        staying.sort_by(|(_, a), (_, b)| a.ratio.total_cmp(&b.ratio));
        let too_many = staying.into_iter().skip(allowed.saturating_sub(1));
        let why = DropReason::TimeUsed;
        leaving.extend(too_many.map(|(case, ratio)| Leaving { case, why, leader, ratio }));
        leaving
    }
}

/// Whether a case leaves that is not judged by its interval yet.
fn far_slower(contender: &Contender, ratio: &PairedRatio, rules: Rules) -> Option<DropReason> {
    let few = contender.visits() == 1 && contender.runs() < A_FEW_RUNS;
    let far = if few { rules.far_in_a_few_runs } else { rules.far };
    (ratio.ends.0.min(ratio.quick) >= far).then_some(DropReason::Slower)
}

/// Whether a case leaves by its interval, and why, if this look is the one that tells. Its quick
/// runs must not say otherwise.
fn told(ratio: &PairedRatio, margin_percent: f64, looks: &mut u32) -> Option<DropReason> {
    let (low, _) = ratio.ends;
    if low.min(ratio.quick) * (1.0 + margin_percent / 100.0) < 1.0 {
        *looks = 0;
        return None;
    }
    *looks += 1;
    let reason = if low > 1.0 { DropReason::Slower } else { DropReason::NotBetter };
    (low >= CLEARLY_SLOWER || *looks > 1).then_some(reason)
}

/// After how many rounds to look again, if the last look was after `rounds`.
fn next_look(rounds: u32) -> u32 {
    // A float-to-integer cast saturates.
    ((f64::from(rounds) * LOOK_AGAIN).ceil() as u32).max(FIRST_LOOK)
}

/// How many of `cases` may be left after `share` of the time: half of them after the first of
/// as many equal parts as it takes to halve them down to one, and so on; the `last` of them until
/// all of it is used.
fn allowed(cases: usize, share: f64, last: usize) -> usize {
    // Without any time left, one round has to do.
    if share.is_nan() || share >= 1.0 {
        return 1;
    }
    let halvings = cases.max(1).next_power_of_two().ilog2();
    // A float-to-integer cast saturates.
    let done = ((share * f64::from(halvings)) as u32).min(halvings);
    cases.div_ceil(1 << done).max(last.min(cases)).max(1)
}

#[cfg(test)]
#[path = "contest_tests.rs"]
mod tests;
