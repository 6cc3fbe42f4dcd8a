//! The answer of `pick` in words, and for machines.

use serde_json::{Value, json};

use crate::decide::evidence::Candidate;
use crate::decide::goal::{Aim, Goal, over_devices};
use crate::decide::limit::Stand;
use crate::decide::pick::{Pick, PickAnswer, Sureness};
use crate::decide::rule::FleetRule;
use crate::decide::standing::{LimitPoint, PickRequest, Standing};
use crate::table::figure::Better;
use crate::table::row::Row;
use crate::table::units::{bytes, three_digits};

/// More devices or limits than this are not named; the JSON has all.
const MOST: usize = 3;

/// The answer in words.
#[must_use]
pub fn words(pick: &Pick, candidates: &[Candidate<'_>], request: &PickRequest) -> String {
    let name = |index: usize| candidates[index].name.as_str();
    match &pick.answer {
        PickAnswer::NoneFits { .. } => {
            format!("no case meets the limits: {}\n", reason(pick, candidates, request))
        }
        PickAnswer::CannotBeTold { .. } => {
            format!("cannot be told: {}\n", reason(pick, candidates, request))
        }
        PickAnswer::Choice { choice, runner_up, sureness, .. } => {
            let head = match sureness {
                Sureness::Decided => "",
                Sureness::Undecided => "undecided; by the measured values: ",
            };
            let next = runner_up.map_or(String::new(), |i| {
                format!("runner-up: {}, {}\n", name(i), figures(&candidates[i], request.rule))
            });
            let reason = reason(pick, candidates, request);
            format!("{head}{}\nreason: {reason}\n{next}", name(*choice))
        }
    }
}

/// Why, in one sentence.
#[must_use]
pub(crate) fn reason(pick: &Pick, candidates: &[Candidate<'_>], request: &PickRequest) -> String {
    let name = |index: usize| candidates[index].name.as_str();
    match &pick.answer {
        PickAnswer::NoneFits { closest: None } => {
            "nothing was measured that could be chosen".to_owned()
        }
        PickAnswer::NoneFits { closest: Some(i) } => format!(
            "no case meets all limits{}; {} comes closest, but {}",
            everywhere(request.rule, candidates),
            name(*i),
            misses(&pick.standings[*i]).join("; and ")
        ),
        PickAnswer::CannotBeTold { best, all } => {
            let more = match all.len() - 1 {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            };
            format!(
                "no case meets all limits for certain{}; {}{more} may: {}",
                everywhere(request.rule, candidates),
                name(*best),
                misses(&pick.standings[*best]).join("; and ")
            )
        }
        PickAnswer::Choice { choice, .. } => why_chosen(*choice, pick, candidates, request.rule),
    }
}

/// Why the chosen one, and what was next.
fn why_chosen(choice: usize, pick: &Pick, candidates: &[Candidate<'_>], rule: FleetRule) -> String {
    let PickAnswer::Choice { runner_up, rivals, may_be_better, .. } = &pick.answer else {
        return String::new();
    };
    let name = |index: usize| candidates[index].name.as_str();
    let figures = |index: usize| figures(&candidates[index], rule);
    let best = match pick.goal {
        Goal::Top1 => "the highest Top-1",
        Goal::Latency => "the lowest median latency",
        Goal::Weighted => "the best by the weights",
    };
    let mut text = format!("{best} of all cases that meet the limits: {}", figures(choice));
    match (runner_up, rivals.as_slice()) {
        (None, _) => text.push_str("; no other model meets the limits"),
        (Some(next), []) => {
            text.push_str(&format!("; next is {} with {}", name(*next), figures(*next)));
        }
        (Some(_), [rival, more @ ..]) => {
            let more = match more.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            text.push_str(&format!(
                "; its interval overlaps that of {}{more}, {}: {}",
                name(*rival),
                figures(*rival),
                what_else(candidates[choice].row(), candidates[*rival].row(), pick.goal)
            ));
        }
    }
    if let Some(better) = may_be_better.first() {
        let misses = misses(&pick.standings[*better]).join("; and ");
        text.push_str(&format!("; {} would be better, but {misses}", name(*better)));
    }
    text
}

/// ` on every device`, where there are several.
fn everywhere(rule: FleetRule, candidates: &[Candidate<'_>]) -> String {
    let several = candidates.iter().any(|it| it.on.len() + it.absent.len() > 1);
    if several { format!(" {rule}") } else { String::new() }
}

/// What decides between two models that the goal does not distinguish.
fn what_else(choice: &Row, rival: &Row, goal: Goal) -> &'static str {
    let faster = rival.latency_p50_us < choice.latency_p50_us;
    let smaller = rival.model_bytes < choice.model_bytes;
    match (goal, faster, smaller) {
        (Goal::Top1, true, true) => "that one is faster and smaller",
        (Goal::Top1, true, false) => "that one is faster",
        (_, _, true) => "that one is smaller",
        _ => "that one has no other advantage",
    }
}

/// Top-1, median latency and size, over the devices where there are several.
fn figures(candidate: &Candidate<'_>, rule: FleetRule) -> String {
    let mut parts = Vec::new();
    for (column, better) in [("top1", Better::Higher), ("latency_p50_us", Better::Lower)] {
        let Some(column) = Row::column(column) else { continue };
        let Some(figure) = over_devices(candidate, column, better, rule) else { continue };
        let title = if column.name == "top1" { "Top-1 " } else { "" };
        let unit = |text: String| text.trim_end_matches(" ms").trim_end_matches('%').to_owned();
        let ends = figure.interval.map_or(String::new(), |(low, high)| {
            format!(" [{}, {}]", unit(column.show(low)), unit(column.show(high)))
        });
        parts.push(format!("{title}{}{ends}", column.show(figure.value)));
    }
    parts.push(bytes(candidate.row().model_bytes));
    if candidate.on.len() > 1 {
        let how = if rule == FleetRule::Worst { "its worst" } else { "the mean" };
        parts.push(format!("{how} of {} devices", candidate.on.len()));
    }
    parts.join(", ")
}

/// What a candidate does not keep for certain, in words.
fn misses(standing: &Standing) -> Vec<String> {
    let several = standing.devices.len() > 1;
    let devices: Vec<String> = standing
        .devices
        .iter()
        .filter(|device| device.stand != Stand::Kept)
        .map(|device| {
            let points = device.points.iter().filter(|point| point.stand != Stand::Kept);
            let points: Vec<String> = points.map(LimitPoint::words).collect();
            let what = device.barred.clone().unwrap_or_else(|| points.join("; and "));
            if several { format!("on {}: {what}", device.device) } else { what }
        })
        .collect();
    let more = devices.len().saturating_sub(MOST);
    let mut named: Vec<String> = devices.into_iter().take(MOST).collect();
    if more > 0 {
        named.push(format!("{more} more devices"));
    }
    named
}

/// Why each other candidate lost, the best first; the chosen one is left out.
#[must_use]
pub fn explained(pick: &Pick, candidates: &[Candidate<'_>]) -> Vec<(usize, String)> {
    let choice = match pick.answer {
        PickAnswer::Choice { choice, .. } => Some(choice),
        _ => None,
    };
    let mut others: Vec<usize> = (0..candidates.len()).filter(|i| Some(*i) != choice).collect();
    others.sort_by_key(|&i| pick.standings[i].stand);
    let best = choice.and_then(|choice| pick.aims[choice]);
    let why = |i: usize| match (pick.standings[i].stand, &pick.aims[i], &best) {
        (Stand::Kept, Some(aim), Some(best)) => {
            let apart = if aim.overlaps(best) { ", not distinguishable from it" } else { "" };
            let same = choice.is_some_and(|it| candidates[it].model() == candidates[i].model());
            let what = if same {
                "meets the limits, and is no better than the choice"
            } else {
                "meets the limits"
            };
            format!("{what}: {}{apart}", compared(aim, best, pick.goal))
        }
        (Stand::Kept, None, _) => "meets the limits, but lacks the figure that decides".to_owned(),
        _ => misses(&pick.standings[i]).join("; "),
    };
    others.into_iter().map(|i| (i, why(i))).collect()
}

/// A candidate against the best, by the goal.
fn compared(aim: &Aim, best: &Aim, goal: Goal) -> String {
    let times = aim.times(best, goal);
    match goal {
        Goal::Top1 => format!("{}% of its Top-1", three_digits(times * 100.0)),
        Goal::Latency => format!("{} times its latency", three_digits(times)),
        Goal::Weighted => format!("{} times its weighted product", three_digits(times)),
    }
}

/// A line for each other candidate.
#[must_use]
pub(crate) fn explanation(pick: &Pick, candidates: &[Candidate<'_>]) -> String {
    explained(pick, candidates)
        .into_iter()
        .map(|(index, why)| format!("  {}: {why}\n", candidates[index].name))
        .collect()
}

/// The answer for machines: the cases by name, with their rows.
#[must_use]
pub(crate) fn json(pick: &Pick, candidates: &[Candidate<'_>], request: &PickRequest) -> Value {
    let case = |index: &usize| {
        let candidate = &candidates[*index];
        let rows: Vec<&Row> = candidate.on.iter().map(|it| it.row).collect();
        match rows.as_slice() {
            [row] => json!({ "case": candidate.name, "row": row }),
            rows => json!({ "case": candidate.name, "rows": rows }),
        }
    };
    let maybe = |index: &Option<usize>| index.as_ref().map(case);
    let mut answer = match &pick.answer {
        PickAnswer::NoneFits { closest } => {
            json!({ "answer": "none_fits", "closest": maybe(closest) })
        }
        PickAnswer::CannotBeTold { best, .. } => {
            json!({ "answer": "cannot_be_told", "closest": case(best) })
        }
        PickAnswer::Choice { choice, runner_up, sureness, .. } => json!({
            "answer": "model",
            "choice": case(choice),
            "runner_up": maybe(runner_up),
            "goal": pick.goal,
            "sureness": sureness,
        }),
    };
    let lost = explained(pick, candidates);
    let standings: Vec<Value> = candidates
        .iter()
        .zip(&pick.standings)
        .enumerate()
        .map(|(index, (candidate, standing))| {
            let lost = lost.iter().find(|(other, _)| *other == index).map(|(_, why)| why);
            json!({
                "case": candidate.name,
                "stand": standing.stand,
                "devices": standing.devices,
                "lost": lost,
            })
        })
        .collect();
    answer["reason"] = reason(pick, candidates, request).into();
    answer["cases"] = standings.into();
    answer
}
