//! Execution providers: what ONNX Runtime calls delegates.

use ort::ep::{self, ExecutionProvider};
use ort::session::builder::SessionBuilder;

use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;

/// A provider that shutterbench can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Xnnpack,
    Cuda,
    Nnapi,
    Coreml,
}

impl Provider {
    /// Its name in ONNX Runtime's profiles.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Xnnpack => "XnnpackExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::Nnapi => "NnapiExecutionProvider",
            Self::Coreml => "CoreMLExecutionProvider",
        }
    }

    fn is_available(self) -> ort::Result<bool> {
        match self {
            Self::Xnnpack => ep::XNNPACK::is_available(),
            Self::Cuda => ep::CUDA::is_available(),
            Self::Nnapi => ep::NNAPI::is_available(),
            Self::Coreml => ep::CoreML::is_available(),
        }
    }

    /// Offers the graph to this provider first.
    pub(crate) fn register(self, builder: &mut SessionBuilder) -> ort::Result<()> {
        match self {
            Self::Xnnpack => ep::XNNPACK::default().register(builder),
            Self::Cuda => ep::CUDA::default().register(builder),
            Self::Nnapi => ep::NNAPI::default().register(builder),
            Self::Coreml => ep::CoreML::default().register(builder),
        }
    }
}

/// The provider for a delegate; nothing for [`Delegate::None`].
pub(crate) fn of(delegate: &Delegate) -> Result<Option<Provider>, BackendError> {
    let provider = match delegate {
        Delegate::None => return Ok(None),
        Delegate::Xnnpack => Provider::Xnnpack,
        Delegate::Cuda => Provider::Cuda,
        Delegate::Nnapi => Provider::Nnapi,
        Delegate::Coreml => Provider::Coreml,
        other => {
            return Err(BackendError::Unsupported(format!("ONNX Runtime has no {other} delegate")));
        }
    };
    match provider.is_available() {
        Ok(true) => Ok(Some(provider)),
        Ok(false) => Err(BackendError::Unsupported(format!(
            "this build of ONNX Runtime has no {}; point SHUTTERBENCH_ONNXRUNTIME_LIB at one that has",
            provider.name()
        ))),
        Err(error) => Err(BackendError::Failed(format!(
            "ONNX Runtime does not report its providers ({error})"
        ))),
    }
}
