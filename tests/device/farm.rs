//! What a farm's device needs: hooks that name it, an adb server of its own, and settings
//! that are measured there.

use std::fs;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::common::{TimelyOutput, exit_status, finish, until};
use crate::lab::{Lab, ROOT, rows, text};

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";
/// Port of the farm's adb server; not that of the lab's own.
const PORT: &str = "5099";

/// A lab whose device only the farm's adb server will see: its hooks connect it there.
fn farm() -> Option<(Lab, String)> {
    let mut lab = Lab::open()?;
    let serial = lab.device("size=300m", &[]);
    lab.disconnect(&serial);
    // The server that this starts must not hold our pipes.
    let start = lab
        .inside("adb")
        .args(["-P", PORT, "start-server"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    assert!(exit_status(&mut start.unwrap()).success());
    let suite = format!(
        "models = [\"{MODEL}\"]\nbackends = [\"tract\"]\nruns = \"10\"\nwarmup = \"1\"\nprocesses = \"1\"\naccuracy = false\n\n\
         [hooks]\nbefore = '''adb -P {PORT} connect {serial} && echo serial={serial} && echo adb_port={PORT}'''\n\
         after = '''adb -P {PORT} disconnect $SHUTTERBENCH_SERIAL && echo $SHUTTERBENCH_ENDING $SHUTTERBENCH_ADB_PORT >>log'''\n"
    );
    fs::write(lab.folder.path().join("suite.toml"), suite).unwrap();
    Some((lab, serial))
}

fn run(lab: &Lab) -> Command {
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    command.current_dir(lab.folder.path());
    command.args(["run", "suite.toml", "--device-folder", ROOT, "--out", "run"]);
    command
}

fn log(lab: &Lab) -> String {
    fs::read_to_string(lab.folder.path().join("log")).unwrap_or_default()
}

/// What the farm's server has attached.
fn attached(lab: &Lab) -> String {
    text(&lab.inside("adb").args(["-P", PORT, "devices"]).timely_output().stdout)
}

fn close(lab: &Lab) {
    lab.inside("adb").args(["-P", PORT, "kill-server"]).timely_output();
}

#[test]
fn a_reserved_device_is_named_by_its_hook_and_given_back() {
    let Some((lab, serial)) = farm() else { return };
    let output = run(&lab).timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let there = rows(&lab.folder.path().join("run"));
    assert_eq!(there.len(), 1);
    assert_eq!((there[0]["device"].as_str(), there[0]["status"].as_str()), (serial.as_str(), "ok"));
    assert_eq!(log(&lab), format!("good {PORT}\n"));
    assert!(!attached(&lab).contains(&serial), "it is given back");
    close(&lab);
}

#[test]
fn a_device_is_given_back_after_ctrl_c() {
    let Some((lab, serial)) = farm() else { return };
    let mut command = run(&lab);
    command.args(["--runs", "auto", "--min-seconds", "200", "--max-seconds", "200"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the device works", || !lab.processes().is_empty());
    // Behind nsenter there is no other process between us and the program.
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = finish(child);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(log(&lab), format!("interrupted {PORT}\n"), "{said}");
    assert!(!attached(&lab).contains(&serial), "it is given back");
    until("the program there ends", || lab.processes().is_empty());
    close(&lab);
}

#[test]
fn the_environment_names_a_server() {
    let Some((lab, serial)) = farm() else { return };
    let connect = lab.inside("adb").args(["-P", PORT, "connect", &serial]).timely_output();
    assert!(connect.status.success());
    let listed = |variables: &[(&str, &str)], options: &[&str]| {
        let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(["list", "devices", "--json"]).args(options);
        command.envs(variables.iter().copied());
        let output = command.timely_output();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let devices: Value = serde_json::from_slice(&output.stdout).unwrap();
        let serials = devices.as_array().unwrap().iter().map(|it| it["serial"].as_str().unwrap());
        serials.map(str::to_owned).collect::<Vec<String>>()
    };
    let address = ("ANDROID_ADB_SERVER_ADDRESS", "127.0.0.1");
    let port = ("ANDROID_ADB_SERVER_PORT", PORT);
    assert_eq!(listed(&[], &[]), Vec::<String>::new());
    assert_eq!(listed(&[address, port], &[]), std::slice::from_ref(&serial));
    assert_eq!(listed(&[port], &[]), std::slice::from_ref(&serial));
    assert_eq!(
        listed(&[address, ("ANDROID_ADB_SERVER_PORT", "5037")], &["--adb-port", PORT]),
        [serial]
    );
    close(&lab);
}

#[test]
fn settings_are_measured_on_a_device_just_as_they_are() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let folder = lab.folder.path().to_owned();
    let here = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.current_dir(&folder).args(arguments).timely_output()
    };
    let short = ["--runs", "20", "--warmup", "1", "--processes", "1", "--images", "40"];
    let output = here(
        &[&["run", "--model", MODEL, "--backend", "tract", "--out", "here"][..], &short[..]]
            .concat(),
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = here(&["pick", "here", "--settings", "settings.json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut command = lab.run(&serial, &["--settings", "settings.json", "--out", "there"]);
    let output = command.args(short).current_dir(&folder).timely_output();
    let (said, printed) = (text(&output.stderr), text(&output.stdout));
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    assert!(printed.contains(&format!("settings.json, measured on {serial}:")), "{printed}");
    let line = printed.lines().find(|line| line.starts_with("  Top-1:")).unwrap();
    assert!(line.ends_with("measured: holds"), "{printed}");
    let (one, other) = (rows(&folder.join("here")), rows(&folder.join("there")));
    assert_eq!(other.len(), 1);
    for column in ["model", "backend", "delegate", "threads", "preprocess", "top1", "images"] {
        assert_eq!(one[0][column], other[0][column], "{column}");
    }
    // The device's name and the options end each line.
    let predictions = |run: &str| -> Vec<String> {
        let text = fs::read_to_string(folder.join(run).join("predictions.csv")).unwrap();
        text.lines().map(|line| line.rsplitn(3, ',').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(predictions("here"), predictions("there"));
}
