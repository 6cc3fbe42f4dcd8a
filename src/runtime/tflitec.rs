//! The same TensorFlow Lite library through the `tflitec` crate, linked when
//! the program is built: a second binding, whose results have to be the same.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use tflitec::interpreter::{Interpreter, Options};
use tflitec::model::Model;
use tflitec::tensor::Shape;

use crate::model::tflite;
use crate::record::backend_kind::BackendKind;
use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::boundary::{batched, cannot_load, check_batch, check_format, no_batch};
use crate::runtime::error::BackendError;
use crate::runtime::session::{Session, Signature};
use crate::runtime::tflite::Tflite;

/// The linked TensorFlow Lite library.
#[derive(Debug)]
pub struct Tflitec;

impl Backend for Tflitec {
    fn kind(&self) -> BackendKind {
        BackendKind::Tflitec
    }

    fn version(&self) -> String {
        tflitec::tf_lite_version().to_owned()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        check_format(self.kind(), &[Format::Tflite], request.model)?;
        let failed = |reason: &dyn std::fmt::Display| {
            BackendError::Failed(cannot_load(request.model, reason))
        };
        let is_xnnpack_enabled = match request.delegate {
            Delegate::None => false,
            Delegate::Xnnpack => true,
            other => {
                return Err(BackendError::Unsupported(format!(
                    "the tflitec crate takes no delegate but xnnpack, not {other}; \
                     use backend tflite"
                )));
            }
        };
        let thread_count = i32::try_from(request.threads.get())
            .map_err(|error| BackendError::Unsupported(error.to_string()))?;
        // The crate unwraps what a damaged file holds, so it is verified first.
        let anatomy = std::fs::read(request.model)
            .map_err(anyhow::Error::from)
            .and_then(|bytes| tflite::read(&bytes))
            .map_err(|error| failed(&format!("{error:#}")))?;
        let path = request.model.to_str().ok_or_else(|| failed(&"its path is not in UTF-8"))?;
        // The interpreter borrows its model; a process loads one and ends with it.
        let model: &'static Model<'static> =
            Box::leak(Box::new(Model::new(path).map_err(|error| failed(&error))?));
        let options = Options { thread_count, is_xnnpack_enabled };
        let interpreter = Interpreter::new(model, Some(options)).map_err(|error| failed(&error))?;
        let mut signature = Signature { inputs: anatomy.inputs, outputs: anatomy.outputs };
        if request.batch.get() > 1 {
            resize(&interpreter, &mut signature, request.batch)?;
        } else {
            interpreter.allocate_tensors().map_err(|error| failed(&error))?;
        }
        Ok(Box::new(TflitecSession {
            interpreter,
            path: request.model.to_owned(),
            delegate: request.delegate.clone(),
            threads: thread_count,
            signature,
        }))
    }
}

/// Gives every input room for `batch` images and reads what became of the outputs.
fn resize(
    interpreter: &Interpreter<'_>,
    signature: &mut Signature,
    batch: NonZeroUsize,
) -> Result<(), BackendError> {
    for (index, input) in signature.inputs.iter_mut().enumerate() {
        input.shape = batched(input, batch)?;
        interpreter
            .resize_input(index, Shape::new(input.shape.clone()))
            .map_err(|error| no_batch(batch, &error))?;
    }
    interpreter.allocate_tensors().map_err(|error| no_batch(batch, &error))?;
    for (index, output) in signature.outputs.iter_mut().enumerate() {
        let tensor = interpreter.output(index).map_err(|error| no_batch(batch, &error))?;
        output.shape.clone_from(tensor.shape().dimensions());
    }
    check_batch(&signature.outputs, batch)
}

/// An interpreter with its tensors allocated.
struct TflitecSession {
    interpreter: Interpreter<'static>,
    path: PathBuf,
    delegate: Delegate,
    threads: i32,
    signature: Signature,
}

impl Session for TflitecSession {
    fn signature(&self) -> &Signature {
        &self.signature
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
        let bytes = std::fs::read(&self.path)
            .map_err(|error| BackendError::Failed(cannot_load(&self.path, &error)))?;
        library.coverage(&bytes, &self.delegate, self.threads)
    }
}

fn failed(error: tflitec::Error) -> BackendError {
    BackendError::Failed(format!("TensorFlow Lite: {error}"))
}
