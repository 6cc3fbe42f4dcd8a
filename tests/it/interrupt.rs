//! Ctrl-C at any moment: what was measured is written, valid, and can be continued; and two
//! interleaved runs.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use shutterbench::record::status::Status;
use shutterbench::report::csv;
use tempfile::TempDir;

use crate::common::{TimelyOutput, finish, said, until};

/// How often the run is interrupted.
const INTERRUPTS: usize = 12;

fn run() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(["run", "--quiet", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Eight cases with latency and accuracy.
fn begin(folder: &Path) -> Child {
    run()
        .args(["--backend", "tract", "--threads", "1,2", "--runs", "400", "--images", "60"])
        .args(["--processes", "2", "--model", "fmnist_mobilenet_v1_*_f32"])
        .args(["fmnist_mobilenet_v1_0.25_f32_onnx", "--out"])
        .arg(folder)
        .spawn()
        .unwrap()
}

fn interrupted(child: Child, after: Duration) -> Output {
    sleep(after);
    // It may have ended on its own.
    let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT);
    finish(child)
}

/// Exit code 0 or 130, and a valid row for each case. Whether the run is complete.
fn is_valid(output: &Output, folder: &Path) -> bool {
    let code = output.status.code();
    // Before the program listens, Ctrl-C ends it like any other.
    if code.is_none() && !folder.join("journal.jsonl").is_file() {
        return false;
    }
    assert!(matches!(code, Some(0 | 130)), "{code:?}: {}", said(output));
    if code == Some(130) && !folder.join("results.csv").is_file() {
        assert!(said(output).contains("--resume"), "{}", said(output));
    }
    let rows = csv::read_results(&folder.join("results.csv")).unwrap();
    assert_eq!(rows.len(), 8, "{}", said(output));
    for row in &rows {
        assert!(matches!(row.status, Status::Ok | Status::Skipped), "{row:?}");
        assert_eq!(row.runs.is_some(), row.latency_p50_us.is_some(), "{row:?}");
    }
    let run: Value = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    assert_eq!(run["finished"].is_null(), code == Some(130));
    code == Some(0)
}

#[test]
fn slow_results_are_valid_whenever_ctrl_c_is_pressed_and_the_run_goes_on() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    let mut complete = false;
    for _ in 0..INTERRUPTS {
        if complete || !folder.join("journal.jsonl").is_file() {
            let _ = fs::remove_dir_all(&folder);
            let child = begin(&folder);
            complete = is_valid(
                &interrupted(child, Duration::from_millis(rng.random_range(0..900))),
                &folder,
            );
        } else {
            let child = run().arg("--resume").arg(&folder).spawn().unwrap();
            complete = is_valid(
                &interrupted(child, Duration::from_millis(rng.random_range(0..900))),
                &folder,
            );
        }
    }
    if !folder.join("journal.jsonl").is_file() {
        finish(begin(&folder));
    }
    let last = finish(run().arg("--resume").arg(&folder).spawn().unwrap());
    assert!(is_valid(&last, &folder), "{}", said(&last));
    for row in csv::read_results(&folder.join("results.csv")).unwrap() {
        assert_eq!(
            (row.status, row.runs, row.images),
            (Status::Ok, Some(400), Some(60)),
            "{row:?}"
        );
    }
}

