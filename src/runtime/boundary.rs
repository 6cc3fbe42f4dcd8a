//! What every backend checks at its border with the caller.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::model::{onnx_file, shapes, tflite_file, tflite_graph, tflite_signature};
use crate::record::backend_kind::BackendKind;
use crate::record::format::Format;
use crate::record::signature::{Shaped, Signature};
use crate::record::tensor::TensorInfo;
use crate::runtime::backend::LoadRequest;
use crate::runtime::backend_error::BackendError;

/// Refuses a model whose format this backend does not read.
pub(crate) fn check_format(
    backend: BackendKind,
    reads: &[Format],
    model: &Path,
) -> Result<Format, BackendError> {
    let mut head = Vec::new();
    File::open(model)
        .and_then(|file| file.take(8).read_to_end(&mut head))
        .map_err(|error| BackendError::Failed(cannot_load(model, &error)))?;
    let format = Format::detect(model, &head);
    if reads.contains(&format) {
        return Ok(format);
    }
    Err(BackendError::Unsupported(format!("{backend} does not read {format} models")))
}

/// The sentence for a model that a runtime did not accept. It names only the file: results are
/// published, and the folder is private.
pub(crate) fn cannot_load(model: &Path, reason: &dyn std::fmt::Display) -> String {
    let file = model.file_name().unwrap_or(model.as_os_str()).to_string_lossy();
    format!("could not load model {file}: {}", one_line(&reason.to_string()))
}

/// A runtime's message as one line, so that it fits a CSV field.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The shapes that a model is to run with, by the request or else by its file alone.
pub(crate) fn shaped<'a>(
    request: &LoadRequest<'a>,
    format: Format,
) -> Result<Cow<'a, Shaped>, BackendError> {
    if let Some(shaped) = request.shaped {
        return Ok(Cow::Borrowed(shaped));
    }
    let signature = std::fs::read(request.model)
        .map_err(anyhow::Error::from)
        .and_then(|bytes| match format {
            Format::Onnx => onnx_file::read(&bytes),
            Format::Tflite => tflite_file::read(&bytes, None),
        })
        .map_err(|error| BackendError::Failed(cannot_load(request.model, &format!("{error:#}"))))?;
    Ok(Cow::Owned(shapes::of_file(&signature, request.batch)))
}

/// The bytes of a TensorFlow Lite file, with the shapes that it is to run with, and with the
/// graph of its signature as the first.
pub(crate) fn tflite_bytes(model: &Path, shaped: &Shaped) -> Result<Vec<u8>, BackendError> {
    let failed = |reason: &dyn std::fmt::Display| BackendError::Failed(cannot_load(model, reason));
    let mut bytes = std::fs::read(model).map_err(|error| failed(&error))?;
    let signature = &shaped.signature;
    if tflite_signature::is_moved(signature) {
        tflite_signature::move_first(&mut bytes, signature.graph())
            .ok_or_else(|| failed(&"its graphs are not those that were read before"))?;
    }
    let Signature { inputs, outputs, .. } = signature;
    Ok(tflite_graph::with_shapes(&bytes, inputs, outputs).unwrap_or(bytes))
}

/// Checks that every output grew with the inputs: a graph that holds a fixed size
/// somewhere may compute something, but no batch.
pub(crate) fn check_batch(outputs: &[TensorInfo], batch: NonZeroUsize) -> Result<(), BackendError> {
    let stays =
        |output: &&TensorInfo| !output.is_open() && output.shape.first() != Some(&batch.get());
    match outputs.iter().find(stays) {
        None => Ok(()),
        Some(output) => {
            Err(no_batch(batch, &format!("its tensor '{}' stays {:?}", output.name, output.shape)))
        }
    }
}

/// The sentence for a model that does not run with several images at once.
pub(crate) fn no_batch(batch: NonZeroUsize, reason: &dyn std::fmt::Display) -> BackendError {
    BackendError::Unsupported(format!(
        "the model does not run with --batch {batch}: {}",
        one_line(&reason.to_string())
    ))
}
