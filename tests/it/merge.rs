//! Shards and devices of a sweep become one run, through the real program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, said};

/// Images of the dataset that the tests score.
const IMAGES: usize = 120;
const MODELS: [&str; 2] = ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_f32_onnx"];

/// A folder of the first embedded images and their labels; those at
/// `unreadable` are empty files.
fn dataset(folder: &Path, unreadable: &[usize]) -> PathBuf {
    let from = common::repository().join("models/fashion-mnist/validation");
    let to = folder.join("images");
    fs::create_dir(&to).unwrap();
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let lines: Vec<&str> = table.lines().take(IMAGES + 1).collect();
    fs::write(to.join("labels.csv"), lines.join("\n")).unwrap();
    for (position, line) in lines[1..].iter().enumerate() {
        let (file, _) = line.split_once(',').unwrap();
        if unreadable.contains(&position) {
            fs::write(to.join(file), "").unwrap();
        } else {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    to
}

fn shutterbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench")).args(arguments).timely_output()
}

/// A run over the dataset in `folder`; returns its folder.
fn measured(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let images = folder.join("images");
    let mut arguments = vec!["run", "--quiet", "--backend", "tract", "--model"];
    arguments.extend(MODELS);
    arguments.extend(["--top-k", "3", "--runs", "3", "--warmup", "1", "--processes", "1"]);
    arguments.extend(["--dataset", images.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    arguments.extend(more);
    let output = shutterbench(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    out
}

fn merged(runs: &[&Path], out: &Path) -> Output {
    let mut arguments = vec!["merge"];
    arguments.extend(runs.iter().map(|run| run.to_str().unwrap()));
    arguments.extend(["--out", out.to_str().unwrap()]);
    shutterbench(&arguments)
}

fn refused(runs: &[&Path]) -> String {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("merged");
    let output = merged(runs, &out);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert!(!out.exists());
    said
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Rows of `results.csv` as maps from column to field.
fn rows(run: &Path) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(run.join("results.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

const SCORES: [&str; 14] = [
    "model",
    "backend",
    "status",
    "images",
    "top1",
    "top1_low",
    "top1_high",
    "top5",
    "top5_low",
    "top5_high",
    "ambiguous",
    "agreement_top1",
    "max_abs_error",
    "dataset_sha256",
];

#[test]
fn merged_shards_are_the_unsharded_run() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[50]);
    let whole = measured(folder, "whole", &[]);
    let shards: Vec<PathBuf> = (1..=4)
        .map(|k| measured(folder, &format!("shard-{k}"), &["--shard", &format!("{k}/4")]))
        .collect();
    let out = folder.join("merged");
    // In any order.
    let given: Vec<&Path> = [2, 0, 3, 1].iter().map(|i| shards[*i].as_path()).collect();
    let output = merged(&given, &out);
    assert!(output.status.success(), "{}", said(&output));

    let predictions = |run: &Path| fs::read_to_string(run.join("predictions.csv")).unwrap();
    assert_eq!(predictions(&whole), predictions(&out));
    assert_eq!(predictions(&whole).lines().count(), 1 + MODELS.len() * (IMAGES - 1));
    let (mut ours, mut theirs) = (json(&out.join("run.json")), json(&whole.join("run.json")));
    for scored in [&mut ours, &mut theirs] {
        for accuracy in scored["accuracies"].as_array_mut().unwrap() {
            // A time: no two runs take the same.
            assert!(accuracy.as_object_mut().unwrap().remove("preprocess_p50_us").is_some());
        }
    }
    assert_eq!(ours["accuracies"], theirs["accuracies"]);
    assert_eq!(ours["accuracies"][0]["top_k"][0]["k"], 3);
    assert!(ours["accuracies"][0]["expected_calibration_error"].is_f64());
    for key in ["images", "sha256", "unreadable"] {
        assert_eq!(ours["dataset"][key], theirs["dataset"][key], "{key}");
    }
    assert_eq!(ours["dataset"]["unreadable"].as_array().unwrap().len(), 1);
    assert_eq!(ours["parts"].as_array().unwrap().len(), 4);

    let (ours, theirs) = (rows(&out), rows(&whole));
    let first = rows(&shards[0]);
    assert_eq!(ours.len(), theirs.len());
    for ((row, expected), first) in ours.iter().zip(&theirs).zip(&first) {
        for column in SCORES {
            assert_eq!(row[column], expected[column], "{column}");
        }
        assert_eq!(row["latency_p50_us"], first["latency_p50_us"], "as shard 1 measured it");
        assert!(!row["latency_p50_us"].is_empty() && !row["agreement_top1"].is_empty());
    }
    assert!(rows(&shards[1]).iter().all(|row| row["latency_p50_us"].is_empty()));

    // Everything but the journal can go and come back.
    let results = fs::read(out.join("results.csv")).unwrap();
    for file in ["results.csv", "predictions.csv", "run.json", "report.html"] {
        fs::remove_file(out.join(file)).unwrap();
    }
    assert!(shutterbench(&["report", out.to_str().unwrap()]).status.success());
    assert_eq!(fs::read(out.join("results.csv")).unwrap(), results);

    let pair = [whole.to_str().unwrap(), out.to_str().unwrap()];
    let output = shutterbench(&["compare", pair[0], pair[1], "--metric", "top1"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("2 same"), "{text}");
    let output = shutterbench(&["pick", pair[1], "--min-top1", "0.5"]);
    assert!(output.status.success(), "{}", said(&output));
    let output = shutterbench(&["run", "--resume", pair[1]]);
    assert!(output.status.code() == Some(2) && said(&output).contains("merged from others"));
}

#[test]
fn shards_that_do_not_make_a_whole_are_refused() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[]);
    let quick = |name: &str, more: &[&str]| {
        let mut arguments = vec!["--no-latency", "--images", "30"];
        arguments.extend(more);
        measured(folder, name, &arguments)
    };
    let [one, two] = ["1/3", "2/3"].map(|s| quick(&s.replace('/', "-"), &["--shard", s]));
    let again = quick("again", &["--shard", "2/3"]);
    let of_four = quick("of-four", &["--shard", "3/4"]);
    let of_three = quick("of-three", &["--shard", "3/3"]);
    let seeded = quick("seeded", &["--shard", "3/3", "--seed", "7"]);
    let resized = quick("resized", &["--shard", "3/3", "--resize", "bicubic-antialias"]);
    let whole = quick("whole", &[]);
    assert!(refused(&[&one, &two]).contains("missing: 3/3"));
    assert!(refused(&[&one, &two, &again]).contains("are both shard 2/3"));
    assert!(refused(&[&one, &two, &two]).contains("the same run"));
    assert!(refused(&[&one, &of_four]).contains("not shards of one sweep"));
    let said = refused(&[&one, &two, &seeded]);
    assert!(said.contains("datasets differ") || said.contains("seed is 0"), "{said}");
    assert!(refused(&[&one, &two, &resized]).contains("overrides.resize is null"));
    // As a build of other defaults would have made it.
    let other = with_header(&of_three, "other", |header| {
        let values = &mut header["pipelines"][0]["pipeline"];
        let values = values.as_array_mut().unwrap().last_mut().unwrap();
        assert_eq!(values["step"], "normalise");
        values["scale"] = serde_json::json!([1.0]);
    });
    let said = refused(&[&one, &two, &other]);
    assert!(
        said.contains("went through other steps") && said.contains("(pixel - 0) / 1 "),
        "{said}"
    );
    assert!(refused(&[&whole]).contains("is a whole run by itself"));
    assert!(refused(&[&whole, &one]).contains("missing: 2/3, 3/3"));
    assert!(refused(&[folder]).contains("holds no readable run"));

    // Cut short: the line that says that it came to its end is lost.
    let journal = two.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap() + 1;
    fs::write(&journal, &text[..cut]).unwrap();
    assert!(refused(&[&one, &two, &seeded]).contains("is unfinished"));
}

#[test]
fn too_many_unreadable_images_fail_together_too() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[3, 100]);
    let shards = ["1/2", "2/2"].map(|shard| {
        measured(folder, &shard.replace('/', "-"), &["--no-latency", "--shard", shard])
    });
    let said = refused(&[&shards[0], &shards[1]]);
    assert!(said.contains("2 of 120 images") && said.contains("is empty"), "{said}");
}

#[test]
fn a_shard_needs_images() {
    let output = shutterbench(&["run", "--no-accuracy", "--shard", "1/2"]);
    assert!(output.status.code() == Some(2) && said(&output).contains("--dataset"));
    for shard in ["0/2", "3/2", "half"] {
        let output = shutterbench(&["run", "--shard", shard]);
        assert!(output.status.code() == Some(2) && said(&output).contains("K/N"), "{shard}");
    }
}

/// A copy of a run whose header says something else.
fn with_header(run: &Path, name: &str, change: impl Fn(&mut Value)) -> PathBuf {
    let to = run.with_file_name(name);
    fs::create_dir(&to).unwrap();
    let text = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    change(&mut header);
    fs::write(to.join("journal.jsonl"), format!("{header}\n{rest}")).unwrap();
    to
}

/// A copy of a run as another machine would have made it.
fn elsewhere(run: &Path, name: &str, device: &str, cpu: &str) -> PathBuf {
    with_header(run, name, |header| {
        header["device"] = device.into();
        header["host"]["cpu"] = cpu.into();
        header["host"]["arch"] = "aarch64".into();
        header["started_at"] = "2026-01-01T00:00:00Z".into();
    })
}

#[test]
fn devices_that_scored_other_pictures_are_refused() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[]);
    let here = measured(folder, "here", &["--images", "40", "--no-latency"]);
    let phone = elsewhere(&here, "phone", "R58M123", "Cortex-X1");
    // Its copy of the dataset has another picture under one of the names.
    let journal = phone.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let (before, after) = text.split_once("\"sum\":\"").unwrap();
    let other = if after.starts_with('0') { '1' } else { '0' };
    let all = format!("{before}\"sum\":\"{other}{}", &after[1..]);
    fs::write(&journal, all).unwrap();
    // The rest of that run as well, so that it agrees with itself.
    let said = refused(&[&here, &phone]);
    assert!(said.contains("the same names and sizes but other contents"), "{said}");
}

