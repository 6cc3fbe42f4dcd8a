//! Kinds of models that the embedded family lacks, each with a real file: 16-bit
//! tensors, metadata inside the file, half floats, open batches, several outputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use prost::Message;
use serde_json::Value;
use tempfile::TempDir;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType,
    tensor_shape_proto::Dimension, tensor_shape_proto::dimension, type_proto,
};

use crate::common;
use crate::common::TimelyOutput;

fn shutterbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench")).args(arguments).timely_output()
}

/// The rows of a short run.
fn run(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let out = folder.join(format!("run{}", fs::read_dir(folder).unwrap().count()));
    let mut all = vec!["run", "--quiet", "--json", "--runs", "5", "--warmup", "1"];
    all.extend(["--processes", "1", "--out", out.to_str().unwrap()]);
    all.extend(arguments);
    common::rows(&shutterbench(&all), arguments)
}

fn inspected(model: &Path) -> String {
    let output = shutterbench(&["inspect", model.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The TensorFlow Lite files of tests/python/make_models.py.
fn made() -> Option<TempDir> {
    let python = common::python()?;
    let folder = TempDir::new().unwrap();
    let script = common::repository().join("tests/python/make_models.py");
    let output = Command::new(python).arg(script).arg(folder.path()).timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(folder)
}

/// Twelve images of 6x6 pixels in five classes.
fn dataset(folder: &Path) -> PathBuf {
    let images = folder.join("images");
    fs::create_dir(&images).unwrap();
    let mut labels = "file,class_index\n".to_owned();
    for i in 0..12_u8 {
        let name = format!("{i}.png");
        let pixel = |x: u32, y: u32| {
            let value = (x * 40 + y * 17) as u8;
            image::Rgb([value.wrapping_mul(i), value.wrapping_add(i * 9), 255 - value])
        };
        image::RgbImage::from_fn(6, 6, pixel).save(images.join(&name)).unwrap();
        labels += &format!("{name},{}\n", i % 5);
    }
    fs::write(images.join("labels.csv"), labels).unwrap();
    images
}

#[test]
fn sixteen_bit_activations() {
    let Some(folder) = made() else { return };
    let model = folder.path().join("int16x8.tflite");
    let told = inspected(&model);
    assert!(told.contains("int16x8") && told.contains("image [1, 4, 4, 3] int16"), "{told}");
    assert!(told.contains("FULLY_CONNECTED 1"), "{told}");
    let images = dataset(folder.path());
    let rows = run(
        folder.path(),
        &["--model", model.to_str().unwrap(), "--backend", "tflite,litert", "--dataset"]
            .iter()
            .copied()
            .chain([images.to_str().unwrap()])
            .collect::<Vec<_>>(),
    );
    assert_eq!(rows.len(), 3, "{rows:?}");
    for row in rows {
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!((&row["precision"], &row["input_dtype"]), (&"int16x8".into(), &"int16".into()));
        assert_eq!(row["images"], 12, "{row}");
        assert_eq!(row["agreement_top1"], 1.0, "{row}");
    }
}

#[test]
fn normalisation_and_labels_inside_the_file() {
    let Some(folder) = made() else { return };
    let told = inspected(&folder.path().join("metadata.tflite"));
    assert!(told.contains("(pixel - 100) / 50"), "{told}");
    assert!(told.contains("5 in the file: class 0, class 1, class 2, ..."), "{told}");
    assert!(!told.contains("normalisation is not stated"), "{told}");
}

#[test]
fn of_several_outputs_the_one_of_the_labels_is_scored() {
    let Some(folder) = made() else { return };
    let model = folder.path().join("two_outputs.tflite");
    let images = dataset(folder.path());
    let (model, images) = (model.to_str().unwrap(), images.to_str().unwrap());
    let scored = ["--model", model, "--dataset", images, "--backend", "tflite"];
    for row in run(folder.path(), &scored) {
        assert_eq!((&row["status"], &row["classes"]), (&"ok".into(), &5.into()), "{row}");
        assert_eq!(row["images"], 12, "{row}");
        assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0, "{row}");
    }
}

fn tensor_of(name: &str, kind: DataType, dims: &[Option<i64>]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|size| Dimension {
            value: Some(match size {
                Some(size) => dimension::Value::DimValue(*size),
                None => dimension::Value::DimParam("N".into()),
            }),
            ..Dimension::default()
        })
        .collect();
    let shape = Some(TensorShapeProto { dim });
    let tensor = type_proto::Tensor { elem_type: kind as i32, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() }
}

fn node(op: &str, from: &str, to: &str, axis: Option<i64>) -> NodeProto {
    let attribute = axis.map(|i| AttributeProto {
        name: "axis".into(),
        r#type: AttributeType::Int as i32,
        i,
        ..AttributeProto::default()
    });
    NodeProto {
        name: op.into(),
        op_type: op.into(),
        input: vec![from.into()],
        output: vec![to.into()],
        attribute: attribute.into_iter().collect(),
        ..NodeProto::default()
    }
}

/// An ONNX file that averages three channels of 8x8 pixels into three scores.
fn onnx(folder: &Path, name: &str, kind: DataType, batch: Option<i64>) -> PathBuf {
    let graph = GraphProto {
        name: name.into(),
        node: vec![
            node("GlobalAveragePool", "image", "pooled", None),
            node("Flatten", "pooled", "logits", Some(1)),
            node("Softmax", "logits", "scores", Some(1)),
        ],
        input: vec![tensor_of("image", kind, &[batch, Some(3), Some(8), Some(8)])],
        output: vec![tensor_of("scores", kind, &[batch, Some(3)])],
        ..GraphProto::default()
    };
    let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![opset],
        graph: Some(graph),
        ..ModelProto::default()
    };
    let path = folder.join(format!("{name}.onnx"));
    fs::write(&path, model.encode_to_vec()).unwrap();
    path
}

