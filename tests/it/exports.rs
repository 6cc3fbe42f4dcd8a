//! Models that timm, torchvision, Hugging Face and Keras exported give the predictions of
//! the library itself, with what it wrote beside the file and no option given.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common;
use crate::common::TimelyOutput;

/// A model whose library is repeated.
struct Export {
    name: &'static str,
    backend: &'static str,
}

const EXPORTS: [Export; 4] = [
    Export { name: "timm", backend: "onnxruntime" },
    Export { name: "huggingface", backend: "onnxruntime" },
    Export { name: "torchvision", backend: "onnxruntime" },
    Export { name: "keras", backend: "tflite" },
];

fn exports() -> PathBuf {
    common::repository().join("tests/goldens/exports")
}

fn expected(export: &Export) -> Value {
    let path = exports().join(export.name).join("predictions.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// How many of `images` have the library's best class here. The best class is given as
/// the label, so that Top-1 counts them.
fn agreeing(export: &Export, images: &[Value], from: &Path) -> Option<(usize, usize)> {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, models) = (folder.path().join("images"), folder.path().join("model"));
    fs::create_dir(&dataset).unwrap();
    fs::create_dir(&models).unwrap();
    let mut labels = String::from("file,class_index\n");
    for image in images {
        let file = image["file"].as_str().unwrap();
        std::os::unix::fs::symlink(from.join(file), dataset.join(file)).unwrap();
        labels.push_str(&format!("{file},{}\n", image["best"]));
    }
    fs::write(dataset.join("labels.csv"), labels).unwrap();
    let mut model = None;
    for entry in fs::read_dir(exports().join(export.name)).unwrap() {
        let path = entry.unwrap().path();
        let copy = models.join(path.file_name().unwrap());
        fs::copy(&path, &copy).unwrap();
        if path.file_stem().is_some_and(|stem| stem == "model") {
            model = Some(copy);
        }
    }
    let out = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--no-latency", "--backend", export.backend, "--model"])
        .arg(model.unwrap())
        .arg("--dataset")
        .arg(&dataset)
        .arg("--out")
        .arg(&out)
        .timely_output();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.contains("is missing") {
        common::skip(&errors);
        return None;
    }
    assert!(output.status.success(), "{}: {errors}", export.name);
    let run: Value =
        serde_json::from_str(&fs::read_to_string(out.join("run.json")).unwrap()).unwrap();
    let scored = &run["accuracies"][0];
    let count = scored["images"].as_u64().unwrap() as usize;
    let right = scored["top1"]["value"].as_f64().unwrap() * count as f64;
    Some((right.round() as usize, count))
}

#[test]
fn the_committed_pictures_get_the_librarys_best_class() {
    for export in &EXPORTS {
        let expected = expected(export);
        let pictures = expected["pictures"].as_array().unwrap();
        let from = common::repository().join("tests/goldens/pictures");
        let Some((right, all)) = agreeing(export, pictures, &from) else { continue };
        println!("{}: {right} of {all} pictures", export.name);
        assert_eq!(all, pictures.len(), "{}", export.name);
        assert!(right + 1 >= all, "{}: {right} of {all}", export.name);
    }
}

#[test]
fn a_hundred_photos_get_the_librarys_best_class() {
    let Some(shared) = common::shared() else { return };
    for export in &EXPORTS {
        let expected = expected(export);
        let photos = expected["photos"].as_array().unwrap();
        let Some((right, all)) = agreeing(export, photos, &shared.join("imagenet-sample")) else {
            continue;
        };
        println!("{}: {right} of {all} photos", export.name);
        assert_eq!(all, 100, "{}", export.name);
        assert!(right >= 99, "{}: {right} of {all}", export.name);
    }
}

#[test]
fn inspect_names_every_source() {
    let folder = exports().join("huggingface");
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("inspect")
        .arg(folder.join("model.onnx"))
        .timely_output();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("preprocessor_config.json and config.json"), "{shown}");
    assert!(shown.contains("input_size, label_names, mean, preprocess, scale"), "{shown}");
    assert!(shown.contains("12: ash, birch, cedar, ..."), "{shown}");
}
