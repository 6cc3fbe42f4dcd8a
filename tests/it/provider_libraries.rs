//! Libraries of execution providers as their vendors publish them, which ONNX Runtime registers at
//! run time (`plugin:PATH`).

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common::{self, TimelyOutput};

/// A provider that takes matrix products.
pub const PRODUCTS: &str = "nxrt_ep_cpu/libonnx_runtime_ep_cpu_plugin.so";

/// A library of build/providers, which scripts/setup/tests fills; `None` after a skip.
pub fn library(path: &str) -> Option<PathBuf> {
    if !common::has_runtimes(&[BackendKind::Onnxruntime]) {
        return None;
    }
    let library = common::repository().join("build/providers").join(path);
    if library.is_file() {
        return Some(library);
    }
    common::skip(&format!("no {}, which scripts/setup/tests brings", library.display()));
    None
}

/// The row of a classifier of three matrix products on the library's provider.
fn row_of(library: &str) -> Option<Value> {
    let python = common::python()?;
    let folder = TempDir::new().unwrap();
    let model = folder.path().join("products.onnx");
    let script = common::repository().join("tests/python/make_products.py");
    let made = Command::new(python).arg(script).arg(&model).timely_output();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut run = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    run.current_dir(&folder).args(["run", "--quiet", "--backend", "onnxruntime", "--model"]);
    run.arg(&model).args(["--delegate", &format!("plugin:{library}"), "--no-accuracy"]);
    run.args(["--runs", "5", "--warmup", "1", "--processes", "1", "--json"]);
    let mut rows: Vec<Value> = serde_json::from_slice(&run.timely_output().stdout).unwrap();
    assert_eq!(rows.len(), 1);
    Some(rows.remove(0))
}

#[test]
fn a_published_provider_takes_the_whole_of_a_model_and_computes_it() {
    let Some(library) = library(PRODUCTS) else { return };
    let library = library.to_str().unwrap();
    let Some(row) = row_of(library) else { return };
    assert_eq!(row["status"], "ok", "{row}");
    // It may join the products to one node.
    assert_eq!(row["delegate_status"], "full", "{row}");
    assert!(row["nodes_delegated"].as_u64().unwrap() >= 1, "{row}");
    assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0, "{row}");
    assert_eq!(row["agreement_top1"], 1.0, "{row}");
    assert!(row["max_abs_error"].as_f64().unwrap() < 1e-4, "{row}");
    // It has no other device than the CPU.
    let Some(other) = row_of(&format!("{library}?device=npu")) else { return };
    assert_eq!(other["status"], "unsupported", "{other}");
    let error = other["error"].as_str().unwrap();
    assert!(error.ends_with("find no device 'npu' here; they find cpu"), "{error}");
}

#[test]
fn openvino_s_provider_runs_on_its_processors_and_finds_no_device_on_others() {
    let path = "onnxruntime_ep_openvino/libonnxruntime_providers_openvino_plugin.so";
    let Some(library) = library(path) else { return };
    let Some(row) = row_of(library.to_str().unwrap()) else { return };
    if row["status"] == "ok" {
        assert_ne!(row["delegate_status"], "none", "{row}");
        // It computes in bfloat16 where it can.
        assert!(row["agreement_top1"].as_f64().unwrap() >= 0.9, "{row}");
        return;
    }
    assert_eq!(row["status"], "unsupported", "{row}");
    assert!(row["error"].as_str().unwrap().ends_with("find no device here that they can use"));
}
