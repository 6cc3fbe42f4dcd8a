//! The summary of a run: the fastest, the most accurate, the smallest, and the Pareto front. Every
//! rendering says the same.

use crate::decide::pareto;
use crate::stats::mcnemar;
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent};

/// The highlighted cases, as indices into the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Highlights {
    /// The lowest median.
    pub fastest: Option<usize>,
    /// Cases of other models whose median's interval overlaps the fastest's.
    pub as_fast: Vec<usize>,
    /// The highest Top-1; of equal ones the fastest. It may not have been timed.
    pub most_accurate: Option<usize>,
    /// Fastest case of each other model whose Top-1 is not distinguishable from the most
    /// accurate's: by McNemar's test if both were scored on the same images, else by overlapping
    /// intervals.
    pub as_accurate: Vec<usize>,
    /// The smallest file; of equal ones the fastest.
    pub smallest: Option<usize>,
    /// Latency against Top-1, by rising latency.
    pub front: Vec<usize>,
    /// Those of the front whose step is within noise: neither certainly faster nor certainly
    /// more accurate than the step that they are compared with.
    pub within_noise: Vec<usize>,
    /// The same with size as a third goal.
    pub front_with_size: Vec<usize>,
}

impl Highlights {
    /// Judges the rows. Rows whose answers are not trusted win nothing, and times of
    /// an emulated CPU no comparison of times.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let measured = || (0..rows.len()).filter(|&i| rows[i].may_be_fastest());
        let latency = |i: usize| rows[i].latency_p50_us.unwrap_or(f64::INFINITY);
        let by = |key: fn(&Row) -> Option<f64>| {
            measured()
                .filter_map(|i| Some((i, key(&rows[i])?)))
                .min_by(|a, b| a.1.total_cmp(&b.1).then(latency(a.0).total_cmp(&latency(b.0))))
                .map(|(i, _)| i)
        };
        let fastest = by(|row| row.latency_p50_us);
        let most_accurate = paired_top1::most_accurate(rows);
        let rivals = |best: Option<usize>, alike: fn(&Row, &Row) -> bool| {
            let others = |best: &Row| {
                let others = (0..rows.len())
                    .filter(|&i| rows[i].is_trusted() && rows[i].model != best.model)
                    .filter(|&i| alike(best, &rows[i]));
                fastest_of_each_model(rows, others)
            };
            best.map_or(Vec::new(), |best| others(&rows[best]))
        };
        Self {
            fastest,
            as_fast: rivals(fastest, |best, other| {
                let interval = |row: &Row| row.latency_p50_low_us.zip(row.latency_p50_high_us);
                other.may_be_fastest() && overlap(interval(best), interval(other))
            }),
            most_accurate,
            as_accurate: rivals(most_accurate, |best, other| match other.top1_difference_p {
                Some(p) => p >= mcnemar::LEVEL,
                None => {
                    overlap(best.top1_low.zip(best.top1_high), other.top1_low.zip(other.top1_high))
                }
            }),
            smallest: by(|row| Some(row.model_bytes as f64)),
            within_noise: within_noise(rows, &pareto::latency_top1(rows)),
            front: pareto::latency_top1(rows),
            front_with_size: pareto::latency_top1_size(rows),
        }
    }

    /// One sentence each, without markup.
    #[must_use]
    pub fn sentences(&self, rows: &[Row]) -> Vec<(&'static str, String)> {
        let mut sentences = Vec::new();
        if let Some(i) = self.fastest {
            let rivals = names(rows, &self.as_fast, "; not distinguishable from ");
            sentences
                .push(("Fastest", format!("{}, {}{rivals}", rows[i].case(), latency(&rows[i]))));
        }
        if let Some(i) = self.most_accurate {
            let rivals = names(rows, &self.as_accurate, "; not distinguishable from ");
            let text =
                format!("{}, {}{}{rivals}", rows[i].case(), top1(&rows[i]), at_latency(&rows[i]));
            sentences.push(("Most accurate", text));
        }
        if let Some(i) = self.smallest {
            let text = format!("{}, {}", rows[i].model, bytes(rows[i].model_bytes));
            sentences.push(("Smallest", text));
        }
        sentences
    }
}

/// The rows of each device, in the order in which devices first appear: what is
/// fastest on one says nothing about another.
#[must_use]
pub(crate) fn by_device(rows: &[Row]) -> Vec<(&str, Vec<Row>)> {
    let mut devices: Vec<(&str, Vec<Row>)> = Vec::new();
    for row in rows {
        match devices.iter_mut().find(|(device, _)| *device == row.device) {
            Some((_, rows)) => rows.push(row.clone()),
            None => devices.push((&row.device, vec![row.clone()])),
        }
    }
    devices
}

/// Whether two intervals overlap; anything without an interval counts as overlapping.
fn overlap(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> bool {
    a.zip(b)
        .is_none_or(|((low, high), (other_low, other_high))| low <= other_high && other_low <= high)
}

/// The steps of a front, by rising latency, that are not distinguishable from the last certain one
/// in both goals: then it is not known that the step costs time, or that it gains anything. The
/// first is certain.
fn within_noise(rows: &[Row], front: &[usize]) -> Vec<usize> {
    let latency = |row: &Row| row.latency_p50_low_us.zip(row.latency_p50_high_us);
    let top1 = |row: &Row| row.top1_low.zip(row.top1_high);
    let mut certain: Option<&Row> = None;
    let mut unsure = Vec::new();
    for &index in front {
        let row = &rows[index];
        let alike = certain.is_some_and(|last| {
            overlap(latency(last), latency(row)) || overlap(top1(last), top1(row))
        });
        if alike { unsure.push(index) } else { certain = Some(row) }
    }
    unsure
}

/// The fastest of each model's cases, in the order of the models.
pub(crate) fn fastest_of_each_model(rows: &[Row], of: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::new();
    for i in of {
        match best.iter_mut().find(|other| rows[**other].model == rows[i].model) {
            Some(other) if rows[i].latency_p50_us < rows[*other].latency_p50_us => *other = i,
            Some(_) => {}
            None => best.push(i),
        }
    }
    best
}

fn names(rows: &[Row], indices: &[usize], before: &str) -> String {
    /// More names than this say nothing.
    const MOST: usize = 3;
    if indices.is_empty() {
        return String::new();
    }
    let named: Vec<_> = indices.iter().take(MOST).map(|&i| rows[i].model.as_str()).collect();
    let more = match indices.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{before}{}{more}", named.join(", "))
}

/// `0.431 ms [0.428, 0.440]`.
#[must_use]
pub(crate) fn latency(row: &Row) -> String {
    let Some(median) = row.latency_p50_us else { return "not timed".into() };
    match row.latency_p50_low_us.zip(row.latency_p50_high_us) {
        Some((low, high)) => format!("{} ms [{}, {}]", ms(median), ms(low), ms(high)),
        None => format!("{} ms", ms(median)),
    }
}

/// ` at 0.431 ms [0.428, 0.440]`; nothing for a case that was only scored.
fn at_latency(row: &Row) -> String {
    row.latency_p50_us.map_or_else(String::new, |_| format!(" at {}", latency(row)))
}

/// `Top-1 41.6% [37.4, 46.0]`.
#[must_use]
pub(crate) fn top1(row: &Row) -> String {
    let Some(top1) = row.top1 else { return "not scored".into() };
    match row.top1_low.zip(row.top1_high) {
        Some((low, high)) => {
            format!("Top-1 {}% [{}, {}]", percent(top1), percent(low), percent(high))
        }
        None => format!("Top-1 {}%", percent(top1)),
    }
}
