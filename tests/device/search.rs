//! A search for the best case on a device: it looks at what is there, and its answer is here.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::common::{self, TimelyOutput};
use crate::lab::{Lab, rows, text};

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";
const SHORT: [&str; 7] =
    ["--backend", "tflite", "--threads", "1", "--no-options", "--seconds", "2"];

#[test]
fn a_search_on_a_device_ends_in_a_settings_file_here() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let folder = lab.folder.path().to_owned();
    let embedded = common::repository().join("models/fashion-mnist");
    fs::copy(embedded.join(format!("{MODEL}.tflite")), folder.join("mine.tflite")).unwrap();
    let mut command = lab.on_device("tune", &serial, &SHORT);
    command.args(["--model", "mine.tflite", "--settings", "best.json", "--out", "found"]);
    let output = command.current_dir(&folder).timely_output();
    let (said, printed) = (text(&output.stderr), text(&output.stdout));
    assert!(output.status.success(), "{said}");
    let begins = format!("Device {serial}:\nBest of 2 cases: tflite/");
    assert!(printed.starts_with(&begins), "{printed}{said}");
    assert!(printed.contains("Dropped:") && printed.contains("times as long as"), "{printed}");
    assert_eq!(rows(&folder.join("found")).len(), 2);
    let settings: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("best.json")).unwrap()).unwrap();
    assert_eq!(settings["model"]["path"], "mine.tflite", "{settings:#}");
    assert_eq!(settings["measured"]["device"], serial.as_str(), "{settings:#}");
    let promised = settings["promised"].as_array().unwrap();
    let latency = promised.iter().find(|it| it["column"] == "latency_p50_us").unwrap();
    assert!(latency["value"].as_f64().unwrap() > 0.0, "{settings:#}");

    // The file is measured here as it was there.
    let mut here = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    here.current_dir(&folder).args(["run", "--settings", "best.json", "--out", "here"]);
    here.args(["--runs", "10", "--warmup", "1", "--processes", "1", "--no-accuracy"]);
    let again = here.timely_output();
    assert!(matches!(again.status.code(), Some(0 | 1)), "{}", text(&again.stderr));
    let batch = settings["batch"].to_string();
    assert_eq!(rows(&folder.join("here"))[0]["batch"], batch);

    // It is continued, and judged again, where it is.
    let mut again = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let again = again.args(["tune", "--resume", "found", "--json"]).current_dir(&folder);
    let answer: Value = serde_json::from_slice(&again.timely_output().stdout).unwrap();
    assert_eq!((&answer["cases"], answer["left"].as_array().unwrap().len()), (&2.into(), 1));
}

#[test]
fn one_settings_file_is_for_one_device() {
    let Some(mut lab) = Lab::open() else { return };
    let both = [lab.device("size=300m", &[]), lab.device("size=300m", &[])].join(",");
    let mut command = lab.on_device("tune", &both, &SHORT);
    let output = command.args(["--model", MODEL, "--settings", "-"]).timely_output();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("are for one device, and --device names 2"), "{said}");
}
