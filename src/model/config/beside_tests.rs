//! Which configurations belong to a model.

use super::*;

const PROCESSOR: &str = r#"{"image_processor_type":"ViTImageProcessor","size":96}"#;
const CONFIG: &str = r#"{"id2label":{"0":"cat","1":"dog"}}"#;
const TIMM: &str =
    r#"{"architecture":"x","label_names":["ash","birch"],"pretrained_cfg":{"crop_pct":0.95}}"#;

/// A folder with these files; models are empty.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn preset(beside: &Beside) -> Option<String> {
    beside.description.preprocess.as_ref().map(ToString::to_string)
}

#[test]
fn a_model_alone_has_the_configurations_of_its_folder() {
    let at =
        folder(&[("m.onnx", ""), ("preprocessor_config.json", PROCESSOR), ("config.json", CONFIG)]);
    let beside = read(&at.path().join("m.onnx")).unwrap();
    assert_eq!(preset(&beside).unwrap(), "hf,resize=96x96,crop=none,interpolation=bilinear");
    assert_eq!(beside.description.label_names.unwrap(), ["cat", "dog"]);
    assert_eq!(beside.files, ["preprocessor_config.json", "config.json"]);
    assert!(beside.notes.is_empty());
}

#[test]
fn timms_configuration_states_both() {
    let at = folder(&[("m.onnx", ""), ("config.json", TIMM)]);
    let beside = read(&at.path().join("m.onnx")).unwrap();
    assert!(preset(&beside).unwrap().starts_with("timm,crop_pct=0.95"));
    assert_eq!(beside.description.label_names.unwrap(), ["ash", "birch"]);
    // An image processor's steps come before it.
    let at =
        folder(&[("m.onnx", ""), ("config.json", TIMM), ("preprocessor_config.json", PROCESSOR)]);
    let beside = read(&at.path().join("m.onnx")).unwrap();
    assert!(preset(&beside).unwrap().starts_with("hf,"));
    assert_eq!(beside.description.label_names.unwrap(), ["ash", "birch"]);
}

#[test]
fn among_several_models_only_the_name_tells() {
    let at = folder(&[
        ("one.onnx", ""),
        ("two.tflite", ""),
        ("config.json", TIMM),
        ("two.config.json", CONFIG),
    ]);
    let one = read(&at.path().join("one.onnx")).unwrap();
    assert_eq!((one.description, one.files.len()), (Description::default(), 0));
    assert!(one.notes[0].contains("may belong to two") && one.notes[0].contains("one.config.json"));
    let two = read(&at.path().join("two.tflite")).unwrap();
    assert_eq!(two.description.label_names.unwrap(), ["cat", "dog"]);
    assert!(two.notes.is_empty());
}

#[test]
fn variants_of_one_model_share_its_configuration() {
    let at = folder(&[
        ("onnx/model.onnx", ""),
        ("onnx/model_quantized.onnx", ""),
        ("preprocessor_config.json", PROCESSOR),
    ]);
    for name in ["model.onnx", "model_quantized.onnx"] {
        assert!(preset(&read(&at.path().join("onnx").join(name)).unwrap()).is_some(), "{name}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_file() {
    let at = folder(&[("m.onnx", ""), ("preprocessor_config.json", r#"{"size":"big"}"#)]);
    let error = format!("{:#}", read(&at.path().join("m.onnx")).unwrap_err());
    assert!(
        error.contains("preprocessor_config.json cannot be used")
            && error.contains("'size' must be"),
        "{error}"
    );
    let at = folder(&[("m.onnx", ""), ("config.json", "[1]")]);
    assert!(read(&at.path().join("m.onnx")).is_err());
}

#[test]
fn nothing_beside_is_nothing_stated() {
    let at = folder(&[("m.onnx", ""), ("config.json", r#"{"model_type":"resnet"}"#)]);
    assert_eq!(read(&at.path().join("m.onnx")).unwrap(), Beside::default());
}
