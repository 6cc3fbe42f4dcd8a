//! What a search for the best case came to: which case it is, how well that is known, and why
//! each other case left.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::record::narrowing::{DropReason, Dropped, Narrowing};
use crate::record::run::{CaseRecord, Run};
use crate::record::status::Status;
use crate::table::row::Row;

/// An interval that leaves more than this open was not made by the cases, but by what else ran.
const DISTURBED_PERCENT: f64 = 50.0;

/// What a search came to; cases by their index in the run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SearchOutcome {
    narrowing: Narrowing,
    /// The best case; `None` if none was left.
    pub best: Option<usize>,
    /// By how much another case may be faster than the best, in percent, the most first: those
    /// that left when the time was used.
    pub open: Vec<(usize, f64)>,
    /// How far the best may be from the true best, in percent.
    pub known_percent: f64,
}

impl SearchOutcome {
    /// Of a run that is such a search; `None` of any other.
    #[must_use]
    pub(crate) fn of(run: &Run) -> Option<Self> {
        let narrowing = run.header.options.latency.as_ref()?.narrowing?;
        let is_best = |record: &CaseRecord| {
            record.ended && record.status == Status::Ok && record.dropped.is_none()
        };
        let best = run.cases.iter().position(is_best);
        let may_be_faster = |dropped: &Dropped| {
            let low = dropped.low * over_best(run, dropped.leader, best?, 0)?;
            Some((100.0 * (1.0 / low - 1.0)).max(0.0))
        };
        let indexed = || run.cases.iter().enumerate();
        let bounds = indexed().filter_map(|(case, record)| {
            let dropped = record.dropped.as_ref()?;
            Some((case, dropped.why, may_be_faster(dropped).unwrap_or(f64::INFINITY)))
        });
        let bounds: Vec<(usize, DropReason, f64)> = bounds.collect();
        let known_percent = bounds.iter().map(|(.., bound)| *bound).fold(0.0, f64::max);
        let is_open = |(.., bound): &&(usize, DropReason, f64)| *bound > narrowing.margin_percent;
        let mut open: Vec<(usize, f64)> =
            bounds.iter().filter(is_open).map(|(case, _, bound)| (*case, *bound)).collect();
        open.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Some(Self { narrowing, best, open, known_percent })
    }

    /// As people read it.
    #[must_use]
    pub(crate) fn words(&self, run: &Run, rows: &[Row]) -> String {
        let mut text = self.verdict(run, rows);
        let left = reasons(run);
        if !left.is_empty() {
            text += "\nDropped:\n";
        }
        for (when, cases, why) in left {
            // Writing to a String does not fail.
            let _ = writeln!(text, "  {when}: {}: {why}", cases.join(", "));
        }
        text
    }

    fn verdict(&self, run: &Run, rows: &[Row]) -> String {
        let margin_percent = self.narrowing.margin_percent;
        let dropped = run.cases.iter().filter_map(|record| record.dropped.as_ref());
        let seconds = dropped.map(|dropped| dropped.seconds).fold(0.0, f64::max);
        let count = run.header.cases.len();
        let Some((best, row)) = self.best.and_then(|best| Some((best, rows.get(best)?))) else {
            return format!("None of {count} cases can be used.\n");
        };
        let column = Row::column("latency_per_image_us");
        let figure = row.latency_per_image_us.zip(column);
        let latency = figure
            .map_or_else(String::new, |(us, column)| format!(", {} per image", column.show(us)));
        let mut text = format!("Best of {count} cases: {}{latency}\n", name(run, best));
        text += &match self.open.as_slice() {
            [] => format!("No other case is faster by more than {margin_percent}%.\n"),
            [(case, bound), more @ ..] => {
                let others = match more.len() {
                    0 => String::new(),
                    more if *bound > DISTURBED_PERCENT => format!(", nor of {more} more"),
                    more => format!(", and {more} more by less"),
                };
                let more = format!("{seconds:.0} s were used, --seconds gives more.");
                let case = name(run, *case);
                if *bound > DISTURBED_PERCENT {
                    format!(
                        "Not known within {margin_percent}%: something else slowed {case} too much to tell{others}; try again when the machine is quiet ({more})\n",
                    )
                } else {
                    format!(
                        "Not known within {margin_percent}%: {case} may be faster by up to {bound:.1}%{others}; {more}\n",
                    )
                }
            }
        };
        text
    }

