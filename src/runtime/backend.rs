//! The runtimes, behind one small trait. No runtime's types leave this module.

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::record::setting_values::SettingValues;
use crate::record::signature::Shaped;
use crate::runtime::backend_error::BackendError;
use crate::runtime::session::Session;
use std::num::NonZeroUsize;
use std::path::Path;

/// What a backend needs to load one model for one case.
#[derive(Debug, Clone)]
pub struct LoadRequest<'a> {
    /// The model file. Backends read it themselves, so that `load` costs what
    /// an application would pay.
    pub model: &'a Path,
    /// What the graph is handed to.
    pub delegate: &'a Delegate,
    /// The runtime's own settings; each is one of the backend's capability table, with a value
    /// that it takes.
    pub options: &'a SettingValues,
    /// CPU threads requested.
    pub threads: NonZeroUsize,
    /// Images per run: the size of the inputs' first dimension.
    pub batch: NonZeroUsize,
    /// The shapes that the model runs with; without them what its file leaves open is 1.
    pub shaped: Option<&'a Shaped>,
}

/// A runtime that is present on this machine.
pub trait Backend {
    /// Which runtime this is.
    fn kind(&self) -> BackendKind;

    /// The runtime's own version, as it reports it.
    fn version(&self) -> String;

    /// Loads a model and makes it ready to run: file read, graph built,
    /// delegate applied, tensors allocated.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] if this runtime cannot run this model or delegate;
    /// [`BackendError::Failed`] if it should have but did not.
    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError>;
}
