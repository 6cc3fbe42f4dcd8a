//! Execution providers: what ONNX Runtime calls delegates.

use ort::environment::Environment;
use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider, ExecutionProvider};
use ort::session::builder::SessionBuilder;

use crate::record::delegate::Delegate;
use crate::runtime::backend_error::BackendError;
use crate::runtime::onnxruntime_plugin::{Plugin, ProviderOptions};

/// A provider that shutterbench can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provider {
    Xnnpack,
    Cuda,
    Nnapi,
    Coreml,
    Qnn,
    Plugin(Plugin),
}

impl Provider {
    /// Its name in ONNX Runtime's profiles.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Xnnpack => "XnnpackExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::Nnapi => "NnapiExecutionProvider",
            Self::Coreml => "CoreMLExecutionProvider",
            Self::Qnn => "QNNExecutionProvider",
            Self::Plugin(plugin) => plugin.name(),
        }
    }

    fn is_available(&self) -> ort::Result<bool> {
        match self {
            Self::Xnnpack => ep::XNNPACK::is_available(),
            Self::Cuda => ep::CUDA::is_available(),
            Self::Nnapi => ep::NNAPI::is_available(),
            Self::Coreml => ep::CoreML::is_available(),
            Self::Qnn => ep::QNN::is_available(),
            // One that is open.
            Self::Plugin(_) => Ok(true),
        }
    }

    /// Offers the graph to this provider first, with these options.
    pub(crate) fn register(
        &self,
        environment: &Environment,
        mut builder: SessionBuilder,
        options: ProviderOptions,
    ) -> ort::Result<SessionBuilder> {
        match self {
            Self::Xnnpack => with(ep::XNNPACK::default(), options).register(&mut builder),
            Self::Cuda => with(ep::CUDA::default(), options).register(&mut builder),
            Self::Nnapi => match options.first() {
                Some((key, _)) => Err(ort::Error::new(format!("NNAPI takes no option '{key}'"))),
                None => ep::NNAPI::default().register(&mut builder),
            },
            Self::Coreml => with(ep::CoreML::default(), options).register(&mut builder),
            Self::Qnn => with(ep::QNN::default(), options).register(&mut builder),
            Self::Plugin(plugin) => return plugin.register(environment, builder, options),
        }?;
        Ok(builder)
    }
}

fn with<T: ArbitrarilyConfigurableExecutionProvider>(provider: T, options: ProviderOptions) -> T {
    options
        .into_iter()
        .fold(provider, |provider, (key, value)| provider.with_arbitrary_config(key, value))
}

/// The provider for a delegate; nothing for [`Delegate::None`].
pub(crate) fn of(
    environment: &Environment,
    delegate: &Delegate,
) -> Result<Option<Provider>, BackendError> {
    match delegate {
        Delegate::Plugin { path, options } => {
            Ok(Some(Provider::Plugin(Plugin::open(environment, path, options)?)))
        }
        built_in => of_library(built_in),
    }
}

/// The provider for a delegate that ONNX Runtime's own library may have.
pub(crate) fn of_library(delegate: &Delegate) -> Result<Option<Provider>, BackendError> {
    let provider = match delegate {
        Delegate::None => return Ok(None),
        Delegate::Xnnpack => Provider::Xnnpack,
        Delegate::Cuda => Provider::Cuda,
        Delegate::Nnapi => Provider::Nnapi,
        Delegate::Coreml => Provider::Coreml,
        Delegate::Qnn => Provider::Qnn,
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
