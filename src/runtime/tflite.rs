//! TensorFlow Lite through its C library, opened at run time.

use std::ffi::CStr;
use std::path::Path;

use edgefirst_tflite::{Interpreter, Library, Model, Tensor as RuntimeTensor, TensorType};

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::operator_profile::OperatorProfile;
use crate::record::quantization::Quantization;
#[cfg(feature = "tflitec")]
use crate::record::setting_values::NO_SETTINGS;
use crate::record::setting_values::SettingValues;
use crate::record::tensor::{ElementType, TensorInfo};
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{
    cannot_load, check_batch, check_format, no_batch, one_line, shaped, tflite_bytes,
};
use crate::runtime::library::RuntimeLibrary;
use crate::runtime::refusal;
use crate::runtime::session::{Session, SessionTensors};
use crate::runtime::tflite_delegate::NativeDelegate;
use crate::runtime::{tflite_plan, tflite_profile};

/// What the binding calls without looking whether it is there.
const NEEDED: [&str; 19] = [
    "TfLiteVersion",
    "TfLiteModelCreate",
    "TfLiteModelDelete",
    "TfLiteInterpreterOptionsCreate",
    "TfLiteInterpreterOptionsSetNumThreads",
    "TfLiteInterpreterOptionsAddDelegate",
    "TfLiteInterpreterOptionsDelete",
    "TfLiteInterpreterCreate",
    "TfLiteInterpreterAllocateTensors",
    "TfLiteInterpreterResizeInputTensor",
    "TfLiteInterpreterInvoke",
    "TfLiteInterpreterGetInputTensor",
    "TfLiteInterpreterGetInputTensorCount",
    "TfLiteInterpreterGetOutputTensor",
    "TfLiteInterpreterGetOutputTensorCount",
    "TfLiteInterpreterDelete",
    "TfLiteTensorByteSize",
    "TfLiteTensorData",
    "TfLiteTensorQuantizationParams",
];

/// The TensorFlow Lite C library of this machine.
#[derive(Debug)]
pub(crate) struct Tflite {
    library: &'static Library,
}

impl Tflite {
    /// Opens the library.
    ///
    /// # Errors
    /// [`BackendError::Absent`] if there is none or it is not a TensorFlow Lite C library.
    pub(crate) fn open() -> Result<Self, BackendError> {
        let path = RuntimeLibrary::Tflite.find()?;
        let library = open_library(&path)?;
        // Models and interpreters borrow the library, and a process uses one:
        // it stays open until the process ends.
        Ok(Self { library: Box::leak(Box::new(library)) })
    }

    /// What `delegate` takes of `model`, the bytes of a file.
    #[cfg(feature = "tflitec")]
    pub(crate) fn coverage(
        &self,
        model: &[u8],
        delegate: &Delegate,
        threads: i32,
    ) -> Result<Coverage, BackendError> {
        tflite_plan::coverage(self.library, model, delegate, &NO_SETTINGS, threads)
    }

    /// What each operator of `model`, the bytes of a file, takes.
    #[cfg(feature = "tflitec")]
    pub(crate) fn profile(
        &self,
        model: &[u8],
        (delegate, threads): (&Delegate, i32),
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        let target = (delegate, &NO_SETTINGS, threads);
        tflite_profile::profile(self.library, model, target, inputs, runs)
    }
}

/// Opens a library that has the whole C interface. The binding panics on a
/// symbol that is missing, so each is looked up first.
fn open_library(path: &Path) -> Result<Library, BackendError> {
    let absent = |reason: String| BackendError::Absent {
        reason,
        remedy: format!(
            "run 'shutterbench fetch {}' for one that works",
            RuntimeLibrary::Tflite.fetch_name()
        ),
    };
    let library = Library::from_path(path).map_err(|error| {
        absent(format!("{} could not be opened ({})", path.display(), one_line(&error.to_string())))
    })?;
    let handle = library.as_sys().library();
    for name in NEEDED {
        // SAFETY: the symbol is only looked up, never called through this type.
        let symbol = unsafe { handle.get::<unsafe extern "C" fn()>(name.as_bytes()) };
        if symbol.is_err() {
            return Err(absent(format!(
                "{} is not a TensorFlow Lite C library: it lacks {name}",
                path.display()
            )));
        }
    }
    Ok(library)
}

impl Backend for Tflite {
    fn kind(&self) -> BackendKind {
        BackendKind::Tflite
    }

