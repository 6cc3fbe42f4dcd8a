//! Scenarios of runs on devices.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::TimelyOutput;
use crate::lab::{Lab, Running, text, until};

/// One case, with what follows.
const CASE: [&str; 12] = [
    "--model",
    "fmnist_mobilenet_v1_0.25_f32",
    "--backend",
    "tflite",
    "--delegate",
    "none",
    "--threads",
    "1",
    "--warmup",
    "2",
    "--processes",
    "1",
];

/// The rows of a run's `scenarios.csv`, by column.
pub fn scenarios(folder: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("scenarios.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The lines of a journal that are of scenarios.
fn journalled(journal: &str) -> usize {
    journal.matches("\"entry\":\"scenario\"").count()
}

#[test]
fn scenarios_run_there_and_come_home() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let mut run = lab.run(&serial, &CASE);
    run.args(["--runs", "20", "--images", "20", "--rate", "50", "--streams", "2"]);
    run.args(["--max-seconds", "1", "--end-to-end", "--cold-starts", "2"]);
    run.args(["--inputs", "dataset", "--find-rate", "10000", "--out"]);
    let output = run.arg(&out).timely_output();
    let said = text(&output.stderr) + &text(&output.stdout);
    let rows = scenarios(&out);
    let kinds: Vec<&str> = rows.iter().map(|row| row["scenario"].as_str()).collect();
    let all = ["back_to_back", "paced", "streams", "end_to_end", "cold_start", "warm_start"];
    assert_eq!(kinds, all, "{said}");
    for row in &rows {
        assert_eq!(row["device"], serial);
        // The device's file system is in memory and has no cold files.
        if row["scenario"] == "cold_start" {
            assert_eq!(row["status"], "unsupported", "{row:?}");
            assert!(row["error"].contains("not cold"), "{row:?}");
            continue;
        }
        let rounds = if row["scenario"] == "warm_start" { "2" } else { "5" };
        assert_eq!((row["status"].as_str(), row["rounds"].as_str()), ("ok", rounds), "{row:?}");
        assert!(row["latency_p50_us"].parse::<f64>().unwrap() > 0.0, "{row:?}");
    }
    assert_eq!((rows[1]["rate_per_s"].as_str(), rows[2]["streams"].as_str()), ("50.0", "2"));
    assert!(rows[3]["decode_p50_us"].parse::<f64>().unwrap() > 0.0, "{:?}", rows[3]);
    assert!(said.contains("50 per second") && said.contains("2 streams"), "{said}");
    assert!(said.contains("photos of the dataset, prepared before"), "{said}");
    assert!(said.contains("Highest rates:"), "{said}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<section id=\"scenarios\""));
}

#[test]
fn a_killed_run_goes_on_with_the_scenarios_that_it_lacks() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let command = || {
        let mut command = lab.run(&serial, &["--continue", "--no-accuracy"]);
        // Each visit at this rate lasts a second.
        command.args(CASE).args(["--runs", "50", "--rate", "10", "--out"]).arg(&out);
        command
    };
    let running = Running::start(&mut command());
    let there = || lab.on(&serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl 2>/dev/null");
    until("a scenario in the journal", || journalled(&there()) > 0);
    kill(Pid::from_raw(i32::try_from(running.id()).unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(running.finish().0, None);
    until("an end of the run there", || lab.processes().is_empty());
    let before = there();
    let is_whole = |line: &&str| line.contains("\"entry\":\"scenario\"") && line.ends_with('}');
    let measured: Vec<&str> = before.lines().filter(is_whole).collect();
    assert!((1..10).contains(&measured.len()), "{before}");

    let (code, said) = Running::start(&mut command()).finish();
    assert_eq!(code, Some(0), "{said}");
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(measured.iter().all(|line| journal.contains(line)), "what was measured stays");
    assert_eq!(journalled(&journal), 10);
    for row in scenarios(&out) {
        assert_eq!((row["status"].as_str(), row["rounds"].as_str()), ("ok", "5"), "{row:?}");
    }
}

#[test]
fn a_meter_of_this_machine_is_not_asked_about_a_device() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let mut run = lab.run(&serial, &CASE);
    run.args(["--no-accuracy", "--runs", "5", "--energy-meter", "echo 3.5", "--out"]);
    let output = run.arg(&out).timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--device measures on another; use --energy"), "{said}");
    assert!(!out.exists());
    assert_eq!(lab.on(&serial, "ls -A /mnt"), "", "nothing was brought");
}

#[test]
fn workers_run_under_the_task_profile_that_is_asked_for() {
    let Some(mut lab) = Lab::open() else { return };
    let with_tool = lab.device("size=300m", &[("settaskprofile", "applied")]);
    let without = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let run = |serial: &str, out: &Path| {
        let mut run = lab.run(serial, &CASE);
        run.args(["--no-accuracy", "--runs", "5", "--task-profile", "SCHED_SP_TOP_APP", "--out"]);
        run.arg(out).timely_output()
    };
    let output = run(&with_tool, &out);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json = fs::read_to_string(out.join("run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let place = &json["measured_cases"][0]["processes"][0]["loaded"]["place"];
    assert_eq!(place["task_profile"], "SCHED_SP_TOP_APP", "{place}");

    let output = run(&without, &lab.folder.path().join("other"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("lacks settaskprofile") && said.contains("--task-profile"), "{said}");
}
