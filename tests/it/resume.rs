//! A run that is killed at any moment is continued from its journal.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shutterbench::run::entry::Entry;
use shutterbench::run::journal;
use tempfile::TempDir;

use crate::common;
use crate::common::{PATIENCE, TimelyOutput, exit_status, finish};

/// How often the program is killed: if a tenth of a sweep were vulnerable, it would be hit with a
/// probability of 93%.
const KILLS: usize = 25;
/// Cases of the sweep: 5 models, 2 thread counts, 2 backends or delegates.
const CASES: usize = 20;

fn shutterbench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.arg("run").arg("--quiet").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn begin(folder: &Path) -> Child {
    shutterbench()
        .arg("--out")
        .arg(folder)
        .args(["--backend", "tract", "--no-accuracy", "--runs", "40", "--warmup", "2"])
        .args(["--threads", "1,2,3,4", "--processes", "1", "--model"])
        .args(["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_f32_onnx"])
        .args(["fmnist_mobilenet_v1_0.5_f32", "fmnist_mobilenet_v1_0.5_f32_onnx"])
        .args(["fmnist_mobilenet_v1_1.0_f32_onnx"])
        .spawn()
        .unwrap()
}

fn resume(folder: &Path) -> Child {
    shutterbench().arg("--resume").arg(folder).spawn().unwrap()
}

/// Process ids of the workers that `parent` started and that still run.
fn workers_of(parent: u32) -> Vec<String> {
    let is_worker = |pid: &str| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&b"worker".as_slice())
            && words.get(2) == Some(&parent.to_string().as_bytes())
    };
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|e| e.unwrap().file_name().into_string().ok());
    pids.filter(|pid| pid.bytes().all(|b| b.is_ascii_digit()) && is_worker(pid)).collect()
}

fn assert_no_worker_is_left(parent: u32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !workers_of(parent).is_empty() {
        assert!(
            Instant::now() < deadline,
            "workers outlive their parent: {:?}",
            workers_of(parent)
        );
        sleep(Duration::from_millis(5));
    }
}

/// (case, round) of every block in the journal, and how often it occurs.
fn blocks(folder: &Path) -> HashMap<(usize, u32), Vec<u64>> {
    let Ok((entries, _)) = journal::read(folder) else { return HashMap::new() };
    entries
        .into_iter()
        .filter_map(|entry| match entry {
            Entry::Visit { case, visit } => Some(((case, visit.round), visit.block.latency_ns())),
            _ => None,
        })
        .collect()
}

#[test]
fn slow_killed_at_any_moment_it_loses_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut kills = 0;
    let mut sweeps = 0;
    while kills < KILLS {
        let folder = TempDir::new().unwrap();
        let folder = folder.path().join("run");
        let mut child = begin(&folder);
        let mut known = HashMap::new();
        loop {
            let moment = Duration::from_millis(rng.random_range(0..1500));
            let pid = child.id();
            let start = Instant::now();
            let ended = loop {
                match child.try_wait().unwrap() {
                    Some(status) => break Some(status),
                    None if start.elapsed() >= moment && kills < KILLS => break None,
                    None => {
                        assert!(start.elapsed() < PATIENCE, "the sweep does not end");
                        sleep(Duration::from_millis(2));
                    }
                }
            };
            if let Some(status) = ended {
                assert!(status.success(), "{}", said(child));
                break;
            }
            child.kill().unwrap();
            exit_status(&mut child);
            kills += 1;
            assert_no_worker_is_left(pid);
            let now = blocks(&folder);
            for (block, timings) in &known {
                assert_eq!(now.get(block), Some(timings), "a block that was journalled is lost");
            }
            known = now;
            // Killed before the header was whole: there is nothing to continue.
            child = if journal::read(&folder).is_ok() {
                resume(&folder)
            } else {
                let _ = fs::remove_dir_all(&folder);
                begin(&folder)
            };
        }
        sweeps += 1;
        let rows = csv::Reader::from_path(folder.join("results.csv")).unwrap().records().count();
        assert_eq!(rows, CASES, "each case once");
    }
    println!("{kills} kills over {sweeps} sweeps");
}

fn said(mut child: Child) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
    }
    text
}

fn finished_run(folder: &Path) {
    let status = shutterbench()
        .arg("--out")
        .arg(folder)
        .args(["--backend", "tract", "--no-accuracy", "--runs", "3", "--warmup", "1"])
        .args(["--model", "fmnist_mobilenet_v1_0.25_f32"])
        .timely_output()
        .status;
    assert!(status.success());
}

