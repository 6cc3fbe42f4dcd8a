//! `pick --settings` writes what an app loads, and `run --settings` measures just that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, printed, said, shutterbench_in};

const IMAGES: usize = 60;

/// A model of somebody's own: a copy of an embedded one that nothing describes but its
/// sidecar, with labels in a file; and images whose classes are numbers.
fn materials(folder: &Path) -> PathBuf {
    let family = common::repository().join("models/fashion-mnist");
    fs::create_dir_all(folder.join("images")).unwrap();
    let model = folder.join("own.tflite");
    fs::copy(family.join("fmnist_mobilenet_v1_0.25_f32.tflite"), &model).unwrap();
    fs::copy(family.join("labels.txt"), folder.join("names.txt")).unwrap();
    fs::write(
        folder.join("own.toml"),
        "labels = \"names.txt\"\npreprocess = \"slim-pillow\"\nmean = [0.0]\nscale = [255.0]\nlabel_offset = 0\n",
    )
    .unwrap();
    let table = fs::read_to_string(family.join("validation/labels.csv")).unwrap();
    let lines: Vec<&str> = table.lines().take(IMAGES + 1).collect();
    fs::write(folder.join("images/labels.csv"), lines.join("\n")).unwrap();
    for line in &lines[1..] {
        let (file, _) = line.split_once(',').unwrap();
        fs::copy(family.join("validation").join(file), folder.join("images").join(file)).unwrap();
    }
    model
}

const SHORT: [&str; 6] = ["--runs", "40", "--warmup", "1", "--processes", "1"];

