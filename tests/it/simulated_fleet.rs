//! Ten simulated devices: journals of a real run with other host facts and scaled latencies.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use shutterbench::record::timed_runs::TimedRuns;
use tempfile::TempDir;

use crate::common;
use crate::common::{said, shutterbench_in};

const IMAGES: usize = 40;
pub(crate) const MODELS: [&str; 2] =
    ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.5_f32"];
pub(crate) const DEVICES: usize = 10;
/// The device on which the second model crashed.
pub(crate) const CRASHED: usize = 6;
/// What each device's latencies are multiplied by.
const SLOWER: [u64; DEVICES] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 40];
pub(crate) const WEIGHTS: [f64; DEVICES] = [30.0, 5.0, 12.5, 4.0, 1.0, 8.0, 2.0, 20.0, 7.5, 10.0];
/// Three classes of processors.
pub(crate) const CLASSES: [&str; 3] = ["Snapdragon 8 Gen 2", "Dimensity 700", "Exynos 850"];

/// A case of a device as the samples have it, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
}

/// The fleet, with what the test knows of it.
pub(crate) struct Fleet {
    pub(crate) folder: TempDir,
    /// By device, by case; what crashed is absent.
    pub(crate) cases: Vec<Vec<Case>>,
    /// Of each case of the base run: interval of the median over the median.
    pub(crate) reach: HashMap<String, (f64, f64)>,
    /// Of each model of the base run.
    pub(crate) top1: HashMap<String, f64>,
}

/// A real run: two models, each of two cases, twelve visits and more.
fn recorded(folder: &Path) {
    let family = common::repository().join("models/fashion-mnist/validation");
    fs::create_dir(folder.join("images")).unwrap();
    let table = fs::read_to_string(family.join("labels.csv")).unwrap();
    let lines: Vec<&str> = table.lines().take(IMAGES + 1).collect();
    fs::write(folder.join("images/labels.csv"), lines.join("\n")).unwrap();
    for line in &lines[1..] {
        let (file, _) = line.split_once(',').unwrap();
        fs::copy(family.join(file), folder.join("images").join(file)).unwrap();
    }
    let suite = format!(
        "models = {MODELS:?}\nbackends = [\"tract\"]\nthreads = [1, 2]\nruns = \"60\"\nwarmup = \"1\"\nprocesses = \"1\"\nblock_ms = 1.0\nyardstick = false\ndataset = \"images\"\n"
    );
    fs::write(folder.join("sweep.toml"), suite).unwrap();
    let output = shutterbench_in(folder, &["run", "sweep.toml", "--quiet", "--out", "base"]);
    assert!(output.status.success(), "{}", said(&output));
}