#[test]
fn devices_keep_their_rows_apart() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[]);
    let here = measured(folder, "here", &["--images", "40"]);
    let phone = elsewhere(&here, "phone", "R58M123", "Cortex-X1");
    let board = elsewhere(&here, "board", "local", "Cortex-A72");
    let out = folder.join("merged");
    let output = merged(&[&here, &phone, &board], &out);
    assert!(output.status.success(), "{}", said(&output));
    let all = rows(&out);
    assert_eq!(all.len(), 3 * MODELS.len());
    let of = |device: &str| all.iter().filter(|row| row["device"] == device).collect::<Vec<_>>();
    // Two machines are called local: their folders distinguish them.
    assert_eq!(of("board").len(), MODELS.len());
    assert!(of("board").iter().all(|row| row["cpu"] == "Cortex-A72" && row["arch"] == "aarch64"));
    assert!(of("R58M123").iter().all(|row| row["cpu"] == "Cortex-X1"));
    for (row, expected) in of("here").iter().zip(rows(&here)) {
        for column in SCORES.into_iter().chain(["latency_p50_us", "cpu", "runs"]) {
            assert_eq!(row[column], expected[column], "{column}");
        }
    }
    let output = shutterbench(&["report", out.to_str().unwrap(), "--samples", "-"]);
    let samples = String::from_utf8(output.stdout).unwrap();
    assert!(samples.contains(" x1 on R58M123,") && samples.contains(" x1 on board,"));
    let results = fs::read(out.join("results.csv")).unwrap();
    let text = String::from_utf8(shutterbench(&["report", out.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("On board") && text.contains("On R58M123"), "{text}");
    assert_eq!(fs::read(out.join("results.csv")).unwrap(), results);

    let out = out.to_str().unwrap();
    let output = shutterbench(&["pick", out]);
    assert!(output.status.code() == Some(2) && said(&output).contains("--device"));
    let output = shutterbench(&["pick", out, "--device", "R58M123", "--json"]);
    let pick: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(pick["choice"]["row"]["device"], "R58M123");
    // A device's own run compared with the merged one: its cases and no others.
    let output =
        shutterbench(&["compare", phone.to_str().unwrap(), out, "--metric", "top1", "--json"]);
    let comparison: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes: Vec<&Value> =
        comparison["cases"].as_array().unwrap().iter().map(|case| &case["outcome"]).collect();
    assert_eq!(outcomes, ["same", "same", "new", "new", "new", "new"]);

    assert!(refused(&[Path::new(out), &here]).contains("already holds several devices"));
    assert!(refused(&[&here, &here]).contains("the same run"));
    let repeated = measured(folder, "repeated", &["--images", "40", "--no-latency"]);
    let said = refused(&[&here, &repeated]);
    assert!(said.contains("same machine") && said.contains("compare"), "{said}");
}

#[test]
fn what_each_device_could_not_use_is_kept() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    dataset(folder, &[]);
    let whole = measured(folder, "whole", &["--images", "40", "--no-latency"]);
    let lacking = |name: &str, backend: &str, model: &str| {
        with_header(&whole, name, |header| {
            header["unusable"] = serde_json::json!([[backend, "its library ends the process"]]);
            header["unscored"] = serde_json::json!([[model, "no runtime opens it"]]);
            let scored = header["scored"].as_array_mut().unwrap();
            scored.retain(|scored| scored["model"] != model);
            assert_eq!(scored.len(), MODELS.len() - 1);
        })
    };
    let here = lacking("here", "litert", MODELS[0]);
    let phone = lacking("at-hand", "onnxruntime", MODELS[1]);
    let phone = elsewhere(&phone, "phone", "R58M123", "Cortex-X1");
    let out = folder.join("merged");
    let output = merged(&[&here, &phone], &out);
    assert!(output.status.success(), "{}", said(&output));
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let lists = serde_json::json!([
        [
            ["litert", "local: its library ends the process"],
            ["onnxruntime", "R58M123: its library ends the process"],
        ],
        [[MODELS[0], "local: no runtime opens it"], [MODELS[1], "R58M123: no runtime opens it"],],
    ]);
    assert_eq!(serde_json::json!([header["unusable"], header["unscored"]]), lists);
    let scored = header["scored"].as_array().unwrap();
    assert_eq!(scored.len(), MODELS.len(), "each is scored on one of them");
}
