//! ONNX Runtime, opened at run time.

use std::ffi::CStr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libloading::Library;
use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::IoBinding;
use ort::session::Session as RuntimeSession;
use ort::value::{DynTensor, Outlet, TensorElementType, ValueType};

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::format::Format;
use crate::record::operator_profile::OperatorProfile;
use crate::record::signature::Shaped;
use crate::record::tensor::{ElementType, TensorInfo};
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{cannot_load, check_batch, check_format, no_batch, shaped};
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::onnxruntime_output as output;
use crate::runtime::onnxruntime_profile as profile;
use crate::runtime::onnxruntime_provider as provider;
use crate::runtime::onnxruntime_recipe as recipe;
use crate::runtime::onnxruntime_recipe::OnnxruntimeRecipe;
use crate::runtime::onnxruntime_refusals as refusals;
use crate::runtime::refusal;
use crate::runtime::session::{Session, SessionTensors};

/// The ONNX Runtime library of this machine.
#[derive(Debug)]
pub(crate) struct Onnxruntime {
    environment: Environment,
    version: String,
}

/// ONNX Runtime keeps one environment per process.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

impl Onnxruntime {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] if there is none or it is not an ONNX Runtime of a suitable
    /// version.
    pub(crate) fn open() -> Result<Self, BackendError> {
        let path = RuntimeLibrary::Onnxruntime.find()?;
        let version = version_of(&path)?;
        Ok(Self { environment: environment(&path)?, version })
    }
}

fn absent(path: &Path, why: &dyn std::fmt::Display) -> BackendError {
    RuntimeLibrary::Onnxruntime.unusable(path, why)
}

/// The version that the library itself states.
fn version_of(path: &Path) -> Result<String, BackendError> {
    // SAFETY: opening a shared library runs its initialisers; this is the
    // library that the user or `fetch` put there to be run.
    let library = unsafe { Library::new(path) }.map_err(|error| absent(path, &error))?;
    // SAFETY: this symbol has this signature in every ONNX Runtime; it returns
    // a pointer to static data, whose version string is static, too.
    unsafe {
        let base = library
            .get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase\0")
            .map_err(|_| absent(path, &"it is not ONNX Runtime: it lacks OrtGetApiBase"))?(
        );
        let version = CStr::from_ptr(((*base).GetVersionString)());
        Ok(version.to_string_lossy().into_owned())
    }
}

fn environment(path: &Path) -> Result<Environment, BackendError> {
    let mut kept = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = kept.as_ref() {
        return Ok(environment.clone());
    }
    let environment = ort::init_from(path)
        .map_err(|error| absent(path, &error))?
        .with_telemetry(false)
        .build()
        .map_err(|error| absent(path, &error))?;
    Ok(kept.insert(environment).clone())
}

impl Backend for Onnxruntime {
    fn kind(&self) -> BackendKind {
        BackendKind::Onnxruntime
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Onnx], request.model)?;
        let provider = provider::of(&self.environment, request.delegate)?;
        let failed = |error: ort::Error| BackendError::Failed(cannot_load(request.model, &error));
        let shaped = shaped(request, format)?;
        let recipe = OnnxruntimeRecipe {
            environment: self.environment.clone(),
            model: request.model.to_owned(),
            provider,
            threads: request.threads.get(),
            options: request.options.clone(),
            dimensions: shaped.dimensions.clone(),
            kept: recipe::kept_file(request, &shaped, &self.version)?,
        };
        let session = recipe.main_session().map_err(|error| {
            let foreign = refusal::of_foreign_operators(
                request.model,
                refusal::ONNXRUNTIME,
                &shaped.signature,
            );
            foreign.unwrap_or_else(|| {
                refusal::of_onnxruntime(request.model, &self.version, &error.to_string())
            })
        })?;
        let known = &shaped.signature;
        let tensors = SessionTensors {
            inputs: inputs(session.inputs(), &shaped)?,
            outputs: outputs(session.outputs(), &known.outputs)?,
        };
        if shaped.images.get() > 1 {
            check_batch(&tensors.outputs, shaped.images)?;
        }
        let mut binding = session.create_binding().map_err(failed)?;
        let mut results = Vec::with_capacity(tensors.outputs.len());
        for (info, outlet) in tensors.outputs.iter().zip(session.outputs()) {
            if info.is_open() || !is_plain(outlet.dtype()) {
                let memory = MemoryInfo::new(
                    AllocationDevice::CPU,
                    0,
                    AllocatorType::Device,
                    MemoryType::Default,
                );
                memory
                    .and_then(|memory| binding.bind_output_to_device(&info.name, &memory))
                    .map_err(failed)?;
                results.push(None);
            } else {
                // Outputs are allocated once, here, and not in every run.
                let mut value = new_tensor(&session, info).map_err(failed)?;
                binding.bind_output(&info.name, &mut value).map_err(failed)?;
                results.push(Some(value));
            }
        }
        let classes = known.output_classes.clone();
        let mut loaded = OnnxruntimeSession { session, binding, recipe, tensors, results, classes };
        for index in 0..loaded.inputs().len() {
            let zeros = vec![0; loaded.inputs()[index].byte_len()];
            loaded.write_input(index, &zeros)?;
        }
        Ok(Box::new(loaded))
    }
}

