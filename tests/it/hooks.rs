//! `[hooks]`: a command before a run, and one after it, however the run ends.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::common::{TimelyOutput, finish, said, until};

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

/// A suite with these hooks, in `folder`.
fn suite(folder: &Path, before: &str, after: &str) {
    let text = format!(
        "models = [\"{MODEL}\"]\nbackends = [\"tract\"]\nruns = \"5\"\nwarmup = \"1\"\nprocesses = \"1\"\naccuracy = false\n\n[hooks]\nbefore = '''{before}'''\nafter = '''{after}'''\n"
    );
    fs::write(folder.join("suite.toml"), text).unwrap();
}

fn run(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(folder).args(["run", "suite.toml", "--quiet", "--out", "run"]).args(more);
    command
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// What the hook after a run writes: how the run ended, and what the one before said.
const AFTER: &str = "echo after $SHUTTERBENCH_ENDING $SHUTTERBENCH_LEASE >>log";

#[test]
fn both_run_once_and_the_first_tells_the_second() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    suite(folder, "echo before >>log; echo reserving; echo lease=42", AFTER);
    let output = run(folder, &[]).timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(log(folder), "before\nafter good 42\n");
    assert!(said(&output).contains("reserving"), "{}", said(&output));
    assert!(!said(&output).contains("lease"), "{}", said(&output));
    // What runs is no part of what was measured.
    let journal = fs::read_to_string(folder.join("run/journal.jsonl")).unwrap();
    assert!(!journal.contains("lease") && !journal.contains("hooks"));

    // The options win over the suite.
    let again = ["--continue", "--before", "true", "--after", "echo again >>log"];
    let output = run(folder, &again).timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(log(folder), "before\nafter good 42\nagain\n");
}

#[test]
fn the_last_one_runs_however_the_run_ends() {
    // What comes first fails: nothing is measured, and what it may have reserved is released.
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    suite(folder, "echo lease=7; exit 3", AFTER);
    let output = run(folder, &[]).timely_output();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("failed (exit status: 3); nothing was measured"));
    assert_eq!(log(folder).trim_end(), "after error");
    assert!(!folder.join("run").exists());

    // The request is wrong.
    suite(folder, "echo lease=8", AFTER);
    let output = run(folder, &["--model", "nowhere.tflite"]).timely_output();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(log(folder).ends_with("after error 8\n"), "{}", log(folder));

    // The device that was named is none.
    suite(folder, "echo serial=a b; echo lease=9", AFTER);
    let output = run(folder, &[]).timely_output();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(log(folder).ends_with("after error 9\n"), "{}", log(folder));

    // A release that fails is not a success.
    suite(folder, "true", "exit 5");
    let output = run(folder, &[]).timely_output();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("the hook after the run failed (exit status: 5)"));
}

fn interrupted(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn spawned(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn the_last_one_runs_after_ctrl_c() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    // During the run.
    suite(folder, "echo lease=1", AFTER);
    let more = ["--runs", "auto", "--min-seconds", "200", "--max-seconds", "200"];
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let _ = fs::remove_dir_all(folder.join("run"));
        let _ = fs::remove_file(folder.join("log"));
        let child = spawned(run(folder, &more));
        let journal = folder.join("run/journal.jsonl");
        until("a visit", || {
            fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"visit\""))
        });
        interrupted(&child, signal);
        let output = finish(child);
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        assert_eq!(log(folder), "after interrupted 1\n");
        assert!(folder.join("run/results.csv").is_file());
    }

    // Twice, while a visit takes long: the program ends at once, and still releases.
    let _ = fs::remove_dir_all(folder.join("run"));
    fs::remove_file(folder.join("log")).unwrap();
    suite(folder, "echo lease=2", &format!("sleep 1; {AFTER}"));
    let child = spawned(run(folder, &more));
    let journal = folder.join("run/journal.jsonl");
    until("a run", || journal.is_file());
    interrupted(&child, Signal::SIGINT);
    interrupted(&child, Signal::SIGINT);
    let output = finish(child);
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    until("the release", || log(folder) == "after interrupted 2\n");

    // While a device is still waited for: the command and what it started are ended.
    let _ = fs::remove_dir_all(folder.join("run"));
    fs::remove_file(folder.join("log")).unwrap();
    suite(folder, "echo $$ >pid; sleep 1000 & echo $! >child; wait", AFTER);
    let child = spawned(run(folder, &[]));
    let pid = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<i32>().ok();
    until("the hook", || pid("pid").is_some() && pid("child").is_some());
    interrupted(&child, Signal::SIGINT);
    let output = finish(child);
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(log(folder).trim_end(), "after interrupted");
    assert!(!folder.join("run").exists());
    for name in ["pid", "child"] {
        let path = format!("/proc/{}/cmdline", pid(name).unwrap());
        until("their end", || fs::read(&path).map_or(true, |line| line.is_empty()));
    }
}

#[test]
fn what_the_first_leaves_running_does_not_keep_the_run_waiting() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    // Such as a tunnel, which holds the pipe open.
    suite(
        folder,
        "echo lease=3; sleep 1000 & echo $! >child",
        "kill $(cat child); echo done >>log",
    );
    let output = run(folder, &[]).timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(log(folder), "done\n");
}

#[test]
fn a_device_without_a_name_is_not_this_machine() {
    for (line, words) in
        [("serial=", "'' is not a device"), ("adb_host=", "without a host"), ("adb_port=", "port")]
    {
        let folder = TempDir::new().unwrap();
        let folder = folder.path();
        suite(folder, &format!("echo {line}$UNSET"), AFTER);
        let output = run(folder, &[]).timely_output();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(log(folder), "after error\n");
        assert!(!folder.join("run").exists());
    }
}

#[test]
fn a_misspelt_hook_is_refused() {
    let folder = TempDir::new().unwrap();
    let text = format!("models = [\"{MODEL}\"]\n[hooks]\nbefor = \"true\"\n");
    fs::write(folder.path().join("suite.toml"), text).unwrap();
    let output = run(folder.path(), &[]).timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("befor"), "{}", said(&output));
}
