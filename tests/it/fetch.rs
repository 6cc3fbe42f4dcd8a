//! Runtimes are fetched from their packages by the ordinary client, checked,
//! and left alone when they are there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shutterbench::fetch::bring::{FetchOutcome, Fetched, fetch};
use shutterbench::fetch::fetch_error::FetchError;
use shutterbench::fetch::package_source::PackageSource;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

const X86_64: &str = "x86_64-unknown-linux-gnu";
const AARCH64: &str = "aarch64-unknown-linux-gnu";
const WHEEL: &str = "pymicro_wakeword-2.5.0-py3-none-manylinux_2_35_x86_64.whl";
const WHEEL_BYTES: usize = 2_114_958;

fn tflite(target: &str, folder: &Path, source: &PackageSource) -> Result<Vec<Fetched>, FetchError> {
    fetch(&["tflite".to_owned()], target, folder, source, &|_| {})
}

/// Fetches through pip; `None` after a skip if no package index answers.
fn tflite_by_pip(target: &str, folder: &Path) -> Option<Vec<Fetched>> {
    match tflite(target, folder, &PackageSource::default()) {
        Err(error @ FetchError::Offline { .. }) => {
            common::skip(&error.to_string());
            None
        }
        result => Some(result.unwrap()),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn pip_brings_a_library_once_and_again_only_when_it_changed() {
    let root = TempDir::new().unwrap();
    let Some(first) = tflite_by_pip(X86_64, root.path()) else { return };
    let library = root.path().join(X86_64).join("libtensorflowlite_c.so");
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].path, library);
    assert_eq!(first[0].outcome, FetchOutcome::Brought);
    assert_eq!(names(&root.path().join(X86_64)), ["libtensorflowlite_c.so"]);
    assert_eq!(fs::read(&library).unwrap()[..4], *b"\x7fELF");

    let nowhere = PackageSource::Folder(PathBuf::from("no such mirror"));
    let again = tflite(X86_64, root.path(), &nowhere).unwrap();
    assert_eq!(again[0].outcome, FetchOutcome::AlreadyThere);

    fs::write(&library, "something else").unwrap();
    assert!(matches!(tflite(X86_64, root.path(), &nowhere), Err(FetchError::NotInMirror { .. })));
    let Some(repaired) = tflite_by_pip(X86_64, root.path()) else { return };
    assert_eq!(repaired[0].outcome, FetchOutcome::Brought);
    assert_eq!(fs::read(&library).unwrap()[..4], *b"\x7fELF");
}

#[test]
fn another_target_s_library_comes_for_that_target() {
    let root = TempDir::new().unwrap();
    let Some(fetched) = tflite_by_pip(AARCH64, root.path()) else { return };
    let bytes = fs::read(&fetched[0].path).unwrap();
    // e_machine of the ELF header; 183 is AArch64 (ELF for the Arm 64-bit Architecture, 5.1).
    assert_eq!(u16::from_le_bytes([bytes[18], bytes[19]]), 183);
    assert!(fetched[0].path.starts_with(root.path().join(AARCH64)));
}

#[test]
fn a_folder_that_holds_the_package_files_needs_no_index() {
    let root = TempDir::new().unwrap();
    let mirror = root.path().join("mirror");
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
        .args(["--platform", "manylinux_2_35_x86_64", "--python-version", "3.11"])
        .args(["pymicro-wakeword==2.5.0", "--dest"])
        .arg(&mirror)
        .timely_output()
        .status;
    if !status.success() {
        return common::skip("pip could not download pymicro-wakeword 2.5.0");
    }
    let source = PackageSource::mirror(mirror.to_str().unwrap()).unwrap();
    assert_eq!(source, PackageSource::Folder(mirror.clone()));
    let fetched = tflite(X86_64, root.path(), &source).unwrap();
    assert_eq!(fetched[0].outcome, FetchOutcome::Brought);
    assert_eq!(names(&mirror), [WHEEL], "the mirror keeps its file and gets no other");
}

