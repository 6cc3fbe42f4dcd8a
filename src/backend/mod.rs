//! The runtimes behind one small trait. No runtime's types leave this room.

mod boundary;
pub mod coverage;
pub mod delegate;
pub mod error;
pub mod kind;
pub mod library;
pub mod listing;
pub mod litert;
mod litert_api;
pub mod onnxruntime;
mod onnxruntime_profile;
mod onnxruntime_provider;
pub mod registry;
pub mod tflite;
mod tflite_delegate;
mod tflite_plan;
#[cfg(feature = "tflitec")]
pub mod tflitec;
pub mod tract;

pub use coverage::{Coverage, DelegateStatus};
pub use delegate::Delegate;
pub use error::BackendError;
pub use kind::BackendKind;

use std::num::NonZeroUsize;
use std::path::Path;

use crate::model::tensor::{Tensor, TensorInfo};

/// What a backend needs to load one model for one case.
#[derive(Debug, Clone)]
pub struct LoadRequest<'a> {
    /// The model file. Backends read it themselves, so that `load` costs what
    /// an application would pay.
    pub model: &'a Path,
    /// What the graph is handed to.
    pub delegate: &'a Delegate,
    /// CPU threads asked for.
    pub threads: NonZeroUsize,
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
    /// [`BackendError::Unsupported`] where this runtime cannot run this model
    /// or delegate; [`BackendError::Failed`] where it should have and did not.
    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError>;
}

/// One loaded model, ready to run.
pub trait Session {
    /// The model's inputs, in the model's order.
    fn inputs(&self) -> &[TensorInfo];

    /// The model's outputs, in the model's order.
    fn outputs(&self) -> &[TensorInfo];

    /// Copies `tensor` into input `index`. Its bytes must match that input's
    /// element type and shape.
    fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), BackendError>;

    /// Runs the model once on the inputs that were set last. This is what is
    /// timed: it allocates nothing of ours and copies nothing of ours.
    fn invoke(&mut self) -> Result<(), BackendError>;

    /// Copies output `index` of the last [`invoke`](Session::invoke).
    fn output(&self, index: usize) -> Result<Tensor, BackendError>;

    /// What the delegate really took, as the runtime itself tells it. Called
    /// outside every timed block; it may run the model once to find out.
    fn coverage(&mut self) -> Result<Coverage, BackendError>;
}
