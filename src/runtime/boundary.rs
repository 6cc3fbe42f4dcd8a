//! What every backend checks at its border with the caller.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::record::backend_kind::BackendKind;
use crate::record::format::Format;
use crate::record::tensor::TensorInfo;
use crate::runtime::error::BackendError;

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

/// The sentence for a model that a runtime did not take. It names the file alone:
/// results are published, and its folder is nobody's business.
pub(crate) fn cannot_load(model: &Path, reason: &dyn std::fmt::Display) -> String {
    let file = model.file_name().unwrap_or(model.as_os_str()).to_string_lossy();
    format!("cannot load model {file}: {}", one_line(&reason.to_string()))
}

/// A runtime's message as one line, so that it fits a CSV field.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The shape with its first dimension set to `batch`. A model whose inputs
/// already hold several images, or none in that place, takes no other batch.
pub(crate) fn batched(input: &TensorInfo, batch: NonZeroUsize) -> Result<Vec<usize>, BackendError> {
    match input.shape.as_slice() {
        [1, rest @ ..] if !rest.is_empty() => {
            Ok(std::iter::once(batch.get()).chain(rest.iter().copied()).collect())
        }
        shape => Err(BackendError::Unsupported(format!(
            "input '{}' of shape {shape:?} has no batch that could be set to {batch}",
            input.name
        ))),
    }
}

/// Checks that every output grew with the inputs: a graph that holds a fixed size
/// somewhere may compute something, but no batch.
pub(crate) fn check_batch(outputs: &[TensorInfo], batch: NonZeroUsize) -> Result<(), BackendError> {
    match outputs.iter().find(|output| output.shape.first() != Some(&batch.get())) {
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
