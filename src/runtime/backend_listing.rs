//! What can run on this machine, for `shutterbench list`.

use std::path::PathBuf;

use serde::Serialize;
use strum::VariantArray;

use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::{DelegateCapability, Threads};
use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::{onnxruntime_provider, registry, tflite_delegate};

/// One backend, present or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendListing {
    /// Which.
    pub backend: BackendKind,
    /// Whether it can run here.
    pub present: bool,
    /// The runtime's own version.
    pub version: Option<String>,
    /// Its shared library, if it has one and it was found.
    pub library: Option<PathBuf>,
    /// What has to be known of it.
    pub note: Option<&'static str>,
    /// Why it cannot run.
    pub reason: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
}

/// Every backend that shutterbench knows, in the order of [`BackendKind`].
#[must_use]
pub fn backends() -> Vec<BackendListing> {
    BackendKind::VARIANTS.iter().map(|kind| backend(*kind)).collect()
}

fn backend(kind: BackendKind) -> BackendListing {
    let library = RuntimeLibrary::of(kind).and_then(|library| library.find().ok());
    let (version, reason, remedy) = match registry::open(kind) {
        Ok(backend) => (Some(backend.version()), None, None),
        Err(BackendError::Absent { reason, remedy }) => (None, Some(reason), Some(remedy)),
        Err(error) => (None, Some(error.to_string()), None),
    };
    let present = version.is_some();
    BackendListing {
        backend: kind,
        present,
        version,
        library,
        note: match kind.capabilities().threads {
            Threads::AsAsked => None,
            Threads::One(reason) => Some(reason),
        },
        reason,
        remedy,
    }
}

/// One delegate of one backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegateListing {
    /// The backend.
    pub backend: BackendKind,
    /// The delegate, as `--delegate` takes it.
    pub delegate: String,
    /// Whether it can be tried here.
    pub available: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Every delegate of every backend that is in this program, and whether it
/// can run here.
#[must_use]
pub fn delegates() -> Vec<DelegateListing> {
    backends().iter().flat_map(of_backend).collect()
}

fn of_backend(listing: &BackendListing) -> Vec<DelegateListing> {
    let entry = |delegate: String, reason: Option<String>| DelegateListing {
        backend: listing.backend,
        delegate,
        available: reason.is_none(),
        reason,
    };
    let mut entries: Vec<_> = listing
        .backend
        .capabilities()
        .delegates
        .iter()
        .map(|DelegateCapability { delegate, .. }| {
            let reason = match &listing.reason {
                Some(absent) => Some(absent.clone()),
                None => reason_against(listing.backend, delegate),
            };
            entry(delegate.to_string(), reason)
        })
        .collect();
    if listing.backend.capabilities().external_delegates {
        entries.push(entry("external:PATH[?key=value&...]".into(), listing.reason.clone()));
    }
    entries
}

fn reason_against(backend: BackendKind, delegate: &Delegate) -> Option<String> {
    match (backend, delegate) {
        (_, Delegate::None) => None,
        (BackendKind::Onnxruntime, delegate) => {
            onnxruntime_provider::of(delegate).err().map(|error| error.to_string())
        }
        (BackendKind::Litert, Delegate::Gpu) => {
            RuntimeLibrary::LitertGpu.find().err().map(|error| error.to_string())
        }
        (_, Delegate::Xnnpack) => None,
        (BackendKind::Tflite, delegate) => Some(tflite_delegate::reason_against(delegate)),
        (backend, delegate) => Some(format!("{backend} has no {delegate} delegate")),
    }
}
