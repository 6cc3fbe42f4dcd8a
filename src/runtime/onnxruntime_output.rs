//! Outputs that ONNX Runtime makes anew in every run, because their size is not known
//! before: tensors of open shape, texts, and sequences of maps from classes to scores.

use std::ptr::{self, NonNull};

use ort::AsPointer;
use ort::session::{IoBinding, Session as RuntimeSession};
use ort::value::{DynMap, DynValue, TensorElementType, ValueType};

use crate::record::tensor::TEXT_BYTES;

/// The values of all outputs that are bound, in the order in which they were bound.
pub(crate) fn values(session: &RuntimeSession, binding: &IoBinding) -> ort::Result<Vec<DynValue>> {
    let allocator = session.allocator();
    let (mut first, mut count) = (ptr::null_mut(), 0);
    // SAFETY: binding and allocator are live. The array comes from that allocator and is
    // given back to it; each value in it is ours from here on.
    unsafe {
        let status = (ort::api().GetBoundOutputValues)(
            binding.ptr(),
            allocator.ptr().cast_mut(),
            &raw mut first,
            &raw mut count,
        );
        ort::Error::result_from_status(status)?;
        let values = (0..count)
            .filter_map(|index| NonNull::new(*first.add(index)))
            .map(|value| DynValue::from_ptr(value, Some(allocator)))
            .collect();
        if let Some(first) = NonNull::new(first) {
            allocator.free(first.as_ptr());
        }
        Ok(values)
    }
}

/// The bytes of a value. The scores of maps are returned in the order of `classes`.
pub(crate) fn bytes(value: &DynValue, width: usize, classes: &[String]) -> ort::Result<Vec<u8>> {
    match value.dtype() {
        ValueType::Tensor { ty: TensorElementType::String, .. } => {
            let (_, texts) = value.try_extract_strings()?;
            Ok(texts.iter().flat_map(|text| padded(text)).collect())
        }
        ValueType::Tensor { shape, .. } => {
            let count: i64 = shape.iter().product();
            let length = usize::try_from(count).unwrap_or(0) * width;
            let mut data = ptr::null_mut();
            // SAFETY: the value is a live tensor on the CPU, whose elements have this width.
            unsafe {
                let status =
                    (ort::api().GetTensorMutableData)(value.ptr().cast_mut(), &raw mut data);
                ort::Error::result_from_status(status)?;
                if data.is_null() {
                    return Ok(Vec::new());
                }
                Ok(std::slice::from_raw_parts(data.cast::<u8>(), length).to_vec())
            }
        }
        ValueType::Sequence(_) => {
            let maps: Vec<DynMap> = value.try_extract_sequence()?;
            maps.iter()
                .map(|map| scores(map, classes))
                .collect::<ort::Result<Vec<_>>>()
                .map(|images| images.into_iter().flatten().flat_map(f32::to_ne_bytes).collect())
        }
        other => Err(ort::Error::new(format!("an output of type {other} cannot be read"))),
    }
}

/// A text of [`TEXT_BYTES`] bytes: cut there, or filled with zeros.
fn padded(text: &str) -> [u8; TEXT_BYTES] {
    let mut bytes = [0; TEXT_BYTES];
    let length = text.len().min(TEXT_BYTES);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}

/// The scores of one image's map; a class that it lacks has none.
fn scores(map: &DynMap, classes: &[String]) -> ort::Result<Vec<f32>> {
    let by_name: Vec<(String, f32)> = match map.dtype() {
        ValueType::Map { key: TensorElementType::String, .. } => {
            map.try_extract_key_values::<String, f32>()?
        }
        _ => map
            .try_extract_key_values::<i64, f32>()?
            .into_iter()
            .map(|(class, score)| (class.to_string(), score))
            .collect(),
    };
    let score = |class: &String| {
        by_name.iter().find(|(name, _)| name == class).map_or(f32::NAN, |(_, score)| *score)
    };
    Ok(classes.iter().map(score).collect())
}
