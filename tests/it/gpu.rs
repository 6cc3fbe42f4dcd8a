//! LiteRT's GPU path for real, through every software Vulkan that is here: a
//! driver that can, computes what the CPU computes; one that cannot is a row
//! that says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// Descriptions of software Vulkan drivers: Mesa's lavapipe, and SwiftShader as
/// browsers carry it.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d/lvp_icd*.json",
    "/usr/lib/chromium/vk_swiftshader_icd.json",
    "/opt/google/chrome/vk_swiftshader_icd.json",
];

/// Those that are here.
pub fn drivers() -> Vec<PathBuf> {
    DRIVERS.iter().flat_map(|pattern| glob::glob(pattern).unwrap()).map(Result::unwrap).collect()
}

/// One model on the GPU alone, scored on the embedded images: its row.
fn row(driver: &Path, model: &str) -> Value {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--json", "--backend", "litert", "--delegate", "gpu"])
        .args(["--model", model, "--images", "100", "--runs", "20", "--warmup", "5"])
        .args(["--processes", "1", "--out"])
        .arg(folder.path().join("run"))
        // The first is what Vulkan loaders read today, the second what older ones do.
        .env("VK_DRIVER_FILES", driver)
        .env("VK_ICD_FILENAMES", driver)
        .timely_output();
    common::rows(&output, driver).into_iter().next().unwrap()
}

#[test]
fn a_software_gpu_computes_what_the_cpu_does_or_says_that_it_cannot() {
    if !common::has_runtimes(&[BackendKind::Litert]) {
        return;
    }
    let drivers = drivers();
    if drivers.is_empty() {
        common::skip("no software Vulkan driver; Debian's mesa-vulkan-drivers or chromium has one");
        return;
    }
    let mut worked = Vec::new();
    for driver in &drivers {
        let row = row(driver, "fmnist_mobilenet_v1_0.25_f32");
        println!("{}: {row}", driver.display());
        if row["status"] == "ok" {
            assert_eq!(row["delegate_status"], "full", "{row}");
            assert_eq!(row["nodes_delegated"], row["nodes_total"], "{row}");
            assert!(row["agreement_top1"].as_f64().unwrap() >= 0.99, "{row}");
            assert!(row["top1"].as_f64().unwrap() > 0.8, "{row}");
            assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0, "{row}");
            worked.push(driver);
        } else {
            assert_eq!(row["status"], "unsupported", "{row}");
            let error = row["error"].as_str().unwrap();
            assert!(error.contains("GPU accelerator does not work with this machine's driver"));
            assert!(row["latency_p50_us"].is_null(), "{row}");
        }
    }
    // SwiftShader has all that LiteRT asks of a device.
    let swiftshader = drivers.iter().find(|driver| driver.ends_with("vk_swiftshader_icd.json"));
    if let Some(swiftshader) = swiftshader {
        assert!(worked.contains(&swiftshader), "LiteRT refused SwiftShader");
    }
}

#[test]
fn without_any_device_the_row_says_so() {
    if !common::has_runtimes(&[BackendKind::Litert]) {
        return;
    }
    let row = row(Path::new("/nowhere/driver.json"), "fmnist_mobilenet_v1_0.25_f32");
    assert_eq!(row["status"], "unsupported", "{row}");
    assert!(row["error"].as_str().unwrap().contains("GPU"), "{row}");
}
