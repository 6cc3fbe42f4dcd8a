//! A timeout means silence: slow work that reports progress continues, a hang is detected, and time
//! in which the program was stopped does not count.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, finish};

/// A run of the embedded float32 model on the tests' delegate with `settings`, whose
/// workers may be silent for `timeout` seconds.
fn command(folder: &Path, settings: &str, timeout: &str) -> Option<Command> {
    let library = common::softmax_delegate()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command
        .args(["run", "--quiet", "--json", "--backend", "tflite", "--processes", "1"])
        .args(["--model", "fmnist_mobilenet_v1_0.25_f32", "--timeout", timeout])
        .arg("--delegate")
        .arg(format!("external:{}?{settings}", library.display()))
        .arg("--out")
        .arg(folder.join("run"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Some(command)
}

fn row(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect(&said);
    rows.into_iter().next().expect("a row")
}

/// The row of a run with these arguments, and how long it took.
fn measured(settings: &str, timeout: &str, arguments: &[&str]) -> Option<(Value, Duration)> {
    let folder = TempDir::new().unwrap();
    let begin = Instant::now();
    let output = command(folder.path(), settings, timeout)?.args(arguments).timely_output();
    Some((row(&output), begin.elapsed()))
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

const LATENCY: &str = "--no-accuracy";

#[test]
fn a_long_warm_up_of_a_slow_model_is_no_silence() {
    let arguments = [LATENCY, "--warmup", "12", "--runs", "3"];
    let Some((row, took)) = measured("slow=400", "1.5", &arguments) else { return };
    assert_eq!((&row["status"], &row["warmup_runs"]), (&"ok".into(), &12.into()), "{row}");
    assert!(took > Duration::from_secs(5), "longer than the timeout by far");
}

#[test]
fn a_thousand_untimed_runs_are_no_silence() {
    let arguments = [LATENCY, "--warmup", "1000", "--runs", "3"];
    let Some((row, _)) = measured("slow=3", "1.5", &arguments) else { return };
    assert_eq!((&row["status"], &row["warmup_runs"]), (&"ok".into(), &1000.into()), "{row}");
}

#[test]
fn a_visit_of_a_slow_model_is_no_silence() {
    let arguments = [LATENCY, "--warmup", "0", "--runs", "10"];
    let Some((row, _)) = measured("slow=600", "1.5", &arguments) else { return };
    assert_eq!((&row["status"], &row["runs"]), (&"ok".into(), &10.into()), "{row}");
}

#[test]
fn sixteen_inputs_of_agreement_are_no_silence() {
    // The reference is the undelegated model; without a dataset it is compared on random
    // inputs, in a single request.
    let folder = TempDir::new().unwrap();
    let Some(mut command) = command(folder.path(), "slow=400", "1.5") else { return };
    let arguments = [LATENCY, "--warmup", "0", "--runs", "1"];
    let row = row(&command.args(arguments).timely_output());
    assert_eq!((&row["status"], &row["agreement_inputs"]), (&"ok".into(), &16.into()), "{row}");
}

#[test]
fn loading_may_take_several_timeouts() {
    let arguments = [LATENCY, "--warmup", "0", "--runs", "3"];
    let Some((row, took)) = measured("fault=nap&nap=4500", "1.5", &arguments) else { return };
    assert_eq!(row["status"], "ok", "{row}");
    assert!(took > Duration::from_millis(4500));
}

#[test]
fn loading_that_never_ends_is_found() {
    let Some((row, _)) = measured("fault=hang", "1.5", &[LATENCY]) else { return };
    assert_eq!(row["status"], "timeout", "{row}");
    let error = row["error"].as_str().unwrap();
    assert!(error.contains("not ready after 7.5 s") && error.contains("--timeout"), "{error}");
}

#[test]
fn a_worker_that_was_heard_and_hangs_in_a_run_is_found() {
    // It sends heartbeats during six slow runs, then hangs; and one that keeps printing hangs too.
    let arguments = [LATENCY, "--warmup", "30", "--runs", "3"];
    for fault in ["hang", "talk"] {
        let settings = format!("slow=400&fault={fault}&at=7");
        let Some((row, took)) = measured(&settings, "1.5", &arguments) else { return };
        assert_eq!(row["status"], "timeout", "{row}");
        assert!(
            row["error"].as_str().unwrap().starts_with("it did not respond for 1.5 s"),
            "{row}"
        );
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn a_program_that_is_stopped_and_goes_on_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let Some(mut command) = command(folder.path(), "slow=50", "1") else { return };
    let child = command.args([LATENCY, "--warmup", "20", "--runs", "30"]).spawn().unwrap();
    for _ in 0..2 {
        sleep(Duration::from_millis(700));
        signal(&child, Signal::SIGSTOP);
        sleep(Duration::from_millis(2500));
        signal(&child, Signal::SIGCONT);
    }
    let row = row(&finish(child));
    assert_eq!((&row["status"], &row["runs"]), (&"ok".into(), &30.into()), "{row}");
}

#[test]
fn the_first_ctrl_c_waits_for_the_visit_and_the_second_does_not() {
    let folder = TempDir::new().unwrap();
    let Some(mut command) = command(folder.path(), "slow=2000", "60") else { return };
    let child = command.args([LATENCY, "--warmup", "0", "--runs", "50"]).spawn().unwrap();
    sleep(Duration::from_millis(3500));
    signal(&child, Signal::SIGINT);
    sleep(Duration::from_millis(300));
    let begin = Instant::now();
    signal(&child, Signal::SIGINT);
    let output = finish(child);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(output.status.code(), Some(130));
    // Its worker's standard error is the program's pipe; the worker has died with it.
    assert!(folder.path().join("run/journal.jsonl").is_file());
}