    /// As programs read it.
    #[must_use]
    pub(crate) fn json(&self, run: &Run, rows: &[Row]) -> Value {
        let case_of = |case: usize| run.header.cases.get(case);
        let left =
            run.cases.iter().enumerate().filter(|(case, it)| Some(*case) != self.best && it.ended);
        let left = left.map(|(case, record)| LeftCase {
            case: record.case.to_string(),
            id: record.case.id(),
            status: record.status,
            reason: reason(run, case).map(|(_, why)| why),
            dropped: record.dropped.clone(),
        });
        json!({
            "schema": 1,
            "run": run.header.run_id,
            "cases": run.header.cases.len(),
            "best": self.best.and_then(case_of).map(ToString::to_string),
            "id": self.best.and_then(case_of).map(crate::record::case::Case::id),
            "row": self.best.and_then(|best| rows.get(best)),
            "margin_percent": self.narrowing.margin_percent,
            "known_percent": Some(self.known_percent).filter(|percent| percent.is_finite()),
            "is_known": self.best.is_some() && self.open.is_empty(),
            "left": left.collect::<Vec<_>>(),
        })
    }
}

/// A case that is not the best.
#[derive(Serialize)]
struct LeftCase {
    case: String,
    id: String,
    status: Status,
    reason: Option<String>,
    #[serde(flatten)]
    dropped: Option<Dropped>,
}

/// The latency of a case over that of the best, through the leaders that there were.
fn over_best(run: &Run, case: usize, best: usize, depth: usize) -> Option<f64> {
    if case == best {
        return Some(1.0);
    }
    // Leaders follow each other in time; a damaged journal may say otherwise.
    if depth > run.cases.len() {
        return None;
    }
    let dropped = run.cases.get(case)?.dropped.as_ref()?;
    Some(dropped.ratio * over_best(run, dropped.leader, best, depth + 1)?)
}

/// A case's name without the model's, which all cases share.
fn name(run: &Run, case: usize) -> String {
    let full = run.header.cases.get(case).map(ToString::to_string).unwrap_or_default();
    full.split_once(' ').map_or(full.clone(), |(_, rest)| rest.to_owned())
}

/// When a case left, and why.
fn reason(run: &Run, case: usize) -> Option<(String, String)> {
    let record = run.cases.get(case).filter(|record| record.ended)?;
    let Some(dropped) = &record.dropped else {
        let error = record.error.clone()?;
        let when = if record.visits.is_empty() { "before the first round" } else { "lost" };
        let status = record.status;
        let why = if status == Status::Skipped { error } else { format!("{status}: {error}") };
        return Some((when.to_owned(), why));
    };
    let margin = run.header.options.latency.as_ref()?.narrowing?.margin_percent;
    let Dropped { round, seconds, why, leader, ratio, low, high } = dropped;
    let what = match why {
        DropReason::Slower => String::new(),
        DropReason::NotBetter => format!(", so it cannot be faster by more than {margin}%"),
        DropReason::TimeUsed => ", in the slower half when its time was used".to_owned(),
    };
    let why =
        format!("{ratio:.2} times as long as {} [{low:.2}, {high:.2}]{what}", name(run, *leader));
    Some((format!("round {}, {seconds:.1} s", round + 1), why))
}

/// Every case that left, with those together that left at once for one reason; in the order in
/// which they left.
fn reasons(run: &Run) -> Vec<(String, Vec<String>, String)> {
    let mut order: Vec<usize> = (0..run.cases.len()).collect();
    let round = |case: &usize| run.cases[*case].dropped.as_ref().map(|dropped| dropped.round);
    order.sort_by_key(round);
    let mut all: Vec<(String, Vec<String>, String)> = Vec::new();
    for case in order {
        let Some((when, why)) = reason(run, case) else { continue };
        match all.iter_mut().find(|(at, _, known)| (at, known) == (&when, &why)) {
            Some((_, cases, _)) => cases.push(name(run, case)),
            None => all.push((when, vec![name(run, case)], why)),
        }
    }
    all
}
