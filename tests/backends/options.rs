//! The runtimes' own settings have an effect: none of them says whether it took a key.

use std::fs;

use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::coverage::Coverage;
use shutterbench::runtime::backend::Backend;
use tempfile::TempDir;

use crate::material::{load, load_with, one, open, random, run};

/// Coverage of a model with settings, or without any if they are empty.
fn coverage(backend: &dyn Backend, model: &str, delegate: &str, settings: &str) -> Coverage {
    let session = match settings {
        "" => load(backend, &one(model), delegate, 1),
        some => load_with(backend, &one(model), delegate, some),
    };
    session.unwrap().coverage().unwrap()
}

/// The first output for one random input, with settings and without.
fn outputs(backend: &dyn Backend, model: &str, delegate: &str, settings: &str) -> [Vec<f32>; 2] {
    let mut with = load_with(backend, &one(model), delegate, settings).unwrap();
    let mut without = load(backend, &one(model), delegate, 1).unwrap();
    let input = random(&with.inputs()[0].clone(), 7);
    [&mut with, &mut without].map(|session| {
        let info = session.outputs()[0].clone();
        info.real(&run(session.as_mut(), &input).bytes)
    })
}

fn largest_difference([one, other]: &[Vec<f32>; 2]) -> f32 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Threads of this process.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn onnxruntime_rewrites_graphs_as_far_as_it_is_told() {
    let Some(backend) = open(BackendKind::Onnxruntime) else { return };
    let kernels = |settings: &str| {
        coverage(&*backend, "0.25_f32.onnx", "none", settings).nodes_total.unwrap()
    };
    let (all, disabled) = (kernels(""), kernels("graph_optimization_level=disable"));
    assert!(disabled > all, "{disabled} kernels without rewriting, {all} with");
    let pair = outputs(&*backend, "0.25_f32.onnx", "none", "graph_optimization_level=disable");
    assert!(largest_difference(&pair) < 1e-4);
}

#[test]
fn a_free_session_key_reaches_onnxruntime() {
    let Some(backend) = open(BackendKind::Onnxruntime) else { return };
    let kernels =
        |settings: &str| coverage(&*backend, "0.25_int8.onnx", "none", settings).nodes_total;
    assert!(kernels("session.disable_quant_qdq=1") > kernels(""));
}

#[test]
fn onnxruntime_starts_the_threads_between_operators() {
    let Some(backend) = open(BackendKind::Onnxruntime) else { return };
    let model = one("0.25_f32.onnx");
    // Other tests start and end threads meanwhile: some attempt has only its own.
    let gained = || {
        let before = threads();
        let session = load_with(&*backend, &model, "none", "inter_op_threads=9").unwrap();
        let gained = threads().saturating_sub(before);
        drop(session);
        gained
    };
    assert!((0..20).any(|_| gained() >= 8));
}

#[test]
fn every_setting_of_onnxruntime_loads_and_computes_the_same() {
    let Some(backend) = open(BackendKind::Onnxruntime) else { return };
    for settings in [
        "intra_op_spinning=false",
        "memory_pattern=false",
        "cpu_arena=false",
        "denormals_as_zero=true",
        "deterministic_compute=true",
        "prepacking=false",
        "inter_op_threads=2;graph_optimization_level=layout;cpu_arena=true",
    ] {
        let pair = outputs(&*backend, "0.25_f32.onnx", "none", settings);
        assert!(largest_difference(&pair) < 1e-4, "{settings}");
    }
}

/// XNNPACK without its 8-bit kernels leaves an 8-bit model to the runtime.
#[test]
fn xnnpack_leaves_what_its_flags_exclude() {
    for kind in [BackendKind::Tflite, BackendKind::Litert] {
        let Some(backend) = open(kind) else { continue };
        let taken = |settings: &str| {
            coverage(&*backend, "0.25_int8.tflite", "xnnpack", settings).nodes_delegated
        };
        assert!(taken("signed_int8=false") < taken(""), "{kind}");
        assert_eq!(taken("signed_int8=true"), taken(""), "{kind}");
    }
}

#[test]
fn xnnpack_computes_in_float16_when_it_must() {
    for kind in [BackendKind::Tflite, BackendKind::Litert] {
        let Some(backend) = open(kind) else { continue };
        let pair = outputs(&*backend, "0.25_f32.tflite", "xnnpack", "force_fp16=true");
        let difference = largest_difference(&pair);
        assert!((1e-5..2e-2).contains(&difference), "{kind}: {difference}");
    }
}

#[test]
fn tflite_says_which_flags_its_delegate_has() {
    let Some(backend) = open(BackendKind::Tflite) else { return };
    let model = one("0.25_f32.tflite");
    let session = load_with(&*backend, &model, "xnnpack", "force_fp16=true").unwrap();
    assert_eq!(session.settings().flag("force_fp16"), Some(true));
    assert_eq!(session.settings().flag("signed_int8"), Some(true));
    assert!(load(&*backend, &model, "xnnpack", 1).unwrap().settings().is_empty());
}

#[test]
fn litert_keeps_packed_weights_in_a_file_of_each_model() {
    let Some(backend) = open(BackendKind::Litert) else { return };
    let folder = TempDir::new().unwrap();
    let settings = format!("weight_cache_folder={}", folder.path().join("cache").display());
    let files = || fs::read_dir(folder.path().join("cache")).unwrap().count();
    for (model, count) in [("0.25_f32.tflite", 1), ("0.5_f32.tflite", 2), ("0.25_f32.tflite", 2)] {
        let pair = outputs(&*backend, model, "xnnpack", &settings);
        assert!(largest_difference(&pair) < 1e-5, "{model}");
        assert_eq!(files(), count, "{model}");
    }
}

#[test]
fn onnxruntime_keeps_what_it_rewrote_in_a_file_of_each_model_and_settings() {
    let Some(backend) = open(BackendKind::Onnxruntime) else { return };
    let folder = TempDir::new().unwrap();
    let kept = format!("optimized_model_folder={}", folder.path().join("cache").display());
    let files = || -> Vec<_> {
        let found = fs::read_dir(folder.path().join("cache")).unwrap();
        let mut found: Vec<_> = found.map(|file| file.unwrap().path()).collect();
        found.sort();
        found
    };
    let basic = format!("{kept};graph_optimization_level=basic");
    for (model, settings, count) in [
        ("0.25_f32.onnx", &kept, 1),
        ("0.25_f32.onnx", &kept, 1),
        ("0.5_f32.onnx", &kept, 2),
        ("0.25_f32.onnx", &basic, 3),
    ] {
        let pair = outputs(&*backend, model, "none", settings);
        assert!(largest_difference(&pair) < 1e-5, "{model} {settings}");
        let files = files();
        assert_eq!(files.len(), count, "{model} {settings}: {files:?}");
        assert!(files.iter().all(|file| file.extension().is_some_and(|it| it == "onnx")));
    }
}

#[test]
fn litert_runs_its_reference_kernels() {
    let Some(backend) = open(BackendKind::Litert) else { return };
    let pair = outputs(&*backend, "0.25_f32.tflite", "none", "kernels=reference");
    let difference = largest_difference(&pair);
    // Other kernels add in another order.
    assert!(pair[0] != pair[1] && difference < 1e-4, "{difference}");
}
