//! How a case ended.

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(
    Debug,
    Clone,
    Default,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Measured.
    Ok,
    /// An error that the runtime reported.
    Failed,
    /// Its process died.
    Crashed,
    /// Its process fell silent.
    Timeout,
    /// Its process ran into the memory limit.
    OutOfMemory,
    /// This backend cannot run it.
    Unsupported,
    /// Not measured: interrupted, or left out.
    #[default]
    Skipped,
}

impl Status {
    /// Whether this makes the run exit with 1.
    #[must_use]
    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::Timeout | Self::OutOfMemory)
    }
}
