//! What schedulers do to a run: they end it with all its processes, start it again with the
//! same command, start many at once, and merge more often than once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shutterbench::record::status::Status;
use shutterbench::report::csv;
use tempfile::TempDir;

use crate::common::{TimelyOutput, finish, said, until};

const MODEL: [&str; 4] = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];

fn run() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(["run", "--quiet"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn journal(folder: &Path) -> String {
    fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default()
}

fn workers_of(parent: u32) -> Vec<Pid> {
    let parent = parent.to_string();
    let is_worker = |pid: &i32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        words.get(1..3) == Some(&[b"worker", parent.as_bytes()])
    };
    let names =
        fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().into_string().ok());
    let pids = names.filter_map(|name| name.parse().ok());
    pids.filter(is_worker).map(Pid::from_raw).collect()
}

/// Ends all processes of a run as a scheduler does, the workers first: the order in which
/// most can go wrong.
fn end_all(program: Child, signal: Signal, pause: Duration) -> Output {
    for worker in workers_of(program.id()) {
        let _ = kill(worker, signal);
    }
    sleep(pause);
    let _ = kill(Pid::from_raw(i32::try_from(program.id()).unwrap()), signal);
    finish(program)
}

fn assert_whole(folder: &Path, runs: Option<u32>, images: Option<usize>) {
    let rows = csv::read_results(&folder.join("results.csv")).unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(row.status, Status::Ok, "{row:?}");
        assert_eq!((row.runs.map(|n| n as u32), row.images), (runs, images), "{row:?}");
    }
}

#[test]
fn what_ends_a_run_with_all_its_workers_is_not_the_cases_fault() {
    for pause in [0, 30, 300] {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("run");
        let begin = || {
            let mut command = run();
            command.args(MODEL).args(["--threads", "1,2", "--no-accuracy", "--runs", "9000"]);
            command.args(["--processes", "1", "--continue", "--out"]).arg(&folder);
            command.spawn().unwrap()
        };
        let child = begin();
        until("a visit", || journal(&folder).contains("\"entry\":\"visit\""));
        let output = end_all(child, Signal::SIGTERM, Duration::from_millis(pause));
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        assert!(!journal(&folder).contains("case_ended"), "after {pause} ms: {}", said(&output));
        let output = finish(begin());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_whole(&folder, Some(9000), None);
    }
}

#[test]
fn what_ends_a_scoring_with_all_its_workers_costs_no_prediction() {
    let root = TempDir::new().unwrap();
    let options = [
        "--no-latency",
        "--model",
        "fmnist_mobilenet_v1_*_f32",
        "fmnist_mobilenet_v1_*_f32_onnx",
        "--backend",
        "tract",
    ];
    let whole = root.path().join("whole");
    assert!(run().args(options).arg("--out").arg(&whole).timely_output().status.success());
    let predictions = |folder: &Path| fs::read_to_string(folder.join("predictions.csv")).unwrap();
    let agreements = |folder: &Path| {
        let rows = csv::read_results(&folder.join("results.csv")).unwrap();
        rows.into_iter().map(|row| (row.agreement_top1, row.max_abs_error)).collect::<Vec<_>>()
    };
    let folder = root.path().join("run");
    let begin = || run().args(options).args(["--continue", "--out"]).arg(&folder).spawn().unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGKILL, Signal::SIGTERM] {
        let child = begin();
        sleep(Duration::from_millis(250));
        end_all(child, signal, Duration::from_millis(20));
        assert!(!journal(&folder).contains("\"status\":\"crashed\""));
        assert!(!journal(&folder).contains("\"status\":\"out_of_memory\""));
    }
    let output = finish(begin());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(predictions(&folder), predictions(&whole));
    assert_eq!(agreements(&folder), agreements(&whole));
}

