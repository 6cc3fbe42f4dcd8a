//! Constraints in, one model out: with the reason and the runner-up, or 'undecided' if the
//! measurement is not precise enough, or what comes closest.

use serde::Serialize;

use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent, three_digits};

/// What a model has to hold to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Constraints {
    /// Highest median latency.
    pub max_latency_ms: Option<f64>,
    /// Largest file, in millions of bytes.
    pub max_size_mb: Option<f64>,
    /// Minimum Top-1, as a proportion.
    pub min_top1: Option<f64>,
    /// Minimum Top-5, as a proportion.
    pub min_top5: Option<f64>,
}

/// What the best of the fitting cases is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// The highest Top-1; of equal ones the lowest latency.
    Top1,
    /// The lowest median; of equal ones the highest Top-1.
    Latency,
}

/// How certain the choice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// The intervals distinguish the choice from every other model and limit.
    Decided,
    /// They overlap with another model's, or with a limit.
    Undecided,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Pick {
    /// One model; cases as indices into the rows.
    Model {
        /// The case that is best.
        choice: usize,
        /// The best case of another model.
        runner_up: Option<usize>,
        /// What it is best at.
        goal: Goal,
        /// How certain that is.
        sureness: Sureness,
        /// Why, in one sentence.
        reason: String,
    },
    /// No model holds to all of it.
    NoneFits {
        /// The case that misses by the least, if any was measured.
        closest: Option<usize>,
        /// What it misses, in one sentence.
        reason: String,
    },
}

/// How a case relates to the constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It holds to all of them by its measured values.
    Yes {
        /// An interval reaches over a limit.
        narrowly: bool,
    },
    No,
}

/// Chooses among the rows. With a limit only on accuracy the fastest wins, else the most accurate,
/// or the fastest if nothing was scored.
#[must_use]
pub fn pick(rows: &[Row], constraints: &Constraints) -> Pick {
    let measured: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].may_be_fastest()).collect();
    let goal = goal(rows, &measured, constraints);
    let mut fitting: Vec<usize> = measured
        .iter()
        .copied()
        .filter(|&i| fit(&rows[i], constraints) != Fit::No)
        .filter(|&i| goal == Goal::Latency || rows[i].top1.is_some())
        .collect();
    fitting.sort_by(|&a, &b| better_first(&rows[a], &rows[b], goal).then(a.cmp(&b)));
    let Some(&choice) = fitting.first() else {
        return none_fits(rows, &measured, constraints);
    };
    let runner_up = fitting.iter().copied().find(|&i| rows[i].model != rows[choice].model);
    let rivals: Vec<usize> = fitting
        .iter()
        .copied()
        .filter(|&i| rows[i].model != rows[choice].model)
        .filter(|&i| overlap(&rows[i], &rows[choice], goal))
        .collect();
    let narrowly = fit(&rows[choice], constraints) == Fit::Yes { narrowly: true };
    let sureness =
        if rivals.is_empty() && !narrowly { Sureness::Decided } else { Sureness::Undecided };
    let reason = reason(rows, choice, runner_up, &rivals, goal, narrowly);
    Pick::Model { choice, runner_up, goal, sureness, reason }
}

fn goal(rows: &[Row], measured: &[usize], constraints: &Constraints) -> Goal {
    let accuracy_is_limited = constraints.min_top1.is_some() || constraints.min_top5.is_some();
    let nothing_scored = measured.iter().all(|&i| rows[i].top1.is_none());
    if nothing_scored || (accuracy_is_limited && constraints.max_latency_ms.is_none()) {
        Goal::Latency
    } else {
        Goal::Top1
    }
}

