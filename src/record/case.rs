//! A case: model x backend x delegate x threads.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;

/// One row of the results. Unique in a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Case {
    /// Name of the model.
    pub model: String,
    /// The runtime.
    pub backend: BackendKind,
    /// What the graph is handed to.
    pub delegate: Delegate,
    /// CPU threads requested.
    pub threads: NonZeroUsize,
    /// The machine, in a run that was merged from several machines' runs;
    /// absent in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
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
    /// The machine, in a run that was merged from several machines' runs;
    /// absent in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Digits of a case's id: 40 bits, of which two cases of a run will not share all.
const ID_DIGITS: usize = 10;

/// What the machine that the program runs on is called.
pub const LOCAL: &str = "local";

impl Case {
    /// What this case's accuracy is computed under.
    #[must_use]
    pub fn accuracy_key(&self) -> AccuracyKey {
        AccuracyKey {
            model: self.model.clone(),
            backend: self.backend,
            delegate: self.delegate.clone(),
            device: self.device.clone(),
        }
    }

    /// A short name that is the same in every run and on every machine: ten hexadecimal
    /// digits of the SHA-256 of its long one.
    #[must_use]
    pub fn id(&self) -> String {
        let name = Self { device: None, ..self.clone() }.to_string();
        format!("{:x}", Sha256::digest(name))[..ID_DIGITS].to_owned()
    }

    /// Whether both are the same but for the machine.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { model, backend, delegate, threads, device: _ } = self;
        (model, backend, delegate, threads)
            == (&other.model, &other.backend, &other.delegate, &other.threads)
    }
}

/// ` on DEVICE`, for any but the machine that the program runs on.
#[must_use]
pub fn on_device(device: Option<&str>) -> String {
    match device {
        None | Some(LOCAL) => String::new(),
        Some(device) => format!(" on {device}"),
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate, threads, device } = self;
        write!(f, "{model} {backend}/{delegate} x{threads}{}", on_device(device.as_deref()))
    }
}

impl fmt::Display for AccuracyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate, device } = self;
        write!(f, "{model} {backend}/{delegate}{}", on_device(device.as_deref()))
    }
}
