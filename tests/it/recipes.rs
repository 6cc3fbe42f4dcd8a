//! The recipes for schedulers that a package brings, each run for real: one part is interrupted
//! in mid-run, the same command is given again, and the merge is the unsharded run. The one for
//! Slurm is in tests/slurm.rs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, printed, repository, said};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shutterbench");
/// Enough that a part is still running when it is interrupted.
const WHAT: [&str; 4] = ["--model", "fmnist_mobilenet_v1_*_f32", "--backend", "tract"];

fn recipe(name: &str) -> PathBuf {
    repository().join("scripts/schedulers").join(name)
}

/// A program of the schedulers' Python environment; `None` after a skip if there is none.
fn installed(name: &str) -> Option<PathBuf> {
    let path = repository().join("build/venv-schedulers/bin").join(name);
    if !path.is_file() {
        common::skip(&format!("no build/venv-schedulers/bin/{name}, which scripts/test makes"));
        return None;
    }
    Some(path)
}

/// Writes a program that runs shutterbench, but interrupts part 1 the first time.
fn interrupting(root: &Path) -> PathBuf {
    let (once, program) = (root.join("once"), root.join("program"));
    let journal = root.join("out/part-1/journal.jsonl");
    let script = format!(
        r#"#!/bin/sh
case "$*" in *"--shard-index 1/3"*)
    if mkdir {once} 2>/dev/null; then
        {PROGRAM} "$@" &
        until [ -s {journal} ] || ! kill -0 $!; do sleep 0.02; done
        kill -TERM $!
        wait $!
        exit
    fi
esac
exec {PROGRAM} "$@"
"#,
        once = once.display(),
        journal = journal.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// `start` gives the recipe's command for 3 parts of a run in a folder, and `shows` whether the
/// scheduler shows that a part ended with a code.
fn makes_the_unsharded_run(
    start: impl Fn(&Path, &Path, &[&str]) -> Command,
    shows: impl Fn(&Output, i32) -> bool,
) {
    let root = TempDir::new().unwrap();
    let whole = root.path().join("whole");
    let mut command = Command::new(PROGRAM);
    command.arg("run").args(WHAT).args(["--no-latency", "--out"]).arg(&whole);
    assert!(command.timely_output().status.success());

    let program = interrupting(root.path());
    let out = root.path().join("out");
    let output = start(&program, &out, &WHAT).timely_output();
    let all = |output: &Output| format!("{}{}", printed(output), said(output));
    assert_eq!(output.status.code(), Some(1), "{}", all(&output));
    assert!(shows(&output, 130), "{}", all(&output));
    assert!(!out.join("merged/journal.jsonl").exists());

    let output = start(&program, &out, &WHAT).timely_output();
    assert!(output.status.success(), "{}", all(&output));
    let journal = fs::read_to_string(out.join("part-1/journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"entry\":\"interrupted\"").count(), 1);
    let predictions = |folder: &Path| fs::read(folder.join("predictions.csv")).unwrap();
    assert!(predictions(&out.join("merged")) == predictions(&whole));

    let wrong = root.path().join("wrong");
    let output = start(&program, &wrong, &["--model", "none.tflite"]).timely_output();
    assert!(!output.status.success() && shows(&output, 2), "{}", all(&output));
}

#[test]
fn shards_under_gnu_parallel_make_the_unsharded_run() {
    if Command::new("parallel").arg("--version").output_if_there().is_none() {
        common::skip("this test needs GNU parallel");
        return;
    }
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("jobs");
    let start = |program: &Path, out: &Path, what: &[&str]| {
        let mut command = Command::new(recipe("parallel"));
        command.env("SHUTTERBENCH", program).arg("3").arg(out);
        // A part that is wrong ends the others, and shows how many failed as the exit code.
        command.args(["--jobs", "2", "--joblog"]).arg(&log).arg("--").args(what);
        command
    };
    makes_the_unsharded_run(start, |_, code| {
        let log = fs::read_to_string(&log).unwrap();
        log.contains(&format!("\t{code}\t0\t"))
    });
}

#[test]
fn shards_under_hyperqueue_make_the_unsharded_run() {
    let Some(python) = installed("python") else { return };
    let start = |program: &Path, out: &Path, what: &[&str]| {
        let mut command = Command::new(&python);
        command.env("SHUTTERBENCH", program).arg(recipe("hyperqueue"));
        command.args(["images", "3"]).arg(out).args(["--local", "2", "--"]).args(what);
        command
    };
    makes_the_unsharded_run(start, |output, code| {
        said(output).contains(&format!("part 1: Program terminated with exit code {code}."))
    });
}

#[test]
fn slow_shards_under_snakemake_make_the_unsharded_run() {
    let Some(snakemake) = installed("snakemake") else { return };
    let start = |program: &Path, out: &Path, what: &[&str]| {
        let folder = out.parent().unwrap();
        let config = serde_json::json!({
            "out": out, "parts": 3, "kind": "images", "run": what, "program": program,
        });
        // JSON is YAML.
        fs::write(folder.join("run.yaml"), config.to_string()).unwrap();
        let mut command = Command::new(&snakemake);
        command.current_dir(folder).arg("--snakefile").arg(recipe("snakemake/Snakefile"));
        command.args(["--cores", "2", "--keep-going", "--configfile", "run.yaml"]);
        command
    };
    makes_the_unsharded_run(start, |output, code| {
        said(output).contains(&format!("returned non-zero exit status {code}."))
    });
}

#[test]
fn the_manifest_for_kubernetes_is_valid_and_its_command_runs() {
    let Some(validate) = installed("kubernetes-validate") else { return };
    let manifest = recipe("kubernetes/job.yaml");
    let text = fs::read_to_string(&manifest).unwrap();
    let valid = |manifest: &Path| {
        let output = Command::new(&validate).arg("--strict").arg(manifest).timely_output();
        output.status.success()
    };
    assert!(valid(&manifest));
    let root = TempDir::new().unwrap();
    let wrong = root.path().join("wrong.yaml");
    fs::write(&wrong, text.replace("completions: 8", "completions: many")).unwrap();
    assert!(!valid(&wrong));

    // What a pod would run, with this machine's folders.
    let images = repository().join("models/fashion-mnist/validation");
    let arguments = text.lines().map(str::trim).skip_while(|line| *line != "args:").skip(1);
    let arguments = arguments.map_while(|line| line.strip_prefix("- "));
    let arguments: Vec<String> = arguments
        .map(|argument| {
            argument
                .replace("$(JOB_COMPLETION_INDEX)", "7")
                .replace("/models/*.tflite", "fmnist_mobilenet_v1_0.25_f32")
                .replace("/images", images.to_str().unwrap())
                .replace("/results", root.path().to_str().unwrap())
        })
        .collect();
    assert_eq!(arguments.last().unwrap(), &format!("--out={}/part-7", root.path().display()));
    let mut command = Command::new(PROGRAM);
    command.arg("run").args(&arguments).args(["--backend", "tract"]);
    let output = command.timely_output();
    assert!(output.status.success(), "{}", said(&output));
    assert!(root.path().join("part-7/predictions.csv").is_file());
}
