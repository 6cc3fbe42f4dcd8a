//! What a model's outputs are compared with: the same weights in float32, if its description names
//! them, else the model itself; without a delegate, on the runtime that its format comes from.

use std::num::NonZeroUsize;

use anyhow::Result;

use crate::model::select;
use crate::record::agreement::Agreement;
use crate::record::backend_kind::BackendKind;
use crate::record::case::{AccuracyKey, Case};
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::format::Format;
use crate::record::header::Header;

/// The models that `models` name as their references and that are not among them, from the manifest
/// or the folder of the model; with a sentence for each that was not found.
///
/// # Errors
/// A reference that is found and cannot be used.
pub(crate) fn outside(models: &[Model]) -> Result<(Vec<Model>, Vec<String>)> {
    let mut found: Vec<Model> = Vec::new();
    let mut missing = Vec::new();
    for model in models {
        let Some(name) = model.description.reference.as_deref() else { continue };
        if models.iter().chain(&found).any(|known| known.name == name) {
            continue;
        }
        match select::beside(model, name)? {
            Some(reference) => found.push(reference),
            None => missing.push(format!(
                "{}: its reference '{name}' was not found; it is compared with itself",
                model.name
            )),
        }
    }
    Ok((found, missing))
}

/// The model that `model` is compared with.
#[must_use]
pub(crate) fn of<'a>(header: &'a Header, model: &'a Model) -> &'a Model {
    let named = model.description.reference.as_deref();
    let known = |name: &str| {
        header.models.iter().chain(&header.references).find(|model| model.name == name)
    };
    named.and_then(known).unwrap_or(model)
}

/// How a reference is run: see the module.
#[must_use]
pub(crate) fn key(reference: &Model) -> AccuracyKey {
    let backend = match reference.format {
        Format::Tflite => BackendKind::Tflite,
        Format::Onnx => BackendKind::Onnxruntime,
    };
    let (model, delegate) = (reference.name.clone(), Delegate::None);
    AccuracyKey { model, backend, delegate, options: None, device: None }
}

/// The agreement of `model` with its reference, and whether their numbers are of different kinds.
#[must_use]
pub(crate) fn of_kinds(header: &Header, model: &str, agreement: Agreement) -> Agreement {
    let kind = |model: &str| header.scored_of(model).and_then(|scored| scored.kind);
    let own = header.models.iter().find(|known| known.name == model);
    let kinds_differ = own.is_some_and(|own| {
        kind(model).zip(kind(&of(header, own).name)).is_some_and(|(one, other)| one != other)
    });
    Agreement { kinds_differ, ..agreement }
}

/// Minimum images for a reference that is not scored itself: as many as there are random inputs
/// without a dataset, and enough that 4 of them with another best class flag a case (the Wilson
/// interval of 12 in 16 ends below 0.9).
const LEAST_IMAGES: usize = 16;
/// It sees one image in this many, if that is more. A runtime's own kernels can be several times
/// slower than a delegate's, so that all images would cost more than the scoring.
const ONE_IN: usize = 50;

/// Which images a reference sees that is not scored itself: those at multiples of
/// this position, spread over the dataset, since some are sorted by class.
#[must_use]
pub fn every(images: usize) -> usize {
    (images / LEAST_IMAGES).clamp(1, ONE_IN)
}

/// The case that accuracy is computed with.
#[must_use]
pub(crate) fn single_threaded(key: &AccuracyKey) -> Case {
    let AccuracyKey { model, backend, delegate, options, device } = key.clone();
    Case { options, device, ..Case::plain(&model, backend, delegate, NonZeroUsize::MIN) }
}

#[cfg(test)]
mod tests {
    use super::every;

    #[test]
    fn a_reference_sees_enough_images_and_not_too_many() {
        for (images, seen) in [(10, 10), (16, 16), (500, 17), (1000, 20), (50_000, 1000)] {
            assert_eq!((0..images).step_by(every(images)).count(), seen, "{images}");
        }
    }
}
