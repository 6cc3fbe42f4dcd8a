//! What goes wrong between here and a device.

use std::fs;
use std::path::Path;

use crate::common;
use crate::common::TimelyOutput;
use crate::lab::{Lab, Running, rows, text, until};

/// Two cases of four seconds each, however fast the machine is.
pub const LONG: [&str; 14] = [
    "--model",
    "fmnist_mobilenet_v1_0.25_f32",
    "--backend",
    "tract",
    "--threads",
    "1,2",
    "--no-accuracy",
    "--min-seconds",
    "4",
    "--max-seconds",
    "4",
    "--processes",
    "1",
    "--out",
];

/// Number of blocks in a device's journal.
pub fn blocks_there(lab: &Lab, serial: &str) -> usize {
    let journal = lab.on(serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl 2>/dev/null");
    journal.matches("\"entry\":\"visit\"").count()
}

fn begin(lab: &Lab, serial: &str, options: &[&str], out: &Path) -> Running {
    let mut running = Running::start(lab.run(serial, options).args(LONG).arg(out));
    running.wait_for("parts pushed");
    until("a block", || blocks_there(lab, serial) > 0);
    running
}

/// Both cases were measured for as long as was asked.
pub fn assert_complete(out: &Path) {
    let rows = rows(out);
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row["status"], "ok", "{}", row["error"]);
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let seconds = number("runs") * number("latency_mean_us") / 1e6;
        assert!(seconds > 3.9, "only {seconds} s of runs");
    }
}

#[test]
fn unplugged_and_plugged_in_again_it_goes_on() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let mut running = begin(&lab, &serial, &[], &out);
    lab.disconnect(&serial);
    running.wait_for("the connection broke");
    lab.connect(&serial);
    running.wait_for("continuing");
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    assert_complete(&out);
    assert_eq!(lab.processes(), Vec::<String>::new());
}

#[test]
fn a_daemon_that_crashes_ends_nothing() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let running = begin(&lab, &serial, &[], &out);
    lab.restart_daemon(&serial);
    let (code, said) = running.finish();
    assert_eq!(code, Some(0), "{said}");
    assert_complete(&out);
}

#[test]
fn a_device_that_stays_away_is_continued_later() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let running = begin(&lab, &serial, &["--device-patience", "0"], &out);
    lab.disconnect(&serial);
    let (code, said) = running.finish();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is gone") && said.contains("--resume"), "{said}");
    // Nothing is there to kill it: it notices on its own.
    until("an end of the run there", || lab.processes().is_empty());
    let kept = blocks_there(&lab, &serial);
    assert!(kept > 0);

    let resume = || {
        let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(["run", "--resume"]).arg(&out).timely_output()
    };
    let output = resume();
    assert_eq!(output.status.code(), Some(2), "still away");
    assert!(text(&output.stderr).contains("could not be reached"), "{}", text(&output.stderr));
    lab.connect(&serial);
    let output = resume();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_complete(&out);
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(journal.matches("\"entry\":\"visit\"").count() >= kept);
}

#[test]
fn a_run_that_takes_too_long_is_ended_and_brought() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let options = ["--device-timeout", "2", "--max-seconds", "600", "--min-seconds", "300"];
    let mut command = lab.run(&serial, &[]);
    let (code, said) = Running::start(command.args(LONG).arg(&out).args(options)).finish();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--device-timeout"), "{said}");
    assert_eq!(rows(&out).len(), 2);
    assert_eq!(lab.processes(), Vec::<String>::new(), "nothing is left there");
}

#[test]
fn a_case_that_crashes_costs_itself() {
    let Some(mut lab) = Lab::open() else { return };
    let Some(library) = common::softmax_delegate() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let delegates = format!("none,external:{}?fault=segv&at=5", library.display());
    let output = lab
        .run(&serial, &["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tflite"])
        .args(["--runs", "30", "--no-accuracy", "--delegate", &delegates, "--out"])
        .arg(&out)
        .timely_output();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let rows = rows(&out);
    assert_eq!((rows[0]["status"].as_str(), rows[0]["runs"].as_str()), ("ok", "30"));
    assert_eq!(rows[1]["status"], "crashed");
    assert!(rows[1]["error"].contains("SIGSEGV"), "{}", rows[1]["error"]);
    assert!(rows[1]["delegate"].starts_with("external:/mnt/shutterbench/delegate/"));
}

/// Runs where nothing can be started; returns the message.
fn refusal(options: &str, arguments: &[&str]) -> Option<String> {
    let mut lab = Lab::open()?;
    let serial = lab.device(options, &[]);
    let mut command = lab.run(&serial, arguments);
    let out = lab.folder.path().join("run");
    let output = command.arg("--out").arg(&out).timely_output();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(!out.join("results.csv").exists());
    assert_eq!(lab.on(&serial, "ls /mnt/shutterbench/incoming 2>/dev/null"), "", "nothing half");
    Some(text(&output.stderr))
}

#[test]
fn a_device_without_space_is_told_so_before_anything_is_pushed() {
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let Some(said) = refusal("size=20m", &model) else { return };
    assert!(said.contains("MB free") && said.contains("--device-folder"), "{said}");
}

#[test]
fn a_device_that_fills_up_meanwhile_keeps_nothing_half() {
    // A limit on files, which free space does not show.
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let Some(said) = refusal("size=300m,nr_inodes=20", &model) else { return };
    assert!(said.to_lowercase().contains("no space"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let Some(said) = refusal("ro", &model) else { return };
    assert!(said.contains("/mnt/shutterbench") && said.contains("Read-only"), "{said}");
}

#[test]
fn what_is_wrong_with_a_request_is_said_before_anything_is_measured() {
    let cases: [(&[&str], &str); 3] = [
        (&["--model", "no such model"], "neither a file nor the name"),
        (&["--model", "fmnist_mobilenet_v1_0.25_f32", "--affinity", "900"], "CPU 900"),
        (&["--model", "fmnist_mobilenet_v1_0.25_f32", "--dataset", "/nowhere"], "does not exist"),
    ];
    for (arguments, words) in cases {
        let Some(said) = refusal("size=300m", arguments) else { return };
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_device_that_is_not_there_is_not_guessed() {
    let Some(lab) = Lab::open() else { return };
    let output = lab.run("R58M123", &["--model", "x"]).timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("adb does not list device 'R58M123'"), "{output:?}");
}
