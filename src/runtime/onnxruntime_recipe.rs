//! How a session of ONNX Runtime is made, so that a second one can be profiled.

use crate::runtime::onnxruntime_provider as provider;
use ort::environment::Environment;
use ort::session::Session as RuntimeSession;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::ValueType;
use std::num::NonZeroUsize;

/// How a session is made, kept so that a second one can be profiled.
pub(crate) struct Recipe {
    pub(crate) environment: Environment,
    pub(crate) model: std::path::PathBuf,
    pub(crate) provider: Option<provider::Provider>,
    pub(crate) threads: usize,
    pub(crate) batch: NonZeroUsize,
}

impl Recipe {
    /// Builds a session, with what `adjust` adds. Dimensions that the model
    /// leaves open are fixed: the inputs' first to the batch, others to 1.
    pub(crate) fn session(
        &self,
        adjust: impl Fn(SessionBuilder) -> ort::Result<SessionBuilder>,
    ) -> ort::Result<RuntimeSession> {
        let session = adjust(self.builder()?)?.commit_from_file(&self.model)?;
        let open = open_dimensions(&session);
        if open.is_empty() {
            return Ok(session);
        }
        drop(session);
        let mut builder = adjust(self.builder()?)?;
        for Open { name, leads } in open {
            let size = if leads { self.batch.get() as i64 } else { 1 };
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

    /// The provider that was asked for.
    pub(crate) fn provider(&self) -> Option<provider::Provider> {
        self.provider
    }
}

/// The builder's errors carry the builder along; ours do not.
fn plain(error: ort::Error<SessionBuilder>) -> ort::Error {
    ort::Error::new(error.to_string())
}

/// A dimension that the model leaves open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Open {
    name: String,
    /// Whether it is the first one of an input: the batch.
    leads: bool,
}

/// The dimensions that the model leaves open, by name.
fn open_dimensions(session: &RuntimeSession) -> Vec<Open> {
    let mut all: Vec<Open> = Vec::new();
    for (outlets, is_input) in [(session.inputs(), true), (session.outputs(), false)] {
        for outlet in outlets {
            let ValueType::Tensor { shape, dimension_symbols, .. } = outlet.dtype() else {
                continue;
            };
            for (axis, (size, name)) in shape.iter().zip(dimension_symbols.iter()).enumerate() {
                let known = all.iter().any(|open| open.name == *name);
                if *size < 0 && !name.is_empty() && !known {
                    all.push(Open { name: name.clone(), leads: is_input && axis == 0 });
                }
            }
        }
    }
    all
}
