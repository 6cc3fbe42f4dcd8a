//! The figures of one (model, backend, delegate) in a sentence.

use crate::record::run::AccuracyRecord;
use crate::scoring::tally::Tally;
use crate::stats::interval::Proportion;
use crate::stats::statistics;
use crate::table::ranks::TopK;
use crate::table::units::{percent, three_digits};

/// `500 images: Top-1 41.6%, Top-5 67.4%; 21.4% ambiguous; ...`
#[must_use]
pub(crate) fn sentence(record: &AccuracyRecord, tally: &Tally, further: &[TopK]) -> String {
    let share = |share: Option<Proportion>| share.map_or(String::new(), |s| percent(s.value));
    let further: String =
        further.iter().map(|top| format!(", Top-{} {}%", top.k, percent(top.share))).collect();
    let ambiguous = tally.ambiguous.map_or(String::new(), |share| {
        format!("; {}% ambiguous (the two best less than 0.1 apart)", percent(share))
    });
    let calibration = tally
        .calibration_error
        .map_or(String::new(), |error| format!("; expected calibration error {error:.3}"));
    let preparing = statistics::median_ns(&record.preprocess_ns).map_or(String::new(), |ns| {
        format!(
            "; preparation takes {} us per image (median), in addition to inference",
            three_digits(ns / 1e3)
        )
    });
    format!(
        "{} images: Top-1 {}%, Top-5 {}%{further}{ambiguous}{calibration}; ties decided {} of them{preparing}.",
        tally.images,
        share(tally.top1),
        share(tally.top5),
        tally.decided_by_tie
    )
}
