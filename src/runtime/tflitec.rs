//! The same TensorFlow Lite library through the `tflitec` crate, linked when
//! the program is built: a second binding, whose results have to be the same.

use tflitec::interpreter::{Interpreter, Options};
use tflitec::model::Model;

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::operator_profile::OperatorProfile;
use crate::record::signature::Signature;
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{
    cannot_load, check_batch, check_format, no_batch, shaped, tflite_bytes,
};
use crate::runtime::refusal;
use crate::runtime::session::{Session, SessionTensors};
use crate::runtime::tflite::Tflite;

/// The linked TensorFlow Lite library.
#[derive(Debug)]
pub(crate) struct Tflitec;

impl Backend for Tflitec {
    fn kind(&self) -> BackendKind {
        BackendKind::Tflitec
    }

    fn version(&self) -> String {
        tflitec::tf_lite_version().to_owned()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Tflite], request.model)?;
        // The crate unwraps what a damaged file holds, so it was verified when it was read.
        let shaped = shaped(request, format)?;
        let failed = |reason: &dyn std::fmt::Display| {
            BackendError::Failed(cannot_load(request.model, reason))
        };
        let is_xnnpack_enabled = match request.delegate {
            Delegate::None => false,
            Delegate::Xnnpack => true,
            other => {
                return Err(BackendError::Unsupported(format!(
                    "the tflitec crate supports only the delegate xnnpack, not {other}; use backend tflite"
                )));
            }
        };
        let thread_count = i32::try_from(request.threads.get())
            .map_err(|error| BackendError::Unsupported(error.to_string()))?;
        let bytes: &'static [u8] = Box::leak(tflite_bytes(request.model, &shaped)?.into());
        // The interpreter borrows its model; a process loads one and ends with it.
        let model: &'static Model<'static> =
            Box::leak(Box::new(Model::from_bytes(bytes).map_err(|error| failed(&error))?));
        let options = Options { thread_count, is_xnnpack_enabled };
        let interpreter = Interpreter::new(model, Some(options)).map_err(|error| failed(&error))?;
        interpreter.allocate_tensors().map_err(|error| {
            let custom = || refusal::of_custom_operators(request.model, &shaped.signature);
            if shaped.resized {
                no_batch(shaped.images, &error)
            } else {
                custom().unwrap_or_else(|| failed(&error))
            }
        })?;
        let Signature { inputs, mut outputs, .. } = shaped.into_owned().signature;
        for (index, output) in outputs.iter_mut().enumerate() {
            let tensor = interpreter.output(index).map_err(|error| failed(&error))?;
            *output = output.with_shape(tensor.shape().dimensions().clone());
        }
        let tensors = SessionTensors { inputs, outputs };
        if request.batch.get() > 1 {
            check_batch(&tensors.outputs, request.batch)?;
        }
        Ok(Box::new(TflitecSession {
            interpreter,
            bytes,
            delegate: request.delegate.clone(),
            threads: thread_count,
            tensors,
        }))
    }
}

/// An interpreter with its tensors allocated.
struct TflitecSession {
    interpreter: Interpreter<'static>,
    bytes: &'static [u8],
    delegate: Delegate,
    threads: i32,
    tensors: SessionTensors,
}

impl Session for TflitecSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        self.interpreter.copy(bytes, index).map_err(failed)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        self.interpreter.invoke().map_err(failed)
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        let output = self.interpreter.output(index).map_err(failed)?;
        Ok(output.data::<u8>().to_vec())
    }

    /// The crate shows no plan; the other binding of the same library does.
    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        let Ok(library) = Tflite::open() else {
            let status = (self.delegate != Delegate::None).then_some(DelegateStatus::Unknown);
            return Ok(Coverage { status, ..Coverage::default() });
        };
        library.coverage(self.bytes, &self.delegate, self.threads)
    }

    /// Nor does it take a profiler; the other binding gives one to the same library.
    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        let library = Tflite::open().map_err(|error| {
            BackendError::Unsupported(format!(
                "the tflitec crate has no profiler, and the library of backend tflite, which has, is not here: {error}"
            ))
        })?;
        library.profile(self.bytes, (&self.delegate, self.threads), inputs, runs)
    }
}

fn failed(error: tflitec::Error) -> BackendError {
    BackendError::Failed(format!("TensorFlow Lite: {error}"))
}