/// The comparison that `--ab` or `--against` prints, which may find either slower.
fn comparison(output: &Output) -> Value {
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn two_suites_are_taken_in_turn_and_compared_in_their_order() {
    let root = TempDir::new().unwrap();
    let suite = |name: &str, model: &str| {
        let path = root.path().join(name);
        let text =
            format!("models = [\"{model}\"]\nbackends = [\"tract\"]\nruns = \"60\"\nimages = 50\n");
        fs::write(&path, text).unwrap();
        path
    };
    let (a, b) = (
        suite("a.toml", "fmnist_mobilenet_v1_0.25_f32"),
        suite("b.toml", "fmnist_mobilenet_v1_1.0_f32"),
    );
    let folder = root.path().join("out");
    let output = run().arg("--ab").args([&a, &b]).arg("--out").arg(&folder).timely_output();
    let compared = comparison(&output);
    assert_eq!(compared["pairing"], "by_round", "{compared}");
    let cases = compared["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1);
    assert_eq!(
        cases[0]["case"],
        "fmnist_mobilenet_v1_0.25_f32 tract/none x1 -> fmnist_mobilenet_v1_1.0_f32 tract/none x1"
    );
    for file in ["base/results.csv", "new/results.csv", "compare.md", "compare.html"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
}

#[test]
fn warm_up_and_pauses_end_with_ctrl_c() {
    // Either would last for hours: that the run ends at all is what is tested.
    for (endless, processes) in [(["--warmup", "4000000000"], 0), (["--cooldown", "90000"], 1)] {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("out");
        let child = run()
            .args(["--backend", "tract", "--no-accuracy", "--runs", "3"])
            .args(endless)
            .args(["--model", "fmnist_mobilenet_v1_0.25_f32", "--out"])
            .arg(&folder)
            .spawn()
            .unwrap();
        let journal = folder.join("journal.jsonl");
        let kept = || fs::read_to_string(&journal).unwrap_or_default();
        let of_processes = || kept().matches("\"entry\":\"process\"").count();
        until("the run's beginning", || !kept().is_empty() && of_processes() >= processes);
        let output = interrupted(child, Duration::from_millis(200));
        assert_eq!(output.status.code(), Some(130), "{}", said(&output));
        assert_eq!(of_processes(), processes, "{endless:?}");
    }
}

#[test]
fn two_builds_are_taken_in_turn_interrupted_and_resumed() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("out");
    let program = env!("CARGO_BIN_EXE_shutterbench");
    // Each side takes three seconds, however fast the machine is.
    let child = run()
        .args(["--against", program, "--backend", "tract", "--no-accuracy"])
        .args(["--min-seconds", "3", "--max-seconds", "3"])
        .args(["--model", "fmnist_mobilenet_v1_1.0_f32", "--out"])
        .arg(&folder)
        .spawn()
        .unwrap();
    let journal = |side: &str| {
        fs::read_to_string(folder.join(side).join("journal.jsonl")).unwrap_or_default()
    };
    until("a visit to each side", || {
        ["base", "new"].iter().all(|side| journal(side).contains("\"entry\":\"visit\""))
    });
    let first = interrupted(child, Duration::ZERO);
    assert_eq!(first.status.code(), Some(130), "{}", said(&first));
    let kept = ["base", "new"].map(journal);
    let second = finish(run().arg("--resume").arg(&folder).spawn().unwrap());
    assert_eq!(comparison(&second)["pairing"], "by_round");
    for (side, kept) in ["base", "new"].iter().zip(&kept) {
        assert!(journal(side).starts_with(kept), "{side}: what was measured is kept");
        let rows = csv::read_results(&folder.join(side).join("results.csv")).unwrap();
        assert_eq!(rows[0].status, Status::Ok);
        let runs = rows[0].runs.unwrap();
        assert!(runs > kept.matches("\"entry\":\"visit\"").count());
    }
}

#[test]
fn runs_taken_in_turn_are_spread_over_equally_many_processes() {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("out");
    let output = run()
        .args(["--against", env!("CARGO_BIN_EXE_shutterbench"), "--backend", "tract"])
        .args(["--no-accuracy", "--runs", "120", "--processes", "6"])
        .args(["--model", "fmnist_mobilenet_v1_0.25_f32", "--out"])
        .arg(&folder)
        .timely_output();
    assert_eq!(comparison(&output)["pairing"], "by_round");
    let processes = ["base", "new"].map(|side| {
        let journal = fs::read_to_string(folder.join(side).join("journal.jsonl")).unwrap();
        journal.lines().filter(|line| line.contains("\"entry\":\"process\"")).count()
    });
    assert_eq!(processes, [6, 6]);
}

#[test]
fn a_program_that_is_no_shutterbench_is_refused() {
    for (program, words) in
        [("/bin/true", "is not a shutterbench program"), ("/nowhere", "no such program")]
    {
        let output = run().args(["--against", program, "--backend", "tract"]).timely_output();
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}

#[test]
fn a_build_of_another_protocol_is_refused_with_both_numbers() {
    use std::os::unix::fs::PermissionsExt;
    let root = TempDir::new().unwrap();
    let program = root.path().join("other");
    // A later one, and one of before the protocol had a number, which refuses to tell it.
    for (tells, word) in [("echo 99", "worker protocol 99"), ("exit 2", "worker protocol 1")] {
        let script = format!(
            "#!/bin/sh\ncase $1 in --version) echo shutterbench 0.0.7;; worker) {tells};; esac\n"
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let output =
            run().arg("--against").arg(&program).args(["--backend", "tract"]).timely_output();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let ours = format!("with protocol {}", shutterbench::worker::protocol::PROTOCOL);
        for part in ["shutterbench 0.0.7", word, &ours, "'compare'"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}
