//! LiteRT 2.x through its CompiledModel interface, opened at run time.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use edgefirst_tflite::Library;

use crate::model::{tflite_nodes, tflite_signature};
use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::operator_profile::OperatorProfile;
use crate::record::signature::{Shaped, Signature};
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{
    cannot_load, check_format, no_batch, one_line, shaped, tflite_bytes,
};
use crate::runtime::heard_stderr::{self, Onward};
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::litert_api::api::{Api, ApiResult, Hardware};
use crate::runtime::litert_api::buffer::Buffer;
use crate::runtime::litert_api::compile_options::CompileOptions;
use crate::runtime::litert_api::compiled_model::CompiledModel;
use crate::runtime::litert_api::environment::Environment;
use crate::runtime::litert_api::model_handle::ModelHandle;
use crate::runtime::litert_api::profiler::{Call, TimedCall};
use crate::runtime::litert_buffers::ModelBuffers;
use crate::runtime::litert_coverage;
use crate::runtime::litert_settings;
use crate::runtime::litert_settings::Executor;
use crate::runtime::refusal;
use crate::runtime::session::{PROFILE_WARMUP, Session, SessionTensors};
use crate::runtime::told_refusals;
use crate::system::files;

/// The LiteRT library of this machine.
pub(crate) struct Litert {
    api: Api,
    library: PathBuf,
}

impl Litert {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] if there is none or it lacks the interface.
    pub(crate) fn open() -> Result<Self, BackendError> {
        let path = RuntimeLibrary::Litert.find()?;
        let absent = |why: &dyn std::fmt::Display| RuntimeLibrary::Litert.unusable(&path, why);
        let library = Library::from_path(&path).map_err(|error| absent(&error))?;
        // One process uses one library, until it ends.
        let library: &'static Library = Box::leak(Box::new(library));
        let api = Api::of(library).map_err(|symbol| absent(&format!("it lacks {symbol}")))?;
        let library = files::canonical(&path).map_err(|error| absent(&error))?;
        Ok(Self { api, library })
    }
}

impl Backend for Litert {
    fn kind(&self) -> BackendKind {
        BackendKind::Litert
    }

    /// LiteRT does not report its version; the library's hash identifies it, if `fetch` installed
    /// it.
    fn version(&self) -> String {
        crate::fetch::bring::known_version(&self.library).unwrap_or_else(|| "unknown".into())
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Tflite], request.model)?;
        let target = Executor::of(request.delegate)?;
        let shaped = shaped(request, format)?;
        if shaped.resized {
            return Err(no_batch(
                shaped.images,
                &"LiteRT's CompiledModel runs only the shapes in the file",
            ));
        }
        if refusal::is_of_other_hardware(&shaped.signature)
            && let Some(error) = refusal::of_custom_operators(request.model, &shaped.signature)
        {
            return Err(error);
        }
        let failed = |reason: String| BackendError::Failed(cannot_load(request.model, &reason));
        let folder = self.library.parent().unwrap_or(Path::new("/"));
        let environment =
            Environment::create(self.api, target.hardware(), folder).map_err(failed)?;
        if target == Executor::Gpu {
            check_gpu(&environment.accelerators().map_err(failed)?)?;
        }
        let loaded = self.session(&environment, target, request, &shaped);
        let session = match target {
            // It compiles what it has no operator for, and fails in the first run.
            Executor::Builtin | Executor::Xnnpack => {
                match refusal::of_custom_operators(request.model, &shaped.signature) {
                    Some(error) => loaded.and_then(LitertSession::tried).map_err(|_| error),
                    None => loaded.map_err(|said| {
                        refusal::of_tflite(request.model, "litert", &said.to_string())
                    }),
                }
            }
            // Some drivers lack what the accelerator needs, which shows as late
            // as in the first run; its times would be those of no work.
            Executor::Gpu => loaded.and_then(LitertSession::tried).map_err(refused_by_gpu),
        };
        Ok(Box::new(session?))
    }
}

