//! Runtimes agree if they compute the same, and refuse if they would not.

use std::path::Path;

use std::num::NonZeroUsize;

use shutterbench::model::shapes::of_file;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::precision::Precision;
use shutterbench::record::tensor::Tensor;
use shutterbench::runtime::backend_error::BackendError;

use crate::common;
use crate::material::{distance, embedded, load, load_batch, one, open, random, run, shared};

/// Inputs that each comparison runs on.
const SEEDS: std::ops::Range<u64> = 0..4;

fn all_tflite() -> Vec<std::path::PathBuf> {
    let mut models = embedded("tflite");
    models.extend(shared("tflite"));
    models
}

/// Outputs of a model on the seeded inputs, as real numbers.
fn outputs(
    kind: BackendKind,
    model: &Path,
    delegate: &str,
    threads: usize,
) -> Option<Vec<Vec<f32>>> {
    let backend = open(kind)?;
    let mut session = load(&*backend, model, delegate, threads)
        .unwrap_or_else(|error| panic!("{kind} {}: {error}", model.display()));
    Some(
        SEEDS
            .map(|seed| {
                let input = random(&session.inputs()[0], seed);
                let output = run(&mut *session, &input);
                output.to_real(session.outputs()[0].quantization.as_ref())
            })
            .collect(),
    )
}

fn worst(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    one.iter().zip(other).map(|(a, b)| distance(a, b)).fold(0.0, f32::max)
}

#[test]
fn tflite_runs_every_model_and_describes_it_as_the_file_does() {
    let Some(backend) = open(BackendKind::Tflite) else { return };
    for path in all_tflite() {
        let model = shutterbench::model::select::open(&path).unwrap();
        for delegate in ["none", "xnnpack"] {
            let session = load(&*backend, &path, delegate, 1).unwrap();
            let file = of_file(&model.signature, NonZeroUsize::MIN).signature;
            assert_eq!(session.inputs(), file.inputs, "{}", path.display());
            assert_eq!(session.outputs(), file.outputs, "{}", path.display());
        }
    }
}

#[test]
fn both_bindings_of_tensorflow_lite_give_the_same_bits() {
    let Some(one) = open(BackendKind::Tflite) else { return };
    let Some(other) = open(BackendKind::Tflitec) else { return };
    for path in all_tflite() {
        for delegate in ["none", "xnnpack"] {
            let mut one = load(&*one, &path, delegate, 1).unwrap();
            let mut other = load(&*other, &path, delegate, 1).unwrap();
            for seed in SEEDS {
                let input = random(&one.inputs()[0], seed);
                let (one, other) = (run(&mut *one, &input), run(&mut *other, &input));
                assert_eq!(one, other, "{} {delegate}", path.display());
            }
        }
    }
}

#[test]
fn an_input_that_was_set_is_the_one_that_is_run() {
    let Some(backend) = open(BackendKind::Tflite) else { return };
    let mut session = load(&*backend, &one("0.25_f32.tflite"), "none", 1).unwrap();
    let first = random(&session.inputs()[0], 1);
    let second = random(&session.inputs()[0], 2);
    let before = run(&mut *session, &first);
    assert_ne!(run(&mut *session, &second), before);
    assert_eq!(run(&mut *session, &first), before);
    let wrong = Tensor { bytes: first.bytes[1..].to_vec(), ..first };
    assert!(session.set_input(0, &wrong).is_err());
    assert!(session.output(1).is_err());
}

#[test]
fn threads_do_not_change_what_tflite_computes() {
    for delegate in ["none", "xnnpack"] {
        for ending in ["1.0_f32.tflite", "1.0_int8.tflite"] {
            let model = one(ending);
            let Some(single) = outputs(BackendKind::Tflite, &model, delegate, 1) else { return };
            let double = outputs(BackendKind::Tflite, &model, delegate, 2).unwrap();
            assert!(worst(&single, &double) <= 1e-6, "{ending} {delegate}");
        }
    }
}

#[test]
fn tract_agrees_with_tflite_on_floating_point_models() {
    let mut compared = 0;
    for path in all_tflite() {
        let model = shutterbench::model::select::open(&path).unwrap();
        // tract does not take the float16 weights of a TensorFlow Lite file.
        if model.signature.precision != Precision::Float32 {
            continue;
        }
        let Some(reference) = outputs(BackendKind::Tflite, &path, "none", 1) else { return };
        let tract = outputs(BackendKind::Tract, &path, "none", 1).unwrap();
        let distance = worst(&reference, &tract);
        assert!(distance < 1e-4, "{}: {distance}", path.display());
        compared += 1;
    }
    assert!(compared >= 3, "only {compared} floating-point models were found");
}

