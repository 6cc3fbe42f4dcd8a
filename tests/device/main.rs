//! Runs on devices, by the real adb and ssh and their real daemons.

mod again;
mod arm;
mod builds;
mod care;
#[path = "../common/mod.rs"]
mod common;
mod containers;
mod farm;
mod faults;
mod lab;
mod minutes;
mod peers;
mod reach;
mod scenarios;
mod search;
mod shards;
mod ssh;
mod twins;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::TimelyOutput;
use lab::{Lab, ROOT, Running, rows, text};
use serde_json::Value;

/// A short sweep: two runtimes, two thread counts, a few images.
const SWEEP: [&str; 15] = [
    "--model",
    "fmnist_mobilenet_v1_0.25_f32",
    "--backend",
    "tflite,tract",
    "--delegate",
    "none",
    "--threads",
    "1,2",
    "--runs",
    "20",
    "--warmup",
    "2",
    "--processes",
    "1",
    "--images",
];

fn with_images(count: &'static str) -> Vec<&'static str> {
    SWEEP.into_iter().chain([count]).collect()
}

#[test]
fn other_ways_of_running_come_home_too() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let output = lab
        .run(&serial, &["--model", "fmnist_mobilenet_v1_0.25_int8", "--backend", "tract,litert"])
        .args(["--delegate", "none,xnnpack", "--set", "kept:weight_cache_folder=/mnt/cache"])
        .args(["--no-accuracy", "--runs", "10", "--rate", "100"])
        .args(["--cold-starts", "2", "--find-rate", "10000", "--sustained", "0.01", "--out"])
        .arg(&out)
        .timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = |file: &str| fs::read_to_string(out.join(file)).unwrap().lines().count();
    let cases = rows(&out).iter().filter(|row| row["status"] == "ok").count();
    assert!(cases > 0);
    // Back to back, paced, cold and warm; one case's cache is also missed; and six windows.
    let scenarios = scenarios::scenarios(&out);
    assert_eq!(scenarios.len(), 4 * cases + 1);
    for (scenario, cache) in [("cache_miss", "miss"), ("warm_start", "hit")] {
        let is_it = |row: &&HashMap<String, String>| {
            row["scenario"] == scenario && row["case"].contains("+kept")
        };
        let row = scenarios.iter().find(is_it).unwrap();
        assert_eq!((row["status"].as_str(), row["cache"].as_str()), ("ok", cache), "{row:?}");
        assert!(row["cache_bytes"].parse::<u64>().unwrap() > 0, "{row:?}");
    }
    assert!(lab.on(&serial, "ls -R /mnt/cache").contains(".xnnpack"), "it is kept there");
    assert_eq!(lines("sustained.csv"), 1 + 6 * cases);
    assert!(fs::read_to_string(out.join("report.md")).unwrap().contains("Highest rates"));
}

#[test]
fn a_sweep_runs_there_and_comes_home() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let mut run = lab.run(&serial, &with_images("40"));
    let output = run.arg("--samples").arg("--out").arg(&out).timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("[4/4]"), "progress is shown: {said}");
    let there = rows(&out);
    assert_eq!(there.len(), 4);
    for row in &there {
        assert_eq!((row["device"].as_str(), row["status"].as_str()), (serial.as_str(), "ok"));
        assert_eq!((row["runs"].as_str(), row["images"].as_str()), ("20", "40"));
        assert_eq!(row["run_id"], there[0]["run_id"]);
    }
    for file in ["samples.csv", "predictions.csv", "report.html", "report.md", "journal.jsonl"] {
        assert!(fs::metadata(out.join(file)).unwrap().len() > 0, "{file}");
    }
    let run = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(run.contains(&format!("{ROOT}/model/")) && run.contains(&format!("{ROOT}/runtime/")));
    assert!(!run.contains(env!("CARGO_MANIFEST_DIR")), "what ran there is what was brought");
    same_as_here(&lab, &there);

    // The second time nothing is pushed; then only what changed is.
    let again = lab.folder.path().join("again");
    let output = lab
        .run(&serial, &with_images("40"))
        .args(["--no-latency", "--json", "--out"])
        .arg(&again)
        .timely_output();
    let said = text(&output.stderr);
    assert!(said.contains(": 0 of "), "{said}");
    let json: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json.len(), 4);
    assert_eq!(predictions(&again), predictions(&out));
    let fewer = lab.folder.path().join("fewer");
    let output = lab
        .run(&serial, &with_images("10"))
        .args(["--no-latency", "--device-clean", "--out"])
        .arg(&fewer)
        .timely_output();
    assert!(text(&output.stderr).contains(": 1 of "), "{}", text(&output.stderr));
    assert_eq!(lab.on(&serial, "ls -A /mnt"), "", "everything was removed");
}

