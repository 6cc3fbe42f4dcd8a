//! Pure functions on numbers: quantiles, intervals, pairing, modes, stability, stopping.

pub mod best_scores;
pub mod concurrency;
pub mod contest;
pub mod disturbance;
pub mod estimate;
pub mod holm;
pub mod interval;
pub mod mcnemar;
pub mod modes;
pub mod paired;
pub mod punctuality;
pub mod rate_search;
pub mod round;
pub mod signed_rank;
#[cfg(test)]
pub mod simulated;
pub mod stability;
pub mod statistics;
pub mod stopping;
pub mod summary;
pub mod tail;
pub mod throttling;
pub mod unpaired;
pub mod welch;
pub mod wrong_answers;