impl Litert {
    fn session(
        &self,
        environment: &Rc<Environment>,
        target: Executor,
        request: &LoadRequest<'_>,
        shaped: &Shaped,
    ) -> ApiResult<LitertSession> {
        let model = if shaped.differs || tflite_signature::is_moved(&shaped.signature) {
            let bytes = tflite_bytes(request.model, shaped).map_err(|error| error.to_string())?;
            ModelHandle::from_bytes(environment, bytes)?
        } else {
            ModelHandle::from_file(environment, request.model)?
        };
        let said = |error: BackendError| error.to_string();
        let settings = litert_settings::lines(target, request).map_err(said)?;
        let gpu_settings = litert_settings::gpu_lines(target, request).map_err(said)?;
        let recipe = LitertRecipe { api: self.api, model, target, settings, gpu_settings };
        let compiled = recipe.compile(Profiling::Off)?;
        let Signature { inputs, outputs, operators, .. } = shaped.signature.clone();
        let tensors = SessionTensors { inputs, outputs };
        let ends = ModelBuffers::create(&recipe.model, &compiled, &tensors)?;
        let is_moved = tflite_signature::is_moved(&shaped.signature);
        let file = (!is_moved).then(|| request.model.to_path_buf());
        Ok(LitertSession { ends, compiled, recipe, tensors, operators, file })
    }
}

fn refused_by_gpu(reason: String) -> BackendError {
    BackendError::Unsupported(format!(
        "LiteRT's GPU accelerator does not work with this machine's driver ({}); --in-process shows the driver's messages",
        one_line(&reason)
    ))
}

/// How a model is compiled, kept so that it can be compiled again to be profiled.
struct LitertRecipe {
    api: Api,
    model: Rc<ModelHandle>,
    target: Executor,
    /// Of the CPU kernels, as LiteRT reads them.
    settings: String,
    /// Of the GPU accelerator; empty if none is set.
    gpu_settings: String,
}

/// Whether LiteRT records what it calls, which costs time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profiling {
    Off,
    On,
}

impl LitertRecipe {
    fn compile(&self, profiling: Profiling) -> ApiResult<CompiledModel> {
        let mut options = CompileOptions::create(self.api, self.target.hardware())?;
        options.add(CPU_OPTIONS, &self.settings)?;
        if !self.gpu_settings.is_empty() {
            options.add(GPU_OPTIONS, &self.gpu_settings)?;
        }
        if profiling == Profiling::On {
            options.add(RUNTIME_OPTIONS, "enable_profiling = true\n")?;
        }
        CompiledModel::create(&self.model, &options)
    }

    /// The GPU accelerator does not tell what its operators take, but which it does not take.
    fn refused_by_gpu(&self) -> OperatorProfile {
        let (_, said) = heard_stderr::during(Onward::Yes, || self.compile(Profiling::Off).is_ok());
        let reason = "LiteRT's GPU accelerator does not tell what its operators take";
        let refusals = told_refusals::of(&said, &[]);
        OperatorProfile { refusals, ..OperatorProfile::without(reason.into()) }
    }

    /// The calls of one run of the model.
    fn calls(&self, tensors: &SessionTensors) -> ApiResult<Vec<Call>> {
        let zeros = tensors.inputs.iter().map(|input| vec![0; input.byte_len()]);
        let calls = self.timed_calls(tensors, &zeros.collect::<Vec<_>>(), 1)?;
        Ok(calls.into_iter().flat_map(|(_, calls)| calls).map(|timed| timed.call).collect())
    }

    /// What `runs` runs of the model took, and what they called.
    fn timed_calls(
        &self,
        tensors: &SessionTensors,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> ApiResult<Vec<(u64, Vec<TimedCall>)>> {
        let mut compiled = self.compile(Profiling::On)?;
        let mut ends = ModelBuffers::create(&self.model, &compiled, tensors)?;
        for (index, bytes) in inputs.iter().enumerate() {
            ends.inputs.buffer_mut(index).write(bytes)?;
        }
        let mut timed = Vec::with_capacity(runs);
        for _ in 0..runs {
            let mut ns = 0;
            let calls = compiled.profiled(|compiled| {
                let start = Instant::now();
                let ran = ends.run(compiled);
                ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
                ran
            })?;
            timed.push((ns, calls));
        }
        Ok(timed)
    }
}

/// Settings of the CPU kernels, as `litert_cpu_options.h` passes them.
const CPU_OPTIONS: &str = "xnnpack";
/// Settings of the GPU accelerator, as `litert_gpu_options.h` passes them.
const GPU_OPTIONS: &str = "gpu_options";
/// Settings of the runtime, as `litert_runtime_options.h` passes them.
const RUNTIME_OPTIONS: &str = "runtime_options_string";

impl Executor {
    fn of(delegate: &Delegate) -> Result<Self, BackendError> {
        match delegate {
            Delegate::None => Ok(Self::Builtin),
            Delegate::Xnnpack => Ok(Self::Xnnpack),
            Delegate::Gpu => Ok(Self::Gpu),
            other => Err(BackendError::Unsupported(format!(
                "LiteRT's CompiledModel has no {other} delegate"
            ))),
        }
    }