/// The inputs as they run: with the shapes that the request states, if the session accepts those.
fn inputs(outlets: &[Outlet], shaped: &Shaped) -> Result<Vec<TensorInfo>, BackendError> {
    outlets
        .iter()
        .map(|outlet| {
            let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
                return Err(BackendError::Unsupported(format!(
                    "its input '{}' is not a tensor",
                    outlet.name()
                )));
            };
            let element = element_of(outlet.name(), *ty)?;
            let name = outlet.name().to_owned();
            if element == ElementType::Text {
                return Err(BackendError::Unsupported(format!(
                    "its input '{name}' takes text, and only numbers are fed"
                )));
            }
            let own: Vec<usize> =
                shape.iter().map(|size| usize::try_from(*size).unwrap_or(1)).collect();
            let known = shaped.signature.inputs.iter().find(|input| input.name == name);
            let wanted = known.map_or_else(|| own.clone(), |input| input.shape.clone());
            let open = |axis: usize| shape.get(axis).is_some_and(|size| *size < 0);
            let fits = wanted.len() == own.len()
                && (0..own.len()).all(|axis| open(axis) || own[axis] == wanted[axis]);
            if own.contains(&0) {
                return Err(BackendError::Unsupported(format!(
                    "its input '{name}' has the shape {own:?}, which ONNX Runtime takes at its \
                     word; export it with open dimensions where it says 0"
                )));
            }
            if !fits && shaped.images.get() > 1 {
                let stays = format!("its tensor '{name}' stays {own:?}");
                return Err(no_batch(shaped.images, &stays));
            }
            Ok(TensorInfo::fixed(name, if fits { wanted } else { own }, element, None))
        })
        .collect()
}

/// The outputs as the session infers them, else as the request knows them.
fn outputs(outlets: &[Outlet], known: &[TensorInfo]) -> Result<Vec<TensorInfo>, BackendError> {
    outlets
        .iter()
        .map(|outlet| {
            let name = outlet.name().to_owned();
            let known = known.iter().find(|output| output.name == name);
            let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
                return known.cloned().ok_or_else(|| {
                    BackendError::Unsupported(format!("its output '{name}' is not a tensor"))
                });
            };
            let element = element_of(&name, *ty)?;
            let sizes: Option<Vec<usize>> =
                shape.iter().map(|size| usize::try_from(*size).ok()).collect();
            // An unstated shape looks like that of a single number.
            let scalar = known.is_none_or(|known| !known.unshaped);
            match (sizes, known) {
                (Some(sizes), _) if !sizes.is_empty() || scalar => {
                    Ok(TensorInfo::fixed(name, sizes, element, None))
                }
                (_, Some(known)) => Ok(known.clone()),
                (_, None) => {
                    let info = TensorInfo::fixed(name, Vec::new(), element, None);
                    Ok(TensorInfo { unshaped: true, ..info })
                }
            }
        })
        .collect()
}

fn element_of(name: &str, kind: TensorElementType) -> Result<ElementType, BackendError> {
    element(kind).ok_or_else(|| {
        BackendError::Unsupported(format!("its tensor '{name}' holds {kind} elements"))
    })
}

/// Whether an output has a fixed size, so that it can be allocated before a run.
fn is_plain(kind: &ValueType) -> bool {
    matches!(kind, ValueType::Tensor { ty, .. } if *ty != TensorElementType::String)
}

fn new_tensor(session: &RuntimeSession, info: &TensorInfo) -> ort::Result<DynTensor> {
    let shape: Vec<i64> = info.shape.iter().map(|size| *size as i64).collect();
    DynTensor::new(session.allocator(), element_type(info.element), shape)
}

/// A tensor of `bytes`, which have the size of `info`.
fn filled_tensor(
    session: &RuntimeSession,
    info: &TensorInfo,
    bytes: &[u8],
) -> ort::Result<DynTensor> {
    let mut value = new_tensor(session, info)?;
    // SAFETY: the tensor was just allocated by the CPU allocator for this type and shape, and no
    // more than its size is copied.
    unsafe {
        std::ptr::copy_nonoverlapping(
            bytes.as_ptr(),
            value.data_ptr_mut().cast::<u8>(),
            bytes.len().min(info.byte_len()),
        );
    }
    Ok(value)
}