    fn version(&self) -> String {
        // SAFETY: `TfLiteVersion` was found when the library was opened; it
        // returns a static, NUL-terminated string.
        let version = unsafe { CStr::from_ptr(self.library.as_sys().TfLiteVersion()) };
        version.to_string_lossy().into_owned()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Tflite], request.model)?;
        let shaped = shaped(request, format)?;
        let threads = i32::try_from(request.threads.get()).map_err(|_| {
            BackendError::Unsupported(format!(
                "{} threads are more than TensorFlow Lite counts",
                request.threads
            ))
        })?;
        let options = request.options;
        let delegate = NativeDelegate::create(self.library, request.delegate, options, threads)?;
        let settings = delegate.as_ref().map(NativeDelegate::settings).unwrap_or_default();
        let failed = |error: edgefirst_tflite::Error| {
            BackendError::Failed(cannot_load(request.model, &error))
        };
        let bytes = tflite_bytes(request.model, &shaped)?;
        let model = Model::from_bytes(self.library, bytes).map_err(failed)?;
        let mut builder = Interpreter::builder(self.library).map_err(failed)?.num_threads(threads);
        if let Some(delegate) = delegate {
            builder = builder.delegate(delegate.into_inner());
        }
        let interpreter = builder.build(&model).map_err(|error| match request.delegate {
            _ if shaped.resized => no_batch(shaped.images, &error),
            Delegate::None | Delegate::Xnnpack => {
                refusal::of_custom_operators(request.model, &shaped.signature).unwrap_or_else(
                    || refusal::of_tflite(request.model, "tflite", &error.to_string()),
                )
            }
            delegate => BackendError::Failed(cannot_load(
                request.model,
                &format!("with delegate {delegate}: {error}"),
            )),
        })?;
        let tensors = SessionTensors {
            inputs: describe(&interpreter.inputs().map_err(failed)?)?,
            outputs: describe(&interpreter.outputs().map_err(failed)?)?,
        };
        if shaped.images.get() > 1 {
            check_batch(&tensors.outputs, shaped.images)?;
        }
        Ok(Box::new(TfliteSession {
            interpreter,
            model,
            library: self.library,
            delegate: request.delegate.clone(),
            options: options.clone(),
            settings,
            threads,
            tensors,
        }))
    }
}

/// An interpreter with its tensors allocated.
struct TfliteSession {
    // Before `model`: an interpreter reads its model's buffer until it is dropped.
    interpreter: Interpreter<'static>,
    model: Model<'static>,
    library: &'static Library,
    delegate: Delegate,
    options: SettingValues,
    /// What the delegate says of itself.
    settings: SettingValues,
    threads: i32,
    tensors: SessionTensors,
}

impl Session for TfliteSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        let mut inputs = self.interpreter.inputs_mut().map_err(failed)?;
        inputs[index].copy_from_bytes(bytes).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.interpreter.invoke().map_err(failed)
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        let outputs = self.interpreter.outputs().map_err(failed)?;
        outputs[index].as_bytes().map(<[u8]>::to_vec).map_err(failed)
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        let (model, options) = (self.model.data(), &self.options);
        tflite_plan::coverage(self.library, model, &self.delegate, options, self.threads)
    }

    fn settings(&self) -> SettingValues {
        self.settings.clone()
    }

    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        let target = (&self.delegate, &self.options, self.threads);
        tflite_profile::profile(self.library, self.model.data(), target, inputs, runs)
    }
}

fn failed(error: edgefirst_tflite::Error) -> BackendError {
    BackendError::Failed(format!("TensorFlow Lite: {}", one_line(&error.to_string())))
}

fn describe(tensors: &[RuntimeTensor<'_>]) -> Result<Vec<TensorInfo>, BackendError> {
    tensors
        .iter()
        .map(|tensor| {
            let name = tensor.name().to_owned();
            let kind = tensor.tensor_type();
            let element = element(kind).ok_or_else(|| {
                BackendError::Unsupported(format!("tensor '{name}' holds {kind:?} elements"))
            })?;
            let shape = tensor.shape().map_err(failed)?;
            let params = tensor.quantization_params();
            // In the C interface, a scale of 0 means 'not quantised'.
            let quantization = (params.scale > 0.0)
                .then_some(Quantization { scale: params.scale, zero_point: params.zero_point });
            Ok(TensorInfo::fixed(name, shape, element, quantization))
        })
        .collect()
}

fn element(kind: TensorType) -> Option<ElementType> {
    Some(match kind {
        TensorType::Float32 => ElementType::Float32,
        TensorType::Float16 => ElementType::Float16,
        TensorType::Float64 => ElementType::Float64,
        TensorType::Int8 => ElementType::Int8,
        TensorType::UInt8 => ElementType::Uint8,
        TensorType::Int16 => ElementType::Int16,
        TensorType::Int32 => ElementType::Int32,
        TensorType::Int64 => ElementType::Int64,
        TensorType::UInt16 => ElementType::Uint16,
        TensorType::UInt32 => ElementType::Uint32,
        TensorType::UInt64 => ElementType::Uint64,
        TensorType::BFloat16 => ElementType::Bfloat16,
        TensorType::Bool => ElementType::Bool,
        _ => return None,
    })
}
