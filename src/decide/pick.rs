//! Limits in, one case out: with the reason and the runner-up; or what cannot be told, and
//! how much more measuring would; or what comes closest.

use serde::Serialize;

use crate::decide::evidence::Candidate;
use crate::decide::goal::{Aim, Goal, aim, better_first};
use crate::decide::limit::Stand;
use crate::decide::standing::{PickRequest, Standing};

/// How sure a choice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// The intervals tell the choice from every other model, and keep every limit.
    Decided,
    /// They overlap with another model's, or a better one may fit.
    Undecided,
}

/// The answer; candidates by their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickAnswer {
    /// One case.
    Choice {
        /// The case that is best.
        choice: usize,
        /// The best case of another model that fits.
        runner_up: Option<usize>,
        /// Cases of other models that fit and cannot be told from it.
        rivals: Vec<usize>,
        /// Cases that would be better, if they fit, which cannot be told.
        may_be_better: Vec<usize>,
        /// How sure that is.
        sureness: Sureness,
    },
    /// No case keeps all limits for certain, and some may.
    CannotBeTold {
        /// The best of those that may.
        best: usize,
        /// All of them, the best first.
        all: Vec<usize>,
    },
    /// No case keeps all limits.
    NoneFits {
        /// The case that misses by the least, where any was measured.
        closest: Option<usize>,
    },
}

/// The answer, and all that led to it.
#[derive(Debug, Clone)]
pub struct Pick {
    /// The answer.
    pub answer: PickAnswer,
    /// What the best is best at.
    pub goal: Goal,
    /// How each candidate stands.
    pub standings: Vec<Standing>,
    /// What each reaches of the goal, where it was measured.
    pub aims: Vec<Option<Aim>>,
}

/// Chooses among the candidates. With a limit on accuracy alone the fastest wins, else the
/// most accurate, or the fastest where nothing was scored; or the best by the weights.
#[must_use]
pub fn pick(candidates: &[Candidate<'_>], request: &PickRequest) -> Pick {
    let indices = 0..candidates.len();
    let standings: Vec<Standing> =
        indices.clone().map(|index| Standing::of(candidates, index, request)).collect();
    let goal = goal(candidates, &standings, request);
    let reached = |candidate| aim(candidate, goal, &request.weights, request.rule);
    let aims: Vec<Option<Aim>> = candidates.iter().map(reached).collect();
    let standing_so = |stand: Stand| {
        let mut found: Vec<(usize, &Aim)> = indices
            .clone()
            .filter(|&i| standings[i].stand == stand)
            .filter_map(|i| Some((i, aims[i].as_ref()?)))
            .collect();
        found.sort_by(|(a, of_a), (b, of_b)| {
            let (one, other) = ((&candidates[*a], *of_a), (&candidates[*b], *of_b));
            better_first(one, other, goal, request.rule).then(a.cmp(b))
        });
        found.into_iter().map(|(index, _)| index).collect::<Vec<usize>>()
    };
    let (fitting, unsure) = (standing_so(Stand::Kept), standing_so(Stand::CannotBeTold));
    let answer = match (fitting.as_slice(), unsure.as_slice()) {
        ([choice, ..], _) => choice_among(candidates, &aims, *choice, &fitting, &unsure),
        ([], [best, ..]) => PickAnswer::CannotBeTold { best: *best, all: unsure },
        ([], []) => PickAnswer::NoneFits { closest: closest(&standings) },
    };
    Pick { answer, goal, standings, aims }
}

fn choice_among(
    candidates: &[Candidate<'_>],
    aims: &[Option<Aim>],
    choice: usize,
    fitting: &[usize],
    unsure: &[usize],
) -> PickAnswer {
    let is_other = |i: &usize| candidates[*i].model() != candidates[choice].model();
    let others: Vec<usize> = fitting.iter().copied().filter(is_other).collect();
    let against = |i: usize, holds: fn(&Aim, &Aim) -> bool| {
        aims[i].as_ref().zip(aims[choice].as_ref()).is_some_and(|(it, best)| holds(it, best))
    };
    let rivals: Vec<usize> =
        others.iter().copied().filter(|&i| against(i, Aim::overlaps)).collect();
    let may_be_better: Vec<usize> =
        unsure.iter().copied().filter(|&i| against(i, Aim::is_better_than)).collect();
    let sureness = match rivals.is_empty() && may_be_better.is_empty() {
        true => Sureness::Decided,
        false => Sureness::Undecided,
    };
    PickAnswer::Choice {
        choice,
        runner_up: others.first().copied(),
        rivals,
        may_be_better,
        sureness,
    }
}

fn goal(candidates: &[Candidate<'_>], standings: &[Standing], request: &PickRequest) -> Goal {
    if !request.weights.is_empty() {
        return Goal::Weighted;
    }
    let limited = |is: fn(&str) -> bool| request.limits.iter().any(|limit| is(limit.column.name));
    let accuracy_is_limited =
        request.max_loss.is_some() || limited(|name| matches!(name, "top1" | "top5"));
    let latency_is_limited = limited(|name| {
        name.starts_with("latency_") || matches!(name, "within_budget" | "throughput_per_s")
    });
    let counted = candidates.iter().zip(standings).filter(|(_, it)| !it.is_barred());
    let nothing_scored =
        counted.flat_map(|(candidate, _)| &candidate.on).all(|it| it.row.top1.is_none());
    if nothing_scored || (accuracy_is_limited && !latency_is_limited) {
        Goal::Latency
    } else {
        Goal::Top1
    }
}

fn closest(standings: &[Standing]) -> Option<usize> {
    (0..standings.len())
        .filter(|&i| !standings[i].is_barred())
        .min_by(|&a, &b| standings[a].excess().total_cmp(&standings[b].excess()))
}
