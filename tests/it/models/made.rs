//! Small ONNX files, made operator by operator, and photos whose class a model of means
//! cannot miss.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use prost::Message;
use serde_json::Value;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto::AttributeType, type_proto,
};

use crate::common;
use crate::common::TimelyOutput;

pub use tract_onnx::pb;

/// A dimension of a value.
#[derive(Clone, Copy)]
pub enum Dim {
    /// Fixed.
    Size(i64),
    /// Open, with a name.
    Named(&'static str),
    /// Open.
    Open,
}

pub use Dim::{Named, Open, Size};

/// A value of a graph; without dimensions it has no stated shape.
pub fn value(name: &str, kind: DataType, dims: Option<&[Dim]>) -> ValueInfoProto {
    let dimension = |dim: &Dim| Dimension {
        value: match dim {
            Size(size) => Some(dimension::Value::DimValue(*size)),
            Named(name) => Some(dimension::Value::DimParam((*name).into())),
            Open => None,
        },
        ..Dimension::default()
    };
    let shape = dims.map(|dims| TensorShapeProto { dim: dims.iter().map(dimension).collect() });
    let tensor = type_proto::Tensor { elem_type: kind as i32, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() }
}

/// An operator with integer attributes.
pub fn node(op: &str, from: &[&str], to: &str, attributes: &[(&str, i64)]) -> NodeProto {
    let attribute = |(name, i): &(&str, i64)| AttributeProto {
        name: (*name).into(),
        r#type: AttributeType::Int as i32,
        i: *i,
        ..AttributeProto::default()
    };
    NodeProto {
        name: format!("{op}-{to}"),
        op_type: op.into(),
        input: from.iter().map(|name| (*name).into()).collect(),
        output: vec![to.into()],
        attribute: attributes.iter().map(attribute).collect(),
        ..NodeProto::default()
    }
}

/// A weight.
pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A weight of whole numbers.
pub fn integers(name: &str, dims: &[i64], values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Int64 as i32,
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A model of these parts.
pub fn model(
    nodes: Vec<NodeProto>,
    input: Vec<ValueInfoProto>,
    output: Vec<ValueInfoProto>,
    initializer: Vec<TensorProto>,
) -> ModelProto {
    let graph = GraphProto {
        name: "made".into(),
        node: nodes,
        input,
        output,
        initializer,
        ..GraphProto::default()
    };
    ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 13 }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// The operators that make the mean of each channel of `image`, `means`: `[N, 3]`.
pub fn means() -> Vec<NodeProto> {
    vec![
        node("GlobalAveragePool", &["image"], "pooled", &[]),
        node("Flatten", &["pooled"], "means", &[("axis", 1)]),
    ]
}

/// A model whose scores are the means of the channels of images of these dimensions.
pub fn mean_model(image: &[Dim]) -> ModelProto {
    let batch = image[0];
    model(
        means(),
        vec![value("image", DataType::Float, Some(image))],
        vec![value("means", DataType::Float, Some(&[batch, Size(3)]))],
        Vec::new(),
    )
}

/// Writes a model.
pub fn write(folder: &Path, name: &str, model: &ModelProto) -> String {
    let path = folder.join(name);
    fs::write(&path, model.encode_to_vec()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Twelve photos that are mostly red, green or blue: classes 0, 1 and 2.
pub fn colours(folder: &Path) -> String {
    let images = folder.join("colours");
    fs::create_dir_all(&images).unwrap();
    let mut labels = "file,class_index\n".to_owned();
    for i in 0..12_u8 {
        let class = usize::from(i % 3);
        let name = format!("{i}.png");
        let pixel = |x: u32, y: u32| {
            let mut pixel = [(x * 3 + y * 5) as u8 + i; 3];
            pixel[class] += 120;
            image::Rgb(pixel)
        };
        image::RgbImage::from_fn(10, 10, pixel).save(images.join(&name)).unwrap();
        labels += &format!("{name},{class}\n");
    }
    fs::write(images.join("labels.csv"), labels).unwrap();
    images.to_str().unwrap().to_owned()
}

pub fn shutterbench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shutterbench")).args(arguments).timely_output()
}

/// What is printed about a model.
pub fn inspected(arguments: &[&str]) -> String {
    let output = shutterbench(&[&["inspect"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The sentence with which a run is refused before anything is started.
pub fn refused(arguments: &[&str]) -> String {
    let output = shutterbench(&[&["run", "--quiet"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

/// A short run.
pub struct Ran {
    /// Its rows.
    pub rows: Vec<Value>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its exit code.
    pub code: Option<i32>,
}

impl Ran {
    /// run.json.
    pub fn json(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join("run.json")).unwrap()).unwrap()
    }

    /// The only row.
    pub fn row(&self) -> &Value {
        let [row] = self.rows.as_slice() else { panic!("{} rows", self.rows.len()) };
        row
    }
}

/// Runs the program for a few inferences of every case.
pub fn ran(folder: &Path, arguments: &[&str]) -> Ran {
    let out = folder.join(format!("run{}", fs::read_dir(folder).unwrap().count()));
    let mut all = vec!["run", "--quiet", "--json", "--runs", "5", "--warmup", "1"];
    all.extend(["--processes", "1", "--out", out.to_str().unwrap()]);
    all.extend(arguments);
    let output = shutterbench(&all);
    Ran { rows: common::rows(&output, arguments), folder: out, code: output.status.code() }
}
