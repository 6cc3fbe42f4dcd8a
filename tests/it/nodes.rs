//! Many nodes of which some fail: each scores a shard of a few images, every fifth is killed
//! once at some moment and its task requeued on another node, and nothing is lost. The program,
//! its runs and the merge are real; what the journals say of the machines is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use shutterbench::report::csv;
use tempfile::TempDir;

use crate::common::{TimelyOutput, finish};

/// Two models that are compared with each other, so that shards have an agreement to merge.
const MODELS: [&str; 4] = [
    "--model",
    "fmnist_mobilenet_v1_0.25_f32",
    "fmnist_mobilenet_v1_0.25_f32_onnx",
    "--backend=tract",
];

fn shutterbench(command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    program.arg(command);
    program
}

fn run(images: usize, out: &Path) -> Command {
    let mut command = shutterbench("run");
    command.args(["--quiet", "--no-latency", "--images", &images.to_string()]).args(MODELS);
    command.arg("--out").arg(out).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// One task of an array job of `count`, and what the scheduler does to it.
fn task(index: usize, count: usize, images: usize, folder: &Path) {
    let mut random = ChaCha8Rng::seed_from_u64(index as u64);
    let begin = || {
        let mut command = run(images, folder);
        command.args(["--continue", "--shard-index", &format!("{index}/{count}")]);
        command.spawn().unwrap()
    };
    if index % 5 == 2 {
        let child = begin();
        thread::sleep(Duration::from_millis(random.random_range(0..400)));
        let signal = if index.is_multiple_of(2) { Signal::SIGKILL } else { Signal::SIGTERM };
        end(child, signal);
        on_another_node(folder, index + 1000);
    }
    let output = finish(begin());
    assert!(output.status.success(), "{index}: {}", String::from_utf8_lossy(&output.stderr));
    on_another_node(folder, index);
}

fn end(child: Child, signal: Signal) {
    // One that has ended already cannot be killed, and need not be.
    let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal);
    let code = finish(child).status.code();
    assert!(matches!(code, None | Some(0 | 130)), "{code:?}");
}

/// Has a journal, if there is one, tell of another machine of the same class.
fn on_another_node(folder: &Path, node: usize) {
    let path = folder.join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let Some((header, rest)) = text.split_once('\n') else { return };
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["host"]["kernel"] = format!("6.1.0-node{node}").into();
    header["host"]["memory_bytes"] = (64_000_000_000 + node).into();
    header["host"]["load_before"] = (node as f64 / 10.0).into();
    fs::write(&path, format!("{header}\n{rest}")).unwrap();
}

fn nothing_is_lost(count: usize, images: usize) {
    let root = TempDir::new().unwrap();
    let whole = root.path().join("whole");
    assert!(run(images, &whole).timely_output().status.success());
    let parts: Vec<PathBuf> = (0..count).map(|it| root.path().join(format!("part-{it}"))).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed))
                    && let Some(folder) = parts.get(index)
                {
                    task(index, count, images, folder);
                }
            });
        }
    });
    let out = root.path().join("merged");
    let merged = shutterbench("merge").args(&parts).arg("--out").arg(&out).timely_output();
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));

    let predictions = |folder: &Path| fs::read_to_string(folder.join("predictions.csv")).unwrap();
    assert!(predictions(&out) == predictions(&whole));
    let rows = |folder: &Path| {
        let rows = csv::read_results(&folder.join("results.csv")).unwrap();
        rows.into_iter()
            .map(|row| (row.model, row.images, row.top1, row.agreement_top1, row.max_abs_error))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&out), rows(&whole));
    assert!(rows(&out).iter().all(|row| row.1 == Some(images) && row.3.is_some()));
    let told: Value = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    let of_parts = told["parts"].as_array().unwrap();
    let kernels: BTreeSet<&str> =
        of_parts.iter().map(|part| part["host"]["kernel"].as_str().unwrap()).collect();
    assert_eq!((of_parts.len(), kernels.len()), (count, count), "each node is told");
}

#[test]
fn twelve_nodes_of_which_some_fail_lose_nothing() {
    nothing_is_lost(12, 60);
}

#[test]
fn slow_two_hundred_nodes_of_which_a_fifth_fail_lose_nothing() {
    nothing_is_lost(200, 1000);
}
