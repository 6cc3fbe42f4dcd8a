//! Which runtimes there are on this machine, asked in processes of their own: opening a
//! library runs its initialisers, and those of a broken one crash or hang.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use strum::VariantArray;

use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::{DelegateCapability, Threads};
use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::opened_runtime::OpenedRuntime;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};
use crate::worker::worker_source::{WorkerSource, unexpected};

/// How long a library may take to open: the largest of them take a second from a slow card.
const PATIENCE: Duration = Duration::from_secs(15);

/// What each of `kinds` tells when it is opened in a worker of `source`. See
/// [`crate::worker::process::WorkerProcess::start`] for the thread to call it from.
///
/// An error is [`BackendError::Unsupported`] where opening the library ended or stalled the
/// process.
#[must_use]
pub(crate) fn probe(
    source: &WorkerSource,
    kinds: &[BackendKind],
) -> Vec<(BackendKind, Result<OpenedRuntime, BackendError>)> {
    let source = source.clone().impatient(PATIENCE);
    let started: Vec<_> = kinds.iter().map(|kind| (*kind, source.start())).collect();
    thread::scope(|scope| {
        let asked: Vec<_> = started
            .into_iter()
            .map(|(kind, link)| (kind, scope.spawn(move || ask(kind, link))))
            .collect();
        asked
            .into_iter()
            .map(|(kind, thread)| {
                let told = thread.join();
                (kind, told.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
            .collect()
    })
}

fn ask(
    kind: BackendKind,
    link: Result<Box<dyn Link + Send>, Fault>,
) -> Result<OpenedRuntime, BackendError> {
    let mut link = link.map_err(|fault| BackendError::Failed(fault.reason))?;
    match link.ask(&Request::Open { backend: kind }, &[]) {
        Ok((Reply::Opened(opened), _)) => Ok(*opened),
        Ok((Reply::Absent { reason, remedy }, _)) => Err(BackendError::Absent { reason, remedy }),
        Ok((other, _)) => Err(BackendError::Failed(unexpected(other).reason)),
        Err(fault) => Err(BackendError::Unsupported(unusable(kind, &fault))),
    }
}

fn unusable(kind: BackendKind, fault: &Fault) -> String {
    let library = RuntimeLibrary::of(kind).map_or("the runtime", RuntimeLibrary::file_name);
    format!("{library} cannot be opened ({}): replace it, or measure without {kind}", fault.reason)
}

/// One backend, present or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendListing {
    /// Which.
    pub backend: BackendKind,
    /// Whether it can run here.
    pub present: bool,
    /// The runtime's own version.
    pub version: Option<String>,
    /// Its shared library, where it has one and it was found.
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
pub fn backends(source: &WorkerSource) -> Vec<BackendListing> {
    probe(source, BackendKind::VARIANTS)
        .into_iter()
        .map(|(kind, told)| backend(kind, told.as_ref()))
        .collect()
}

fn backend(kind: BackendKind, told: Result<&OpenedRuntime, &BackendError>) -> BackendListing {
    let (version, reason, remedy) = match told {
        Ok(opened) => (Some(opened.version.clone()), None, None),
        Err(BackendError::Absent { reason, remedy }) => {
            (None, Some(reason.clone()), Some(remedy.clone()))
        }
        Err(error) => (None, Some(error.to_string()), None),
    };
    BackendListing {
        backend: kind,
        present: version.is_some(),
        version,
        library: RuntimeLibrary::of(kind).and_then(|library| library.find().ok()),
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
pub fn delegates(source: &WorkerSource) -> Vec<DelegateListing> {
    let probed = probe(source, BackendKind::VARIANTS);
    probed.iter().flat_map(|(kind, told)| of_backend(*kind, told.as_ref())).collect()
}

fn of_backend(
    kind: BackendKind,
    told: Result<&OpenedRuntime, &BackendError>,
) -> Vec<DelegateListing> {
    let entry = |delegate: String, reason: Option<String>| DelegateListing {
        backend: kind,
        delegate,
        available: reason.is_none(),
        reason,
    };
    let absent = backend(kind, told).reason;
    let reason_against = |delegate: &Delegate| match told {
        Ok(opened) => {
            let known = opened.delegates.iter().find(|(known, _)| known == delegate);
            known.and_then(|(_, reason)| reason.clone())
        }
        Err(_) => absent.clone(),
    };
    let mut entries: Vec<_> = kind
        .capabilities()
        .delegates
        .iter()
        .map(|DelegateCapability { delegate, .. }| {
            entry(delegate.to_string(), reason_against(delegate))
        })
        .collect();
    if let Some(library) = kind.capabilities().libraries {
        entries.push(entry(format!("{library}:PATH[?key=value&...]"), absent.clone()));
    }
    entries
}
