//! A runtime's library that crashes or hangs while it is opened costs its own backend
//! and no command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32_onnx";
/// What the library does as soon as it is opened.
const ABORTS: &str = "abort();";
const HANGS: &str = "for (;;) pause();";

/// A library whose initialiser does `what`; `None` after a skip without a compiler.
fn library(folder: &TempDir, what: &str) -> Option<PathBuf> {
    let source = folder.path().join("faulty.c");
    let library = folder.path().join("libfaulty.so");
    let text = format!(
        "#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void begin(void) {{ {what} }}\n"
    );
    fs::write(&source, text).unwrap();
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output();
    match compiled {
        Ok(output) if output.status.success() => Some(library),
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            common::skip(&format!("no C compiler ({error})"));
            None
        }
    }
}

/// The program where ONNX Runtime is this library.
fn shutterbench(library: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .env("SHUTTERBENCH_ONNXRUNTIME_LIB", library)
        // Without adb: asked for devices, it leaves a server behind that outlives the test.
        .env("SHUTTERBENCH_ADB", "/nowhere/adb")
        .args(arguments)
        .timely_output()
}

fn text(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&text(output)).unwrap()
}

/// The entry of a backend in a listing.
fn entry<'a>(list: &'a Value, backend: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|entry| entry["backend"] == backend);
    found.unwrap_or_else(|| panic!("no {backend} in {list}"))
}

/// Measures the model on tract and on the faulty library.
fn measured(folder: &TempDir, library: &Path, more: &[&str]) -> Vec<Value> {
    let out = folder.path().join("run");
    let out = out.to_str().unwrap();
    let arguments = ["run", "--quiet", "--json", "--model", MODEL, "--out", out, "--runs", "5"];
    let fixed = ["--warmup", "1", "--processes", "1", "--images", "50"];
    let output = shutterbench(library, &[&arguments[..], &fixed, more].concat());
    json(&output).as_array().unwrap().clone()
}

fn assert_only_its_own_rows_are_lost(rows: &[Value], sentence: &str) {
    let tract = rows.iter().find(|row| row["backend"] == "tract").unwrap();
    assert_eq!((&tract["status"], &tract["images"]), (&"ok".into(), &50.into()), "{tract}");
    let faulty = rows.iter().find(|row| row["backend"] == "onnxruntime").unwrap();
    assert_eq!(faulty["status"], "unsupported", "{faulty}");
    let error = faulty["error"].as_str().unwrap();
    assert!(error.contains(sentence) && error.contains("libonnxruntime.so"), "{error}");
}

#[test]
fn a_library_that_aborts_is_unsupported_and_everything_else_goes_on() {
    let folder = TempDir::new().unwrap();
    let Some(library) = library(&folder, ABORTS) else { return };
    let backends = json(&shutterbench(&library, &["list", "backends", "--json"]));
    let faulty = entry(&backends, "onnxruntime");
    assert_eq!((&faulty["present"], &faulty["version"]), (&false.into(), &Value::Null));
    assert!(faulty["reason"].as_str().unwrap().contains("was terminated by SIGABRT"), "{faulty}");
    assert_eq!(entry(&backends, "tract")["present"], true);

    let delegates = json(&shutterbench(&library, &["list", "delegates", "--json"]));
    let delegate = entry(&delegates, "onnxruntime");
    assert_eq!(delegate["available"], false);
    assert!(delegate["reason"].as_str().unwrap().contains("SIGABRT"), "{delegate}");

    let doctor = text(&shutterbench(&library, &["doctor"]));
    assert!(doctor.contains("runtime onnxruntime is unusable: "), "{doctor}");
    let inspected = text(&shutterbench(&library, &["inspect", MODEL]));
    assert!(inspected.contains("onnxruntime no: ") && inspected.contains("SIGABRT"), "{inspected}");
    assert!(inspected.contains("tract       yes"), "{inspected}");

    // Whether it was asked for or is one of all.
    let rows = measured(&folder, &library, &["--backend", "onnxruntime,tract"]);
    assert_only_its_own_rows_are_lost(&rows, "was terminated by SIGABRT");
    fs::remove_dir_all(folder.path().join("run")).unwrap();
    let rows = measured(&folder, &library, &["--no-latency"]);
    assert_only_its_own_rows_are_lost(&rows, "was terminated by SIGABRT");
}

#[test]
fn slow_a_library_that_hangs_is_unsupported_and_everything_else_goes_on() {
    let folder = TempDir::new().unwrap();
    let Some(library) = library(&folder, HANGS) else { return };
    let rows = measured(&folder, &library, &["--timeout", "3", "--backend", "onnxruntime,tract"]);
    assert_only_its_own_rows_are_lost(&rows, "did not respond for 3 s");
    let backends = json(&shutterbench(&library, &["list", "backends", "--json"]));
    let faulty = entry(&backends, "onnxruntime");
    assert!(faulty["reason"].as_str().unwrap().contains("did not respond for 15 s"), "{faulty}");
    assert_eq!(entry(&backends, "tract")["present"], true);
    let doctor = text(&shutterbench(&library, &["doctor"]));
    assert!(doctor.contains("runtime onnxruntime is unusable: "), "{doctor}");
    let inspected = text(&shutterbench(&library, &["inspect", MODEL]));
    assert!(inspected.contains("onnxruntime no: "), "{inspected}");
    assert!(inspected.contains("tract       yes"), "{inspected}");
}

#[test]
fn a_run_is_not_continued_with_a_library_that_crashes_now() {
    use shutterbench::record::backend_kind::BackendKind;
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let Some(library) = library(&folder, ABORTS) else { return };
    let out = folder.path().join("run");
    let run = |environment: Option<&Path>, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(["run", "--quiet"]).args(arguments).arg(&out);
        command.envs(environment.map(|library| ("SHUTTERBENCH_ONNXRUNTIME_LIB", library)));
        command.timely_output()
    };
    let begun = ["--backend", "onnxruntime", "--model", MODEL, "--no-accuracy", "--out"];
    let output = run(None, &[&["--runs", "5", "--processes", "1"], &begun[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Without its end it is one that was interrupted.
    let journal = out.join("journal.jsonl");
    let kept = fs::read_to_string(&journal).unwrap();
    let kept: Vec<&str> = kept.lines().filter(|line| !line.contains("\"finished\"")).collect();
    fs::write(&journal, kept.join("\n") + "\n").unwrap();
    let output = run(Some(&library), &["--resume"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("uses onnxruntime, but now") && said.contains("SIGABRT"), "{said}");
}