pub(crate) fn journal(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How much slower a case is on a device: on every other device the two cases of a model
/// change places.
fn factor(device: usize, case: usize) -> u64 {
    SLOWER[device] * if case % 2 == device % 2 { 1 } else { 3 }
}

/// The journal of `device`, made from the recorded one.
fn simulated(base: &[Value], device: usize) -> Vec<Value> {
    let crashed =
        |entry: &Value| device == CRASHED && entry["case"].as_u64().is_some_and(|it| it >= 2);
    let mut entries = Vec::new();
    for entry in base {
        let mut entry = entry.clone();
        match entry["entry"].as_str().unwrap() {
            "header" => {
                entry["run_id"] = json!(format!("{}-{device}", entry["run_id"].as_str().unwrap()));
                entry["device"] = json!(format!("phone-{device}"));
                entry["host"]["cpu"] = json!(CLASSES[device % 3]);
                entry["host"]["os"] = json!(format!("Android 1{device}"));
                entry["host"]["arch"] = json!("aarch64");
            }
            "visit" | "process" | "memory" | "coverage" if crashed(&entry) => continue,
            "visit" => {
                let case = entry["case"].as_u64().unwrap() as usize;
                let mut block = common::timed_runs(&entry["visit"]["block"]).unpacked();
                block.latency_ns.iter_mut().for_each(|ns| *ns *= factor(device, case));
                entry["visit"]["block"] = json!(TimedRuns::from(&block));
            }
            "case_ended" if crashed(&entry) => {
                entry["status"] = json!("crashed");
                entry["error"] = json!("its process died, signal 11");
            }
            _ => {}
        }
        entries.push(entry);
    }
    entries
}

/// A quantile by linear interpolation between the sorted values.
fn quantile(values: &[u64], probability: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let position = (sorted.len() - 1) as f64 * probability;
    let below = sorted[position.floor() as usize] as f64;
    let above = sorted[position.ceil() as usize] as f64;
    below + (above - below) * position.fract()
}

fn cases(entries: &[Value]) -> Vec<Case> {
    let header = &entries[0];
    let described = header["cases"].as_array().unwrap().iter().enumerate();
    let of = |(index, case): (usize, &Value)| {
        let visits =
            entries.iter().filter(|it| it["entry"] == "visit" && it["case"] == json!(index));
        let latencies = visits.map(|it| common::timed_runs(&it["visit"]["block"]).latency_ns());
        let all: Vec<u64> = latencies.flatten().collect();
        let model = case["model"].as_str().unwrap().to_owned();
        let name = format!("{model} tract/none x{}", case["threads"]);
        (!all.is_empty()).then(|| Case {
            name,
            model,
            p50: quantile(&all, 0.5),
            p90: quantile(&all, 0.9),
        })
    };
    described.filter_map(of).collect()
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        recorded(folder.path());
        let base = journal(&folder.path().join("base/journal.jsonl"));
        let mut by_device = Vec::new();
        for device in 0..DEVICES {
            let entries = simulated(&base, device);
            let to = folder.path().join(format!("run-{device}"));
            fs::create_dir(&to).unwrap();
            let lines: Vec<String> = entries.iter().map(Value::to_string).collect();
            fs::write(to.join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
            by_device.push(cases(&entries));
        }
        let weights: String = WEIGHTS
            .iter()
            .enumerate()
            .map(|(device, weight)| format!("phone-{device},{weight}\n"))
            .collect();
        fs::write(folder.path().join("weights.csv"), format!("device,weight\n{weights}")).unwrap();
        let mut rows = csv::Reader::from_path(folder.path().join("base/results.csv")).unwrap();
        let (mut reach, mut top1) = (HashMap::new(), HashMap::new());
        for row in rows.deserialize() {
            let row: HashMap<String, String> = row.unwrap();
            let number = |column: &str| row[column].parse::<f64>().unwrap();
            let p50 = number("latency_p50_us");
            let ends = ["latency_p50_low_us", "latency_p50_high_us"].map(|end| number(end) / p50);
            reach.insert(
                format!("{} tract/none x{}", row["model"], row["threads"]),
                (ends[0], ends[1]),
            );
            top1.insert(row["model"].clone(), number("top1"));
        }
        Self { folder, cases: by_device, reach, top1 }
    }

    pub(crate) fn runs(&self) -> Vec<String> {
        (0..DEVICES).map(|device| format!("run-{device}")).collect()
    }

    pub(crate) fn run(&self, command: &str, more: &[&str]) -> Output {
        let runs = self.runs();
        let mut arguments = vec![command];
        arguments.extend(runs.iter().map(String::as_str));
        arguments.extend(more);
        shutterbench_in(self.folder.path(), &arguments)
    }

    /// The fastest case of a model on a device.
    pub(crate) fn fastest(&self, device: usize, model: &str) -> Option<&Case> {
        let of_model = self.cases[device].iter().filter(|case| case.model == model);
        of_model.min_by(|a, b| a.p50.total_cmp(&b.p50))
    }

    /// The interval of a case's median, in microseconds.
    pub(crate) fn interval(&self, case: &Case) -> (f64, f64) {
        let (low, high) = self.reach[&case.name];
        (case.p50 / 1e3 * low, case.p50 / 1e3 * high)
    }

    /// A budget that no interval touches, of which the first devices are within.
    pub(crate) fn budget_ms(&self, model: &str) -> f64 {
        let case = self.fastest(4, model).unwrap();
        (self.interval(case).1 * 1.0001).max(case.p50 / 1e3) / 1e3
    }
}