/// A session with its inputs and outputs bound.
struct OnnxruntimeSession {
    session: RuntimeSession,
    binding: IoBinding,
    recipe: OnnxruntimeRecipe,
    tensors: SessionTensors,
    /// By output: what was set aside for it; `None` if each run makes it anew.
    results: Vec<Option<DynTensor>>,
    /// By output: the classes of a map, in the model's order.
    classes: Vec<Option<Vec<String>>>,
}

impl OnnxruntimeSession {
    /// The binding's own `run_binding` also fetches every output, which
    /// allocates; those are bound already.
    fn run(&mut self) -> ort::Result<()> {
        // SAFETY: session and binding are live and belong together; no other
        // thread uses them, since `self` is borrowed exclusively. Null run
        // options mean the defaults.
        unsafe {
            let status = (ort::api().RunWithBinding)(
                self.session.ptr().cast_mut(),
                std::ptr::null(),
                self.binding.ptr(),
            );
            ort::Error::result_from_status(status)
        }
    }
}

impl Session for OnnxruntimeSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        let info = &self.tensors.inputs[index];
        let value = filled_tensor(&self.session, info, bytes).map_err(failed)?;
        self.binding.bind_input(&info.name, &value).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.run().map_err(failed)
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        let info = &self.tensors.outputs[index];
        let Some(value) = &self.results[index] else {
            let values = output::values(&self.session, &self.binding).map_err(failed)?;
            let value = values.get(index).ok_or_else(|| {
                BackendError::Failed(format!("output {index} was requested before a run"))
            })?;
            let classes = self.classes.get(index).and_then(Option::as_deref).unwrap_or_default();
            return output::bytes(value, info.element.width(), classes).map_err(failed);
        };
        // SAFETY: the tensor was allocated on the CPU with this type and shape.
        let bytes =
            unsafe { std::slice::from_raw_parts(value.data_ptr().cast::<u8>(), info.byte_len()) };
        Ok(bytes.to_vec())
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        profile::coverage(&self.recipe, &self.tensors.inputs).map_err(failed)
    }

    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        let filled = |(info, bytes): (&TensorInfo, &Vec<u8>)| {
            Ok((info.name.clone(), filled_tensor(&self.session, info, bytes)?))
        };
        let inputs = self.tensors.inputs.iter().zip(inputs).map(filled);
        let inputs = inputs.collect::<ort::Result<Vec<_>>>().map_err(failed)?;
        let profile = profile::operators(&self.recipe, &inputs, runs).map_err(failed)?;
        // What cannot be told costs no profile.
        let left = refusals::of(&self.recipe, &self.tensors.inputs).unwrap_or_default();
        Ok(OperatorProfile { placement: left.division, refusals: left.refusals, ..profile })
    }
}

fn failed(error: ort::Error) -> BackendError {
    BackendError::Failed(format!("ONNX Runtime: {}", refusal::plain(&error.to_string())))
}

fn element_type(element: ElementType) -> TensorElementType {
    match element {
        ElementType::Float32 => TensorElementType::Float32,
        ElementType::Float16 => TensorElementType::Float16,
        ElementType::Float64 => TensorElementType::Float64,
        ElementType::Int8 => TensorElementType::Int8,
        ElementType::Uint8 => TensorElementType::Uint8,
        ElementType::Int16 => TensorElementType::Int16,
        ElementType::Int32 => TensorElementType::Int32,
        ElementType::Int64 => TensorElementType::Int64,
        ElementType::Uint16 => TensorElementType::Uint16,
        ElementType::Uint32 => TensorElementType::Uint32,
        ElementType::Uint64 => TensorElementType::Uint64,
        ElementType::Bfloat16 => TensorElementType::Bfloat16,
        ElementType::Bool => TensorElementType::Bool,
        ElementType::Text => TensorElementType::String,
    }
}

fn element(kind: TensorElementType) -> Option<ElementType> {
    Some(match kind {
        TensorElementType::Float32 => ElementType::Float32,
        TensorElementType::Float16 => ElementType::Float16,
        TensorElementType::Float64 => ElementType::Float64,
        TensorElementType::Int8 => ElementType::Int8,
        TensorElementType::Uint8 => ElementType::Uint8,
        TensorElementType::Int16 => ElementType::Int16,
        TensorElementType::Int32 => ElementType::Int32,
        TensorElementType::Int64 => ElementType::Int64,
        TensorElementType::Uint16 => ElementType::Uint16,
        TensorElementType::Uint32 => ElementType::Uint32,
        TensorElementType::Uint64 => ElementType::Uint64,
        TensorElementType::Bfloat16 => ElementType::Bfloat16,
        TensorElementType::Bool => ElementType::Bool,
        TensorElementType::String => ElementType::Text,
        _ => return None,
    })
}
