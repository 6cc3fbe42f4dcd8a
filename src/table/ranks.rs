//! Shares at further ranks than the first and the fifth.

use serde::{Deserialize, Serialize};

use crate::record::run::{AccuracyRecord, Run};
use crate::scoring::tally;
use crate::stats::interval::Proportion;
use crate::table::units::proportion;

/// The share of images whose true class is among the `k` best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TopK {
    /// How many of the best count.
    pub k: u32,
    /// The share.
    pub share: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The shares at the ranks that `--top-k` names.
#[must_use]
pub(crate) fn further_ranks(run: &Run, record: &AccuracyRecord) -> Vec<TopK> {
    let named = run.header.options.accuracy.iter().flat_map(|accuracy| &accuracy.top_k);
    let share = |k: &u32| {
        let Proportion { value, low, high } = tally::top_k(&record.predictions, *k)?;
        let [share, low, high] = [value, low, high].map(proportion);
        Some(TopK { k: *k, share, low, high })
    };
    named.filter_map(share).collect()
}
