//! Pairs of processes that are too few for the number of comparisons: p-values of ranks have
//! a smallest one, and Holm's procedure multiplies it by that number.

use crate::decide::comparison::CaseComparison;
use crate::stats::paired::{Comparison, Pairing};
use crate::stats::{holm, signed_rank};

/// Whether no difference of a case, however large, would be a change among so many.
pub(crate) fn are_too_few(case: &CaseComparison, compared: usize) -> bool {
    case.smallest_p.is_some_and(|p| p * compared as f64 > holm::LEVEL)
}

/// The sentence for cases that have too few pairs of processes for the number of comparisons.
pub(crate) fn caveat(cases: &[CaseComparison], compared: usize) -> Option<String> {
    let blind = cases.iter().filter(|case| are_too_few(case, compared)).count();
    (blind > 0).then(|| {
        format!(
            "{blind} of {} cases have too few pairs of processes for any change to be found among {compared} comparisons: run --ab or --against with --processes {} or more",
            cases.len(),
            signed_rank::least_differences(compared, holm::LEVEL)
        )
    })
}

/// The smallest p that a comparison of medians could have, if it is of pairs of processes.
pub(crate) fn smallest_p(compared: &Comparison, probability: f64) -> Option<f64> {
    let of_ranks = compared.pairing == Pairing::ByRound
        && probability <= 0.5
        && compared.processes >= signed_rank::MIN_DIFFERENCES;
    of_ranks.then(|| signed_rank::smallest_p(compared.processes))
}