#[test]
fn a_case_whose_worker_alone_was_killed_is_tried_again_and_a_finished_run_stays_as_it_is() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("run");
        let mut command = run();
        command.args(MODEL).args(["--no-accuracy", "--runs", "9000", "--processes", "1", "--out"]);
        let child = command.arg(&folder).spawn().unwrap();
        until("a visit", || journal(&folder).contains("\"entry\":\"visit\""));
        for worker in workers_of(child.id()) {
            kill(worker, signal).unwrap();
        }
        let output = finish(child);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let rows = csv::read_results(&folder.join("results.csv")).unwrap();
        assert!(rows[0].error.as_ref().unwrap().contains(signal.as_str()), "{rows:?}");

        let resume = || run().arg("--resume").arg(&folder).timely_output();
        let output = resume();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_whole(&folder, Some(9000), None);

        let before = journal(&folder);
        let output = resume();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("already finished"), "{}", said(&output));
        assert_eq!(journal(&folder), before);
    }
}

fn short(folder: &Path, more: &[&str]) -> Output {
    let mut command = run();
    command.args(MODEL).args(["--no-accuracy", "--runs", "5", "--warmup", "1"]);
    command.args(["--processes", "1", "--continue", "--out"]).arg(folder);
    command.args(more).timely_output()
}

#[test]
fn one_command_begins_goes_on_and_is_done() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    assert_eq!(short(&folder, &[]).status.code(), Some(0));
    let before = journal(&folder);
    let output = short(&folder, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(journal(&folder), before);
    // Its reports were not written any more.
    fs::remove_file(folder.join("report.html")).unwrap();
    fs::remove_file(folder.join("results.csv")).unwrap();
    assert_eq!(short(&folder, &[]).status.code(), Some(0));
    assert!(folder.join("results.csv").is_file());

    for torn in [0, 1, 700] {
        fs::write(folder.join("journal.jsonl"), &before[..torn]).unwrap();
        let refused = run().arg("--resume").arg(&folder).timely_output();
        assert_eq!(refused.status.code(), Some(2));
        assert!(said(&refused).contains("--continue"), "{}", said(&refused));
        let output = short(&folder, &[]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("starting again"), "{}", said(&output));
        assert_whole(&folder, Some(5), None);
    }

    // What is whole but no header is somebody's.
    for foreign in ["notes of my own\n", "{\"entry\":\"note\"}\n", "\0\0\n"] {
        fs::write(folder.join("journal.jsonl"), foreign).unwrap();
        let output = short(&folder, &[]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("is not the header of a run"), "{}", said(&output));
        assert!(!said(&output).contains("instead of --resume"), "{}", said(&output));
        assert_eq!(journal(&folder), foreign);
    }
}

