//! The recipe for Slurm on a real Slurm, in its own network.

mod common;

use std::process::Command;

use common::TimelyOutput;

const PROGRAM: &str = env!("CARGO_BIN_EXE_shutterbench");

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
    let script = common::repository().join("scripts/schedulers/slurm/test");
    let output = Command::new(script).arg(PROGRAM).timely_output();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let happened = [
        "task 0 was requeued in mid-run",
        "the program of task 1 and its workers were killed",
        "task 3 was ended by the signal before its time limit",
        "was lost, with task 2 on it",
        "the merge was killed",
        "the merged predictions are the unsharded run's",
        "a wrong request is shown as 2:0, interrupts as 130:0 and 75:0",
        "all is well",
    ];
    for words in happened {
        assert!(text.contains(words), "{text}");
    }
}
