//! How a session of ONNX Runtime is made, so that a second one can be profiled.

use std::path::{Path, PathBuf};
use std::{fs, process};

use crate::record::runtime_setting::ONNXRUNTIME_CACHE;
use crate::record::setting_values::SettingValues;
use crate::record::signature::Shaped;
use crate::runtime::backend::LoadRequest;
use crate::runtime::backend_error::BackendError;
use crate::runtime::cached_file;
use crate::runtime::onnxruntime_keys as free_keys;
use crate::runtime::onnxruntime_plugin::ProviderOptions;
use crate::runtime::onnxruntime_provider::Provider;
use ort::AsPointer;
use ort::environment::Environment;
use ort::session::Session as RuntimeSession;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};

/// What begins the key of an option of the provider.
const OF_PROVIDER: &str = "provider.";

/// How a session is made, kept so that a second one can be profiled.
pub(crate) struct OnnxruntimeRecipe {
    pub(crate) environment: Environment,
    pub(crate) model: std::path::PathBuf,
    pub(crate) provider: Option<Provider>,
    pub(crate) threads: usize,
    pub(crate) options: SettingValues,
    /// Sizes of the dimensions that the model leaves open, by name.
    pub(crate) dimensions: Vec<(String, usize)>,
    /// The model as ONNX Runtime rewrote it, if that is kept: its file, which need not be there yet.
    pub(crate) kept: Option<PathBuf>,
}

/// The file for a model as ONNX Runtime rewrote it, if a folder for that is named.
pub(crate) fn kept_file(
    request: &LoadRequest<'_>,
    shaped: &Shaped,
    version: &str,
) -> Result<Option<PathBuf>, BackendError> {
    let Some(folder) = request.options.get(ONNXRUNTIME_CACHE) else { return Ok(None) };
    if !shaped.signature.external_data.is_empty() {
        return Err(BackendError::Unsupported(format!(
            "ONNX Runtime's {ONNXRUNTIME_CACHE} takes effect only for models in one file: measure this model without it"
        )));
    }
    let others = request.options.iter().filter(|(key, _)| *key != ONNXRUNTIME_CACHE);
    let others: Vec<String> = others.map(|(key, value)| format!("{key}={value}")).collect();
    let delegate = request.delegate;
    let settings = format!("\n{version}\n{delegate}\n{others:?}\n{:?}", shaped.dimensions);
    cached_file::of(Path::new(folder), request.model, &settings, "onnx").map(Some)
}

impl OnnxruntimeRecipe {
    /// Builds the session that runs, from what is kept of the model if that is there; otherwise it is
    /// kept from now on.
    pub(crate) fn main_session(&self) -> ort::Result<RuntimeSession> {
        let Some(kept) = &self.kept else { return self.session(Ok) };
        if kept.is_file() {
            // It is rewritten already.
            return self
                .builder()?
                .with_optimization_level(GraphOptimizationLevel::Disable)
                .map_err(plain)?
                .commit_from_file(kept);
        }
        let written = kept.with_extension(format!("part{}.onnx", process::id()));
        let session =
            self.session(|builder| builder.with_optimized_model_path(&written).map_err(plain))?;
        fs::rename(&written, kept).map_err(|error| {
            ort::Error::new(format!("its rewritten model cannot be kept ({error})"))
        })?;
        Ok(session)
    }

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
            .with_inter_threads(self.options.count("inter_op_threads").unwrap_or(1))
            .map_err(plain)?
            .with_optimization_level(self.optimization_level())
            .map_err(plain)?;
        for (key, value) in self.options.iter() {
            builder = set(builder, key, value)?;
        }
        match &self.provider {
            Some(provider) => provider.register(&self.environment, builder, self.of_provider()),
            None => Ok(builder),
        }
    }

    /// The options of the provider, without what begins them.
    fn of_provider(&self) -> ProviderOptions {
        let stated = self.options.iter();
        let own = stated.filter_map(|(key, value)| Some((key.strip_prefix(OF_PROVIDER)?, value)));
        own.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn optimization_level(&self) -> GraphOptimizationLevel {
        match self.options.get("graph_optimization_level") {
            Some("disable") => GraphOptimizationLevel::Disable,
            Some("basic") => GraphOptimizationLevel::Level1,
            Some("extended") => GraphOptimizationLevel::Level2,
            Some("layout") => GraphOptimizationLevel::Level3,
            _ => GraphOptimizationLevel::All,
        }
    }

    /// The requested provider.
    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }
}

/// Applies one of the settings of `record/runtime_setting.rs`.
fn set(mut builder: SessionBuilder, key: &str, value: &str) -> ort::Result<SessionBuilder> {
    let on = value == "true";
    match key {
        "intra_op_spinning" => builder.with_intra_op_spinning(on),
        "inter_op_threads" => builder.with_parallel_execution(value != "1"),
        "memory_pattern" => builder.with_memory_pattern(on),
        "denormals_as_zero" if on => builder.with_flush_to_zero(),
        "deterministic_compute" => builder.with_deterministic_compute(on),
        "prepacking" => builder.with_prepacking(on),
        "cpu_arena" if !on => {
            // SAFETY: the options are live and ours alone; the function takes nothing else.
            unsafe {
                let status = (ort::api().DisableCpuMemArena)(builder.ptr_mut());
                ort::Error::result_from_status(status)?;
            }
            return Ok(builder);
        }
        key if free_keys::is_free(key) => builder.with_config_entry(key, value),
        // What is the default already, and the level, which is set for every session.
        _ => return Ok(builder),
    }
    .map_err(plain)
}

/// The builder's errors carry the builder along; ours do not.
fn plain(error: ort::Error<SessionBuilder>) -> ort::Error {
    ort::Error::new(error.to_string())
}