#[test]
fn other_options_than_the_runs_are_refused_by_name() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    assert_eq!(short(&folder, &[]).status.code(), Some(0));
    let before = journal(&folder);
    let others: [(&[&str], &str); 5] = [
        (&["--runs", "6"], "--runs was 5, now it is 6"),
        (&["--threads", "2"], "--threads was 1, now it is 2"),
        (&["--seed", "9"], "--seed was 0, now it is 9"),
        (&["--max-seconds", "20"], "--max-seconds was 10"),
        (&["--model", "fmnist_mobilenet_v1_0.5_f32"], "--model was fmnist_mobilenet_v1_0.25_f32"),
    ];
    for (options, words) in others {
        let output = short(&folder, options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1);
    }
    let resumed =
        |options: &[&str]| run().arg("--resume").arg(&folder).args(options).timely_output();
    for (options, words) in [
        (["--runs", "6"], "--runs was 5, now it is 6"),
        (["--shard", "2/4"], "--shard was not given, now it is 2/4"),
        (["--max-seconds", "20"], "--max-seconds was 10.0, now it is 20.0"),
        (["--mean", "1"], "--mean was not given"),
    ] {
        let output = resumed(&options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    assert_eq!(resumed(&["--runs", "5"]).status.code(), Some(0), "the run's own");
    assert_eq!(journal(&folder), before);
}

#[test]
fn another_runtime_kernel_or_governor_is_refused_by_name() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    assert_eq!(short(&folder, &[]).status.code(), Some(0));
    let path = folder.join("journal.jsonl");
    let text = journal(&folder);
    let unfinished: String = text
        .lines()
        .filter(|line| !line.contains("\"finished\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let (header, rest) = unfinished.split_once('\n').unwrap();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
        change(&mut header);
        fs::write(&path, format!("{header}\n{rest}")).unwrap();
        run().arg("--resume").arg(&folder).timely_output()
    };
    type Change<'a> = &'a dyn Fn(&mut serde_json::Value);
    let cases: [(Change<'_>, &str); 4] = [
        (&|it| it["runtimes"][0]["version"] = "0.1".into(), "the runtime tract was 0.1"),
        (&|it| it["runtimes"][0]["sha256"] = "abcdef".into(), "(SHA-256 abcdef)"),
        (&|it| it["host"]["kernel"] = "2.6.32".into(), "the kernel was 2.6.32"),
        (&|it| it["host"]["governor"] = "odd".into(), "the frequency governor was odd"),
    ];
    for (change, words) in cases {
        let output = changed(change);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let output = changed(&|_| ());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn runs_that_begin_in_one_second_do_not_collide() {
    let root = TempDir::new().unwrap();
    let begin = |_| {
        let mut command = run();
        command.args(MODEL).args(["--no-accuracy", "--runs", "3", "--warmup", "1"]);
        command.args(["--processes", "1"]).current_dir(root.path()).spawn().unwrap()
    };
    let children: Vec<Child> = (0..4).map(begin).collect();
    for child in children {
        let output = finish(child);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(fs::read_dir(root.path().join("results")).unwrap().count(), 4);
}

#[test]
fn a_merge_may_be_repeated_and_replaces_nothing_else() {
    let root = TempDir::new().unwrap();
    let shard = |index: &str| {
        let folder = root.path().join(format!("shard-{}", index.replace('/', "-")));
        let mut command = run();
        command.args(MODEL).args(["--no-latency", "--shard-index", index, "--continue", "--out"]);
        assert!(command.arg(&folder).timely_output().status.success());
        folder
    };
    let shards = ["0/2", "1/2"].map(shard);
    let out = root.path().join("merged");
    let merge = |runs: &[PathBuf]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.arg("merge").args(runs).arg("--out").arg(&out).timely_output()
    };
    assert_eq!(merge(&shards).status.code(), Some(0));
    let files = || {
        ["journal.jsonl", "results.csv", "predictions.csv"]
            .map(|file| fs::read(out.join(file)).unwrap())
    };
    let first = files();
    assert_eq!(merge(&shards).status.code(), Some(0));
    assert_eq!(files(), first);
    // In another order, and with what a pattern finds besides.
    let mut all = vec![out.clone()];
    all.extend(shards.iter().rev().cloned());
    let output = merge(&all);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(files(), first);
    // A merge that was killed, in its journal and in a report.
    fs::write(out.join("journal.jsonl"), &first[0][..100]).unwrap();
    // No process has such a number.
    let left = out.join(".report.html.999999999.part");
    fs::write(&left, "half").unwrap();
    assert_eq!(merge(&shards).status.code(), Some(0));
    assert_eq!(files(), first);
    assert!(!left.exists());
    // A run that is to be merged.
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("merge").args(&shards).arg("--out").arg(&shards[0]).timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("is one of the runs to merge"), "{}", said(&output));
    // Another run's folder.
    fs::copy(shards[0].join("journal.jsonl"), out.join("journal.jsonl")).unwrap();
    let output = merge(&shards);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("was measured, not merged"), "{}", said(&output));
}

#[test]
fn the_exit_code_of_an_interrupt_can_be_chosen() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    let mut command = run();
    command.args(MODEL).args(["--no-accuracy", "--runs", "4000000", "--max-seconds", "900"]);
    command.args(["--interrupt-code", "75", "--out"]);
    let child = command.arg(&folder).spawn().unwrap();
    until("a visit", || journal(&folder).contains("\"entry\":\"visit\""));
    let output = end_all(child, Signal::SIGTERM, Duration::ZERO);
    assert_eq!(output.status.code(), Some(75), "{}", said(&output));
}

#[test]
fn an_interrupt_cannot_look_like_another_end() {
    for code in ["0", "1", "2", "256"] {
        let output = run().args(["--interrupt-code", code]).timely_output();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("give a number from 3 to 255"), "{}", said(&output));
    }
}
