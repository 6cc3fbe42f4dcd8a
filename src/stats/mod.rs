//! Pure functions on numbers: quantiles, intervals, pairing, modes, stability, stopping.

pub(crate) mod best_scores;
pub(crate) mod concurrency;
pub(crate) mod contender;
pub(crate) mod contest;
#[cfg(feature = "history")]
pub(crate) mod day_changes;
pub(crate) mod disturbance;
pub(crate) mod estimate;
pub(crate) mod holm;
pub(crate) mod interval;
pub(crate) mod mcnemar;
pub(crate) mod modes;
pub mod paired;
pub(crate) mod punctuality;
pub(crate) mod rate_search;
pub(crate) mod round;
pub mod signed_rank;
#[cfg(test)]
pub(crate) mod simulated;
pub mod stability;
pub mod statistics;
pub mod stopping;
pub(crate) mod summary;
pub(crate) mod tail;
pub(crate) mod throttling;
pub(crate) mod unpaired;
pub(crate) mod welch;
pub(crate) mod wrong_answers;