/// The same sweep on this machine has the same columns and the same answers.
fn same_as_here(lab: &Lab, there: &[std::collections::HashMap<String, String>]) {
    let out = lab.folder.path().join("here");
    let output = lab
        .inside(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("run")
        .args(with_images("40"))
        .arg("--out")
        .arg(&out)
        .timely_output();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let here = rows(&out);
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(there) {
        let columns = |row: &std::collections::HashMap<String, String>| {
            let mut columns: Vec<String> = row.keys().cloned().collect();
            columns.sort_unstable();
            columns
        };
        assert_eq!(columns(here), columns(there));
        for column in ["model", "backend", "threads", "top1", "top5", "model_bytes", "cpu"] {
            assert_eq!(here[column], there[column], "{column}");
        }
    }
    let brought = predictions(&out.with_file_name("run")).replace(&there[0]["device"], "local");
    assert_eq!(predictions(&out), brought);
    let hash = |folder: &Path| -> Value {
        let run: Value =
            serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
        run["dataset"]["listing_sha256"].clone()
    };
    assert!(hash(&out).is_string());
    assert_eq!(hash(&out), hash(&out.with_file_name("run")), "the same images");
}

fn predictions(folder: &Path) -> String {
    fs::read_to_string(folder.join("predictions.csv")).unwrap()
}

#[test]
fn two_devices_run_at_the_same_time() {
    let Some(mut lab) = Lab::open() else { return };
    let getprop = "[ro.build.version.release]: [14]\n[ro.build.version.sdk]: [34]\n\
        [ro.product.manufacturer]: [Google]\n[ro.product.model]: [Pixel 7]\n\
        [ro.soc.manufacturer]: [Google]\n[ro.soc.model]: [GS201]\n";
    let plain = lab.device("size=300m", &[]);
    let phone = lab.device("size=300m", &[("getprop", getprop)]);
    let out = lab.folder.path().join("run");
    let output = lab.run("all", &with_images("20")).arg("--out").arg(&out).timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let merged = rows(&out);
    assert_eq!(merged.len(), 8, "one run holds the rows of both");
    for serial in [&plain, &phone] {
        assert_eq!(merged.iter().filter(|row| row["device"] == *serial).count(), 4);
        let rows = rows(&out.join(serial.replace(':', "_")));
        assert_eq!(rows.len(), 4);
        assert!(rows.iter().all(|row| row["device"] == *serial && row["status"] == "ok"));
        let is_phone = rows[0]["os"] == "Android 14 (API 34) on Google Pixel 7";
        assert_eq!(is_phone, *serial == phone, "{}", rows[0]["os"]);
        assert_eq!(rows[0]["cpu"] == "Google GS201", *serial == phone);
    }
}

#[test]
fn no_name_reaches_a_shell() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let embedded = common::repository().join("models/fashion-mnist");
    let hostile = "it's \"a\"; touch /mnt/pwned $(touch /mnt/pwned) `touch /mnt/pwned` & x";
    // A slash cannot be in a file's name.
    let hostile = hostile.replace('/', "\\");
    let model = lab.folder.path().join(format!("{hostile}.tflite"));
    fs::copy(embedded.join("fmnist_mobilenet_v1_0.25_f32.tflite"), &model).unwrap();
    let labels = lab.folder.path().join("label's \"$(touch pwned)\".txt");
    fs::write(&labels, "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n").unwrap();
    let photos = lab.folder.path().join("pho'tos; $(touch pwned)");
    fs::create_dir(&photos).unwrap();
    let image = fs::read_dir(embedded.join("validation/images"))
        .or_else(|_| fs::read_dir(embedded.join("validation")))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "png"))
        .unwrap();
    fs::copy(image, photos.join("one; $(touch pwned) 'two'.png")).unwrap();
    fs::write(photos.join("labels.csv"), "file,class_index\none; $(touch pwned) 'two'.png,3\n")
        .unwrap();
    let out = lab.folder.path().join("run");
    let output = lab
        .run(&serial, &["--backend", "tract", "--no-latency", "--model"])
        .arg(&model)
        .arg("--labels")
        .arg(&labels)
        .arg("--dataset")
        .arg(&photos)
        .arg("--out")
        .arg(&out)
        .timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows = rows(&out);
    assert_eq!((rows[0]["model"].as_str(), rows[0]["status"].as_str()), (hostile.as_str(), "ok"));
    assert!(predictions(&out).contains("one; $(touch pwned) 'two'.png"));
    assert_eq!(lab.on(&serial, "find /mnt -name '*pwned*' -type f | grep -v two"), "");
}

