//! The highest rate at which results are there in time: the rates that were tried.

use serde::{Deserialize, Serialize};

use crate::record::scenario::Rate;
use crate::record::status::Status;

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateGoal {
    /// The time within which 99 of 100 results must be there, in milliseconds from when their frame
    /// was due.
    pub p99_ms: f64,
}

/// A rate that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TriedRate {
    /// Starts per second.
    pub rate: Rate,
    /// Frames that were due.
    pub frames: usize,
    /// How many of their results were not there in time, those of dropped frames included.
    pub late: usize,
    /// The 99th percentile from due to done of the frames that had a run, in nanoseconds.
    pub p99_ns: u64,
}

/// What came of a search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundRate {
    /// The rates, in the order in which they were tried.
    pub tried: Vec<TriedRate>,
    /// How the case was lost meanwhile and why, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<(Status, String)>,
}
