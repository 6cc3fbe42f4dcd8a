//! What every backend checks at its border with the caller.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::BackendError;
use super::kind::BackendKind;
use crate::model::Format;
use crate::model::tensor::{Tensor, TensorInfo};

/// Checks that `tensor` fits input `index` byte for byte.
pub(super) fn check_input(
    inputs: &[TensorInfo],
    index: usize,
    tensor: &Tensor,
) -> Result<(), BackendError> {
    let Some(input) = inputs.get(index) else {
        return Err(BackendError::Failed(format!(
            "input {index} was given, the model has {}",
            inputs.len()
        )));
    };
    if tensor.element == input.element
        && tensor.shape == input.shape
        && tensor.bytes.len() == input.byte_len()
    {
        return Ok(());
    }
    Err(BackendError::Failed(format!(
        "input '{}' takes {} {:?}, it was given {} {:?} in {} bytes",
        input.name,
        input.element,
        input.shape,
        tensor.element,
        tensor.shape,
        tensor.bytes.len()
    )))
}

/// Refuses a model whose format this backend does not read.
pub(super) fn check_format(
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

/// The sentence for a model that a runtime did not take.
pub(super) fn cannot_load(model: &Path, reason: &dyn std::fmt::Display) -> String {
    format!("cannot load model {}: {}", model.display(), one_line(&reason.to_string()))
}

/// A runtime's message as one line, so that it fits a CSV field.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor::ElementType;

    fn image() -> Vec<TensorInfo> {
        vec![TensorInfo {
            name: "image".into(),
            shape: vec![1, 2],
            element: ElementType::Float32,
            quantization: None,
        }]
    }

    #[test]
    fn an_input_fits_or_says_why_not() {
        let fits = Tensor { element: ElementType::Float32, shape: vec![1, 2], bytes: vec![0; 8] };
        assert!(check_input(&image(), 0, &fits).is_ok());
        for wrong in [
            Tensor { element: ElementType::Int32, ..fits.clone() },
            Tensor { shape: vec![2, 1], ..fits.clone() },
            Tensor { bytes: vec![0; 7], ..fits.clone() },
        ] {
            let error = check_input(&image(), 0, &wrong).unwrap_err().to_string();
            assert!(error.contains("'image' takes float32 [1, 2]"), "{error}");
        }
        assert!(check_input(&image(), 1, &fits).unwrap_err().to_string().contains("input 1"));
    }
}
