//! Datasets in one file, and models of several files, on a device.

use std::fs;
use std::path::Path;

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{ModelProto, StringStringEntryProto};

use crate::common::{self, TimelyOutput};
use crate::lab::{Lab, ROOT, rows, text};
use crate::predictions;

/// Two images of each class in a tar archive, as WebDataset has them.
fn tar(path: &Path) {
    let from = common::repository().join("models/fashion-mnist/validation");
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let mut archive = tar::Builder::new(fs::File::create(path).unwrap());
    for (number, line) in table.lines().skip(1).take(40).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let image = fs::read(from.join(fields[0])).unwrap();
        for (ending, bytes) in [("png", image.as_slice()), ("cls", fields[1].as_bytes())] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, format!("{number:04}.{ending}"), bytes).unwrap();
        }
    }
    archive.finish().unwrap();
}

/// An embedded model with all its weights in two files beside it.
fn with_weights_beside(folder: &Path) -> String {
    let from = common::repository().join("models/fashion-mnist");
    let bytes = fs::read(from.join("fmnist_mobilenet_v1_0.25_f32.onnx")).unwrap();
    let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
    fs::create_dir_all(folder.join("parts")).unwrap();
    let mut files = [("one.bin", Vec::new()), ("parts/two.bin", Vec::new())];
    let weights = &mut model.graph.as_mut().unwrap().initializer;
    let real = weights.iter_mut().filter(|tensor| tensor.data_type == DataType::Float as i32);
    for (index, tensor) in real.enumerate() {
        let (name, file) = &mut files[index % 2];
        let values = std::mem::take(&mut tensor.float_data);
        let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let raw = std::mem::take(&mut tensor.raw_data);
        let bytes = if raw.is_empty() { values } else { raw.to_vec() };
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
        tensor.data_location = Some(1);
        tensor.external_data = vec![
            entry("location", format!("./{name}")),
            entry("offset", file.len().to_string()),
            entry("length", bytes.len().to_string()),
        ];
        file.extend(bytes);
    }
    for (name, bytes) in files {
        assert!(!bytes.is_empty());
        fs::write(folder.join(name), bytes).unwrap();
    }
    fs::copy(from.join("labels.txt"), folder.join("labels.txt")).unwrap();
    fs::write(
        folder.join("beside.toml"),
        "labels = \"labels.txt\"\npreprocess = \"slim-pillow,interpolation=bilinear,fraction=1\"\n",
    )
    .unwrap();
    let path = folder.join("beside.onnx");
    fs::write(&path, model.encode_to_vec()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A run there and the same here give the same predictions; and where the model lies there.
fn same_there_and_here(lab: &Lab, serial: &str, arguments: &[&str], name: &str) {
    let fixed = ["--no-latency", "--backend", "tract", "--out"];
    let there = lab.folder.path().join(format!("there-{name}"));
    let output = lab.run(serial, arguments).args(fixed).arg(&there).timely_output();
    assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
    let here = lab.folder.path().join(format!("here-{name}"));
    let output = lab
        .inside(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("run")
        .args(arguments)
        .args(fixed)
        .arg(&here)
        .timely_output();
    assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    assert_eq!(rows(&there)[0]["top1"], rows(&here)[0]["top1"], "{name}");
    assert_eq!(predictions(&there).replace(serial, "local"), predictions(&here), "{name}");
    let journal = fs::read_to_string(there.join("journal.jsonl")).unwrap();
    assert!(journal.contains(&format!("{ROOT}/model/")), "{name}");
}

#[test]
fn images_are_read_from_the_file_that_holds_them() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let archive = lab.folder.path().join("images.tar");
    tar(&archive);
    let fixtures = common::repository().join("tests/parquet");
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--dataset"];
    for (name, path) in [
        ("tar", archive),
        ("struct", fixtures.join("struct.parquet")),
        ("zstd", fixtures.join("zstd.parquet")),
    ] {
        let path = path.to_str().unwrap();
        same_there_and_here(&lab, &serial, &[&model[..], &[path]].concat(), name);
        let some = [&model[..], &[path, "--images", "10"]].concat();
        same_there_and_here(&lab, &serial, &some, &format!("{name}-10"));
    }
    // A column that is stated here is the one that is read there.
    let bytes = fixtures.join("bytes.parquet");
    let stated = ["--image-column", "img", "--label-column", "label"];
    let arguments = [&model[..], &[bytes.to_str().unwrap()], &stated].concat();
    same_there_and_here(&lab, &serial, &arguments, "columns");
}

#[test]
fn weights_beside_a_model_come_along() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let folder = lab.folder.path().join("model");
    let model = with_weights_beside(&folder);
    let images = common::repository().join("tests/parquet/struct.parquet");
    let arguments = ["--model", &model, "--dataset", images.to_str().unwrap()];
    same_there_and_here(&lab, &serial, &arguments, "weights");
}