#[test]
fn an_open_batch_is_one_unless_more_are_asked_for() {
    let folder = TempDir::new().unwrap();
    let model = onnx(folder.path(), "open", DataType::Float, None);
    let told = inspected(&model);
    assert!(told.contains("image [N, 3, 8, 8] float32") && told.contains("nchw"), "{told}");
    let model = model.to_str().unwrap();
    let backends = ["--no-accuracy", "--backend", "tract,onnxruntime", "--model", model];
    for batch in ["1", "4"] {
        let rows = run(folder.path(), &[&backends[..], &["--batch", batch]].concat());
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!(row["status"], "ok", "{row}");
            assert_eq!(row["batch"].to_string(), batch, "{row}");
            let [run, image] = ["latency_p50_us", "latency_per_image_us"]
                .map(|column| row[column].as_f64().unwrap());
            let images: f64 = batch.parse().unwrap();
            assert!((image * images - run).abs() < 0.01 * images, "{row}");
            assert_eq!(row["agreement_top1"], 1.0, "{row}");
        }
    }
}

#[test]
fn a_fixed_batch_stays_what_it_is() {
    let folder = TempDir::new().unwrap();
    let model = onnx(folder.path(), "fixed", DataType::Float, Some(1));
    let arguments = ["--no-accuracy", "--batch", "4", "--backend", "onnxruntime", "--model"];
    let arguments = [&arguments[..], &[model.to_str().unwrap()]].concat();
    let rows = run(folder.path(), &arguments);
    assert_eq!(rows[0]["status"], "unsupported", "{}", rows[0]);
    assert!(rows[0]["error"].as_str().unwrap().contains("--batch 4"), "{}", rows[0]);
}

#[test]
fn half_floats_go_in_and_come_out() {
    let folder = TempDir::new().unwrap();
    let model = onnx(folder.path(), "half", DataType::Float16, None);
    let model = model.to_str().unwrap();
    let rows =
        run(folder.path(), &["--no-accuracy", "--backend", "tract,onnxruntime", "--model", model]);
    for row in &rows {
        assert_eq!(row["input_dtype"], "float16", "{row}");
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["agreement_top1"], 1.0, "{row}");
        assert!(row["max_abs_error"].as_f64().unwrap() < 2e-3, "{row}");
    }
    assert_eq!(rows.len(), 2);
}