#[test]
fn devices_are_listed() {
    let Some(mut lab) = Lab::open() else { return };
    let battery = "Current Battery Service state:\n  USB powered: true\n  level: 55\n  scale: 100\n  temperature: 250\n";
    let getprop = "[ro.build.version.release]: [8.1.0]\n[ro.product.model]: [Nexus 6P]\n";
    let serial = lab.device("size=8m", &[("dumpsys", battery), ("getprop", getprop)]);
    let list = |arguments: &[&str]| {
        let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
        text(&command.args(["list", "devices"]).args(arguments).timely_output().stdout)
    };
    let table = list(&[]);
    for words in [serial.as_str(), "Android 8.1.0 on Nexus 6P", "55%, 25 C, charging"] {
        assert!(table.contains(words), "{words} in {table}");
    }
    let doctor = lab.inside(env!("CARGO_BIN_EXE_shutterbench")).arg("doctor").timely_output();
    let doctor = text(&doctor.stdout);
    let line = format!("device {serial}: Android 8.1.0 on Nexus 6P, 55%, 25 C, charging");
    assert!(doctor.contains(&line), "{doctor}");
    let json: Vec<Value> = serde_json::from_str(&list(&["--json"])).unwrap();
    assert_eq!(json[0]["state"], "device");
    assert_eq!(json[0]["facts"]["target"], "x86_64-unknown-linux-gnu");
}

#[test]
fn the_server_may_be_named() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let list = |arguments: &[&str], socket: Option<&str>| {
        let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(["list", "devices", "--json"]).args(arguments);
        if let Some(socket) = socket {
            command.env("ADB_SERVER_SOCKET", socket);
        }
        text(&command.timely_output().stdout)
    };
    assert!(list(&["--adb-host", "127.0.0.1", "--adb-port", "5037"], None).contains(&serial));
    assert!(list(&[], Some("tcp:127.0.0.1:5037")).contains(&serial));
    // A separate server on another port knows no device.
    assert!(!list(&["--adb-port", "5040"], None).contains(&serial));
    let mut stop = lab.inside("adb");
    assert!(stop.args(["-P", "5040", "kill-server"]).timely_output().status.success());
}

#[test]
fn an_interrupted_run_is_brought_and_continued() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    let mut long = vec!["--no-accuracy", "--runs", "20000", "--max-seconds", "600"];
    long.extend(&SWEEP[..8]);
    let mut running = Running::start(lab.run(&serial, &long).arg("--out").arg(&out));
    running.wait_for("parts pushed");
    lab::until("a block in the journal", || {
        lab.on(&serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl").contains("\"visit\"")
    });
    interrupt(running.id());
    let (code, said) = running.finish();
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(lab.processes(), Vec::<String>::new());
    let before = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(before.contains("\"visit\""), "what was measured came home");

    // The device loses it; the collected copy goes back.
    lab.on(&serial, "rm -rf /mnt/shutterbench/runs/*/result");
    let mut resumed = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let mut running = Running::start(resumed.args(["run", "--resume"]).arg(&out));
    lab::until("more blocks in the journal", || {
        let journal = lab.on(&serial, "cat /mnt/shutterbench/runs/*/result/journal.jsonl");
        journal.matches("\"visit\"").count() > before.matches("\"visit\"").count()
    });
    interrupt(running.id());
    running.wait_for("interrupted");
    assert_eq!(running.finish().0, Some(130));
    let after = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    assert!(after.starts_with(&before), "nothing of it is lost");
}

fn interrupt(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
}