    const fn hardware(self) -> Hardware {
        match self {
            Self::Builtin | Self::Xnnpack => Hardware::Cpu,
            Self::Gpu => Hardware::Gpu,
        }
    }
}

/// Explains why LiteRT started no GPU accelerator.
fn check_gpu(accelerators: &[String]) -> Result<(), BackendError> {
    if accelerators.iter().any(|name| name.to_lowercase().contains("gpu")) {
        return Ok(());
    }
    RuntimeLibrary::LitertGpu.find()?;
    Err(BackendError::Unsupported(
        "LiteRT's GPU accelerator did not start: no Vulkan device was found (Debian's mesa-vulkan-drivers provides a software one)"
            .into(),
    ))
}

/// A compiled model with its buffers.
struct LitertSession {
    // Before `compiled`: buffers go before what they were made for.
    ends: ModelBuffers,
    compiled: CompiledModel,
    recipe: LitertRecipe,
    tensors: SessionTensors,
    /// The file's operators and how often each occurs.
    operators: Vec<(String, usize)>,
    /// The file that is run; `None` if that is a copy with another graph first.
    file: Option<PathBuf>,
}

impl LitertSession {
    /// One run. A GPU works on after the call has returned, so there its
    /// outputs are waited for.
    fn run(&mut self) -> ApiResult<()> {
        self.ends.run(&mut self.compiled)?;
        if self.recipe.target == Executor::Gpu {
            self.ends.outputs.buffers.iter().try_for_each(Buffer::wait)?;
        }
        Ok(())
    }

    /// The session after a run that worked, its outputs read.
    fn tried(mut self) -> ApiResult<Self> {
        self.run()?;
        for (index, output) in self.tensors.outputs.iter().enumerate() {
            self.ends.outputs.buffer(index).read(output.byte_len())?;
        }
        Ok(self)
    }
}

impl Session for LitertSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        self.ends.inputs.buffer_mut(index).write(bytes).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.run().map_err(failed)
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        let len = self.tensors.outputs[index].byte_len();
        self.ends.outputs.buffer(index).read(len).map_err(failed)
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        let calls = match self.recipe.target {
            Executor::Builtin | Executor::Xnnpack => {
                Some(self.recipe.calls(&self.tensors).map_err(failed)?)
            }
            // The GPU accelerator cannot be profiled ('Profile is not implemented'); LiteRT reports
            // only whether it left anything.
            Executor::Gpu if self.compiled.is_fully_accelerated().map_err(failed)? => {
                return Ok(litert_coverage::full(&self.operators));
            }
            Executor::Gpu => None,
        };
        let asked = self.recipe.target != Executor::Builtin;
        Ok(litert_coverage::of(&self.operators, calls.as_deref(), asked))
    }

    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        if self.recipe.target == Executor::Gpu {
            return Ok(self.recipe.refused_by_gpu());
        }
        let timed = self.recipe.timed_calls(&self.tensors, inputs, PROFILE_WARMUP + runs);
        let profiled: Vec<_> = timed.map_err(failed)?.into_iter().skip(PROFILE_WARMUP).collect();
        let bytes = self.file.as_ref().and_then(|file| std::fs::read(file).ok());
        let bytes = bytes.unwrap_or_default();
        let placement = match (self.recipe.target, profiled.last()) {
            (Executor::Xnnpack, Some((_, calls))) => {
                litert_coverage::division(&self.operators, calls, &bytes)
            }
            _ => None,
        };
        let nodes = tflite_nodes::of(&bytes);
        let by_run =
            |(ns, calls)| (ns, litert_coverage::profiled_calls(&self.operators, &nodes, calls));
        let profile = OperatorProfile::of(profiled.into_iter().map(by_run).collect());
        Ok(OperatorProfile { placement, ..profile })
    }
}

fn failed(reason: String) -> BackendError {
    BackendError::Failed(format!("LiteRT: {}", one_line(&reason)))
}
