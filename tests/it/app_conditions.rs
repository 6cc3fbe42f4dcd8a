//! Conditions of an app through the program: photos as inputs, caches of starts, where processes ran.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// A model that every build can run.
const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32_onnx";

fn shutterbench(arguments: &[&str], out: &Path) -> Output {
    shutterbench_with(&[], arguments, out)
}

fn shutterbench_with(environment: &[(&str, &Path)], arguments: &[&str], out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .envs(environment.iter().copied())
        .args(["run", "--quiet", "--warmup", "1", "--processes", "1"])
        .args(arguments)
        .arg("--out")
        .arg(out)
        .timely_output()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn json(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap()
}

#[test]
fn timed_runs_are_given_photos_in_turn_and_every_report_says_so() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let asked = ["--backend", "tract", "--model", MODEL, "--runs", "20", "--images", "20"];
    let asked = [&asked[..], &["--inputs", "dataset", "--rate", "100", "--profile"]].concat();
    let output = shutterbench(&asked, &run);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("photos of the dataset"), "{}", said(&output));
    let json = json(&run);
    assert_eq!(json["options"]["latency"]["inputs"], "dataset");
    assert!(json["scenarios"].as_array().unwrap().iter().all(|row| row["status"] == "ok"));
    for report in ["report.md", "report.html"] {
        let text = fs::read_to_string(run.join(report)).unwrap();
        assert!(text.contains("photos of the dataset, prepared before"), "{report}");
    }
    // Two runs on other inputs are not alike.
    let noise = folder.path().join("noise");
    let output = shutterbench(&asked[..8], &noise);
    assert!(output.status.success(), "{}", said(&output));
    assert!(!said(&output).contains("photos of the dataset, prepared"), "{}", said(&output));
    let compared = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("compare")
        .args([&noise, &run])
        .timely_output();
    let told = "were given --inputs noise, now they are given --inputs dataset";
    assert!(said(&compared).contains(told), "{}", said(&compared));
}

#[test]
fn photos_as_inputs_need_photos() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("run");
    let asked = ["--backend", "tract", "--model", MODEL, "--no-accuracy", "--inputs", "dataset"];
    let output = shutterbench(&asked, &out);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("--inputs dataset needs photos"), "{}", said(&output));
    assert!(!out.exists());
}

/// Starts of a case whose options name a cache miss it once per round and find it otherwise.
fn starts_with_cache(
    backend: BackendKind,
    model: &str,
    delegate: &str,
    key: &str,
    environment: &[(&str, &Path)],
) {
    if !common::has_runtimes(&[backend]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (run, cache) = (folder.path().join("run"), folder.path().join("cache"));
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("of-others"), "kept").unwrap();
    let set = format!("kept:{key}={}", cache.display());
    let backend = backend.to_string();
    let asked = ["--backend", &backend, "--model", model, "--no-accuracy", "--runs", "5"];
    let more = ["--delegate", delegate, "--set", &set, "--cold-starts", "2"];
    let output = shutterbench_with(environment, &[&asked[..], &more].concat(), &run);
    let rows = json(&run)["scenarios"].as_array().unwrap().clone();
    let of = |case: &str, scenario: &str| {
        let is_it = |row: &&Value| {
            row["case"].as_str().unwrap().contains("+kept") == (case == "kept")
                && row["scenario"] == scenario
        };
        rows.iter().find(is_it).cloned()
    };
    assert!(of("plain", "cache_miss").is_none(), "{rows:?}");
    assert!(of("plain", "warm_start").unwrap()["cache"].is_null(), "{rows:?}");
    for (scenario, found) in [("cache_miss", "miss"), ("warm_start", "hit")] {
        let row = of("kept", scenario).unwrap();
        assert_eq!(row["status"], "ok", "{row:?} {}", said(&output));
        assert_eq!((&row["cache"], &row["rounds"]), (&found.into(), &2.into()), "{row:?}");
        assert!(row["cache_bytes"].as_u64().unwrap() > 1000, "{row:?}");
    }
    let cold = of("kept", "cold_start").unwrap();
    // A file system in memory has no cold files.
    if cold["status"] == "ok" {
        assert_eq!(cold["cache"], "hit", "{cold:?}");
    } else {
        assert!(cold["error"].as_str().unwrap().contains("not cold"), "{cold:?}");
    }
    assert!(said(&output).contains("cache miss") && said(&output).contains("cache hit"));
    assert_eq!(fs::read_to_string(cache.join("of-others")).unwrap(), "kept");
}

#[test]
fn starts_fill_and_find_onnxruntime_s_rewritten_model() {
    starts_with_cache(BackendKind::Onnxruntime, MODEL, "none", "optimized_model_folder", &[]);
}

