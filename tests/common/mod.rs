//! What several test files share: where test material is, and how a test reports that it could not
//! run.

// Every test file compiles this module for itself and uses a part of it.
#![allow(dead_code)]

use std::env;
use std::fmt::Debug;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::timed_runs::TimedRuns;
use shutterbench::runtime::registry;
use shutterbench::worker::worker_source::WorkerSource;

/// How long anything in a test may take before it counts as hung. Generous: the
/// machine may be busy, and how fast it is decides no test.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// The repository's folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of models and photos beside the repository (`SHUTTERBENCH_SHARED` names another).
/// `None` after [`skip`] if there is none; the test then returns.
pub fn shared() -> Option<PathBuf> {
    let folder = env::var_os("SHUTTERBENCH_SHARED")
        .map_or_else(|| repository().join("../shared"), PathBuf::from);
    if ["models", "imagenet-sample"].iter().all(|part| folder.join(part).is_dir()) {
        return Some(folder);
    }
    skip(&format!(
        "no foreign models in {}; CONTRIBUTING.md, 'Models and photos of others', says where they come from",
        folder.display()
    ));
    None
}

/// The timed runs of a visit, as a line of a journal has them.
pub fn timed_runs(block: &serde_json::Value) -> TimedRuns {
    serde_json::from_value(block.clone()).unwrap()
}

/// Reports that the current test cannot run here, and why. With `CI=true` that is a failure.
/// `scripts/test` names the file that collects the reasons.
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

/// The Python that has the packages of `tests/python/requirements.txt`, which `scripts/test`
/// installs. `None` after [`skip`] if there is none.
pub fn python() -> Option<PathBuf> {
    let python = env::var_os("SHUTTERBENCH_TEST_PYTHON")
        .map_or_else(|| repository().join("build/venv-test/bin/python"), PathBuf::from);
    if python.is_file() {
        return Some(python);
    }
    skip(&format!("no {}, which scripts/test makes", python.display()));
    None
}

/// Whether these runtimes can be opened here; `false` after [`skip`] if one cannot.
pub fn has_runtimes(kinds: &[BackendKind]) -> bool {
    let absent: Vec<String> = kinds
        .iter()
        .filter_map(|kind| registry::open(*kind).err().map(|error| error.to_string()))
        .collect();
    if !absent.is_empty() {
        skip(&absent.join("; "));
    }
    absent.is_empty()
}

/// Workers of the program under test.
pub fn workers() -> WorkerSource {
    WorkerSource::isolated().with_program(env!("CARGO_BIN_EXE_shutterbench").into())
}

/// Waits for something that must happen; panics if it does not within [`PATIENCE`].
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "{what} does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

/// How a child ends; one that has not within [`PATIENCE`] is killed, and the test fails. For
/// children that leave others behind on their pipes, as a server that is started does.
pub fn exit_status(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("not ended after {PATIENCE:?}, killed");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The output of a child. One that has not ended within [`PATIENCE`] is killed, and the test fails
/// with its output so far.
pub fn finish(child: Child) -> Output {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (tell, told) = mpsc::channel();
    // Both pipes are read meanwhile, so that the child never waits for a reader.
    thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let _ = kill(pid, Signal::SIGKILL);
        let said = told.recv_timeout(PATIENCE).map(|output| output.stderr).unwrap_or_default();
        panic!("not ended after {PATIENCE:?}, killed: {}", String::from_utf8_lossy(&said));
    })
}

/// [`Command::output`] with a deadline.
pub trait TimelyOutput {
    /// What the program says until it ends: see [`finish`].
    fn timely_output(&mut self) -> Output;
    /// The same; `None` if there is no such program.
    fn output_if_there(&mut self) -> Option<Output>;
}

impl TimelyOutput for Command {
    fn timely_output(&mut self) -> Output {
        self.output_if_there().unwrap_or_else(|| panic!("{self:?}: there is no such program"))
    }

    fn output_if_there(&mut self) -> Option<Output> {
        self.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match self.spawn() {
            Ok(child) => Some(finish(child)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => panic!("{self:?}: {error}"),
        }
    }
}

/// The program under test in `folder`.
pub fn shutterbench_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(folder).args(arguments).timely_output()
}

/// The program under test where these folders, the first of each pair, take the place of the
/// kernel's. `None` after [`skip`] if they cannot.
pub fn shutterbench_with_folders(folders: &[(&Path, &str)]) -> Option<Command> {
    if let Some((_, absent)) = folders.iter().find(|(_, place)| !Path::new(place).is_dir()) {
        skip(&format!("this kernel has no {absent} to take the place of"));
        return None;
    }
    let tried = Command::new("unshare").args(["--mount", "true"]).output_if_there();
    if !tried.is_some_and(|output| output.status.success()) {
        skip("simulated files of the kernel need root, for a mount namespace");
        return None;
    }
    let mounts: Vec<String> = folders
        .iter()
        .map(|(folder, place)| format!("mount --bind '{}' {place}", folder.display()))
        .collect();
    let script = format!("{} && exec \"$@\"", mounts.join(" && "));
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_shutterbench")]);
    Some(command)
}

/// What a program wrote to standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program wrote to standard output.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The rows that `run --json` wrote. A test that got none fails with what the program said and
/// what it was asked.
pub fn rows(output: &Output, asked: impl Debug) -> Vec<Value> {
    assert!(!output.stdout.is_empty(), "{asked:?}: {}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The tests' own delegate (tests/delegate), compiled once per program. `None` after [`skip`] if
/// that cannot be done, or if there is no TensorFlow Lite to load it.
pub fn softmax_delegate() -> Option<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if !has_runtimes(&[BackendKind::Tflite]) {
        return None;
    }
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
        .output_if_there()
        .ok_or("no C++ compiler")?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(library)
}
