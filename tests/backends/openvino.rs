//! OpenVINO against the other runtimes and against the files.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use shutterbench::model::select;
use shutterbench::model::shapes::of_file;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::precision::Precision;
use shutterbench::runtime::backend_error::BackendError;
use shutterbench::runtime::session::Session;

use crate::material::{distance, embedded, load, load_with, one, open, random, run, shared};

/// Inputs that each comparison runs on.
const SEEDS: std::ops::Range<u64> = 0..8;

fn all_models() -> Vec<PathBuf> {
    [embedded("tflite"), embedded("onnx"), shared("tflite"), shared("onnx")].concat()
}

/// What makes every processor compute alike.
const F32: &str = "INFERENCE_PRECISION_HINT=f32";

/// A model on OpenVINO in float32; `None` after a skip.
fn loaded(model: &Path) -> Option<Box<dyn Session>> {
    let backend = open(BackendKind::Openvino)?;
    let session = load_with(&*backend, model, "none", F32);
    Some(session.unwrap_or_else(|error| panic!("{}: {error}", model.display())))
}

/// The same model on the runtime that its format belongs to.
fn reference(model: &Path) -> Option<Box<dyn Session>> {
    let is_onnx = model.extension().is_some_and(|ending| ending == "onnx");
    let kind = if is_onnx { BackendKind::Onnxruntime } else { BackendKind::Tflite };
    Some(load(&*open(kind)?, model, "none", 1).unwrap())
}

fn real(session: &mut dyn Session, seed: u64) -> Vec<f32> {
    let input = random(&session.inputs()[0], seed);
    let output = run(session, &input);
    output.to_real(session.outputs()[0].quantization.as_ref())
}

fn best(scores: &[f32]) -> usize {
    (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
}

#[test]
fn every_model_runs_as_the_file_describes_it() {
    for path in all_models() {
        let Some(session) = loaded(&path) else { return };
        let model = select::open(&path).unwrap();
        let file = of_file(&model.signature, NonZeroUsize::MIN).signature;
        assert_eq!(session.inputs(), file.inputs, "{}", path.display());
        assert_eq!(session.outputs(), file.outputs, "{}", path.display());
    }
}

#[test]
fn floating_point_models_agree_and_quantised_ones_choose_the_same_classes() {
    let (mut real_valued, mut quantised) = (0, 0);
    for path in all_models() {
        let Some(mut ours) = loaded(&path) else { return };
        let Some(mut theirs) = reference(&path) else { return };
        let precision = select::open(&path).unwrap().signature.precision;
        let is_real = matches!(precision, Precision::Float32 | Precision::Float16);
        let mut same = 0;
        for seed in SEEDS {
            let (ours, theirs) = (real(&mut *ours, seed), real(&mut *theirs, seed));
            same += u32::from(best(&ours) == best(&theirs));
            let apart = distance(&ours, &theirs);
            assert!(!is_real || apart < 1e-4, "{}: {apart}", path.display());
        }
        // It computes quantised models in part with real numbers, so that equal bits are not to
        // be had; random inputs are the ones whose best class is least certain.
        assert!(same >= SEEDS.end as u32 - 2, "{}: {same} agree", path.display());
        *(if is_real { &mut real_valued } else { &mut quantised }) += 1;
    }
    assert!(real_valued >= 9 && quantised >= 15, "{real_valued} and {quantised}");
}

#[test]
fn an_input_that_was_set_is_the_one_that_is_run_however_many_threads_there_are() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let model = one("1.0_f32.onnx");
    let mut single = load(&*backend, &model, "none", 1).unwrap();
    let mut double = load(&*backend, &model, "none", 2).unwrap();
    let first = real(&mut *single, 1);
    assert_ne!(real(&mut *single, 2), first);
    assert_eq!(real(&mut *single, 1), first);
    assert!(distance(&real(&mut *double, 1), &first) < 1e-6);
}

#[test]
fn the_threads_are_those_that_it_says_it_has() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let model = one("0.25_f32.tflite");
    let threads = |asked| load(&*backend, &model, "none", asked).unwrap().threads();
    assert_eq!(threads(1), Some(1));
    // It takes no more than the process may use, and says nothing of that when it loads.
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert!(threads(cpus + 7).unwrap() as usize <= cpus);
    assert_eq!(threads(cpus), threads(cpus + 7));
}

#[test]
fn the_counters_tell_how_many_kernels_a_run_calls() {
    for ending in ["0.25_f32.tflite", "0.25_int8.onnx"] {
        let Some(mut session) = loaded(&one(ending)) else { return };
        let coverage = session.coverage().unwrap();
        // Convolutions and what is between them; not what was fused into them.
        let total = coverage.nodes_total.unwrap();
        assert!((17..40).contains(&total), "{ending}: {coverage:?}");
        assert_eq!((coverage.status, coverage.nodes_delegated), (None, None));
    }
}

