//! What several test files share: where test material lies, and how a test
//! says that it could not run.

// Every test file compiles this module for itself and uses a part of it.
#![allow(dead_code)]

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;

/// The repository's folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of models and photos that lies beside the repository
/// (`SHUTTERBENCH_SHARED` names another). `None` after [`skip`] where there is
/// none: the test returns then.
pub fn shared() -> Option<PathBuf> {
    let folder = env::var_os("SHUTTERBENCH_SHARED")
        .map_or_else(|| repository().join("../shared"), PathBuf::from);
    if folder.join("models").is_dir() {
        return Some(folder);
    }
    skip(&format!("no models under {}, set SHUTTERBENCH_SHARED", folder.display()));
    None
}

/// Says that the running test could not be made here, and why. With `CI=true`
/// that is a failure. `scripts/test` names the file that collects the reasons.
pub fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("skipped: {test}: {reason}");
    println!("{line}");
    if let Some(path) = env::var_os("SHUTTERBENCH_SKIP_LOG") {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&path).display()));
        writeln!(log, "{line}").expect("the log of skipped tests takes a line");
    }
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{line}");
}

/// The Python that has the packages of `tests/python/requirements.txt`, which
/// `scripts/test` installs. `None` after [`skip`] where there is none.
pub fn python() -> Option<PathBuf> {
    let python = env::var_os("SHUTTERBENCH_TEST_PYTHON")
        .map_or_else(|| repository().join("build/venv-test/bin/python"), PathBuf::from);
    if python.is_file() {
        return Some(python);
    }
    skip(&format!("no {}, which scripts/test makes", python.display()));
    None
}

/// The tests' own delegate (tests/delegate), compiled once a program. `None` after
/// [`skip`] where that cannot be done.
pub fn softmax_delegate() -> Option<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(build_delegate) {
        Ok(path) => Some(path.clone()),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

fn build_delegate() -> Result<PathBuf, String> {
    let headers = repository().join("runtimes/include");
    if !headers.join("tensorflow").is_dir() {
        return Err("no TensorFlow Lite headers; scripts/setup/tflitec brings them".into());
    }
    // Named after the test program: others may build theirs at the same time.
    let name = format!("libsoftmax_delegate-{}.so", env!("CARGO_CRATE_NAME"));
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new("c++")
        .args(["-std=c++17", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(&headers)
        .arg("-o")
        .arg(&library)
        .arg(repository().join("tests/delegate/softmax_delegate.cc"))
        .output()
        .map_err(|error| format!("no C++ compiler ({error})"))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(library)
}
