//! Models that are made here, on OpenVINO: what it takes is computed right, and what it does not
//! take is refused with the reason.

use std::fs;

use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use super::flat::{self, File, Graph, Named, Stored};
use super::made::pb::OperatorSetIdProto;
use super::made::pb::tensor_proto::DataType;
use super::made::{
    Dim, Open, Ran, Size, colours, inspected, mean_model, means, model, node, ran, value, write,
};
use crate::common;

const IMAGE: [Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];

/// A run on OpenVINO with coloured photos, each of which a right model knows.
fn scored(folder: &TempDir, model: &str, more: &[&str]) -> Ran {
    let images = colours(folder.path());
    let arguments = ["--model", model, "--dataset", &images, "--backend", "openvino"];
    ran(folder.path(), &[&arguments[..], more].concat())
}

fn flat(folder: &TempDir, name: &str, file: &File) -> String {
    let path = folder.path().join(name);
    fs::write(&path, file.packed()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn is_here() -> bool {
    common::has_runtimes(&[BackendKind::Openvino])
}

#[test]
fn open_dimensions_get_the_size_that_is_stated() {
    if !is_here() {
        return;
    }
    let folder = TempDir::new().unwrap();
    for (name, dims) in [
        ("size", [Size(1), Size(3), Dim::Named("h"), Dim::Named("w")]),
        ("all", [Dim::Named("N"), Size(3), Open, Open]),
    ] {
        let path = write(folder.path(), &format!("{name}.onnx"), &mean_model(&dims));
        let ran = scored(&folder, &path, &["--input-size", "9x15"]);
        let row = ran.row();
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
        assert_eq!((&row["input_height"], &row["input_width"]), (&9.into(), &15.into()), "{row}");
    }
}

#[test]
fn several_images_are_run_at_once() {
    if !is_here() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let open = write(folder.path(), "open.onnx", &mean_model(&[Open, Size(3), Size(8), Size(8)]));
    let eight = File { images: 8, ..flat::plain(Stored::Inside(flat::right())) };
    let fixed = flat(&folder, "eight.tflite", &eight);
    for (path, more, batch) in [(&open, &["--batch", "3"][..], 3), (&fixed, &[], 8)] {
        let ran = scored(&folder, path, more);
        let row = ran.row();
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
        assert_eq!(row["batch"], batch, "{row}");
    }
}

#[test]
fn the_signature_that_is_named_is_run() {
    if !is_here() {
        return;
    }
    const TWO: [Named; 2] =
        [("features", 0, "photo", "vector"), ("classify", 1, "photo", "probabilities")];
    let folder = TempDir::new().unwrap();
    let path = flat(&folder, "two.tflite", &flat::two_graphs(&TWO));
    let by_default = scored(&folder, &path, &["--no-latency"]);
    assert!(by_default.row()["top1"].as_f64().unwrap() < 0.5, "it takes red for blue");
    let named = scored(&folder, &path, &["--no-latency", "--signature", "classify"]);
    assert_eq!(named.row()["top1"], 1.0, "{}", named.row());
}

/// However a file keeps its weights, they are the right ones, or it is refused.
#[test]
fn weights_that_are_sparse_or_behind_the_tables_are_right_or_refused() {
    if !is_here() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let weights = flat::right();
    let size = weights.len() as u64;
    let behind = flat(&folder, "behind.tflite", &flat::plain(Stored::Behind(1 << 16, size)));
    let mut bytes = fs::read(&behind).unwrap();
    bytes.resize(1 << 16, 0);
    fs::write(&behind, [bytes, weights].concat()).unwrap();
    let ones = Stored::Inside(flat::floats(&[1.0; 3]));
    let graphs = vec![Graph { weights: 3, is_sparse: true }];
    let file = File { graphs, signatures: Vec::new(), buffers: vec![ones], images: 1 };
    let sparse = flat(&folder, "sparse.tflite", &file);
    for path in [behind, sparse] {
        let ran = scored(&folder, &path, &["--no-latency"]);
        let row = ran.row();
        match row["status"].as_str().unwrap() {
            "ok" => assert_eq!(row["top1"], 1.0, "{row}"),
            "unsupported" => assert!(row["error"].as_str().unwrap().len() > 30, "{row}"),
            other => panic!("{other}: {row}"),
        }
    }
}

#[test]
fn operators_that_it_does_not_have_are_named() {
    if !is_here() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut foreign = node("Fancy", &["means"], "y", &[]);
    foreign.domain = "com.me".into();
    let mut made = model(
        [means(), vec![foreign]].concat(),
        vec![value("image", DataType::Float, Some(&IMAGE))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        Vec::new(),
    );
    made.opset_import.push(OperatorSetIdProto { domain: "com.me".into(), version: 1 });
    let path = write(folder.path(), "mine.onnx", &made);
    let told = inspected(&[&path]);
    assert!(told.contains("are not ONNX's (com.me:Fancy), which OpenVINO does not have"), "{told}");
}
