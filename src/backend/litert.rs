//! LiteRT 2.x through its CompiledModel interface, opened at run time.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use edgefirst_tflite::Library;

use super::boundary::{cannot_load, check_format, check_input, one_line};
use super::library::RuntimeLibrary;
use super::litert_api::{
    Api, ApiResult, Buffer, CompiledModel, Environment, Handles, Hardware, Model, Options, Side,
};
use super::{
    Backend, BackendError, BackendKind, Coverage, Delegate, DelegateStatus, LoadRequest, Session,
};
use crate::model::inspect::Anatomy;
use crate::model::tensor::{Tensor, TensorInfo};
use crate::model::{Format, tflite};

/// The LiteRT library of this machine.
pub struct Litert {
    api: Api,
    folder: PathBuf,
}

impl Litert {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] where there is none or it lacks the interface.
    pub fn open() -> Result<Self, BackendError> {
        let path = RuntimeLibrary::Litert.find()?;
        let absent = |why: &dyn std::fmt::Display| BackendError::Absent {
            reason: format!("{} cannot be used ({})", path.display(), one_line(&why.to_string())),
            remedy: format!(
                "'shutterbench fetch {}' brings one that works",
                RuntimeLibrary::Litert.fetch_name()
            ),
        };
        let library = Library::from_path(&path).map_err(|error| absent(&error))?;
        // One process uses one library, until it ends.
        let library: &'static Library = Box::leak(Box::new(library));
        let api = Api::of(library).map_err(|symbol| absent(&format!("it lacks {symbol}")))?;
        let folder = std::fs::canonicalize(&path).map_err(|error| absent(&error))?;
        Ok(Self { api, folder: folder.parent().unwrap_or(Path::new("/")).to_owned() })
    }
}

impl Backend for Litert {
    fn kind(&self) -> BackendKind {
        BackendKind::Litert
    }

    fn version(&self) -> String {
        "unknown".to_owned()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        check_format(self.kind(), &[Format::Tflite], request.model)?;
        let target = Target::of(request.delegate)?;
        let failed = |reason: String| BackendError::Failed(cannot_load(request.model, &reason));
        let anatomy = std::fs::read(request.model)
            .map_err(anyhow::Error::from)
            .and_then(|bytes| tflite::read(&bytes))
            .map_err(|error| failed(format!("{error:#}")))?;
        let environment =
            Environment::create(self.api, target.hardware(), &self.folder).map_err(failed)?;
        if target == Target::Gpu {
            check_gpu(&environment.accelerators().map_err(failed)?)?;
        }
        let mut session = self.session(&environment, target, request, &anatomy).map_err(failed)?;
        if target == Target::Gpu {
            // Some drivers run a graph whose outputs cannot be read afterwards;
            // its times would be those of work that nobody saw done.
            session.run().map_err(|reason| {
                BackendError::Unsupported(format!(
                    "LiteRT's GPU accelerator does not work with this machine's driver ({})",
                    one_line(&reason)
                ))
            })?;
        }
        Ok(Box::new(session))
    }
}

impl Litert {
    fn session(
        &self,
        environment: &Rc<Environment>,
        target: Target,
        request: &LoadRequest<'_>,
        anatomy: &Anatomy,
    ) -> ApiResult<LitertSession> {
        let mut options = Options::create(self.api, target.hardware())?;
        options.add(CPU_OPTIONS, &target.cpu_settings(request.threads))?;
        let model = Model::from_file(environment, request.model)?;
        let compiled = CompiledModel::create(&model, &options)?;
        let inputs =
            End::create(&compiled, Side::Input, &model.names(Side::Input)?, &anatomy.inputs)?;
        let outputs =
            End::create(&compiled, Side::Output, &model.names(Side::Output)?, &anatomy.outputs)?;
        Ok(LitertSession {
            inputs,
            outputs,
            compiled,
            target,
            nodes: u32::try_from(anatomy.nodes()).ok(),
        })
    }
}

/// Settings of the CPU kernels, as `litert_cpu_options.h` passes them.
const CPU_OPTIONS: &str = "xnnpack";

/// What executes the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// LiteRT's own CPU kernels.
    Builtin,
    /// XNNPACK, LiteRT's default on a CPU.
    Xnnpack,
    /// The GPU accelerator, with the CPU for what it leaves.
    Gpu,
}

