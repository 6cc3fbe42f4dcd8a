//! Accuracy of one case in two runs: the same images, so a paired test.

use crate::decide::comparison::{CaseComparison, CompareOptions, Outcome};
use crate::record::case::Case;
use crate::record::run::{AccuracyRecord, Run};
use crate::record::status::Status;
use crate::stats::mcnemar;
use crate::table::paired_top1;

/// Compares by McNemar's exact test on the images that both runs scored.
pub(crate) fn compare(
    mut both: CaseComparison,
    records: Option<(&AccuracyRecord, &AccuracyRecord)>,
    rank: u32,
    options: CompareOptions,
) -> CaseComparison {
    let Some((was, is)) = records else {
        both.note = Some("no predictions to compare".into());
        return both;
    };
    let paired = mcnemar::compare(&was.predictions, &is.predictions, rank);
    if paired.images == 0 {
        both.note = Some("the runs have no image in common".into());
        return both;
    }
    let scored = [&was.predictions, &is.predictions].map(Vec::len);
    if scored.iter().any(|images| *images != paired.images) {
        // The change is that of the images of both, so the values must be too.
        let (was, is) = paired.accuracies();
        (both.base, both.new) = (Some(was), Some(is));
    }
    let points = 100.0 * paired.difference();
    both.change = Some(points);
    both.p_value = Some(paired.p_value);
    let reached = points.abs() >= options.threshold_percent;
    let differs = paired.is_distinguishable();
    both.outcome = match (differs && reached, paired.first_only + paired.second_only) {
        (true, _) if points < 0.0 => Outcome::Worse,
        (true, _) => Outcome::Better,
        // Of the images that only one run scored nothing is known.
        (false, 0) if scored.contains(&paired.images) => Outcome::Same,
        (false, _) => Outcome::Undecided,
    };
    let below = if differs && !reached {
        format!(", significant, but below the threshold of {} points", options.threshold_percent)
    } else {
        String::new()
    };
    both.note = Some(format!(
        "{}{below}; {} lost, {} gained",
        paired_top1::words(&paired),
        paired.first_only,
        paired.second_only
    ));
    both
}

/// The scores of a case in a run.
pub(crate) fn record<'a>(run: &'a Run, case: &Case) -> Option<&'a AccuracyRecord> {
    let key = case.accuracy_key();
    run.accuracies.iter().find(|record| record.key == key && record.status == Status::Ok)
}

/// What must be said if the two runs did not score the same images.
pub(crate) fn other_images(base: &Run, new: &Run) -> Option<&'static str> {
    let listings = base.header.dataset.as_ref().zip(new.header.dataset.as_ref());
    if listings.is_some_and(|(was, is)| was.listing_sha256 != is.listing_sha256) {
        return Some("the datasets differ: only the images in both are compared");
    }
    other_contents(base, new).then_some(
        "the images have the same names and sizes in both runs but other contents (dataset_sha256 differs), so these accuracies are not of the same images: score both on the same files",
    )
}

/// Whether as many images of the same listing were scored that are not the same images.
fn other_contents(base: &Run, new: &Run) -> bool {
    let shard = |run: &Run| run.header.options.accuracy.as_ref().and_then(|it| it.shard);
    let (was, is) = (base.contents(), new.contents());
    let pairs = was.iter().flat_map(|was| is.iter().map(move |is| (was, is)));
    shard(base) == shard(new)
        && pairs.into_iter().any(|(was, is)| was.images == is.images && was != is)
}