fn refusal(folder: &Path) -> String {
    let child = resume(folder);
    let output = finish(child);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_torn_last_line_is_cut_off_and_a_damaged_one_before_it_is_refused() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("run");
    finished_run(&folder);
    let path = folder.join(journal::FILE_NAME);
    let whole = fs::read(&path).unwrap();
    for cut in [1, 7, 40] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert!(finish(resume(&folder)).status.success(), "cut by {cut}");
        journal::read(&folder).unwrap();
    }
    let text = String::from_utf8(whole).unwrap().replacen("\"entry\":\"process\"", "\"entry\":", 1);
    fs::write(&path, text).unwrap();
    assert!(refusal(&folder).contains("line 2 is damaged"));
}

#[test]
fn another_writer_and_a_newer_schema_are_refused() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("run");
    finished_run(&folder);
    let lock = fs::File::open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(refusal(&folder).contains("another shutterbench is writing"));
    lock.unlock().unwrap();
    let path = folder.join(journal::FILE_NAME);
    let text = fs::read_to_string(&path).unwrap().replacen("\"schema\":2", "\"schema\":99", 1);
    fs::write(&path, text).unwrap();
    assert!(refusal(&folder).contains("schema is 99"));
}

#[test]
fn a_model_that_changed_is_refused() {
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("mine.tflite");
    let embedded = common::repository().join("models/fashion-mnist");
    fs::copy(embedded.join("fmnist_mobilenet_v1_0.25_f32.tflite"), &model).unwrap();
    let run = folder.path().join("run");
    let status = shutterbench()
        .arg("--out")
        .arg(&run)
        .args(["--backend", "tract", "--runs", "3", "--warmup", "1", "--model"])
        .arg(&model)
        .timely_output()
        .status;
    assert!(status.success());
    fs::copy(embedded.join("fmnist_mobilenet_v1_0.5_f32.tflite"), &model).unwrap();
    let said = refusal(&run);
    assert!(said.contains("mine.tflite") && said.contains("changed"), "{said}");
}

#[test]
fn a_run_keeps_the_preprocessing_that_it_began_with() {
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("mine.tflite");
    let embedded = common::repository().join("models/fashion-mnist");
    fs::copy(embedded.join("fmnist_mobilenet_v1_0.25_f32.tflite"), &model).unwrap();
    let state = |preset: &str| {
        fs::write(model.with_extension("toml"), format!("preprocess = \"{preset}\"\n")).unwrap();
    };
    let of = |folder: &Path, more: &[&str]| {
        let mut command = shutterbench();
        command.args(["--backend", "tract", "--no-latency", "--images", "40", "--dataset"]);
        command.arg(embedded.join("validation")).arg("--model").arg(&model).args(more);
        command.arg("--out").arg(folder).timely_output()
    };
    state("torchvision,mean=0,std=1");
    let run = folder.path().join("run");
    assert!(of(&run, &[]).status.success());
    let predictions = || fs::read_to_string(run.join("predictions.csv")).unwrap();
    let (whole, journal) = (predictions(), run.join(journal::FILE_NAME));
    let lines = fs::read_to_string(&journal).unwrap();
    let (header, _) = lines.split_once('\n').unwrap();
    // As if it had been killed at its beginning.
    let cut = || fs::write(&journal, format!("{header}\n")).unwrap();

    cut();
    state("keras,mode=caffe");
    let refused = of(&run, &["--continue"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("begun with other preprocessing of mine: resize shorter"), "{said}");
    assert!(finish(resume(&run)).status.success());
    assert_eq!(predictions(), whole);
    let other = folder.path().join("other");
    assert!(of(&other, &[]).status.success());
    assert_ne!(fs::read_to_string(other.join("predictions.csv")).unwrap(), whole);

    // Of a build whose defaults may be others.
    let mut of_before: serde_json::Value = serde_json::from_str(header).unwrap();
    of_before["binary_sha256"] = "0".repeat(64).into();
    of_before.as_object_mut().unwrap().remove("pipelines");
    fs::write(&journal, format!("{of_before}\n")).unwrap();
    let said = refusal(&run);
    assert!(said.contains("is not the build that began the run"), "{said}");
}

#[test]
fn a_folder_without_a_run_and_one_that_has_one_already() {
    let folder = TempDir::new().unwrap();
    assert!(refusal(folder.path()).contains("no run to resume"));
    let run = folder.path().join("run");
    finished_run(&run);
    let output = shutterbench()
        .arg("--out")
        .arg(&run)
        .args(["--backend", "tract", "--model", "fmnist_mobilenet_v1_0.25_f32"])
        .timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--resume"));
}