#[test]
fn a_package_file_with_another_content_installs_nothing() {
    let root = TempDir::new().unwrap();
    let mirror = root.path().join("mirror");
    fs::create_dir(&mirror).unwrap();
    let source = PackageSource::Folder(mirror.clone());

    fs::write(mirror.join(WHEEL), vec![0; WHEEL_BYTES]).unwrap();
    let error = tflite(X86_64, root.path(), &source).unwrap_err();
    let FetchError::Hash { found, expected, .. } = &error else { panic!("{error}") };
    let text = error.to_string();
    assert!(found != expected && text.contains(found) && text.contains(expected), "{text}");

    fs::write(mirror.join(WHEEL), "short").unwrap();
    let error = tflite(X86_64, root.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::Size { found: 5, .. }), "{error}");
    assert_eq!(names(&root.path().join(X86_64)), Vec::<String>::new());
}

#[test]
fn an_index_that_does_not_answer_is_named_as_such() {
    let root = TempDir::new().unwrap();
    // Port 9 of this machine: nothing listens there.
    let source = PackageSource::mirror("http://127.0.0.1:9/simple").unwrap();
    let error = tflite(X86_64, root.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::Offline { .. }), "{error}");
    assert!(error.to_string().contains("--mirror"), "{error}");
    assert_eq!(names(&root.path().join(X86_64)), Vec::<String>::new());
}

#[test]
fn a_missing_python_and_a_missing_pip_say_what_to_install() {
    let root = TempDir::new().unwrap();
    let python = root.path().join("no-python");
    let source = PackageSource::Network { python, curl: "curl".into(), mirror: None };
    let error = tflite(X86_64, root.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::NoPython { .. }), "{error}");
    assert!(error.to_string().contains("python3-pip"), "{error}");

    let venv = root.path().join("venv");
    let made = Command::new("python3")
        .args(["-m", "venv", "--without-pip"])
        .arg(&venv)
        .timely_output()
        .status;
    assert!(made.success());
    let python = venv.join("bin/python3");
    let source = PackageSource::Network { python, curl: "curl".into(), mirror: None };
    let error = tflite(X86_64, root.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::NoPip { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("a file");
    fs::write(&file, "").unwrap();
    let error = tflite(X86_64, &file, &PackageSource::default()).unwrap_err();
    assert!(error.to_string().contains("a file"), "{error}");
}

#[test]
fn a_mirror_that_is_no_folder_and_no_address_is_refused() {
    let error = PackageSource::mirror("no/such/folder").unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

const PHONE: &str = "aarch64-linux-android";
const AAR: &str = "onnxruntime-android-1.28.0.aar";

fn onnxruntime(target: &str, folder: &Path, source: &PackageSource) -> FetchError {
    fetch(&["onnxruntime".to_owned()], target, folder, source, &|_| {}).unwrap_err()
}

#[test]
fn an_aar_is_looked_for_by_name_and_checked() {
    let root = TempDir::new().unwrap();
    let mirror = root.path().join("mirror");
    fs::create_dir(&mirror).unwrap();
    let source = PackageSource::mirror(mirror.to_str().unwrap()).unwrap();
    let error = onnxruntime(PHONE, root.path(), &source);
    assert!(matches!(error, FetchError::NotInMirror { .. }), "{error}");
    assert!(error.to_string().contains(AAR), "{error}");

    fs::write(mirror.join(AAR), "something else").unwrap();
    let error = onnxruntime(PHONE, root.path(), &source);
    assert!(matches!(error, FetchError::Size { found: 14, expected: 45_634_470, .. }), "{error}");
    fs::write(mirror.join(AAR), vec![0; 45_634_470]).unwrap();
    let error = onnxruntime(PHONE, root.path(), &source);
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
    assert_eq!(names(&root.path().join(PHONE)), Vec::<String>::new());
}

#[test]
fn a_repository_that_does_not_answer_is_named() {
    let root = TempDir::new().unwrap();
    let source = PackageSource::mirror("http://127.0.0.1:9").unwrap();
    let error = onnxruntime(PHONE, root.path(), &source);
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("http://127.0.0.1:9/com/microsoft/onnxruntime/"), "{text}");
    assert!(text.contains("--mirror") && text.lines().count() == 1, "{text}");
    assert_eq!(names(&root.path().join(PHONE)), Vec::<String>::new());

    let curl = root.path().join("no-curl");
    let source = PackageSource::Network { python: "python3".into(), curl, mirror: None };
    let error = onnxruntime(PHONE, root.path(), &source);
    assert!(matches!(error, FetchError::NoCurl { .. }), "{error}");
    assert!(error.to_string().contains("install curl"), "{error}");
}