/// Each limit as (value that must not exceed it, interval's far end, limit). Without an
/// interval the far end is unknown, and infinitely far; a file's size is exact.
fn limits(row: &Row, constraints: &Constraints) -> Vec<(Option<f64>, Option<f64>, f64)> {
    let latency = constraints.max_latency_ms.map(|limit| {
        (row.latency_p50_us.map(|us| us / 1e3), row.latency_p50_high_us.map(|us| us / 1e3), limit)
    });
    let size = constraints.max_size_mb.map(|limit| {
        let size = Some(row.model_bytes as f64 / 1e6);
        (size, size, limit)
    });
    let top1 = constraints
        .min_top1
        .map(|limit| (row.top1.map(|top1| -top1), row.top1_low.map(|low| -low), -limit));
    let top5 = constraints
        .min_top5
        .map(|limit| (row.top5.map(|top5| -top5), row.top5_low.map(|low| -low), -limit));
    [latency, size, top1, top5].into_iter().flatten().collect()
}

fn fit(row: &Row, constraints: &Constraints) -> Fit {
    let mut narrowly = false;
    for (value, far, limit) in limits(row, constraints) {
        // What was not measured does not meet a limit.
        if value.is_none_or(|value| value > limit) {
            return Fit::No;
        }
        narrowly |= far.is_none_or(|far| far > limit);
    }
    Fit::Yes { narrowly }
}

fn better_first(a: &Row, b: &Row, goal: Goal) -> std::cmp::Ordering {
    let latency = |row: &Row| row.latency_p50_us.unwrap_or(f64::INFINITY);
    let top1 = |row: &Row| row.top1.unwrap_or(-1.0);
    let by_latency = latency(a).total_cmp(&latency(b));
    let by_top1 = top1(b).total_cmp(&top1(a));
    let first = match goal {
        Goal::Top1 => by_top1.then(by_latency),
        Goal::Latency => by_latency.then(by_top1),
    };
    first.then(a.model_bytes.cmp(&b.model_bytes))
}

fn interval(row: &Row, goal: Goal) -> Option<(f64, f64)> {
    match goal {
        Goal::Top1 => row.top1_low.zip(row.top1_high),
        Goal::Latency => row.latency_p50_low_us.zip(row.latency_p50_high_us),
    }
}

/// Whether the goal's intervals of two cases overlap; a case without one counts as overlapping.
fn overlap(a: &Row, b: &Row, goal: Goal) -> bool {
    match (interval(a, goal), interval(b, goal)) {
        (Some((low, high)), Some((other_low, other_high))) => {
            low <= other_high && other_low <= high
        }
        _ => true,
    }
}

