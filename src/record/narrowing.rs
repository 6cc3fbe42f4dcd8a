//! How a run is narrowed to its best case, and why the others left it (`shutterbench tune`).

use serde::{Deserialize, Serialize};

/// How a run looks for its best case.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Narrowing {
    /// How far the best may be from the true best, in percent of latency per image.
    pub margin_percent: f64,
    /// Wall time of the search, after which only the best so far is left; absent: by how many
    /// cases there are and what a run of each takes.
    pub seconds: Option<f64>,
    /// Minimum time in the timed runs of a visit while there are several cases: short, so that
    /// there are many rounds to pair.
    pub block_ms: f64,
    /// Whether cases take part that compute a model of floating-point numbers in fewer bits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_precision: bool,
}

/// When a case left the search, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// After which round.
    pub round: u32,
    /// Seconds from the beginning of the search.
    pub seconds: f64,
    /// What the search concluded.
    pub why: DropReason,
    /// Index of the case that was the fastest then.
    pub leader: usize,
    /// Its latency per image over that of the leader.
    pub ratio: f64,
    /// Lower end of the ratio's 95% interval; of few rounds, the least of their ratios.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Why a case left the search.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DropReason {
    /// Surely slower than the leader.
    Slower,
    /// It cannot be faster than the leader by more than the margin.
    NotBetter,
    /// In the slower half when the time of that half was used; nothing is sure.
    TimeUsed,
}
