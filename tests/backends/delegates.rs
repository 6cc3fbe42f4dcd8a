//! External delegates, with a real one that this file builds.

use std::path::{Path, PathBuf};

use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::coverage::DelegateStatus;

use crate::common;
use crate::material::{distance, load, one, open, random, run};

fn delegate() -> Option<PathBuf> {
    common::softmax_delegate()
}

fn external(library: &Path, options: &str) -> String {
    format!("external:{}{options}", library.display())
}

#[test]
fn the_delegate_takes_its_one_node_and_computes_it() {
    let (Some(backend), Some(library)) = (open(BackendKind::Tflite), delegate()) else { return };
    let model = one("0.25_f32.tflite");
    let mut own = load(&*backend, &model, "none", 1).unwrap();
    let mut delegated = load(&*backend, &model, &external(&library, ""), 1).unwrap();
    let coverage = delegated.coverage().unwrap();
    assert_eq!(coverage.status, Some(DelegateStatus::Partial), "{coverage:?}");
    assert_eq!((coverage.nodes_delegated, coverage.partitions), (Some(1), Some(1)));
    assert_eq!(coverage.nodes_total, own.coverage().unwrap().nodes_total);
    let input = random(&own.inputs()[0], 7);
    let reference = run(&mut *own, &input).to_real(None);
    let output = run(&mut *delegated, &input).to_real(None);
    assert!(distance(&reference, &output) < 1e-6, "{reference:?} {output:?}");
    // That it was the delegate's own result shows when it computes nonsense.
    let mut wrong = load(&*backend, &model, &external(&library, "?wrong=1"), 1).unwrap();
    let output = run(&mut *wrong, &input).to_real(None);
    assert!(distance(&reference, &output) > 0.9, "{output:?}");
}

#[test]
fn a_delegate_that_takes_nothing_is_told_of() {
    let (Some(backend), Some(library)) = (open(BackendKind::Tflite), delegate()) else { return };
    for (ending, options) in [("0.25_f32.tflite", "?take=0"), ("0.25_int8.tflite", "")] {
        let mut session = load(&*backend, &one(ending), &external(&library, options), 1).unwrap();
        let coverage = session.coverage().unwrap();
        assert_eq!(coverage.status, Some(DelegateStatus::None), "{ending}: {coverage:?}");
        assert_eq!((coverage.nodes_delegated, coverage.partitions), (Some(0), Some(0)));
    }
}

#[test]
fn delegates_that_are_none_are_clear_errors() {
    let Some(backend) = open(BackendKind::Tflite) else { return };
    let refusal = |delegate: &str| {
        let error = load(&*backend, &one("0.25_f32.tflite"), delegate, 1).err();
        error.unwrap_or_else(|| panic!("{delegate} was taken")).to_string()
    };
    let missing = refusal("external:/nowhere/libdelegate.so");
    assert!(missing.contains("/nowhere/libdelegate.so does not exist"), "{missing}");
    let text = external(&common::repository().join("Cargo.toml"), "");
    let text = refusal(&text);
    assert!(text.contains("could not be opened"), "{text}");
    for delegate in ["gpu", "nnapi", "cuda", "coreml", "qnn"] {
        assert!(!refusal(delegate).is_empty());
    }
    let Some(library) = delegate() else { return };
    let refused = refusal(&external(&library, "?refuse=1"));
    assert!(refused.contains("refused to start"), "{refused}");
    let tflite = shutterbench::runtime::library::RuntimeLibrary::Tflite.find().unwrap();
    let no_delegate = refusal(&external(&tflite, ""));
    assert!(no_delegate.contains("is not a TensorFlow Lite delegate"), "{no_delegate}");
}
