//! Top-1 and Top-5 under three pipelines equal those of an evaluation in Python.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::material::{score, shared_with_tflite};
use crate::common::said;

/// Images of which another one may be found: kernels round one score or another.
const MOST_DIFFERENT: f64 = 2.0;
const PIPELINES: [&str; 3] = ["slim-pillow", "tflite-eval", "torchvision"];

#[test]
fn accuracies_equal_the_reference_under_each_pipeline() {
    let Some(shared) = shared_with_tflite() else { return };
    let mut reference =
        csv::Reader::from_path(shared.join("reference/accuracy_by_pipeline.csv")).unwrap();
    let rows: Vec<std::collections::HashMap<String, String>> =
        reference.deserialize().map(Result::unwrap).collect();
    let mut compared = 0;
    for pipeline in PIPELINES {
        let folder = TempDir::new().unwrap();
        let run = folder.path().join("run");
        let rows: Vec<_> = rows.iter().filter(|row| row["pipeline"] == pipeline).collect();
        let models: Vec<String> = rows
            .iter()
            .map(|row| path(&shared.join(format!("models/{}.tflite", row["model"]))))
            .collect();
        let dataset = path(&shared.join("imagenet-sample"));
        let mut arguments =
            vec!["--backend", "tflite", "--delegate", "xnnpack", "--threads", "1", "--json"];
        arguments.extend(["--preprocess", pipeline, "--dataset", &dataset, "--model"]);
        arguments.extend(models.iter().map(String::as_str));
        let output = score(&arguments, &run);
        assert!(output.status.success(), "{}", said(&output));
        let results: Value = serde_json::from_slice(&output.stdout).unwrap();
        for expected in rows {
            let model = &expected["model"];
            let found =
                results.as_array().unwrap().iter().find(|row| row["model"] == **model).unwrap();
            let images: f64 = expected["images"].parse().unwrap();
            for rank in ["top1", "top5"] {
                let difference =
                    found[rank].as_f64().unwrap() - expected[rank].parse::<f64>().unwrap();
                let different = (difference * images).abs().round();
                println!("{pipeline} {model} {rank}: {different} images of {images} differ");
                assert!(different <= MOST_DIFFERENT, "{pipeline} {model} {rank}: {difference}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 2 * 4 * PIPELINES.len());
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