#[test]
fn tract_refuses_what_it_would_compute_wrongly() {
    let backend = open(BackendKind::Tract).unwrap();
    for path in all_tflite().into_iter().chain(embedded("onnx")) {
        let model = shutterbench::model::select::open(&path).unwrap();
        if model.signature.precision != Precision::Float32 {
            let error = load(&*backend, &path, "none", 1).err().expect("it is refused");
            assert!(matches!(error, BackendError::Unsupported(_)), "{}: {error}", path.display());
            assert!(error.to_string().len() < 400, "{error}");
        }
    }
}

#[test]
fn onnx_runtimes_agree_with_tflite_on_the_same_weights() {
    for width in ["0.25", "0.5", "1.0"] {
        // One channel: NHWC and NCHW hold the same bytes.
        let model = one(&format!("{width}_f32.onnx"));
        let tflite = one(&format!("{width}_f32.tflite"));
        let Some(reference) = outputs(BackendKind::Tflite, &tflite, "none", 1) else { return };
        let tract = outputs(BackendKind::Tract, &model, "none", 1).unwrap();
        assert!(worst(&reference, &tract) < 1e-4, "tract, width {width}");
        let Some(ort) = outputs(BackendKind::Onnxruntime, &model, "none", 1) else { return };
        assert!(worst(&reference, &ort) < 1e-4, "onnxruntime, width {width}");
    }
}

#[test]
fn litert_agrees_with_tflite() {
    for path in all_tflite() {
        for delegate in ["none", "xnnpack"] {
            let Some(reference) = outputs(BackendKind::Tflite, &path, delegate, 1) else { return };
            let Some(litert) = outputs(BackendKind::Litert, &path, delegate, 1) else { return };
            let model = shutterbench::model::select::open(&path).unwrap();
            // Two releases of the same kernels: quantised scores by a few steps,
            // and dynamic ranges are rounded differently.
            let allowed = match model.signature.outputs[0].quantization {
                Some(scores) => 3.0 * scores.scale,
                None if model.signature.precision == Precision::Float32 => 1e-4,
                None => 0.02,
            };
            let distance = worst(&reference, &litert);
            assert!(distance <= allowed, "{} {delegate}: {distance}", path.display());
        }
    }
}

/// Runs three images as one batch and each alone.
fn assert_batch_is_its_images(kind: BackendKind, path: &Path, delegate: &str) {
    const BATCH: usize = 3;
    let Some(backend) = open(kind) else { return };
    let mut alone = load(&*backend, path, delegate, 1).unwrap();
    let mut together = load_batch(&*backend, path, delegate, 1, BATCH).unwrap();
    let images: Vec<Tensor> =
        (0..BATCH as u64).map(|seed| random(&alone.inputs()[0], seed)).collect();
    let info = &together.inputs()[0];
    let bytes = images.iter().flat_map(|image| image.bytes.clone()).collect();
    let batch = Tensor { element: info.element, shape: info.shape.clone(), bytes };
    let scores = run(&mut *together, &batch).to_real(together.outputs()[0].quantization.as_ref());
    let classes = scores.len() / BATCH;
    for (image, scores) in images.iter().zip(scores.chunks_exact(classes)) {
        let expected = run(&mut *alone, image).to_real(alone.outputs()[0].quantization.as_ref());
        let distance = distance(&expected, scores);
        assert!(distance < 1e-5, "{kind}/{delegate} {}: {distance}", path.display());
    }
}

#[test]
fn a_batch_gives_each_image_the_scores_it_has_alone() {
    assert_batch_is_its_images(BackendKind::Tract, &one("0.25_f32.onnx"), "none");
    assert_batch_is_its_images(BackendKind::Openvino, &one("0.25_f32.onnx"), "none");
    // Exported with an open batch.
    let path = common::repository().join("tests/goldens/exports/keras/model.tflite");
    assert_batch_is_its_images(BackendKind::Openvino, &path, "none");
    {
        for kind in [BackendKind::Tflite, BackendKind::Tflitec] {
            for delegate in ["none", "xnnpack"] {
                assert_batch_is_its_images(kind, &path, delegate);
            }
        }
    }
}

#[test]
fn a_graph_of_a_fixed_size_takes_no_batch() {
    // Its reshape names a batch of one.
    let path = one("0.25_f32.tflite");
    for kind in [
        BackendKind::Tflite,
        BackendKind::Tflitec,
        BackendKind::Litert,
        BackendKind::Tract,
        BackendKind::Openvino,
    ] {
        let Some(backend) = open(kind) else { return };
        let error = load_batch(&*backend, &path, kind_delegate(kind), 1, 2).err();
        let error = error.unwrap_or_else(|| panic!("{kind} took it"));
        assert!(matches!(error, BackendError::Unsupported(_)), "{kind}: {error}");
        assert!(error.to_string().contains("--batch 2"), "{kind}: {error}");
    }
}

fn kind_delegate(kind: BackendKind) -> &'static str {
    match kind {
        BackendKind::Tract | BackendKind::Openvino => "none",
        _ => "xnnpack",
    }
}
