//! How a session of ONNX Runtime is made, so that a second one can be profiled.

use crate::runtime::onnxruntime_provider as provider;
use ort::environment::Environment;
use ort::session::Session as RuntimeSession;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

/// How a session is made, kept so that a second one can be profiled.
pub(crate) struct OnnxruntimeRecipe {
    pub(crate) environment: Environment,
    pub(crate) model: std::path::PathBuf,
    pub(crate) provider: Option<provider::Provider>,
    pub(crate) threads: usize,
    /// Sizes of the dimensions that the model leaves open, by name.
    pub(crate) dimensions: Vec<(String, usize)>,
}

impl OnnxruntimeRecipe {
    /// Builds a session, with what `adjust` adds.
    pub(crate) fn session(
        &self,
        adjust: impl Fn(SessionBuilder) -> ort::Result<SessionBuilder>,
    ) -> ort::Result<RuntimeSession> {
        let mut builder = adjust(self.builder()?)?;
        for (name, size) in &self.dimensions {
            let size = i64::try_from(*size).unwrap_or(i64::MAX);
            builder = builder.with_dimension_override(name, size).map_err(plain)?;
        }
        builder.commit_from_file(&self.model)
    }

    fn builder(&self) -> ort::Result<SessionBuilder> {
        let mut builder = SessionBuilder::new(&self.environment)?
            .with_intra_threads(self.threads)
            .map_err(plain)?
            .with_inter_threads(1)
            .map_err(plain)?
            .with_optimization_level(GraphOptimizationLevel::All)
            .map_err(plain)?;
        if let Some(provider) = self.provider {
            provider.register(&mut builder)?;
        }
        Ok(builder)
    }

    /// The requested provider.
    pub(crate) fn provider(&self) -> Option<provider::Provider> {
        self.provider
    }
}

/// The builder's errors carry the builder along; ours do not.
fn plain(error: ort::Error<SessionBuilder>) -> ort::Error {
    ort::Error::new(error.to_string())
}
