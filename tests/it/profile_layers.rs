//! The layers of a file, under one name for all runtimes.

use std::fs;

use serde_json::Value;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use crate::common::has_runtimes;
use crate::profiles::{ONNX, lines, profiled, shutterbench};

/// Each runtime cuts the file into other nodes, and calls them otherwise.
#[test]
fn the_layers_of_a_file_stand_side_by_side_in_all_runtimes() {
    if !has_runtimes(&[BackendKind::Onnxruntime, BackendKind::Tract, BackendKind::Openvino]) {
        return;
    }
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    profiled(&folder, ONNX, "onnxruntime,tract,openvino", "none");
    let run = folder.to_str().unwrap();
    let quantised = root.path().join("quantised");
    profiled(&quantised, "fmnist_mobilenet_v1_0.25_int8_onnx", "onnxruntime,openvino", "none");
    let quantised = quantised.to_str().unwrap();
    for (run, one, other) in [
        (run, "*onnxruntime*", "*openvino*"),
        (run, "*onnxruntime*", "*tract*"),
        (quantised, "*onnxruntime*", "*openvino*"),
    ] {
        let output = shutterbench(&["profile", run, one, other, "--json"]);
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let layers = found["same_nodes"].as_array().unwrap();
        let is_layer = |line: &&Value| {
            let name = line["what"].as_str().unwrap();
            name == "stem" || name.ends_with("depthwise") || name.ends_with("pointwise")
        };
        assert_eq!(layers.iter().filter(is_layer).count(), 15, "{found}");
    }
    for (name, lines) in lines(&folder) {
        assert!(lines.iter().filter(|line| line["layer"] == "stem").count() >= 1, "{name}");
    }
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("nodes of the same name, side by side"));
}
