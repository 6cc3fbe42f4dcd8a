//! Runs over minutes and energy on devices, with simulated sensors.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::TimelyOutput;
use crate::lab::{Lab, Running, text, until};

const CASES: [&str; 6] =
    ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract", "--threads", "1"];
const ZONE: &str = "/sys/class/thermal/thermal_zone0";
const BATTERY: &str = "/sys/class/power_supply/battery";

/// Puts files of a tree of the test's own in place of a folder of /sys.
fn simulate(lab: &Lab, serial: &str, mount: &str, files: &[(&str, &str)]) {
    let made: Vec<String> = files
        .iter()
        .map(|(file, value)| format!("mkdir -p $(dirname {file}) && echo '{value}' >{file}"))
        .collect();
    let script = format!("mount -t tmpfs tmpfs {mount} && {} && echo made", made.join(" && "));
    assert!(lab.on(serial, &script).ends_with("made\n"), "{script}");
}

fn windows(out: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(out.join("sustained.csv")).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn a_case_waits_until_the_device_is_as_cool_as_at_the_start() {
    let Some(mut lab) = Lab::open() else { return };
    if !Path::new("/sys/class/thermal").is_dir() {
        return crate::common::skip("this kernel has no thermal zones to take the place of");
    }
    let serial = lab.device("size=300m", &[]);
    let heat = |millidegrees: &str| {
        lab.on(&serial, &format!("echo {millidegrees} >{ZONE}/temp"));
    };
    let (kind, temperature) = (format!("{ZONE}/type"), format!("{ZONE}/temp"));
    let zone = [(kind.as_str(), "cpu-thermal"), (temperature.as_str(), "40000")];
    simulate(&lab, &serial, "/sys/class/thermal", &zone);
    let out = lab.folder.path().join("run");
    let mut command = lab.run(&serial, &CASES);
    command.args(["--model", "fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.5_f32"]);
    command.args(["--no-accuracy", "--runs", "5", "--warmup", "1", "--processes", "1"]);
    let mut running = Running::start(command.args(["--sustained", "0.03", "--out"]).arg(&out));
    let journal =
        || lab.on(&serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl 2>/dev/null; true");
    until("a window in the journal", || journal().contains("\"entry\":\"sustained\""));
    heat("80000");
    running.wait_for("to cool from 80.0 to 41.0 degrees");
    heat("40500");
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    let windows = windows(&out);
    assert_eq!(windows.len(), 12, "six windows of either case");
    // The first case, whichever it was, became hot; the other one began when that was over.
    let is_hot = |row: &&HashMap<String, String>| row["cpu_celsius"] == "80.0";
    let first = &windows.iter().find(is_hot).unwrap()["model"];
    let mut second = windows.iter().filter(|row| row["model"] != *first);
    assert!(second.all(|row| row["cpu_celsius"] == "40.5"), "{windows:?}");
    assert!(!said.contains("began before it had cooled"), "{said}");
}

#[test]
fn energy_is_read_from_a_device_s_battery_or_refused_in_one_sentence() {
    let Some(mut lab) = Lab::open() else { return };
    if !Path::new("/sys/class/power_supply").is_dir() {
        return crate::common::skip("this kernel has no batteries to take the place of");
    }
    let serial = lab.device("size=300m", &[]);
    let file = |name: &str| format!("{BATTERY}/{name}");
    let files = ["type", "status", "current_now", "voltage_now"].map(file);
    let values = ["Battery", "Discharging", "-500000", "4000000"];
    let both: Vec<(&str, &str)> = files.iter().map(String::as_str).zip(values).collect();
    simulate(&lab, &serial, "/sys/class/power_supply", &both);
    let run = |out: &Path| {
        let mut run = lab.run(&serial, &CASES);
        run.args(["--no-accuracy", "--runs", "5", "--max-seconds", "1", "--energy", "--out"]);
        run.arg(out).timely_output()
    };
    let out = lab.folder.path().join("run");
    let output = run(&out);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json = fs::read_to_string(out.join("run.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let row = &json["scenarios"][0];
    assert_eq!(row["energy_source"], "battery gauge", "{row}");
    // Half an ampere at 4 V, however busy the device is.
    assert_eq!(row["idle_watts"], 2.0, "{row}");
    assert!(row["energy_mj_per_image"].as_f64().unwrap().abs() < 1e-6, "{row}");

    lab.on(&serial, &format!("rm -r {BATTERY}"));
    if Path::new("/sys/class/powercap").is_dir() {
        return;
    }
    let output = run(&lab.folder.path().join("none"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("neither power counters (RAPL), power rails nor a battery"), "{said}");
}