/// Measures the model, and has its settings written.
fn picked(folder: &Path) -> Value {
    materials(folder);
    let mut arguments = vec!["run", "--quiet", "--model", "own.tflite", "--backend", "tract"];
    arguments.extend(["--dataset", "images", "--out", "run", "--budget-ms", "50"]);
    arguments.extend(SHORT);
    let output = shutterbench_in(folder, &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let output = shutterbench_in(folder, &["pick", "run", "--settings", "own.settings.json"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("written: own.settings.json"), "{}", said(&output));
    read(&folder.join("own.settings.json"))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn again(folder: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["run", "--quiet", "--settings", "own.settings.json"];
    arguments.extend(SHORT);
    arguments.extend(more);
    shutterbench_in(folder, &arguments)
}

#[test]
fn the_file_holds_what_an_app_loads() {
    let folder = TempDir::new().unwrap();
    let settings = picked(folder.path());
    let run = read(&folder.path().join("run/run.json"));
    assert_eq!(settings["schema"], 1);
    assert_eq!(settings["model"]["name"], "own");
    assert_eq!(settings["model"]["path"], "own.tflite");
    assert_eq!(settings["model"]["sha256"], run["models"][0]["sha256"]);
    assert_eq!((&settings["backend"], &settings["delegate"]), (&json!("tract"), &json!("none")));
    assert_eq!((&settings["threads"], &settings["batch"]), (&json!(1), &json!(1)));
    assert_eq!(settings["input"]["shape"], json!([1, 28, 28, 1]));
    assert_eq!(settings["layout"], "nhwc");
    assert_eq!(settings["pipeline"]["steps"], run["pipelines"][0]["pipeline"]);
    let labels = fs::read_to_string(folder.path().join("names.txt")).unwrap();
    let labels: Vec<&str> = labels.lines().collect();
    assert_eq!(settings["labels"], json!(labels));
    let mut rows = csv::Reader::from_path(folder.path().join("run/results.csv")).unwrap();
    let row: std::collections::HashMap<String, String> =
        rows.deserialize().next().unwrap().unwrap();
    let promised = settings["promised"].as_array().unwrap();
    let names: Vec<&str> = promised.iter().map(|it| it["column"].as_str().unwrap()).collect();
    for expected in ["latency_p50_us", "within_budget", "load_ms", "top1", "top5"] {
        assert!(names.contains(&expected), "{names:?}");
    }
    for promise in promised {
        let column = promise["column"].as_str().unwrap();
        let value: f64 = row[column].parse().unwrap();
        assert_eq!(promise["value"], json!(value), "{column}");
        if column == "top1" {
            let low: f64 = row["top1_low"].parse().unwrap();
            assert_eq!(promise["low"], json!(low));
        }
    }
}

/// Every field of `value` stands in the schema, with a description.
fn documented(value: &Value, schema: &Value, at: &str) {
    assert!(schema["description"].is_string(), "{at} is documented");
    match value {
        Value::Object(fields) if schema.get("properties").is_some() => {
            for (name, value) in fields {
                documented(value, &schema["properties"][name], &format!("{at}.{name}"));
            }
        }
        Value::Array(items) if schema["items"].get("properties").is_some() => {
            for item in items.iter().filter(|_| at.ends_with("promised")) {
                documented(item, &schema["items"], at);
            }
        }
        _ => {}
    }
}

#[test]
fn the_file_is_of_its_schema() {
    let Some(python) = common::python() else { return };
    let folder = TempDir::new().unwrap();
    let settings = picked(folder.path());
    let path = common::repository().join("docs/settings.schema.json");
    let mut schema = read(&path);
    schema["properties"]["input"]["properties"]["quantization"]
        .as_object_mut()
        .unwrap()
        .remove("properties");
    documented(&settings, &schema, "settings");
    let validate = |file: &Path| {
        let mut command = Command::new(&python);
        command.arg(common::repository().join("tests/python/validate.py"));
        command.arg(&path).arg(file).timely_output()
    };
    let file = folder.path().join("own.settings.json");
    let output = validate(&file);
    assert!(output.status.success(), "{}", said(&output));
    let mut wrong = settings;
    wrong["model"]["sha256"] = json!("ABC");
    fs::write(&file, wrong.to_string()).unwrap();
    assert!(!validate(&file).status.success(), "the schema refuses nothing");
}

#[test]
fn a_run_measures_just_that_case_also_where_nothing_else_describes_the_model() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    picked(folder);
    // Only the model's file goes along.
    let away = folder.join("away");
    fs::create_dir(&away).unwrap();
    for file in ["own.tflite", "own.settings.json"] {
        fs::copy(folder.join(file), away.join(file)).unwrap();
    }
    let output = again(&away, &["--dataset", "../images", "--out", "run"]);
    let text = printed(&output);
    // How fast the machine is at the moment decides nothing here.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    assert!(text.contains("Promised by own.settings.json:"), "{text}");
    let line = |title: &str| text.lines().find(|line| line.starts_with(title)).unwrap();
    assert!(line("  Top-1:").ends_with("measured: holds"), "{text}");
    assert!(line("  Top-5:").ends_with("measured: holds"), "{text}");
    assert!(line("  load time:").contains("not judged (no interval was promised)"), "{text}");
    assert!(line("  share within the budget:").contains("100.0%"), "{text}");
    let predictions =
        |folder: &Path| fs::read_to_string(folder.join("run/predictions.csv")).unwrap();
    assert_eq!(predictions(folder), predictions(&away));
    let (then, now) = (read(&folder.join("run/run.json")), read(&away.join("run/run.json")));
    assert_eq!(then["cases"], now["cases"]);
    assert_eq!(then["pipelines"][0]["pipeline"], now["pipelines"][0]["pipeline"]);

    // A command that a scheduler repeats.
    let output = again(&away, &["--dataset", "../images", "--out", "run", "--continue"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    assert!(printed(&output).contains("Promised by own.settings.json:"));
}

#[test]
fn the_file_is_read_once() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    picked(folder);
    // A pipe gives its content once.
    let pipe = folder.join("piped.settings.json");
    assert!(Command::new("mkfifo").arg(&pipe).timely_output().status.success());
    let file = folder.join("own.settings.json");
    let writer = std::thread::spawn(move || fs::copy(file, pipe));
    let only = ["run", "--quiet", "--settings", "piped.settings.json", "--out", "piped"];
    let output = shutterbench_in(folder, &[&only[..], &SHORT, &["--no-accuracy"]].concat());
    writer.join().unwrap().unwrap();
    // How fast the machine is at the moment decides nothing here.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    assert!(printed(&output).contains("Promised by piped.settings.json:"), "{}", said(&output));
}

#[test]
fn a_promise_that_is_broken_ends_badly_and_one_of_other_images_is_not_judged() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut settings = picked(folder);
    for promise in settings["promised"].as_array_mut().unwrap() {
        if promise["column"] == "top1" {
            (promise["value"], promise["low"]) = (json!(1.0), json!(0.99999));
            promise["high"] = json!(1.0);
        }
    }
    fs::write(folder.join("own.settings.json"), settings.to_string()).unwrap();
    let output = again(folder, &["--dataset", "images", "--no-latency"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", said(&output));
    assert!(text.contains("100.0% [100.0%, 100.0%] promised,"), "{text}");
    let line = text.lines().find(|line| line.starts_with("  Top-1:")).unwrap();
    assert!(line.ends_with("measured: does not hold"), "{text}");
    assert!(text.contains("median latency") && text.contains("not measured"), "{text}");

    let output = again(folder, &["--dataset", "images", "--no-latency", "--images", "30"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", said(&output));
    assert!(text.contains("not judged (scored on other images)"), "{text}");
}

#[test]
fn what_cannot_be_measured_keeps_no_promise() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let mut settings = picked(folder);
    settings["promised"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "column": "smell", "unit": "", "value": 1.0, "low": null, "high": null }));
    fs::write(folder.join("own.settings.json"), settings.to_string()).unwrap();
    let output = again(folder, &["--dataset", "images", "--no-latency"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", said(&output));
    assert!(text.contains("smell: this version does not know it: not judged"), "{text}");

    // No build of tract has this delegate.
    settings["delegate"] = json!("gpu");
    fs::write(folder.join("own.settings.json"), settings.to_string()).unwrap();
    let output = again(folder, &["--dataset", "images", "--no-accuracy"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", said(&output));
    assert!(text.contains("could not be measured (unsupported)"), "{text}{}", said(&output));
}

#[test]
fn another_model_and_another_form_are_refused_by_name() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let settings = picked(folder);
    let refused = |output: Output| {
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(!folder.join("results").exists());
        text
    };
    let other = "fmnist_mobilenet_v1_0.5_f32";
    let text = refused(again(folder, &["--model", other]));
    assert!(text.contains("is for another file of model own: SHA-256"), "{text}");
    assert!(text.contains(settings["model"]["sha256"].as_str().unwrap()), "{text}");
    assert!(text.contains("fmnist_mobilenet_v1_0.5_f32.tflite; name the right file"), "{text}");

    let text = refused(again(folder, &["--model", "fmnist_*_f32"]));
    assert!(text.contains("settings are for one model"), "{text}");

    let away = TempDir::new().unwrap();
    fs::copy(folder.join("own.settings.json"), away.path().join("own.settings.json")).unwrap();
    let text = refused(again(away.path(), &[]));
    assert!(text.contains("is for model own, which is not at"), "{text}");

    let mut newer = settings;
    newer["schema"] = json!(2);
    fs::write(folder.join("own.settings.json"), newer.to_string()).unwrap();
    let text = refused(again(folder, &[]));
    assert!(text.contains("have schema 2, this program reads 1"), "{text}");
    fs::write(folder.join("own.settings.json"), "{\"schema\": 1}").unwrap();
    let text = refused(again(folder, &[]));
    assert!(text.contains("is not a settings file of 'shutterbench pick --settings'"), "{text}");
    fs::write(folder.join("own.settings.json"), "threads = 2").unwrap();
    let text = refused(again(folder, &[]));
    assert!(text.contains("is not a settings file"), "{text}");
}

#[test]
fn a_table_without_a_journal_has_no_settings() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    picked(folder);
    fs::remove_file(folder.join("run/journal.jsonl")).unwrap();
    let output = shutterbench_in(folder, &["pick", "run", "--settings", "new.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("needs the run's journal, and run has none"));
    assert!(!folder.join("new.json").exists());
}

/// The fenced lines of Python in docs/settings.md.
fn python_lines() -> Vec<String> {
    let text = fs::read_to_string(common::repository().join("docs/settings.md")).unwrap();
    let blocks = text.split("```python\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_lines_of_python_load_what_was_measured() {
    let Some(python) = common::python() else { return };
    let cases = [
        ("fmnist_mobilenet_v1_0.25_f32", BackendKind::Tflite, "none,xnnpack"),
        ("fmnist_mobilenet_v1_0.25_f32_onnx", BackendKind::Onnxruntime, "none"),
    ];
    if !common::has_runtimes(&cases.map(|(_, backend, _)| backend)) {
        return;
    }
    let lines = python_lines();
    assert_eq!(lines.len(), cases.len());
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    materials(folder);
    for ((model, backend, delegates), lines) in cases.into_iter().zip(&lines) {
        assert!(lines.lines().count() <= 12, "about ten lines: {lines}");
        for delegate in delegates.split(',') {
            let backend = backend.to_string();
            let run = format!("{model}-{delegate}");
            let mut arguments = vec!["run", "--quiet", "--model", model, "--backend", &backend];
            arguments.extend(["--delegate", delegate, "--threads", "2", "--dataset", "images"]);
            arguments.extend(["--out", &run]);
            arguments.extend(SHORT);
            let output = shutterbench_in(folder, &arguments);
            assert!(output.status.success(), "{}", said(&output));
            let output =
                shutterbench_in(folder, &["pick", &run, "--settings", "classifier.settings.json"]);
            assert!(output.status.success(), "{}", said(&output));
            fs::write(folder.join("lines.py"), lines).unwrap();
            let mut predictions =
                csv::Reader::from_path(folder.join(&run).join("predictions.csv")).unwrap();
            let rows: Vec<std::collections::HashMap<String, String>> =
                predictions.deserialize().map(Result::unwrap).collect();
            assert_eq!(rows.len(), IMAGES);
            let mut command = Command::new(&python);
            command.current_dir(folder);
            command
                .arg(common::repository().join("tests/python/apply_settings.py"))
                .arg("lines.py");
            command.args(rows.iter().map(|row| Path::new("images").join(&row["image"])));
            let output = command.timely_output();
            assert!(output.status.success(), "{}", said(&output));
            let settings = read(&folder.join("classifier.settings.json"));
            let labels = settings["labels"].as_array().unwrap();
            let text = printed(&output);
            for (line, row) in text.lines().zip(&rows) {
                let class: usize = row["top1_class"].parse().unwrap();
                assert_eq!(line, labels[class].as_str().unwrap(), "{run}: {}", row["image"]);
            }
            assert_eq!(text.lines().count(), IMAGES);
        }
    }
}
