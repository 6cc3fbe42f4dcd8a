//! What can go wrong between us and a runtime.

use thiserror::Error;

/// An error of a backend. Each message is one sentence that a user can act on.
#[derive(Debug, Clone, Error)]
pub enum BackendError {
    /// The runtime is not on this machine.
    #[error("{reason}; {remedy}")]
    Absent {
        /// Why it cannot be used.
        reason: String,
        /// The command or setting that provides it.
        remedy: String,
    },
    /// This runtime cannot run this model, delegate or setting: an answer,
    /// not a fault.
    #[error("{0}")]
    Unsupported(String),
    /// The runtime should have done it and did not.
    #[error("{0}")]
    Failed(String),
}
