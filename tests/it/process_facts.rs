//! What is told of the processes that measure: where they run, and what they hold.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use shutterbench::host::affinity;
use tempfile::TempDir;

use crate::common;
use crate::common::{PATIENCE, TimelyOutput};

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

/// The CPUs that the workers of `parent` may use now, as Linux lists them.
fn cpus_of_workers(parent: u32) -> BTreeSet<String> {
    let cpus = |pid: &str| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
        let is_ours = words.get(1..3)? == [b"worker", parent.to_string().as_bytes()];
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok().filter(|_| is_ours)?;
        let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        Some(line.trim().to_owned())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| cpus(entry.file_name().to_str()?)).collect()
}

#[test]
fn affinity_pins_what_is_timed_and_lets_scoring_use_every_cpu() {
    let available = affinity::available();
    if available.len() < 2 {
        return common::skip("a single CPU");
    }
    let Some(library) = common::softmax_delegate() else { return };
    let folder = TempDir::new().unwrap();
    // Both parts last for seconds, so that they are seen.
    let delegate = format!("external:{}?slow=50", library.display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tflite", "--model", MODEL, "--delegate", &delegate])
        .args(["--runs", "20", "--warmup", "0", "--processes", "1", "--images", "80"])
        .args(["--affinity", &available[1].to_string(), "--out"])
        .arg(folder.path().join("run"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut timed, mut scored) = (BTreeSet::new(), BTreeSet::new());
    let journal = folder.path().join("run/journal.jsonl");
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < PATIENCE, "the run does not end");
        let kept = fs::read_to_string(&journal).unwrap_or_default();
        let seen = cpus_of_workers(child.id());
        if kept.contains("\"entry\":\"scored\"") {
            scored.extend(seen);
        } else if kept.contains("\"entry\":\"visit\"") && !kept.contains("\"entry\":\"case_ended\"")
        {
            timed.extend(seen);
        }
    }
    assert_eq!(timed, BTreeSet::from([available[1].to_string()]));
    assert!(!scored.is_empty() && !scored.contains(&available[1].to_string()), "{scored:?}");
}

#[test]
fn the_memory_of_a_model_is_told_apart_from_the_program_s() {
    let folder = TempDir::new().unwrap();
    let rows = |name: &str, more: &[&str]| -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
            .args(["run", "--quiet", "--json", "--backend", "tract", "--no-accuracy"])
            .args(["--runs", "5", "--warmup", "1", "--processes", "1", "--model"])
            .args([MODEL, "fmnist_mobilenet_v1_1.0_f32", "--out"])
            .arg(folder.path().join(name))
            .args(more)
            .timely_output();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let of = |row: &Value, column: &str| row[column].as_u64().unwrap();
    let found = rows("apart", &[]);
    for row in &found {
        // This program alone is larger than the smaller model by far.
        let (model, peak) = (of(row, "memory_model_bytes"), of(row, "memory_peak_bytes"));
        assert!(0 < model && model + (1 << 20) < peak, "{row}");
        assert!(model >= of(row, "model_bytes"), "{row}");
    }
    let [small, large] = found.as_slice() else { panic!("{} rows", found.len()) };
    assert!(of(small, "memory_model_bytes") < of(large, "memory_model_bytes"));
    for row in rows("within", &["--in-process"]) {
        assert!(row["memory_model_bytes"].is_null() && row["memory_peak_bytes"].is_null());
    }
}
