//! The floating-point weights of a model file, and how many of them are denormal.

use std::collections::BTreeSet;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, TensorProto};
use tract_tflite::tflite::{self as schema, TensorType};

use crate::record::signature::FloatWeights;

/// Those of a TensorFlow Lite file.
pub(crate) fn of_tflite(model: &schema::Model<'_>) -> FloatWeights {
    let tensors = model.subgraphs().into_iter().flatten().flat_map(|graph| graph.tensors());
    // Tensors may share a buffer.
    let buffers: BTreeSet<usize> = tensors
        .flatten()
        .filter(|tensor| tensor.type_() == TensorType::FLOAT32)
        .map(|tensor| tensor.buffer() as usize)
        .collect();
    let all = model.buffers();
    let data = buffers.into_iter().filter_map(|index| {
        let all = all.filter(|all| index < all.len())?;
        Some(all.get(index).data()?.bytes())
    });
    data.fold(FloatWeights::default(), counted)
}

/// Those of an ONNX file; `None` where it keeps some in other files.
pub(crate) fn of_onnx(model: &ModelProto, has_others: bool) -> Option<FloatWeights> {
    let graph = model.graph.as_ref().filter(|_| !has_others)?;
    let constants = graph.node.iter().flat_map(|node| &node.attribute);
    let constants = constants.filter_map(|attribute| attribute.t.as_ref());
    let all = graph.initializer.iter().chain(constants);
    Some(all.fold(FloatWeights::default(), of_tensor))
}

fn of_tensor(weights: FloatWeights, tensor: &TensorProto) -> FloatWeights {
    if tensor.data_type != DataType::Float as i32 {
        return weights;
    }
    let listed = tensor.float_data.iter().fold(weights, |weights, value| one(weights, *value));
    counted(listed, &tensor.raw_data)
}

/// With those in `bytes`: both formats store them in little-endian order.
fn counted(weights: FloatWeights, bytes: &[u8]) -> FloatWeights {
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().fold(weights, |weights, value| one(weights, f32::from_le_bytes(*value)))
}

fn one(weights: FloatWeights, value: f32) -> FloatWeights {
    FloatWeights {
        count: weights.count + 1,
        denormal: weights.denormal + u64::from(value.is_subnormal()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::model::{onnx_file, tflite_file};

    fn embedded(name: &str) -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fashion-mnist");
        fs::read(folder.join(name)).unwrap()
    }

    #[test]
    fn denormal_numbers_are_counted_and_zero_is_none() {
        let values = [1.0, 0.0, -0.0, 1e-40, -1e-45, f32::MIN_POSITIVE, f32::NAN];
        let bytes: Vec<u8> = values.iter().flat_map(|value: &f32| value.to_le_bytes()).collect();
        let found = counted(FloatWeights::default(), &bytes);
        assert_eq!(found, FloatWeights { count: 7, denormal: 2 });
    }

    #[test]
    fn both_formats_of_a_model_have_the_same_weights() {
        let tflite =
            tflite_file::read(&embedded("fmnist_mobilenet_v1_0.25_f32.tflite"), None).unwrap();
        let onnx = onnx_file::read(&embedded("fmnist_mobilenet_v1_0.25_f32.onnx")).unwrap();
        let (tflite, onnx) = (tflite.float_weights.unwrap(), onnx.float_weights.unwrap());
        assert!(tflite.count > 20_000, "{tflite:?}");
        // Each converter adds a few constants of its own.
        assert!(tflite.count.abs_diff(onnx.count) < 100, "{tflite:?} {onnx:?}");
        let int8 =
            tflite_file::read(&embedded("fmnist_mobilenet_v1_0.25_int8.tflite"), None).unwrap();
        assert!(int8.float_weights.unwrap().count < 100, "{:?}", int8.float_weights);
    }

    #[test]
    fn a_file_with_a_denormal_weight_is_found_out() {
        let mut bytes = embedded("fmnist_mobilenet_v1_0.25_f32.tflite");
        let of = |bytes: &[u8]| tflite_file::read(bytes, None).unwrap().float_weights.unwrap();
        let before = of(&bytes);
        // The largest weights lie in the file as they are: one of them is replaced.
        let model = schema::root_as_model(&bytes).unwrap();
        let largest = model.buffers().unwrap().iter().filter_map(|it| it.data());
        let largest = largest.max_by_key(|data| data.len()).unwrap().bytes();
        let at = largest.as_ptr() as usize - bytes.as_ptr() as usize;
        bytes[at..at + 4].copy_from_slice(&1e-40_f32.to_le_bytes());
        let after = of(&bytes);
        assert_eq!((after.count, after.denormal), (before.count, before.denormal + 1));
    }
}
