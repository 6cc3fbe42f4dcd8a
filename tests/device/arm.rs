//! A whole ARM device, 64-bit or 32-bit: its system, its daemon, the program built for it and
//! ARM's TensorFlow Lite, all run by an emulator. Its predictions are real; its times say nothing
//! about any device, and are marked so.

use std::path::{Path, PathBuf};

use crate::common;
use crate::common::TimelyOutput;
use crate::lab::{Lab, System, rows, text};

/// Every precision once, at the smallest width.
const MODELS: [&str; 3] = [
    "fmnist_mobilenet_v1_0.25_f32",
    "fmnist_mobilenet_v1_0.25_int8",
    "fmnist_mobilenet_v1_0.25_uint8_io",
];
/// Maximum difference of a floating-point score between the architectures.
const TOLERANCE: f64 = 1e-4;
/// Maximum difference of an 8-bit score if no delegate took the graph: TensorFlow Lite's own
/// integer kernels round differently on ARM than on x86-64. XNNPACK's do not. Eight of 256 steps;
/// seven were seen.
const ROUNDING: f64 = 8.0 / 256.0;

/// The folder of the program for the emulator: it is compiled quickly and runs slowly, so it must
/// not be used for boards.
fn programs() -> PathBuf {
    common::repository().join("build/programs-emulated")
}

/// Whether what `scripts/setup/arm` makes is there; else a skip.
fn is_built(system: System) -> bool {
    let repository = common::repository();
    let needed = [
        programs().join(system.target).join("shutterbench"),
        repository.join("runtimes").join(system.target).join("libtensorflowlite_c.so"),
        repository.join("build/adbd").join(system.debian).join("complete"),
    ];
    let missing = needed.iter().find(|path| !path.is_file());
    if let Some(path) = missing {
        let path = path.strip_prefix(repository).unwrap().display();
        common::skip(&format!("no {path}; scripts/adb/test makes it once, in some minutes"));
    }
    missing.is_none()
}

fn sweep(system: System) -> Vec<&'static str> {
    let mut arguments = vec!["--backend", "tflite,tract", "--delegate", system.delegates];
    arguments.extend(["--images", "50", "--runs", "60", "--warmup", "1", "--processes", "1"]);
    arguments.extend(["--quiet", "--model"]);
    arguments.extend(MODELS);
    arguments
}

#[test]
fn an_arm_device_predicts_what_this_machine_does() {
    predicts_what_this_machine_does(System {
        target: "aarch64-unknown-linux-gnu",
        debian: "arm64",
        qemu: "qemu-aarch64-static",
        arch: "aarch64",
        delegates: "none,xnnpack",
    });
}

#[test]
fn slow_a_32_bit_arm_device_predicts_what_this_machine_does() {
    predicts_what_this_machine_does(System {
        target: "armv7-unknown-linux-gnueabihf",
        debian: "armhf",
        qemu: "qemu-arm-static",
        arch: "arm",
        // The package for 32-bit ARM is built without XNNPACK.
        delegates: "none",
    });
}

fn predicts_what_this_machine_does(system: System) {
    if !is_built(system) {
        return;
    }
    let Some(mut lab) = Lab::open() else { return };
    let Some(serial) = lab.arm_device(system) else { return };
    let (there, here) = (lab.folder.path().join("there"), lab.folder.path().join("here"));
    let mut command = lab.run(&serial, &sweep(system));
    command.env("SHUTTERBENCH_PROGRAMS", programs());
    let output = command.arg("--out").arg(&there).timely_output();
    // tract runs no quantised models: that is not a failure.
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("run").args(sweep(system)).arg("--out").arg(&here).timely_output();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let (arm, x86) = (rows(&there), rows(&here));
    assert_eq!(arm.len(), x86.len());
    for (arm, x86) in arm.iter().zip(&x86) {
        for column in ["model", "backend", "delegate", "status", "delegate_status", "top1", "top5"]
        {
            assert_eq!(arm[column], x86[column], "{column} of {} {}", x86["model"], x86["backend"]);
        }
        assert_eq!((arm["arch"].as_str(), x86["arch"].as_str()), (system.arch, "x86_64"));
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
    let output =
        command.arg("merge").args([&here, &there]).arg("--out").arg(&merged).timely_output();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(rows(&merged).len(), arm.len() + x86.len());
}

/// How close a score has to be, and whether all ranks have to agree.
fn tolerance(model: &str, delegate: &str) -> (f64, bool) {
    if model.ends_with("_f32") {
        (TOLERANCE, true)
    } else if delegate == "xnnpack" {
        (0.0, true)
    } else {
        (ROUNDING, false)
    }
}

/// Image by image: the same label and best class, and scores as close as
/// [`tolerance`] says.
fn compare_scores(there: &Path, here: &Path) {
    let read = |folder: &Path| -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(folder.join("predictions.csv")).unwrap();
        reader.records().map(Result::unwrap).collect()
    };
    let (there, here) = (read(there), read(here));
    assert!(there.len() == here.len() && there.len() >= 150, "{} predictions", there.len());
    for (arm, x86) in there.iter().zip(&here) {
        let (most, all_ranks) = tolerance(&x86[0], &x86[2]);
        for column in 0..15 {
            let is_score = column >= 5 && (column - 5) % 2 == 1;
            if is_score {
                let (one, other): (f64, f64) =
                    (arm[column].parse().unwrap(), x86[column].parse().unwrap());
                assert!((one - other).abs() <= most, "{arm:?}\n{x86:?}");
            } else if column <= 5 || all_ranks {
                assert_eq!(&arm[column], &x86[column], "{arm:?}\n{x86:?}");
            }
        }
    }
}
