//! Options, batch and affinity are axes of a run: its cases, its tables, and everything that goes
//! on with a run.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::report::csv::read_results;
use shutterbench::report::terminal;
use shutterbench::table::row::Row;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;
use crate::report_common;
use crate::report_common::Shape;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32_onnx";
const SHORT: [&str; 8] =
    ["--quiet", "--runs", "40", "--warmup", "1", "--processes", "1", "--no-yardstick"];
const LEAN: &str = "lean:graph_optimization_level=disable;cpu_arena=false";

fn shutterbench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(folder).args(arguments).timely_output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A run of the model on ONNX Runtime in `folder/out`.
fn run(folder: &Path, out: &str, more: &[&str]) -> Output {
    run_on(folder, "onnxruntime", out, more)
}

fn run_on(folder: &Path, backends: &str, out: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["run", "--model", MODEL, "--backend", backends, "--out", out];
    arguments.extend(SHORT);
    arguments.extend(more);
    shutterbench(folder, &arguments)
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn rows(folder: &Path) -> Vec<Row> {
    read_results(&folder.join("results.csv")).unwrap()
}

fn cases(folder: &Path) -> Vec<String> {
    let short = |row: &Row| row.case().split_once(' ').unwrap().1.to_owned();
    rows(folder).iter().map(short).collect()
}

fn header(folder: &Path) -> Value {
    let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    serde_json::from_str(journal.lines().next().unwrap()).unwrap()
}

#[test]
fn what_is_asked_of_a_device_needs_one() {
    let folder = TempDir::new().unwrap();
    for option in [&["--device-clean"][..], &["--device-timeout", "9"], &["--device-patience", "9"]]
    {
        let output = run_on(folder.path(), "tract", "out", &[option, &["--no-latency"]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let expected = format!("{} is about another device; name it with --device", option[0]);
        assert!(said(&output).contains(&expected), "{}", said(&output));
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn a_set_makes_cases_of_its_own_that_are_timed_and_scored() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let more = ["--images", "20", "--set", LEAN, "--samples"];
    good(&run_on(folder.path(), "tract,onnxruntime", "run", &more));
    let out = folder.path().join("run");
    let expected = ["tract/none x1", "onnxruntime/none x1", "onnxruntime/none+lean x1"];
    assert_eq!(cases(&out), expected);
    let rows = rows(&out);
    let options: Vec<&str> = rows.iter().filter_map(|row| row.options.as_deref()).collect();
    assert_eq!(options, ["default", "default", "lean"]);
    // The graph is not rewritten, so more kernels run.
    assert!(rows[2].nodes_total > rows[1].nodes_total);
    assert!(rows.iter().all(|row| row.images == Some(20) && row.latency_p50_us.is_some()));
    assert!(rows.iter().all(|row| row.affinity.as_deref() == Some("all")));
    let scored = fs::read_to_string(out.join("predictions.csv")).unwrap();
    assert_eq!(scored.lines().filter(|line| line.ends_with(",lean")).count(), 20);
    let samples = fs::read_to_string(out.join("samples.csv")).unwrap();
    assert!(samples.contains(&format!("{MODEL} onnxruntime/none+lean x1,")));
    let set = &header(&out)["options"]["option_sets"][0];
    assert_eq!(set["name"], "lean");
    assert_eq!(set["set"]["graph_optimization_level"], "disable");
}

#[test]
fn a_suite_file_states_sets_and_leaves_the_default_out() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let suite = format!(
        "models = [\"{MODEL}\"]\nbackends = [\"onnxruntime\", \"tract\"]\naccuracy = false\n\
         default_options = false\nbatch = 1\n\
         [[options]]\nname = \"lean\"\nbackend = \"onnxruntime\"\n\
         set = {{ cpu_arena = false, inter_op_threads = 2 }}\n\
         [[options]]\nname = \"calm\"\nbackend = \"onnxruntime\"\n\
         set = {{ intra_op_spinning = false }}\n"
    );
    fs::write(folder.path().join("suite.toml"), suite).unwrap();
    let plan = shutterbench(folder.path(), &["plan", "suite.toml", "--json", "--parts", "2"]);
    good(&plan);
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    let cases = plan["cases"].as_array().unwrap();
    let options: Vec<&Value> = cases.iter().map(|case| &case["options"]).collect();
    assert_eq!(options, [&Value::from("lean"), &Value::from("calm"), &Value::Null]);
    let mut ids: Vec<&str> = cases.iter().map(|case| case["id"].as_str().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let only = ["plan", "suite.toml", "--json", "--only", "*+calm *"];
    let only: Value = serde_json::from_slice(&shutterbench(folder.path(), &only).stdout).unwrap();
    assert_eq!(only["cases"].as_array().unwrap().len(), 1);
}

#[test]
fn what_no_backend_knows_is_refused_with_what_there_is() {
    let folder = TempDir::new().unwrap();
    let refused = |more: &[&str]| {
        let arguments = [&["plan"], more, &["--model", MODEL]].concat();
        let output = shutterbench(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        said(&output)
    };
    let key = refused(&["--set", "a:cpu_areena=false"]);
    assert!(key.contains("'cpu_areena'") && key.contains("cpu_arena"), "{key}");
    let value = refused(&["--set", "a:cpu_arena=off"]);
    assert!(value.contains("'off'") && value.contains("true or false"), "{value}");
    let other = refused(&["--backend", "tract", "--set", "a:cpu_arena=false"]);
    assert!(other.contains("make no case") && other.contains("onnxruntime"), "{other}");
    fs::write(
        folder.path().join("s.toml"),
        "[[options]]\nname = \"a\"\nbackend = \"tract\"\nset = { x = 1 }\n",
    )
    .unwrap();
    let none = refused(&["s.toml"]);
    assert!(none.contains("tract has no setting 'x'"), "{none}");
}

#[test]
fn a_key_that_onnxruntime_would_ignore_is_refused() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let planned = |key: &str, delegate: &str| {
        let set = format!("a:{key}=1");
        let only = ["plan", "--backend", "onnxruntime", "--delegate", delegate, "--model", MODEL];
        let output = shutterbench(folder.path(), &[&only[..], &["--set", &set]].concat());
        (output.status.code(), said(&output))
    };
    for known in ["session.disable_prepacking", "optimization.enable_gelu_approximation"] {
        let (code, said) = planned(known, "none");
        assert_eq!(code, Some(0), "{known}: {said}");
    }
    for unknown in ["session.disable_prepackin", "session.disable_prepackings", "optimization.x"] {
        let (code, said) = planned(unknown, "none");
        assert_eq!(code, Some(2), "{unknown}: {said}");
        assert!(said.contains(&format!("would ignore '{unknown}'")), "{said}");
    }
    // An option of a provider needs one.
    assert_eq!(planned("provider.intra_op_num_threads", "xnnpack").0, Some(0));
    let (code, said) = planned("provider.intra_op_num_threads", "none");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("make no case"), "{said}");
}

#[test]
fn a_run_with_options_is_continued_only_with_the_same() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let with = ["--no-accuracy", "--set", LEAN];
    good(&run(folder.path(), "run", &with));
    let out = folder.path().join("run");
    let whole = cases(&out);
    // As if it had been killed while the second case was measured.
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    let lines: Vec<&str> = journal.lines().collect();
    let until = lines.iter().position(|line| line.contains("\"case_ended\"")).unwrap();
    fs::write(out.join("journal.jsonl"), lines[..until].join("\n") + "\n").unwrap();
    let other = ["--no-accuracy", "--set", "lean:cpu_arena=false", "--continue"];
    let output = run(folder.path(), "run", &other);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--set was"), "{}", said(&output));
    let resume = ["run", "--quiet", "--resume", "run"];
    let output =
        shutterbench(folder.path(), &[&resume[..], &["--set", "lean:cpu_arena=true"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    good(&shutterbench(folder.path(), &[&resume[..], &["--set", LEAN]].concat()));
    assert_eq!(cases(&out), whole);
    let rows = rows(&out);
    assert!(rows.iter().all(|row| row.latency_p50_us.is_some()));
    assert!(rows[1].nodes_total > rows[0].nodes_total);
}

#[test]
fn runs_are_compared_set_by_set() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    good(&run(folder.path(), "a", &["--no-accuracy", "--set", LEAN]));
    let other = "lean:graph_optimization_level=basic";
    good(&run(folder.path(), "b", &["--no-accuracy", "--set", other]));
    let output = shutterbench(folder.path(), &["compare", "a", "b", "--json"]);
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = compared.to_string();
    assert!(text.contains("onnxruntime/none+lean x1"), "{text}");
    assert!(!text.contains("\"missing\"") && !text.contains("\"new\":null"), "{text}");
    assert!(text.contains("now they set graph_optimization_level=basic"), "{text}");
}

#[test]
fn the_chosen_set_is_in_the_settings_and_applied_again() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let more = ["--no-accuracy", "--no-default-options", "--set", LEAN, "--batch", "1,4"];
    good(&run(folder.path(), "run", &more));
    let pick = ["pick", "run", "--settings", "own.json"];
    good(&shutterbench(folder.path(), &pick));
    let text = fs::read_to_string(folder.path().join("own.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["options"]["set"]["cpu_arena"], "false");
    let mut arguments = vec!["run", "--settings", "own.json", "--no-accuracy", "--out", "again"];
    arguments.extend(SHORT);
    let output = shutterbench(folder.path(), &arguments);
    // Whether the promised figures hold is a matter of the machine.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    let again = folder.path().join("again");
    assert_eq!(cases(&again), ["onnxruntime/none+lean x1"]);
    let batch = settings["batch"].as_u64().unwrap();
    assert_eq!(rows(&again)[0].batch, Some(usize::try_from(batch).unwrap()));
}

#[test]
fn batch_and_affinity_are_axes_with_figures_per_image() {
    let folder = TempDir::new().unwrap();
    let more = ["--images", "10", "--batch", "1,4", "--affinity", "all;0", "--samples"];
    good(&run_on(folder.path(), "tract", "run", &more));
    let out = folder.path().join("run");
    let names = ["b1 @all", "b1 @0", "b4 @all", "b4 @0"];
    let expected: Vec<String> = names.iter().map(|name| format!("tract/none x1 {name}")).collect();
    let samples = fs::read_to_string(out.join("samples.csv")).unwrap();
    for name in &expected {
        assert!(samples.contains(&format!("{MODEL} {name},")), "{name}");
    }
    assert_eq!(cases(&out), expected);
    for (row, batch) in rows(&out).iter().zip([1, 1, 4, 4]) {
        assert_eq!(row.batch, Some(batch));
        let (run, image) = (row.latency_p50_us.unwrap(), row.latency_per_image_us.unwrap());
        assert!((run / batch as f64 - image).abs() < 0.01, "{run} {image}");
        // Neither changes what is predicted.
        assert_eq!(row.images, Some(10));
    }
    let scored = fs::read_to_string(out.join("predictions.csv")).unwrap();
    assert_eq!(scored.lines().count(), 11);
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("1 b4 @0"), "{report}");
    // One value is no axis: the names are those of before.
    good(&run_on(folder.path(), "tract", "one", &["--no-accuracy", "--batch", "4"]));
    assert_eq!(cases(&folder.path().join("one")), ["tract/none x1"]);
    let compared = shutterbench(folder.path(), &["compare", "one", "run", "--json"]);
    let text = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(text.contains("tract/none x1 -> ") && text.contains("b4 @all"), "{text}");
}

#[test]
fn names_stay_whole_in_a_terminal_of_120_columns() {
    let shape = Shape { rounds: 6, images: 50, ..Shape::default() };
    let mut rows = shutterbench::table::rows::rows(&report_common::run(&shape));
    let name = "bf16";
    for (index, row) in rows.iter_mut().enumerate() {
        row.options = Some(if index % 2 == 0 { name.to_owned() } else { "default".into() });
    }
    let table = terminal::table(&rows, Some(120), false);
    let lines: Vec<&str> = table.lines().take_while(|line| !line.starts_with("note")).collect();
    let long = lines.iter().find(|line| line.starts_with(' ') && line.chars().count() > 120);
    assert_eq!(long, None, "{table}");
    let whole = format!("tflite/xnnpack+{name}");
    assert!(lines.iter().any(|line| line.contains(&whole)), "{table}");
}

#[test]
fn parts_of_a_matrix_with_options_make_up_the_whole() {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    for part in ["1", "2"] {
        let partition = format!("slice:{part}/2");
        let more = ["--no-accuracy", "--set", LEAN, "--batch", "1,2", "--partition", &partition];
        good(&run(folder.path(), part, &more));
    }
    let merged = shutterbench(folder.path(), &["merge", "1", "2", "--out", "both"]);
    // Two measurements of the anchor a moment apart may differ on a busy machine.
    if said(&merged).contains("not equally fast") {
        return common::skip("the machine's speed changed between two runs");
    }
    good(&merged);
    let names = ["none x1 b1", "none x1 b2", "none+lean x1 b1", "none+lean x1 b2"];
    let expected: Vec<String> = names.iter().map(|name| format!("onnxruntime/{name}")).collect();
    assert_eq!(cases(&folder.path().join("both")), expected);
}

#[test]
fn a_short_maximum_alone_is_enough() {
    let folder = TempDir::new().unwrap();
    let plan = |more: &[&str]| {
        shutterbench(
            folder.path(),
            &[&["plan", "--model", MODEL, "--backend", "tract"], more].concat(),
        )
    };
    let output = plan(&["--max-seconds", "0.2", "--shard", "1/1000"]);
    good(&output);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("<= 0.2 s") && told.contains("1 image is scored"), "{told}");
    let output = plan(&["--max-seconds", "0.2", "--min-seconds", "0.5"]);
    assert!(said(&output).contains("is more than --max-seconds 0.2"), "{}", said(&output));
}

#[test]
fn a_port_that_adb_does_not_take_is_refused_first() {
    let folder = TempDir::new().unwrap();
    for port in ["0", "65535", "x"] {
        let output = shutterbench(folder.path(), &["list", "devices", "--adb-port", port]);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains("give a number from 1 to 65534"), "{}", said(&output));
    }
}