#[test]
fn starts_fill_and_find_litert_s_packed_weights() {
    let model = "fmnist_mobilenet_v1_0.25_f32";
    starts_with_cache(BackendKind::Litert, model, "xnnpack", "weight_cache_folder", &[]);
}

#[test]
fn starts_fill_and_find_the_programs_of_litert_s_gpu() {
    let drivers = crate::gpu::drivers();
    // The only one of these that has all that LiteRT asks of a device.
    let Some(driver) = drivers.iter().find(|it| it.ends_with("vk_swiftshader_icd.json")) else {
        return common::skip("no SwiftShader; Debian's chromium has one");
    };
    let driver = [("VK_DRIVER_FILES", driver.as_path()), ("VK_ICD_FILENAMES", driver)];
    let model = "fmnist_mobilenet_v1_0.25_f32";
    starts_with_cache(BackendKind::Litert, model, "gpu", "gpu_serialization_folder", &driver);
}

#[test]
fn starts_fill_and_find_openvino_s_compiled_model() {
    starts_with_cache(BackendKind::Openvino, MODEL, "none", "CACHE_DIR", &[]);
}

#[test]
fn a_run_says_where_its_processes_were_held_back() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    let output = Command::new("nice")
        .args(["-n", "3", env!("CARGO_BIN_EXE_shutterbench"), "run", "--quiet", "--no-accuracy"])
        .args(["--backend", "tract", "--model", MODEL, "--runs", "5", "--warmup", "1", "--out"])
        .arg(&run)
        .timely_output();
    assert!(output.status.success(), "{}", said(&output));
    let json = json(&run);
    let place = &json["measured_cases"][0]["processes"][0]["loaded"]["place"];
    let nice = place["nice"].as_i64().unwrap();
    assert!(nice >= 3, "{place}");
    let told = format!("had the nice value {nice}");
    let conditions = json["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|it| it.as_str().unwrap().contains(&told)), "{conditions:?}");
    assert!(said(&output).contains(&told), "{}", said(&output));
    for report in ["report.md", "report.html"] {
        assert!(fs::read_to_string(run.join(report)).unwrap().contains(&told), "{report}");
    }
}

/// A file of a tree.
fn write(root: &Path, file: &str, value: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{value}\n")).unwrap();
}

/// Runs the program where `folder` is in `place`.
fn shutterbench_where(folder: &Path, place: &str, more: &[&str], out: &Path) -> Option<Output> {
    let mut command = common::shutterbench_with_folders(&[(folder, place)])?;
    command.args(["run", "--quiet", "--backend", "tract", "--model", MODEL, "--no-accuracy"]);
    command.args(["--warmup", "1", "--processes", "1"]).args(more).arg("--out").arg(out);
    Some(command.timely_output())
}

#[test]
fn a_container_with_less_than_its_cpus_is_told_of() {
    let (folder, groups) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    write(groups.path(), "cgroup.controllers", "cpu memory");
    write(groups.path(), "cpu.max", "40000 100000");
    let run = folder.path().join("run");
    let asked = ["--runs", "5"];
    let ran = shutterbench_where(groups.path(), "/sys/fs/cgroup", &asked, &run);
    let Some(output) = ran else { return };
    assert!(output.status.success(), "{}", said(&output));
    let told = "limited to the time of 0.40 CPUs by a control group";
    assert!(said(&output).contains(told), "{}", said(&output));
    for report in ["report.md", "report.html"] {
        assert!(fs::read_to_string(run.join(report)).unwrap().contains(told), "{report}");
    }
    let json = json(&run);
    let place = &json["measured_cases"][0]["processes"][0]["loaded"]["place"];
    assert_eq!(place["quota"], 0.4, "{place}");
    assert!(place["cgroups"].as_array().is_some_and(|groups| !groups.is_empty()), "{place}");
}

#[test]
fn counters_that_stand_still_are_no_energy() {
    let (folder, class) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for zone in ["intel-rapl:0", "intel-rapl-mmio:0"] {
        write(class.path(), &format!("powercap/{zone}/name"), "package-0");
        write(class.path(), &format!("powercap/{zone}/energy_uj"), "123456789");
        write(class.path(), &format!("powercap/{zone}/max_energy_range_uj"), "262143328850");
    }
    let run = folder.path().join("run");
    let asked = ["--max-seconds", "0.5", "--energy"];
    let Some(output) = shutterbench_where(class.path(), "/sys/class", &asked, &run) else { return };
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("its energy was not measured"), "{}", said(&output));
    let row = &json(&run)["scenarios"][0];
    let error = row["energy_error"].as_str().unwrap();
    assert!(error.contains("in 5 of 5 rounds") && error.contains("stood still"), "{row}");
    assert!(row["energy_mj_per_image"].is_null() && row["latency_p50_us"].is_number(), "{row}");
}
