//! Very large and very small files, weights in other files or stored sparse, and files with
//! several signatures.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use tempfile::TempDir;

use super::flat::{self, File, Graph, Named, Stored};
use super::made::pb::tensor_proto::DataType;
use super::made::pb::{ModelProto, SparseTensorProto, StringStringEntryProto, TensorProto};
use super::made::{
    Dim, Size, colours, floats, inspected, integers, mean_model, means, model, node, ran, refused,
    value, write,
};

const IMAGE: [Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];
/// What a TensorFlow Lite file is run by.
const FLAT: &str = "tflite,litert,tract";
/// Beyond what 32 bits with a sign can count.
const BEYOND: u64 = (1 << 31) + (1 << 20);

fn flat(folder: &TempDir, name: &str, file: &File) -> String {
    let path = folder.path().join(name);
    fs::write(&path, file.packed()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A file of `length` bytes with `end` as the last of them, which takes no room on a disk.
fn sparse_file(path: &Path, length: u64, end: &[u8]) {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
    file.set_len(length).unwrap();
    file.write_all_at(end, length - end.len() as u64).unwrap();
}

/// Top-1 of each backend that takes the model.
fn top1(folder: &TempDir, model: &str, backends: &str, more: &[&str]) -> Vec<(String, f64)> {
    let images = colours(folder.path());
    let arguments = ["--model", model, "--dataset", &images, "--no-latency", "--backend", backends];
    let ran = ran(folder.path(), &[&arguments[..], more].concat());
    let rows = ran.rows.iter().filter(|row| row["status"] == "ok");
    rows.map(|row| {
        let name = format!("{}/{}", row["backend"], row["delegate"]).replace('"', "");
        (name, row["top1"].as_f64().unwrap_or(f64::NAN))
    })
    .collect()
}

/// A weight that lies in another file.
fn outside(mut tensor: TensorProto, file: &str, offset: u64, length: u64) -> TensorProto {
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    tensor.float_data.clear();
    tensor.data_location = Some(1);
    tensor.external_data = vec![
        entry("location", file.into()),
        entry("offset", offset.to_string()),
        entry("length", length.to_string()),
    ];
    tensor
}

/// Scores that are the means by one row of a table of `rows`, the last.
fn by_last_row(rows: i64, table: TensorProto) -> ModelProto {
    let nodes = vec![
        node("Gather", &["table", "last"], "factors", &[("axis", 0)]),
        node("Mul", &["means", "factors"], "y", &[]),
    ];
    model(
        [means(), nodes].concat(),
        vec![value("image", DataType::Float, Some(&IMAGE))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        vec![table, integers("last", &[1], &[rows - 1])],
    )
}

#[test]
fn weights_of_over_2_gb_beside_the_file_are_read_where_they_lie() {
    let folder = TempDir::new().unwrap();
    let rows = i64::try_from(BEYOND / 12).unwrap();
    let bytes = u64::try_from(rows).unwrap() * 12;
    let table = outside(floats("table", &[rows, 3], &[]), "large.weights", 0, bytes);
    let path = write(folder.path(), "large.onnx", &by_last_row(rows, table));
    // All before the last row is zero: any other row would leave every photo undecided.
    sparse_file(&folder.path().join("large.weights"), bytes, &flat::floats(&[1.0; 3]));
    assert_eq!(top1(&folder, &path, "onnxruntime", &[]), [("onnxruntime/none".into(), 1.0)]);
    assert!(
        inspected(&[&path])
            .contains(&format!("bytes       {}", bytes + fs::metadata(&path).unwrap().len()))
    );
}

#[test]
fn weights_in_several_files_have_to_be_there_whole() {
    let folder = TempDir::new().unwrap();
    let eye = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let part =
        |name: &str, file: &str, offset| outside(floats(name, &[3, 3], &[]), file, offset, 36);
    let nodes = vec![
        node("MatMul", &["means", "a"], "once", &[]),
        node("MatMul", &["once", "b"], "twice", &[]),
        node("MatMul", &["twice", "c"], "y", &[]),
    ];
    let made = model(
        [means(), nodes].concat(),
        vec![value("image", DataType::Float, Some(&IMAGE))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        vec![part("a", "one.bin", 0), part("b", "parts/two.bin", 36), part("c", "one.bin", 4096)],
    );
    let path = write(folder.path(), "parts.onnx", &made);
    let said = refused(&["--model", &path, "--no-accuracy"]);
    assert!(said.contains("one.bin") && said.contains("not beside it"), "{said}");
    sparse_file(&folder.path().join("one.bin"), 4096 + 36, &flat::floats(&eye));
    sparse_file(&folder.path().join("one.bin"), 4096 + 36, &flat::floats(&eye));
    let one = OpenOptions::new().write(true).open(folder.path().join("one.bin")).unwrap();
    one.write_all_at(&flat::floats(&eye), 0).unwrap();
    fs::create_dir(folder.path().join("parts")).unwrap();
    let two = folder.path().join("parts/two.bin");
    for short in [0, 71] {
        fs::write(&two, vec![0; short]).unwrap();
        let said = refused(&["--model", &path, "--no-accuracy"]);
        assert!(said.contains("two.bin") && said.contains("72 bytes"), "{said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
    }
    sparse_file(&two, 72, &flat::floats(&eye));
    let all = top1(&folder, &path, "onnxruntime,tract", &[]);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
}

#[test]
fn an_onnx_file_of_over_2_gb_is_refused_with_the_remedy() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "large.onnx", &mean_model(&IMAGE));
    sparse_file(Path::new(&path), BEYOND, &[0]);
    let said = refused(&["--model", &path, "--no-accuracy"]);
    assert!(said.contains("2 GB") && said.contains("external data"), "{said}");
}

/// It is read whole by every runtime.
#[test]
fn slow_a_tflite_file_of_over_2_gb_is_read_or_refused() {
    let folder = TempDir::new().unwrap();
    let weights = flat::right();
    let size = weights.len() as u64;
    let file = flat::plain(Stored::Behind(BEYOND, size));
    let path = flat(&folder, "large.tflite", &file);
    let said = refused(&["--model", &path, "--no-accuracy"]);
    assert!(said.contains("cut short"), "{said}");
    sparse_file(Path::new(&path), BEYOND + size, &weights);
    for (backend, top1) in top1(&folder, &path, FLAT, &[]) {
        assert_eq!(top1, 1.0, "{backend}");
    }
    let told = inspected(&[&path]);
    assert!(told.contains("behind the file's tables, which tract does not read"), "{told}");
}

#[test]
fn weights_behind_the_tables_are_read_or_refused() {
    let folder = TempDir::new().unwrap();
    let weights = flat::right();
    let size = weights.len() as u64;
    let path = flat(&folder, "behind.tflite", &flat::plain(Stored::Behind(1 << 16, size)));
    sparse_file(Path::new(&path), (1 << 16) + size, &weights);
    let all = top1(&folder, &path, FLAT, &[]);
    assert!(all.iter().any(|(backend, _)| backend == "tflite/none"), "{all:?}");
    assert!(all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
}

#[test]
fn sparse_weights_are_computed_right_or_refused() {
    let folder = TempDir::new().unwrap();
    let ones = flat::floats(&[1.0; 3]);
    let graphs = vec![Graph { weights: 3, is_sparse: true }];
    let file =
        File { graphs, signatures: Vec::new(), buffers: vec![Stored::Inside(ones)], images: 1 };
    let path = flat(&folder, "sparse.tflite", &file);
    let all = top1(&folder, &path, FLAT, &[]);
    assert!(all.iter().any(|(backend, _)| backend == "tflite/none"), "{all:?}");
    assert!(all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
    let told = inspected(&[&path]);
    assert!(told.contains("weights     sparse"), "{told}");
    assert!(
        told.contains("tract       no: its weights are sparse, which tract does not read"),
        "{told}"
    );

    let mut made = model(
        [means(), vec![node("MatMul", &["means", "eye"], "y", &[])]].concat(),
        vec![value("image", DataType::Float, Some(&IMAGE))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        Vec::new(),
    );
    made.graph.as_mut().unwrap().sparse_initializer = vec![SparseTensorProto {
        values: Some(floats("eye", &[3], &[1.0; 3])),
        indices: Some(integers("places", &[3], &[0, 4, 8])),
        dims: vec![3, 3],
    }];
    let path = write(folder.path(), "sparse.onnx", &made);
    assert_eq!(top1(&folder, &path, "onnxruntime,tract", &[]), [("onnxruntime/none".into(), 1.0)]);
    let told = inspected(&[&path]);
    assert!(told.contains("use backend onnxruntime"), "{told}");
}

#[test]
fn a_model_of_less_than_2_kb_is_a_model() {
    let folder = TempDir::new().unwrap();
    let onnx = write(folder.path(), "small.onnx", &mean_model(&IMAGE));
    let tflite = flat(&folder, "small.tflite", &flat::plain(Stored::Inside(flat::right())));
    for (path, backends, most) in [(onnx, "onnxruntime,tract", 1000), (tflite, FLAT, 2000)] {
        assert!(fs::metadata(&path).unwrap().len() < most, "{path}");
        let all = top1(&folder, &path, backends, &[]);
        assert!(all.len() >= 2 && all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
    }
}

const TWO: [Named; 2] =
    [("features", 0, "photo", "vector"), ("classify", 1, "photo", "probabilities")];

#[test]
fn the_signature_that_is_named_is_run_by_every_runtime() {
    let folder = TempDir::new().unwrap();
    let path = flat(&folder, "two.tflite", &flat::two_graphs(&TWO));
    let told = inspected(&[&path]);
    assert!(told.contains("signature   features(photo) -> (vector), which runs"), "{told}");
    assert!(told.contains("signature   classify(photo) -> (probabilities)\n"), "{told}");
    // By default the first graph, which takes red for blue.
    let images = colours(folder.path());
    let arguments = ["--model", &path, "--dataset", &images, "--no-latency", "--backend", FLAT];
    let by_default = ran(folder.path(), &arguments);
    let said = by_default.json()["assumptions"].to_string();
    assert!(said.contains("its signature features(photo) -> (vector) runs"), "{said}");
    for row in &by_default.rows {
        let top1 = row["top1"].as_f64().unwrap_or_else(|| panic!("{row}"));
        assert!((top1 - 1.0 / 3.0).abs() < 1e-5, "{row}");
    }
    let named = ran(folder.path(), &[&arguments[..], &["--signature", "classify"]].concat());
    assert!(named.rows.len() >= 3);
    for row in &named.rows {
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
    }
    assert!(!named.json()["assumptions"].to_string().contains("its signature"));
    // Its outputs have names of their own; a description may name it too.
    fs::write(
        folder.path().join("two.toml"),
        "signature = \"classify\"\nscored_output = \"probabilities\"\n",
    )
    .unwrap();
    assert!(top1(&folder, &path, FLAT, &[]).iter().all(|(_, top1)| *top1 == 1.0));
}

#[test]
fn serving_default_is_the_default_and_a_wrong_name_is_answered_with_the_right_ones() {
    let folder = TempDir::new().unwrap();
    let named = [("features", 0, "x", "y"), ("serving_default", 1, "x", "y")];
    let path = flat(&folder, "default.tflite", &flat::two_graphs(&named));
    for order in [vec![named[0], named[1]], vec![named[1], named[0]]] {
        fs::write(&path, flat::two_graphs(&order).packed()).unwrap();
        let all = top1(&folder, &path, FLAT, &[]);
        assert!(all.len() >= 3 && all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
        let all = top1(&folder, &path, FLAT, &["--signature", "features"]);
        assert!(all.len() >= 3 && all.iter().all(|(_, top1)| *top1 < 0.5), "{all:?}");
    }
    let said = refused(&["--model", &path, "--no-accuracy", "--signature", "classify"]);
    assert!(said.contains("features(x) -> (y)") && said.contains("serving_default(x)"), "{said}");
    let plain = flat(&folder, "plain.tflite", &flat::plain(Stored::Inside(flat::right())));
    let onnx = write(folder.path(), "plain.onnx", &mean_model(&IMAGE));
    for path in [plain, onnx] {
        let said = refused(&["--model", &path, "--no-accuracy", "--signature", "classify"]);
        assert!(said.contains("no signatures; leave out --signature"), "{said}");
    }
    // One alone needs no word.
    let only = flat(&folder, "only.tflite", &flat::two_graphs(&[("classify", 1, "x", "y")]));
    let all = top1(&folder, &only, FLAT, &[]);
    assert!(all.len() >= 3 && all.iter().all(|(_, top1)| *top1 == 1.0), "{all:?}");
}

#[test]
fn a_batch_that_a_tflite_file_fixes_is_filled_too() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let eight = File { images: 8, ..flat::plain(Stored::Inside(flat::right())) };
    let path = flat(&folder, "eight.tflite", &eight);
    let arguments = ["--model", &path, "--dataset", &images, "--backend", FLAT];
    let ran = ran(folder.path(), &arguments);
    let (tract, others): (Vec<_>, Vec<_>) =
        ran.rows.iter().partition(|row| row["backend"] == "tract");
    // If it does not read a pool over several images, it says so.
    for row in tract {
        match row["error"].as_str() {
            Some(error) => assert!(error.contains("use backend tflite"), "{row}"),
            None => assert_eq!(row["top1"], 1.0, "{row}"),
        }
    }
    assert!(others.len() >= 3);
    for row in others {
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{row}");
        assert_eq!((&row["batch"], &row["images"]), (&8.into(), &12.into()), "{row}");
        let number = |name: &str| row[name].as_f64().unwrap();
        let apart = number("latency_per_image_us") * 8.0 - number("latency_p50_us");
        assert!(apart.abs() < 0.05, "{row}");
    }
}
