//! How each case's Top-1 compares with the most accurate of its device, on the same images.

use crate::record::case::{AccuracyKey, Case};
use crate::record::run::{AccuracyRecord, Run};
use crate::record::status::Status;
use crate::stats::mcnemar;
use crate::stats::mcnemar::Paired;
use crate::table::row::Row;
use crate::table::units::proportion;
use crate::table::units::{about, percent};

/// The highest Top-1 of the rows whose answers are trusted; of equal ones the
/// fastest.
#[must_use]
pub(crate) fn most_accurate(rows: &[Row]) -> Option<usize> {
    best_of(rows, |_| true)
}

fn best_of(rows: &[Row], among: impl Fn(&Row) -> bool) -> Option<usize> {
    let latency = |i: usize| rows[i].latency_p50_us.unwrap_or(f64::INFINITY);
    (0..rows.len())
        .filter(|&i| rows[i].is_trusted() && among(&rows[i]))
        .filter_map(|i| Some((i, rows[i].top1?)))
        .min_by(|a, b| b.1.total_cmp(&a.1).then(latency(a.0).total_cmp(&latency(b.0))))
        .map(|(i, _)| i)
}

/// Fills the columns that compare with the most accurate case of the same
/// device, by McNemar's exact test on the images that both were scored on.
pub(crate) fn fill(rows: &mut [Row], run: &Run) {
    let keys: Vec<AccuracyKey> = run.header.cases.iter().map(Case::accuracy_key).collect();
    let mut known: Vec<(&AccuracyKey, Option<Paired>)> = Vec::new();
    for i in 0..rows.len() {
        if rows[i].top1.is_none() {
            continue;
        }
        let paired = match known.iter().find(|(other, _)| **other == keys[i]) {
            Some((_, paired)) => *paired,
            None => {
                let best = best_of(rows, |row| row.device == rows[i].device);
                let best = best.and_then(|best| record(run, &keys[best]));
                let paired = best.zip(record(run, &keys[i])).and_then(|(a, b)| compare(a, b));
                known.push((&keys[i], paired));
                paired
            }
        };
        if let Some(paired) = paired {
            rows[i].top1_difference = Some(proportion(paired.difference()));
            rows[i].top1_difference_p = Some(paired.p_value);
            rows[i].top1_images_needed = paired.images_needed;
        }
    }
}

/// The scores of one (model, backend, delegate), if its scoring finished.
pub(crate) fn record<'a>(run: &'a Run, key: &AccuracyKey) -> Option<&'a AccuracyRecord> {
    run.accuracies.iter().find(|record| record.key == *key && record.status == Status::Ok)
}

/// Top-1 of `other` against that of `best`; `None` without a common image.
pub(crate) fn compare(best: &AccuracyRecord, other: &AccuracyRecord) -> Option<Paired> {
    let paired = mcnemar::compare(&best.predictions, &other.predictions, 1);
    (paired.images > 0).then_some(paired)
}

/// `0.4 points lower, not distinguishable on 500 images; about 9,000 would be
/// needed`.
#[must_use]
pub(crate) fn words(paired: &Paired) -> String {
    said(paired.difference(), paired.p_value, paired.images, paired.images_needed)
}

/// What a row's columns say about it compared with the most accurate case.
#[must_use]
pub(crate) fn sentence(row: &Row) -> Option<String> {
    Some(said(row.top1_difference?, row.top1_difference_p?, row.images?, row.top1_images_needed))
}

fn said(difference: f64, p: f64, images: usize, needed: Option<usize>) -> String {
    if difference == 0.0 {
        return format!("equally accurate on {images} images");
    }
    let side = if difference < 0.0 { "lower" } else { "higher" };
    let points = format!("{} points {side}", points(difference.abs()));
    if p < mcnemar::LEVEL {
        return format!("{points} ({}, {images} images)", p_words(p));
    }
    let needed =
        needed.map_or(String::new(), |needed| format!("; about {} would be needed", about(needed)));
    format!("{points}, not distinguishable on {images} images{needed}")
}

/// A difference in percentage points: one decimal, two if it is smaller.
fn points(difference: f64) -> String {
    if difference < 0.001 { format!("{:.2}", difference * 100.0) } else { percent(difference) }
}

fn p_words(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_with_what_it_is_worth() {
        assert_eq!(
            said(-0.004, 0.8, 500, Some(8_961)),
            "0.4 points lower, not distinguishable on 500 images; about 9,000 would be needed"
        );
        assert_eq!(said(-0.02, 0.0123, 500, Some(300)), "2.0 points lower (p = 0.012, 500 images)");
        assert_eq!(said(0.02, 0.0, 500, Some(300)), "2.0 points higher (p < 0.001, 500 images)");
        assert_eq!(said(0.0, 1.0, 500, None), "equally accurate on 500 images");
    }
}
