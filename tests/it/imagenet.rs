//! Hosted ImageNet models on labelled photos: Top-1 and Top-5 are those of an
//! independent evaluation, without any flag about labels or preprocessing.

use std::process::Command;

use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

/// Model, Top-1 and Top-5 of a Python evaluation with the steps of TensorFlow Lite's
/// evaluation tool (central square of 0.875, bilinear without antialias) and LiteRT's
/// interpreter on the same 500 photos.
const REFERENCE: [(&str, f64, f64); 4] = [
    ("mobilenet_v1_0.25_128_quant", 0.458, 0.710),
    ("mobilenet_v1_0.5_160_quant", 0.726, 0.892),
    ("mobilenet_v1_0.75_192_quant", 0.802, 0.952),
    ("mobilenet_v2_1.0_224_quant", 0.892, 0.980),
];
/// How far ours may be from it.
const TOLERANCE: f64 = 0.01;

#[test]
fn hosted_mobilenets_score_as_the_python_reference() {
    let Some(shared) = common::shared() else { return };
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--json", "--no-latency"])
        .args(["--backend", "tflite", "--delegate", "xnnpack", "--model"])
        .args(REFERENCE.map(|(name, ..)| shared.join(format!("models/{name}.tflite"))))
        .arg("--dataset")
        .arg(shared.join("imagenet-sample"))
        .arg("--out")
        .arg(folder.path().join("run"))
        .timely_output();
    if String::from_utf8_lossy(&output.stderr).contains("is missing") {
        return common::skip("tflite's library is absent; 'shutterbench fetch tflite' brings it");
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, top1, top5) in REFERENCE {
        let row = rows.as_array().unwrap().iter().find(|row| row["model"] == name).unwrap();
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["images"], 500, "{row}");
        for (column, expected) in [("top1", top1), ("top5", top5)] {
            let found = row[column].as_f64().unwrap();
            assert!(
                (found - expected).abs() <= TOLERANCE,
                "{name} {column}: {found} for {expected}"
            );
        }
        // Not measured is absent, never 0.
        assert!(row["latency_p50_us"].is_null() && row["runs"].is_null(), "{row}");
    }
}
