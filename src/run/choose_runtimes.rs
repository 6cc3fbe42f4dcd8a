//! The runtimes that a run uses: those that are present, each opened in a worker first.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, bail};
use strum::VariantArray;

use crate::file_hash;
use crate::record::backend_kind::BackendKind;
use crate::record::header::Runtime;
use crate::record::option_set::OptionSet;
use crate::runtime::backend_error::BackendError;
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::onnxruntime_keys;
use crate::worker::runtime_probe::probe;
use crate::worker::worker_source::WorkerSource;

/// The backends of a run.
pub(crate) struct ChosenRuntimes {
    /// Those that cases are made for, in the order in which they were requested.
    pub backends: Vec<BackendKind>,
    /// Those that opened, with their versions.
    pub present: Vec<(BackendKind, String)>,
    /// Those that ended or stalled the process that opened them, each with the sentence that
    /// says so: their cases are unsupported.
    pub unusable: Vec<(BackendKind, String)>,
}

/// Refuses settings that no runtime has, and keys that the runtime of this machine would ignore.
///
/// # Errors
/// One sentence with the key.
pub(crate) fn check_options(sets: &[OptionSet]) -> Result<()> {
    for set in sets {
        set.check().map_err(anyhow::Error::msg)?;
        let is_passed_on = set.backend == BackendKind::Onnxruntime;
        if let Some(why) = is_passed_on.then(|| onnxruntime_keys::unknown(&set.set)).flatten() {
            bail!("options '{}': {why}", set.name);
        }
    }
    Ok(())
}

/// The requested backends, each of which must be present; or all that are. A worker that is
/// silent for `patience` counts as hung.
///
/// # Errors
/// One sentence for a requested backend that is not present.
pub(crate) fn choose(
    wanted: &[BackendKind],
    patience: Duration,
    assumptions: &mut Vec<String>,
) -> Result<ChosenRuntimes> {
    let swept = BackendKind::VARIANTS.iter().filter(|kind| kind.capabilities().in_default_sweep);
    let mut backends: Vec<BackendKind> =
        if wanted.is_empty() { swept.copied().collect() } else { wanted.to_vec() };
    let mut seen = HashSet::new();
    backends.retain(|kind| seen.insert(*kind));
    let (mut present, mut unusable) = (Vec::new(), Vec::new());
    for (kind, told) in probe(&WorkerSource::isolated().impatient(patience), &backends) {
        match told {
            Ok(opened) => present.push((kind, opened.version)),
            Err(BackendError::Unsupported(why)) => unusable.push((kind, why)),
            Err(error) if wanted.is_empty() => {
                assumptions.push(format!("backend {kind} is left out: {error}"));
                backends.retain(|other| *other != kind);
            }
            Err(BackendError::Absent { reason, remedy }) => {
                bail!("backend {kind} is missing: {reason}; {remedy}")
            }
            Err(error) => bail!("backend {kind} cannot be used: {error}"),
        }
    }
    Ok(ChosenRuntimes { backends, present, unusable })
}

/// What a run's header keeps of a runtime.
pub(crate) fn of(backend: BackendKind, version: String) -> Runtime {
    let library = RuntimeLibrary::of(backend).and_then(|library| library.find().ok());
    let sha256 = library.as_deref().and_then(file_hash::of);
    Runtime { backend, version, library, sha256 }
}
