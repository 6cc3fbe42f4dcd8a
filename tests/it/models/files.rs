//! Where models are: links, folders, several files of one name, foreign manifests.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::made::pb::StringStringEntryProto;
use super::made::pb::tensor_proto::DataType;
use super::made::{
    Size, colours, floats, inspected, mean_model, model, node, ran, refused, shutterbench, value,
    write,
};

const IMAGE: [super::made::Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];
const SHORT: [&str; 3] = ["--backend", "onnxruntime", "--no-accuracy"];

/// As a hub's cache lays a model with two files of weights out: links to blobs that are named
/// by their hashes.
fn cache(folder: &TempDir) -> String {
    let eye = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let outside = |name: &str, file: &str| {
        let mut tensor = floats(name, &[3, 3], &[]);
        tensor.float_data.clear();
        tensor.data_location = Some(1);
        tensor.external_data =
            vec![StringStringEntryProto { key: "location".into(), value: file.into() }];
        tensor
    };
    let nodes = [
        super::made::means(),
        vec![
            node("MatMul", &["means", "a"], "once", &[]),
            node("MatMul", &["once", "b"], "y", &[]),
        ],
    ]
    .concat();
    let made = model(
        nodes,
        vec![value("image", DataType::Float, Some(&IMAGE))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        vec![outside("a", "model.onnx_data"), outside("b", "model.onnx_data_1")],
    );
    let root = folder.path().join("models--me--means");
    let (blobs, snapshot) = (root.join("blobs"), root.join("snapshots/0123abc"));
    fs::create_dir_all(&blobs).unwrap();
    fs::create_dir_all(&snapshot).unwrap();
    write(&blobs, "1f2e", &made);
    let bytes: Vec<u8> = eye.iter().flat_map(|value: &f32| value.to_le_bytes()).collect();
    for blob in ["3d4c", "5b6a"] {
        fs::write(blobs.join(blob), &bytes).unwrap();
    }
    for (name, blob) in
        [("model.onnx", "1f2e"), ("model.onnx_data", "3d4c"), ("model.onnx_data_1", "5b6a")]
    {
        symlink(format!("../../blobs/{blob}"), snapshot.join(name)).unwrap();
    }
    root.to_str().unwrap().to_owned()
}

#[test]
fn a_cache_of_links_is_a_model() {
    let folder = TempDir::new().unwrap();
    let root = cache(&folder);
    let images = colours(folder.path());
    for path in [root.clone(), format!("{root}/snapshots/0123abc/model.onnx")] {
        let arguments = ["--model", &path, "--dataset", &images, "--backend", "onnxruntime,tract"];
        let ran = ran(folder.path(), &[&arguments[..], &["--no-latency"]].concat());
        let of = |backend: &str| ran.rows.iter().find(|row| row["backend"] == backend).unwrap();
        let row = of("onnxruntime");
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
        assert_eq!(row["model"], "model", "{row}");
        // tract follows no link out of a model's folder.
        let error = of("tract")["error"].as_str().unwrap();
        assert!(error.contains("use backend onnxruntime") && !error.contains("blobs"), "{error}");
    }
}

#[test]
fn a_link_without_an_ending_is_read_by_its_content() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "0a1b2c", &mean_model(&IMAGE));
    let link = folder.path().join("current");
    symlink(&path, &link).unwrap();
    for path in [path.as_str(), link.to_str().unwrap()] {
        let told = inspected(&[path]);
        assert!(told.contains("onnx") && told.contains("onnxruntime yes"), "{told}");
    }
    assert!(inspected(&[link.to_str().unwrap()]).contains("model       current"));
}

#[test]
fn files_of_one_name_are_told_apart_by_their_folders() {
    let folder = TempDir::new().unwrap();
    let mut paths = Vec::new();
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let within = folder.path().join(name);
        paths.push(write(&within, "model.onnx", &mean_model(&IMAGE)));
    }
    let folders: Vec<String> =
        ["a", "b"].map(|name| folder.path().join(name).to_str().unwrap().to_owned()).to_vec();
    for named in [&paths, &folders] {
        let arguments = ["--model", &named[0], &named[1]];
        let ran = ran(folder.path(), &[&arguments[..], &SHORT].concat());
        let names: Vec<&str> = ran.rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
        assert_eq!(names, ["a/model", "b/model"]);
        for table in ["results.csv", "report.md", "report.html"] {
            let text = fs::read_to_string(ran.folder.join(table)).unwrap();
            assert!(text.contains("a/model") && text.contains("b/model"), "{table}");
        }
    }
}

#[test]
fn a_folder_without_one_model_is_refused_with_its_names() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let said = refused(&["--model", empty.to_str().unwrap()]);
    assert!(said.contains("holds no .tflite or .onnx file"), "{said}");
    write(folder.path(), "one.onnx", &mean_model(&IMAGE));
    write(folder.path(), "two.onnx", &mean_model(&IMAGE));
    let said = refused(&["--model", folder.path().to_str().unwrap()]);
    assert!(said.contains("one.onnx, two.onnx"), "{said}");
}

#[test]
fn a_foreign_manifest_is_none_of_ours() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "model.onnx", &mean_model(&IMAGE));
    for text in ["[package]\nname = \"x\"\n", "no toml at all", "schema = \"v2\"\n"] {
        fs::write(folder.path().join("manifest.toml"), text).unwrap();
        inspected(&[&path]);
    }
    // An invalid one of ours is still reported.
    fs::write(folder.path().join("manifest.toml"), "schema = 99\nmodel = []\n").unwrap();
    let output = shutterbench(&["inspect", &path]);
    assert_eq!(output.status.code(), Some(2));
}

/// The content decides what a file is, and a link that leads nowhere is named as such.
#[test]
fn neither_a_wrong_ending_nor_a_dead_link_misleads() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "means.tflite", &mean_model(&IMAGE));
    let ran = ran(folder.path(), &[&SHORT[..], &["--model", &path]].concat());
    assert_eq!((&ran.row()["format"], &ran.row()["status"]), (&"onnx".into(), &"ok".into()));
    let dead = folder.path().join("dead.onnx");
    symlink("blobs/1f2e", &dead).unwrap();
    let said = refused(&["--model", dead.to_str().unwrap()]);
    assert!(said.contains("is a link to blobs/1f2e, which is not there"), "{said}");
}