impl Target {
    fn of(delegate: &Delegate) -> Result<Self, BackendError> {
        match delegate {
            Delegate::None => Ok(Self::Builtin),
            Delegate::Xnnpack => Ok(Self::Xnnpack),
            Delegate::Gpu => Ok(Self::Gpu),
            other => Err(BackendError::Unsupported(format!(
                "LiteRT's CompiledModel takes no {other} delegate"
            ))),
        }
    }

    const fn hardware(self) -> Hardware {
        match self {
            Self::Builtin | Self::Xnnpack => Hardware::Cpu,
            Self::Gpu => Hardware::Gpu,
        }
    }

    fn cpu_settings(self, threads: NonZeroUsize) -> String {
        // `LiteRtCpuKernelMode`: 0 is XNNPACK, 2 the built-in optimised kernels.
        let kernel_mode = if self == Self::Builtin { 2 } else { 0 };
        format!("num_threads = {threads}\nkernel_mode = {kernel_mode}\n")
    }
}

/// Says why there is no GPU where LiteRT did not bring one up.
fn check_gpu(accelerators: &[String]) -> Result<(), BackendError> {
    if accelerators.iter().any(|name| name.to_lowercase().contains("gpu")) {
        return Ok(());
    }
    RuntimeLibrary::LitertGpu.find()?;
    Err(BackendError::Unsupported(
        "LiteRT's GPU accelerator did not start: no Vulkan device was found (Debian's \
         mesa-vulkan-drivers brings a software one)"
            .into(),
    ))
}

/// The inputs or the outputs of a compiled model, in the file's order.
struct End {
    infos: Vec<TensorInfo>,
    buffers: Vec<Buffer>,
    handles: Handles,
    /// For each tensor of the file, its place in the signature.
    places: Vec<usize>,
}

impl End {
    fn create(
        compiled: &CompiledModel,
        side: Side,
        names: &[String],
        infos: &[TensorInfo],
    ) -> ApiResult<Self> {
        if names.len() != infos.len() {
            return Err(format!(
                "its first signature has {} tensors on one side, its graph {}",
                names.len(),
                infos.len()
            ));
        }
        let places = infos
            .iter()
            .enumerate()
            .map(|(index, info)| names.iter().position(|name| *name == info.name).unwrap_or(index))
            .collect();
        let buffers = (0..names.len())
            .map(|index| compiled.buffer(side, index))
            .collect::<ApiResult<Vec<_>>>()?;
        let handles = Handles::of(&buffers);
        Ok(Self { infos: infos.to_vec(), buffers, handles, places })
    }
}

/// A compiled model with its buffers.
struct LitertSession {
    inputs: End,
    outputs: End,
    compiled: CompiledModel,
    target: Target,
    nodes: Option<u32>,
}

impl LitertSession {
    /// One run. A GPU works on after the call has returned, so there its
    /// outputs are waited for.
    fn run(&mut self) -> ApiResult<()> {
        self.compiled.run(&mut self.inputs.handles, &mut self.outputs.handles)?;
        if self.target == Target::Gpu {
            self.outputs.buffers.iter().try_for_each(Buffer::wait)?;
        }
        Ok(())
    }
}

impl Session for LitertSession {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs.infos
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs.infos
    }

    fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), BackendError> {
        check_input(&self.inputs.infos, index, tensor)?;
        let place = self.inputs.places[index];
        self.inputs.buffers[place].write(&tensor.bytes).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.run().map_err(failed)
    }

    fn output(&self, index: usize) -> Result<Tensor, BackendError> {
        let Some(info) = self.outputs.infos.get(index) else {
            return Err(BackendError::Failed(format!(
                "output {index} was asked for, the model has {}",
                self.outputs.infos.len()
            )));
        };
        let buffer = &self.outputs.buffers[self.outputs.places[index]];
        let bytes = buffer.read(info.byte_len()).map_err(failed)?;
        Ok(Tensor { element: info.element, shape: info.shape.clone(), bytes })
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        if self.target == Target::Builtin {
            return Ok(Coverage { nodes_total: self.nodes, ..Coverage::default() });
        }
        // LiteRT tells whether everything was taken, not how much.
        let fully = self.compiled.is_fully_accelerated().map_err(failed)?;
        Ok(Coverage {
            nodes_total: self.nodes,
            nodes_delegated: self.nodes.filter(|_| fully),
            partitions: None,
            status: Some(if fully { DelegateStatus::Full } else { DelegateStatus::Unknown }),
        })
    }
}

fn failed(reason: String) -> BackendError {
    BackendError::Failed(format!("LiteRT: {}", one_line(&reason)))
}
