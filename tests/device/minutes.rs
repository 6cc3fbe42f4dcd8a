//! Runs over minutes and energy on devices, with simulated sensors.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::common::TimelyOutput;
use crate::lab::{Lab, Running, text, until};

const CASES: [&str; 6] =
    ["--backend", "tract", "--threads", "1", "--model", "fmnist_mobilenet_v1_0.25_f32"];
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
fn a_killed_run_over_minutes_goes_on_and_waits_until_the_device_has_cooled() {
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
    let command = || {
        let mut command = lab.run(&serial, &["--continue", "--no-accuracy"]);
        command.args(CASES).arg("fmnist_mobilenet_v1_0.5_f32");
        command.args(["--runs", "5", "--warmup", "1", "--processes", "1"]);
        command.args(["--sustained", "0.05", "--out"]).arg(&out);
        command
    };
    let running = Running::start(&mut command());
    let journal =
        || lab.on(&serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl 2>/dev/null; true");
    let is_window = |line: &&str| line.contains("\"entry\":\"sustained\"") && line.ends_with('}');
    until("a window in the journal", || journal().lines().any(|line| is_window(&line)));
    kill(Pid::from_raw(i32::try_from(running.id()).unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(running.finish().0, None);
    until("an end of the run there", || lab.processes().is_empty());
    let before = journal();
    let kept: Vec<&str> = before.lines().filter(is_window).collect();

    heat("80000");
    let mut running = Running::start(&mut command());
    running.wait_for("to cool from 80.0 to 41.0 degrees");
    heat("40500");
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(kept.iter().all(|line| journal.contains(line)), "what was measured stays");
    let windows = windows(&out);
    assert_eq!(windows.len(), 12, "six windows of either case: {windows:?}");
    // The first case, whichever it was, went on in the heat, if it was not over; the other one began
    // when that was over.
    let cool = |row: &&HashMap<String, String>| row["cpu_celsius"] == "40.5";
    let late: Vec<_> = windows.iter().filter(cool).collect();
    assert_eq!(late.len(), 6, "{windows:?}");
    assert!(late.iter().all(|row| row["model"] == late[0]["model"]), "{windows:?}");
    let mut first = windows.iter().filter(|row| row["model"] != late[0]["model"]);
    let goes_on = |row: &HashMap<String, String>| {
        row["process"] == "1" && row["cpu_celsius"] == "80.0" || row["process"] == "0"
    };
    assert!(first.all(goes_on), "{windows:?}");
    assert!(!said.contains("began before it had cooled"), "{said}");
}

fn with_energy(lab: &Lab, serial: &str, out: &Path) -> Output {
    let mut run = lab.run(serial, &CASES);
    run.args(["--no-accuracy", "--runs", "5", "--max-seconds", "1", "--energy", "--out"]);
    run.arg(out).timely_output()
}

fn first_scenario(out: &Path) -> Value {
    let json = fs::read_to_string(out.join("run.json")).unwrap();
    serde_json::from_str::<Value>(&json).unwrap()["scenarios"][0].clone()
}

#[test]
fn energy_is_read_from_a_device_s_services_where_its_files_show_none() {
    let Some(mut lab) = Lab::open() else { return };
    let shows = |class: &str| {
        let folder = fs::read_dir(Path::new("/sys/class").join(class));
        folder.is_ok_and(|mut entries| entries.next().is_some())
    };
    if shows("powercap") || shows("power_supply") {
        return crate::common::skip("this kernel shows energy itself, before a service is asked");
    }
    let battery = "Current Battery Service state:\n  AC powered: false\n  USB powered: false\n  \
        level: 80\n  scale: 100\n  voltage: 4000\n  current now: -500\n";
    let serial = lab.device("size=300m", &[("dumpsys", battery)]);
    let out = lab.folder.path().join("run");
    let output = with_energy(&lab, &serial, &out);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let row = first_scenario(&out);
    assert_eq!((&row["energy_source"], &row["idle_watts"]), (&"battery gauge".into(), &2.0.into()));

    let plugged = battery.replace("USB powered: false", "USB powered: true");
    lab.says(&serial, "dumpsys", &plugged);
    let output = with_energy(&lab, &serial, &lab.folder.path().join("plugged"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a charger is plugged in"), "{said}");
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
    let out = lab.folder.path().join("run");
    let output = with_energy(&lab, &serial, &out);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let row = first_scenario(&out);
    assert_eq!(row["energy_source"], "battery gauge", "{row}");
    // Half an ampere at 4 V, however busy the device is.
    assert_eq!(row["idle_watts"], 2.0, "{row}");
    assert!(row["energy_mj_per_image"].as_f64().unwrap().abs() < 1e-6, "{row}");

    lab.on(&serial, &format!("rm -r {BATTERY}"));
    if Path::new("/sys/class/powercap").is_dir() {
        return;
    }
    let output = with_energy(&lab, &serial, &lab.folder.path().join("none"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("neither power counters (RAPL), power rails nor a battery"), "{said}");
}