fn reason(
    rows: &[Row],
    choice: usize,
    runner_up: Option<usize>,
    rivals: &[usize],
    goal: Goal,
    narrowly: bool,
) -> String {
    let best = match goal {
        Goal::Top1 => "the highest Top-1",
        Goal::Latency => "the lowest median latency",
    };
    let mut text = format!("{best} of all cases that meet the limits: {}", figures(&rows[choice]));
    match (runner_up, rivals) {
        (None, _) => text.push_str("; no other model meets the limits"),
        (Some(next), []) => {
            text.push_str(&format!(
                "; next is {} with {}",
                rows[next].case(),
                figures(&rows[next])
            ));
        }
        (Some(_), [rival, more @ ..]) => {
            let more =
                if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            text.push_str(&format!(
                "; its interval overlaps that of {}{more}, {}: {}",
                rows[*rival].case(),
                figures(&rows[*rival]),
                what_else(&rows[choice], &rows[*rival], goal)
            ));
        }
    }
    if narrowly {
        text.push_str("; one of its intervals extends beyond a limit or is unknown: measure longer, or allow some margin");
    }
    text
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

fn figures(row: &Row) -> String {
    let mut parts = Vec::new();
    if let Some(top1) = row.top1 {
        let interval = row
            .top1_low
            .zip(row.top1_high)
            .map_or(String::new(), |(low, high)| format!(" [{}, {}]", percent(low), percent(high)));
        parts.push(format!("Top-1 {}%{interval}", percent(top1)));
    }
    parts.push(crate::decide::highlights::latency(row));
    parts.push(bytes(row.model_bytes));
    parts.join(", ")
}

fn none_fits(rows: &[Row], measured: &[usize], constraints: &Constraints) -> Pick {
    // How far past its limits a case is, each as a share of the limit; what
    // was not measured counts as infinitely far.
    let excess = |i: usize| -> f64 {
        limits(&rows[i], constraints)
            .iter()
            .map(|(value, _, limit)| {
                let over = value.map_or(f64::INFINITY, |value| value - limit);
                over.max(0.0) / limit.abs().max(f64::MIN_POSITIVE)
            })
            .sum()
    };
    let closest = measured.iter().copied().min_by(|&a, &b| excess(a).total_cmp(&excess(b)));
    let reason = match closest {
        None => "nothing was measured in this run".to_owned(),
        Some(i) => format!(
            "no case meets all limits; {} comes closest, but {}",
            rows[i].case(),
            misses(&rows[i], constraints).join(" and ")
        ),
    };
    Pick::NoneFits { closest, reason }
}

fn misses(row: &Row, constraints: &Constraints) -> Vec<String> {
    let mut misses = Vec::new();
    let over = |value: Option<f64>, limit: Option<f64>| {
        limit.filter(|limit| value.is_none_or(|value| value > *limit))
    };
    let under = |value: Option<f64>, limit: Option<f64>| {
        limit.filter(|limit| value.is_none_or(|value| value < *limit))
    };
    if let Some(limit) = over(row.latency_p50_us.map(|us| us / 1e3), constraints.max_latency_ms) {
        let latency =
            row.latency_p50_us.map_or("an unmeasured time".into(), |us| format!("{} ms", ms(us)));
        misses
            .push(format!("takes {latency} where at most {} ms are allowed", three_digits(limit)));
    }
    if let Some(limit) = over(Some(row.model_bytes as f64 / 1e6), constraints.max_size_mb) {
        misses.push(format!(
            "is {} where at most {} MB are allowed",
            bytes(row.model_bytes),
            three_digits(limit)
        ));
    }
    let accuracies =
        [("Top-1", row.top1, constraints.min_top1), ("Top-5", row.top5, constraints.min_top5)];
    for (name, value, limit) in accuracies {
        if let Some(limit) = under(value, limit) {
            let reached =
                value.map_or("an unmeasured".into(), |value| format!("{}%", percent(value)));
            misses.push(format!(
                "reaches {reached} {name} where at least {}% are required",
                percent(limit)
            ));
        }
    }
    misses
}

/// The answer as text.
#[must_use]
pub fn words(pick: &Pick, rows: &[Row]) -> String {
    match pick {
        Pick::NoneFits { reason, .. } => format!("no model meets the limits: {reason}\n"),
        Pick::Model { choice, runner_up, sureness, reason, .. } => {
            let head = match sureness {
                Sureness::Decided => String::new(),
                Sureness::Undecided => "undecided; by the measured values: ".to_owned(),
            };
            let next = runner_up.map_or(String::new(), |i| {
                format!("runner-up: {}, {}\n", rows[i].case(), figures(&rows[i]))
            });
            format!("{head}{}\nreason: {reason}\n{next}", rows[*choice].case())
        }
    }
}

/// The answer for machines: the cases by name, with their rows.
#[must_use]
pub fn json(pick: &Pick, rows: &[Row]) -> serde_json::Value {
    let row = |index: &Option<usize>| {
        index.map(|i| serde_json::json!({ "case": rows[i].case(), "row": rows[i] }))
    };
    match pick {
        Pick::NoneFits { closest, reason } => {
            serde_json::json!({ "answer": "none_fits", "closest": row(closest), "reason": reason })
        }
        Pick::Model { choice, runner_up, goal, sureness, reason } => serde_json::json!({
            "answer": "model",
            "choice": row(&Some(*choice)),
            "runner_up": row(runner_up),
            "goal": goal,
            "sureness": sureness,
            "reason": reason,
        }),
    }
}
