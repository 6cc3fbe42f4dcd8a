//! A case: model x backend x delegate x threads.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::backend::{BackendKind, Delegate};

/// One row of the results. Unique in a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Case {
    /// Name of the model.
    pub model: String,
    /// The runtime.
    pub backend: BackendKind,
    /// What the graph is handed to.
    pub delegate: Delegate,
    /// CPU threads asked for.
    pub threads: NonZeroUsize,
}

/// What accuracy depends on: not the thread count.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccuracyKey {
    /// Name of the model.
    pub model: String,
    /// The runtime.
    pub backend: BackendKind,
    /// What the graph is handed to.
    pub delegate: Delegate,
}

impl Case {
    /// What this case's accuracy is computed under.
    #[must_use]
    pub fn accuracy_key(&self) -> AccuracyKey {
        AccuracyKey {
            model: self.model.clone(),
            backend: self.backend,
            delegate: self.delegate.clone(),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate, threads } = self;
        write!(f, "{model} {backend}/{delegate} x{threads}")
    }
}

impl fmt::Display for AccuracyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate } = self;
        write!(f, "{model} {backend}/{delegate}")
    }
}
