//! The published JSON Schemas of suite files and of run.json: they state exactly what the program
//! reads, and hold what it writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use shutterbench::report::json;
use shutterbench::run::suite_file::SuiteFile;
use shutterbench::table::rows::rows;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, repository};
use crate::report_common::{Shape, run};

fn schema(name: &str) -> PathBuf {
    repository().join("docs").join(name)
}

fn properties(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

/// Whether Python's validator accepts a document; `None` after a skip if there is none.
fn is_valid(schema: &Path, document: &Value) -> Option<bool> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("document.json");
    fs::write(&file, document.to_string()).unwrap();
    let mut python = Command::new(common::python()?);
    python.arg(repository().join("tests/python/validate.py")).args([schema, &file]);
    let output = python.timely_output();
    let said = common::said(&output);
    assert!(output.status.success() || said.contains("JsonSchemaValueException"), "{said}");
    if !output.status.success() {
        println!("{}", said.lines().last().unwrap_or_default());
    }
    Some(output.status.success())
}

/// The fields that the program takes in place of one that it does not know.
fn known_fields(suite: &str) -> BTreeSet<String> {
    let error = format!("{:#}", SuiteFile::parse(suite, Path::new("")).unwrap_err());
    let (_, named) = error.split_once(", expected ").unwrap_or_else(|| panic!("{error}"));
    named.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_schema_of_a_suite_has_the_fields_that_are_read() {
    let text = fs::read_to_string(schema("suite.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let fields = &schema["properties"];
    let known = known_fields("nothing = 1");
    assert_eq!(properties(&schema), known, "add what is new to docs/suite.schema.json");
    assert_eq!(properties(&fields["search"]), known_fields("[search]\nnothing = 1"));
    assert_eq!(properties(&fields["hooks"]), known_fields("[hooks]\nnothing = 1"));
    assert_eq!(properties(&fields["describe"]), known_fields("[describe]\nnothing = 1"));
    let published = &fields["describe"]["properties"]["published"];
    assert_eq!(properties(published), known_fields("[describe.published]\nnothing = 1"));
}

/// A suite that states much of what can be stated.
const FULL: &str = r#"
models = ["a.tflite", "mobilenet_v2_1.0_224_quant"]
backends = ["tflite", "onnxruntime"]
delegates = ["none", "external:libx.so?a=b"]
threads = [1, 2]
warmup = "auto"
runs = "100"
min_seconds = 0.5
max_seconds = 5
order = "sequential"
seed = 7
processes = "3"
tail = "p99"
latency = true
dataset = "photos"
images = 100
shard = "1/4"
partition = "slice:1/2"
top_k = [3]
check_preprocessing = "never"
exif = "apply"
timeout = 30
[search]
margin_percent = 3
seconds = 20
[hooks]
before = "reserve"
[describe]
label_offset = 1
layout = "nhwc"
channels = "rgb"
input_size = "224x224"
preprocess = "timm,crop_pct=0.95"
mean = [127.5]
precision = "int8"
[describe.published]
top1 = 0.7
"#;

#[test]
fn program_and_schema_accept_the_same_suites() {
    let schema = schema("suite.schema.json");
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let of_readme =
        readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let of_readme = of_readme.filter(|text| text.contains("backends = "));
    let good: Vec<&str> = of_readme.chain([FULL, ""]).collect();
    assert!(good.len() >= 3, "README shows a suite");
    let bad = [
        "modells = []",
        "threads = [0]",
        "threads = 1",
        "runs = 100",
        "order = 'backwards'",
        "max_seconds = -1",
        "shard = '1'",
        "backends = ['tensorflow']",
        "[describe]\nlayout = 'nhcw'",
        "[hooks]\nduring = 'x'",
    ];
    for (suites, expected) in [(good, true), (bad.to_vec(), false)] {
        for suite in suites {
            let read = SuiteFile::parse(suite, Path::new(""));
            assert_eq!(read.is_ok(), expected, "the program on {suite}: {read:?}");
            let document: Value = toml::from_str(suite).unwrap();
            let Some(valid) = is_valid(&schema, &document) else { return };
            assert_eq!(valid, expected, "the schema on {suite}");
        }
    }
}

#[test]
fn run_json_is_of_its_schema() {
    let path = schema("run.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let made = run(&Shape::default());
    let made = json::run(&made, &rows(&made));
    let example = fs::read_to_string(repository().join("results/example/run.json")).unwrap();
    let example: Value = serde_json::from_str(&example).unwrap();
    for document in [&made, &example] {
        let fields: BTreeSet<String> = document.as_object().unwrap().keys().cloned().collect();
        let described = properties(&schema);
        let unknown: Vec<&String> = fields.difference(&described).collect();
        assert!(unknown.is_empty(), "docs/run.schema.json lacks {unknown:?}");
    }
    let mut cut = made.clone();
    cut["measured_cases"][0]["status"] = "fine".into();
    let mut without = made.clone();
    without.as_object_mut().unwrap().remove("cases");
    let documents = [(&made, true), (&example, true), (&cut, false), (&without, false)];
    for (document, expected) in documents {
        let Some(valid) = is_valid(&path, document) else { return };
        assert_eq!(valid, expected);
    }
}