#[test]
fn devices_that_are_not_here_are_unsupported_with_what_is() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let model = one("0.25_f32.onnx");
    for (delegate, word) in
        [("gpu", "no GPU here"), ("npu", "no NPU here"), ("xnnpack", "no xnnpack")]
    {
        let Err(error) = load(&*backend, &model, delegate, 1) else {
            // There is such a device.
            assert_ne!(delegate, "xnnpack");
            continue;
        };
        assert!(matches!(error, BackendError::Unsupported(_)), "{error}");
        let said = error.to_string();
        assert!(said.contains(word) && !said.contains('\n'), "{said}");
    }
}

#[test]
fn a_file_needs_no_ending() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (ending, name) in [("0.25_f32.tflite", "flat"), ("0.25_f32.onnx", "proto")] {
        let path = folder.path().join(name);
        fs::copy(one(ending), &path).unwrap();
        let mut nameless = load(&*backend, &path, "none", 1).unwrap();
        let mut named = load(&*backend, &one(ending), "none", 1).unwrap();
        assert_eq!(real(&mut *nameless, 3), real(&mut *named, 3), "{ending}");
    }
    let ours = format!("shutterbench-{}-", std::process::id());
    let left = fs::read_dir(std::env::temp_dir()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap_or_default();
        name.starts_with(&ours) && name.ends_with(".tflite")
    });
    assert_eq!(left.count(), 0, "a stand-in stayed behind");
}

#[test]
fn what_it_does_not_take_is_said_in_a_sentence_without_places_in_its_sources() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.tflite");
    // A TensorFlow Lite file whose tables are damaged behind its first bytes.
    let mut bytes = fs::read(one("0.25_f32.tflite")).unwrap();
    let middle = bytes.len() - 4096;
    bytes[middle..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    if let Err(error) = load(&*backend, &path, "none", 1) {
        let said = error.to_string();
        assert!(said.contains("could not load model wrong.tflite"), "{said}");
        for internal in ["\n", "src/", ".cpp", "Exception from", folder.path().to_str().unwrap()] {
            assert!(!said.contains(internal), "{internal}: {said}");
        }
    }
}

/// Where the processor has bfloat16 it is the default and another model than float32; elsewhere it
/// is refused, because OpenVINO would compute in float32 without a word.
#[test]
fn bfloat16_is_shown_to_differ_or_refused() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let model = one("1.0_f32.onnx");
    let mut exact = load_with(&*backend, &model, "none", F32).unwrap();
    assert_eq!(exact.settings().get("INFERENCE_PRECISION_HINT"), Some("f32"));
    let mut default = load(&*backend, &model, "none", 1).unwrap();
    let told = default.settings().get("INFERENCE_PRECISION_HINT").unwrap().to_owned();
    let apart = distance(&real(&mut *default, 3), &real(&mut *exact, 3));
    match load_with(&*backend, &model, "none", "INFERENCE_PRECISION_HINT=bf16") {
        Ok(mut asked) => {
            let apart = distance(&real(&mut *asked, 3), &real(&mut *exact, 3));
            assert!(apart > 1e-5, "bf16 is off by only {apart}");
        }
        Err(error) => {
            assert!(matches!(error, BackendError::Unsupported(_)), "{error}");
            assert!(error.to_string().contains("does not compute in bf16"), "{error}");
            assert_eq!((told.as_str(), apart), ("f32", 0.0));
        }
    }
}

#[test]
fn settings_are_taken_and_told() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let model = one("0.25_f32.tflite");
    for (key, value) in [("ENABLE_CPU_PINNING", "false"), ("PERFORMANCE_HINT", "THROUGHPUT")] {
        let default = load(&*backend, &model, "none", 1).unwrap();
        assert_ne!(default.settings().get(key), Some(value));
        let set = load_with(&*backend, &model, "none", &format!("{key}={value}")).unwrap();
        assert_eq!(set.settings().get(key), Some(value));
    }
}

#[test]
fn a_cache_has_a_folder_per_content_and_gives_the_same_model() {
    let Some(backend) = open(BackendKind::Openvino) else { return };
    let folder = tempfile::tempdir().unwrap();
    let setting = format!("CACHE_DIR={}", folder.path().display());
    let mut plain = load(&*backend, &one("0.25_f32.onnx"), "none", 1).unwrap();
    let expected = real(&mut *plain, 5);
    for _ in 0..2 {
        let mut cached = load_with(&*backend, &one("0.25_f32.onnx"), "none", &setting).unwrap();
        assert_eq!(real(&mut *cached, 5), expected);
    }
    load_with(&*backend, &one("0.5_f32.onnx"), "none", &setting).unwrap();
    let folders: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    for folder in folders {
        assert!(fs::read_dir(folder.path()).unwrap().count() >= 1, "{folder:?} is empty");
    }
}
