//! The stages of what an application waits for, from a photo to its classes or from nothing to a
//! first result.

use serde::{Deserialize, Serialize};

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// From a photo's file, in memory, to its pixels.
    Decode,
    /// From pixels to the input tensor.
    Prepare,
    /// Into the runtime's memory.
    Write,
    /// The run.
    Invoke,
    /// Out of the runtime's memory.
    Read,
    /// From the output to the five best classes.
    Rank,
    /// The runtime's library.
    Open,
    /// From the model's file to ready-to-run.
    Load,
    /// The first run.
    First,
}

/// What a stage took, of each run in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTimes {
    /// Which stage.
    pub stage: Stage,
    /// Nanoseconds, one value per run.
    pub ns: Vec<u64>,
}
