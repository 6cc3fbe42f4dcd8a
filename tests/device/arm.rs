//! A whole ARM device: its system, its daemon, the program built for it and
//! ARM's TensorFlow Lite, all run by an emulator. Its predictions are real; its
//! times are nobody's, and say so.

use std::path::Path;

use crate::common;
use crate::lab::{Lab, rows, text};

const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Every precision once, at the smallest width.
const MODELS: [&str; 3] = [
    "fmnist_mobilenet_v1_0.25_f32",
    "fmnist_mobilenet_v1_0.25_int8",
    "fmnist_mobilenet_v1_0.25_uint8_io",
];
/// Most that a floating-point score may differ between the architectures.
const TOLERANCE: f64 = 1e-4;

/// Whether what `scripts/setup/arm` makes is there; else a skip.
fn is_built() -> bool {
    let repository = common::repository();
    let needed = [
        repository.join("programs").join(TARGET).join("shutterbench"),
        repository.join("runtimes").join(TARGET).join("libtensorflowlite_c.so"),
        repository.join("build/adbd/arm64/complete"),
    ];
    let missing = needed.iter().find(|path| !path.is_file());
    if let Some(path) = missing {
        common::skip(&format!("no {}, which scripts/setup/arm makes", path.display()));
    }
    missing.is_none()
}

fn sweep() -> Vec<&'static str> {
    let mut arguments = vec!["--backend", "tflite,tract", "--delegate", "none,xnnpack"];
    arguments.extend(["--images", "50", "--runs", "60", "--warmup", "1", "--processes", "1"]);
    arguments.extend(["--quiet", "--model"]);
    arguments.extend(MODELS);
    arguments
}

#[test]
fn an_arm_device_predicts_what_this_machine_does() {
    if !is_built() {
        return;
    }
    let Some(mut lab) = Lab::open() else { return };
    let Some(serial) = lab.arm_device() else { return };
    let (there, here) = (lab.folder.path().join("there"), lab.folder.path().join("here"));
    let output = lab.run(&serial, &sweep()).arg("--out").arg(&there).output().unwrap();
    // tract runs no quantised model: that is no failure.
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("run").args(sweep()).arg("--out").arg(&here).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let (arm, x86) = (rows(&there), rows(&here));
    assert_eq!(arm.len(), x86.len());
    for (arm, x86) in arm.iter().zip(&x86) {
        for column in ["model", "backend", "delegate", "status", "delegate_status", "top1", "top5"]
        {
            assert_eq!(arm[column], x86[column], "{column} of {} {}", x86["model"], x86["backend"]);
        }
        assert_eq!((arm["arch"].as_str(), x86["arch"].as_str()), ("aarch64", "x86_64"));
        if arm["status"] == "ok" {
            assert_eq!((arm["runs"].as_str(), arm["stability"].as_str()), ("60", "emulated"));
        }
    }
    let measured = arm.iter().filter(|row| row["status"] == "ok");
    let on_tract = measured.clone().filter(|row| row["backend"] == "tract").count();
    assert!(on_tract > 0 && measured.count() > on_tract, "both runtimes ran");
    compare_scores(&there, &here);

    let merged = lab.folder.path().join("merged");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("merge").args([&here, &there]).arg("--out").arg(&merged).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(rows(&merged).len(), arm.len() + x86.len());
}

/// Integer outputs are the same bit by bit, so their scores are the same text;
/// floating-point ones are close.
fn compare_scores(there: &Path, here: &Path) {
    let read = |folder: &Path| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(folder.join("predictions.csv")).unwrap();
        reader.records().map(Result::unwrap).collect()
    };
    let (there, here) = (read(there), read(here));
    assert!(there.len() == here.len() && there.len() >= 150, "{} predictions", there.len());
    for (arm, x86) in there.iter().zip(&here) {
        // All but the last column, which names the device.
        for (column, (arm_field, x86_field)) in arm.iter().zip(x86).take(x86.len() - 1).enumerate()
        {
            let is_score = (5..15).contains(&column) && (column - 5) % 2 == 1;
            if is_score && x86[0].ends_with("_f32") {
                let (one, other): (f64, f64) =
                    (arm_field.parse().unwrap(), x86_field.parse().unwrap());
                assert!((one - other).abs() <= TOLERANCE, "{arm:?}\n{x86:?}");
            } else {
                assert_eq!(arm_field, x86_field, "{arm:?}\n{x86:?}");
            }
        }
    }
}
