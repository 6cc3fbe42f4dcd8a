//! The recipe for Slurm on a real Slurm, in its own network; and the one for GNU parallel.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::TimelyOutput;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_shutterbench");

fn recipe(name: &str) -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/schedulers").join(name))
}

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .output_if_there()
        .is_some_and(|output| output.status.success())
}

#[test]
fn slow_killed_and_requeued_shards_on_slurm_make_the_unsharded_run() {
    let missing = [
        (!is_there("slurmctld", "-V") || !is_there("slurmd", "-V"), "slurm-wlm"),
        (!is_there("munged", "--version"), "munge"),
        (!is_there("unshare", "--net"), "root, for namespaces"),
    ];
    if let Some((_, what)) = missing.iter().find(|(is_missing, _)| *is_missing) {
        common::skip(&format!("the test on Slurm needs {what}"));
        return;
    }
    let output = recipe("slurm/test").arg(PROGRAM).timely_output();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let happened = [
        "task 0 was requeued in mid-run",
        "the program of task 1 and its workers were killed",
        "task 3 was ended by the signal before its time limit",
        "was lost, with task 2 on it",
        "the merge was killed",
        "the merged predictions are the unsharded run's",
        "all is well",
    ];
    for words in happened {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn shards_under_gnu_parallel_make_the_unsharded_run() {
    if !is_there("parallel", "--version") {
        common::skip("this test needs GNU parallel");
        return;
    }
    let root = TempDir::new().unwrap();
    let what = ["--model", "fmnist_mobilenet_v1_0.25_f32*", "--backend", "tract"];
    let whole = root.path().join("whole");
    let mut command = Command::new(PROGRAM);
    command.arg("run").args(what).args(["--no-latency", "--out"]).arg(&whole);
    assert!(command.timely_output().status.success());
    let out = root.path().join("out");
    for _ in 0..2 {
        let mut command = recipe("parallel");
        command.env("SHUTTERBENCH", PROGRAM).arg("3").arg(&out);
        let output = command.args(["--jobs", "2", "--"]).args(what).timely_output();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let predictions = |folder: &Path| fs::read(folder.join("predictions.csv")).unwrap();
    assert!(predictions(&out.join("merged")) == predictions(&whole));
}
