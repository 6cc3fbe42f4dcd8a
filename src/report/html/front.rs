//! The Pareto front step by step.

use crate::decide::highlights::Highlights;
use crate::record::run::Run;
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent};

/// The front as a table: what each step of accuracy costs.
pub(crate) struct FrontSection {
    pub steps: Vec<FrontStep>,
    /// What else is on the front if the size counts too, as the end of a sentence.
    pub also: Option<String>,
}

/// A case on the front.
pub(crate) struct FrontStep {
    pub within_noise: bool,
    pub model: String,
    pub ran_on: String,
    pub p50: String,
    pub top1: String,
    pub size: String,
    /// With the step before.
    pub compared: String,
}

/// The section, if there is a front.
pub(crate) fn section(run: &Run, rows: &[Row], verdict: &Highlights) -> Option<FrontSection> {
    if verdict.front.is_empty() {
        return None;
    }
    let before = std::iter::once(None).chain(verdict.front.iter().copied().map(Some));
    let step = |(&index, before): (&usize, Option<usize>)| {
        let row = &rows[index];
        FrontStep {
            within_noise: verdict.within_noise.contains(&index),
            model: row.model.clone(),
            ran_on: format!("{} ×{}", row.ran_on(), row.threads_and_axes()),
            p50: row.latency_p50_us.map_or(String::new(), ms),
            top1: row.top1.map_or(String::new(), percent),
            size: bytes(row.model_bytes),
            compared: before
                .map_or_else(|| "the fastest".to_owned(), |it| compared(run, rows, it, index)),
        }
    };
    let steps = verdict.front.iter().zip(before).map(step).collect();
    let also = verdict.front_with_size.iter().filter(|index| !verdict.front.contains(index));
    let also: Vec<String> = also.map(|&index| rows[index].case()).collect();
    let also = match also.len() {
        0 => None,
        1..=6 => Some(format!("these cases are not beaten either: {}", also.join("; "))),
        count => Some(format!("{count} more cases are not beaten")),
    };
    Some(FrontSection { steps, also })
}

/// What a step up the front gains and costs.
fn compared(run: &Run, rows: &[Row], before: usize, now: usize) -> String {
    let slower = rows[now].latency_p50_us.zip(rows[before].latency_p50_us);
    let cost = slower.map_or(String::new(), |(now, then)| format!("{:.2} × the time", now / then));
    let record = |index: usize| {
        let case = run.header.cases.get(index)?;
        paired_top1::record(run, &case.accuracy_key())
    };
    let paired =
        record(before).zip(record(now)).and_then(|(before, now)| paired_top1::compare(before, now));
    match paired {
        Some(paired) => format!("{cost}; {}", paired_top1::words(&paired)),
        None => cost,
    }
}
