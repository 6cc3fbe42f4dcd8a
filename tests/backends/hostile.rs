//! Files that are no models: an error, never a panic.

use std::fs;
use std::path::Path;

use shutterbench::record::backend_kind::BackendKind;
use shutterbench::runtime::backend::Backend;

use crate::material::{load, one, open};

/// The error of loading `bytes` under `name`, or what happened instead.
fn refused(backend: &dyn Backend, folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    match load(backend, &path, "none", 1) {
        Ok(_) => panic!("{} took {name}", backend.kind()),
        Err(error) => error.to_string(),
    }
}

fn check(kind: BackendKind, ending: &str) {
    let Some(backend) = open(kind) else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(one(ending)).unwrap();
    let extension = ending.rsplit('.').next().unwrap();
    for share in [0, 1, 10, 50, 90] {
        let cut = &whole[..whole.len() * share / 100];
        let message = refused(&*backend, folder.path(), &format!("cut{share}.{extension}"), cut);
        assert!(!message.contains('\n'), "{message}");
    }
    refused(&*backend, folder.path(), &format!("text.{extension}"), b"this is a text file\n");
    let missing = folder.path().join(format!("missing.{extension}"));
    let error = load(&*backend, &missing, "none", 1).err().expect("there is no such file");
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn tflite_survives_damaged_files() {
    check(BackendKind::Tflite, "0.25_f32.tflite");
}

#[test]
fn tract_survives_damaged_files() {
    check(BackendKind::Tract, "0.25_f32.onnx");
    check(BackendKind::Tract, "0.25_f32.tflite");
}

#[test]
fn onnxruntime_survives_damaged_files() {
    check(BackendKind::Onnxruntime, "0.25_f32.onnx");
}

#[test]
fn litert_survives_damaged_files() {
    check(BackendKind::Litert, "0.25_f32.tflite");
}

#[test]
fn openvino_survives_damaged_files() {
    check(BackendKind::Openvino, "0.25_f32.onnx");
    check(BackendKind::Openvino, "0.25_f32.tflite");
}

#[test]
fn a_format_that_a_backend_does_not_read_is_unsupported() {
    for (kind, ending) in [
        (BackendKind::Tflite, "0.25_f32.onnx"),
        (BackendKind::Litert, "0.25_f32.onnx"),
        (BackendKind::Onnxruntime, "0.25_f32.tflite"),
    ] {
        let Some(backend) = open(kind) else { return };
        let error = load(&*backend, &one(ending), "none", 1).err().expect("it is refused");
        assert!(error.to_string().contains("does not read"), "{error}");
    }
}
