//! Whatever form a classifier's answer has, it is read as what it is.

use prost::Message;
use tempfile::TempDir;

use super::flat;
use super::made::pb::tensor_proto::DataType;
use super::made::pb::{AttributeProto, NodeProto, ValueInfoProto};
use super::made::{
    Named, Ran, Size, colours, floats, inspected, integers, means, model, node, ran, refused,
    value, write,
};

const IMAGE: [super::made::Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];

/// A model of `nodes` behind the means of the channels, with these outputs.
fn made(
    folder: &TempDir,
    name: &str,
    nodes: Vec<NodeProto>,
    outputs: Vec<ValueInfoProto>,
    weights: Vec<super::made::pb::TensorProto>,
) -> String {
    let nodes = [means(), nodes].concat();
    let input = vec![value("image", DataType::Float, Some(&IMAGE))];
    write(folder.path(), name, &model(nodes, input, outputs, weights))
}

fn scored(folder: &TempDir, model: &str, more: &[&str]) -> Ran {
    let images = colours(folder.path());
    let arguments =
        ["--model", model, "--dataset", &images, "--backend", "onnxruntime", "--no-latency"];
    ran(folder.path(), &[&arguments[..], more].concat())
}

/// What run.json says of the output that is scored.
fn decided(ran: &Ran) -> serde_json::Value {
    ran.json()["scored"][0].clone()
}

#[test]
fn shapes_with_one_long_axis_are_scores() {
    let folder = TempDir::new().unwrap();
    let shapes: [(&str, &[i64]); 4] =
        [("flat", &[3]), ("nhwc", &[1, 1, 1, 3]), ("nchw", &[1, 3, 1, 1]), ("row", &[1, 3])];
    for (name, shape) in shapes {
        let dims: Vec<_> = shape.iter().map(|size| Size(*size)).collect();
        let reshape = vec![node("Reshape", &["means", "shape"], "y", &[])];
        let weights = vec![integers("shape", &[shape.len() as i64], shape)];
        let output = vec![value("y", DataType::Float, Some(&dims))];
        let path = made(&folder, &format!("{name}.onnx"), reshape.clone(), output, weights.clone());
        let ran = scored(&folder, &path, &[]);
        assert_eq!((&ran.row()["top1"], &ran.row()["classes"]), (&1.0.into(), &3.into()), "{name}");
        // The same without a stated shape: a run shows it.
        let output = vec![value("y", DataType::Float, None)];
        let path = made(&folder, &format!("{name}_unstated.onnx"), reshape, output, weights);
        assert!(inspected(&[&path]).contains("without a stated shape"));
        let ran = scored(&folder, &path, &[]);
        assert_eq!((&ran.row()["top1"], &ran.row()["classes"]), (&1.0.into(), &3.into()), "{name}");
    }
}

#[test]
fn of_several_outputs_the_one_that_fits_is_scored() {
    let folder = TempDir::new().unwrap();
    let features = vec![
        node("Concat", &["means", "means"], "six", &[("axis", 1)]),
        node("Identity", &["means"], "y", &[]),
        node("Neg", &["means"], "worst", &[]),
    ];
    let outputs = |names: &[(&str, i64)]| {
        let output = |(name, size): &(&str, i64)| {
            value(name, DataType::Float, Some(&[Size(1), Size(*size)]))
        };
        names.iter().map(output).collect::<Vec<_>>()
    };
    let fits = outputs(&[("six", 6), ("y", 3)]);
    let path = made(&folder, "fits.onnx", features.clone(), fits, Vec::new());
    let ran = scored(&folder, &path, &[]);
    assert_eq!(ran.row()["top1"], 1.0);
    assert!(ran.json()["assumptions"].to_string().contains("output 'y' is scored"));
    // Both fit: the first one, unless another is named by its name or place.
    let both = outputs(&[("worst", 3), ("y", 3)]);
    let path = made(&folder, "both.onnx", features.clone(), both, Vec::new());
    assert_eq!(scored(&folder, &path, &[]).row()["top1"], 0.0);
    for named in ["y", "1"] {
        assert_eq!(scored(&folder, &path, &["--output", named]).row()["top1"], 1.0);
    }
    std::fs::write(folder.path().join("both.toml"), "scored_output = \"y\"\n").unwrap();
    assert_eq!(scored(&folder, &path, &[]).row()["top1"], 1.0);
    let images = colours(folder.path());
    let said = refused(&["--model", &path, "--dataset", &images, "--output", "z", "--no-latency"]);
    assert!(said.contains("no output 'z'") && said.contains("'worst' [1, 3]"), "{said}");
    let none = outputs(&[("six", 6), ("twelve", 12)]);
    let twelve = node("Concat", &["six", "six"], "twelve", &[("axis", 1)]);
    let path = made(&folder, "none.onnx", [features, vec![twelve]].concat(), none, Vec::new());
    let said = refused(&["--model", &path, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("--output"), "{said}");
}

/// Photos of two classes: 0 is red, 1 is not.
fn two_classes(folder: &TempDir) -> String {
    let images = colours(folder.path());
    let labels: String = (0..12).map(|i| format!("{i}.png,{}\n", i32::from(i % 3 != 0))).collect();
    std::fs::write(format!("{images}/labels.csv"), format!("file,class_index\n{labels}")).unwrap();
    images
}

#[test]
fn one_score_tells_two_classes_apart() {
    let folder = TempDir::new().unwrap();
    let images = two_classes(&folder);
    // Green and blue less red, which is 60 too much for a red photo.
    let weights = vec![floats("weights", &[3, 1], &[-1.0, 0.6, 0.6])];
    let score = node("MatMul", &["means", "weights"], "z", &[]);
    let shapes: [&[_]; 2] = [&[Size(1), Size(1)], &[Size(1)]];
    for (case, shape) in shapes.into_iter().enumerate() {
        let [mut logit, mut share] = [
            vec![score.clone(), node("Reshape", &["z", "shape"], "y", &[])],
            vec![
                score.clone(),
                node("Sigmoid", &["z"], "p", &[]),
                node("Reshape", &["p", "shape"], "y", &[]),
            ],
        ];
        let weights = || {
            let ones = vec![1; shape.len()];
            [weights.clone(), vec![integers("shape", &[ones.len() as i64], &ones)]].concat()
        };
        for (name, nodes) in [("logit", &mut logit), ("sigmoid", &mut share)] {
            let output = vec![value("y", DataType::Float, Some(shape))];
            let path =
                made(&folder, &format!("{name}{case}.onnx"), nodes.clone(), output, weights());
            let arguments = ["--model", &path, "--dataset", &images, "--no-latency"];
            let ran = ran(folder.path(), &[&arguments[..], &["--backend", "onnxruntime"]].concat());
            let row = ran.row();
            assert_eq!((&row["top1"], &row["classes"]), (&1.0.into(), &2.into()), "{name} {row}");
            let kind = if name == "logit" { "logits" } else { "sigmoid" };
            assert_eq!(decided(&ran)["kind"], kind);
        }
    }
}

#[test]
fn what_scores_are_is_decided_once_and_said() {
    let folder = TempDir::new().unwrap();
    let last = |op: &str| vec![node(op, &["means"], "y", &[])];
    let output = || vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))];
    for (op, kind) in
        [("Softmax", "probabilities"), ("LogSoftmax", "log-probabilities"), ("Sigmoid", "sigmoid")]
    {
        let path = made(&folder, &format!("{op}.onnx"), last(op), output(), Vec::new());
        assert!(inspected(&[&path]).contains(&format!("{kind}, by the operator")), "{op}");
        let ran = scored(&folder, &path, &[]);
        assert_eq!((&ran.row()["top1"], &decided(&ran)["kind"]), (&1.0.into(), &kind.into()));
        std::fs::write(folder.path().join(format!("{op}.toml")), "output = \"logits\"\n").unwrap();
        assert_eq!(decided(&scored(&folder, &path, &[]))["kind"], "logits");
    }
    // No operator shows it: the photos do. Their means sum to anything.
    let path = made(&folder, "tanh.onnx", last("Neg"), output(), Vec::new());
    let ran = scored(&folder, &path, &[]);
    assert_eq!(decided(&ran)["kind"], "logits");
    assert!(ran.json()["assumptions"].to_string().contains("its scores are logits, by"));
}

#[test]
fn a_class_alone_has_no_top5() {
    let folder = TempDir::new().unwrap();
    let argmax = node("ArgMax", &["means"], "y", &[("axis", 1), ("keepdims", 0)]);
    let output = vec![value("y", DataType::Int64, Some(&[Size(1)]))];
    let path = made(&folder, "index.onnx", vec![argmax], output, Vec::new());
    let ran = scored(&folder, &path, &[]);
    assert_eq!((&ran.row()["top1"], &ran.row()["top5"]), (&1.0.into(), &serde_json::Value::Null));
    assert!(inspected(&[&path]).contains("the index of the best class"));
}

fn attribute(name: &str) -> AttributeProto {
    AttributeProto { name: name.into(), ..AttributeProto::default() }
}

/// Of the domain of classical models, as its converters write it.
fn of_ml(mut model: super::made::pb::ModelProto) -> super::made::pb::ModelProto {
    let domain = super::made::pb::OperatorSetIdProto { domain: "ai.onnx.ml".into(), version: 2 };
    model.opset_import.push(domain);
    for node in model.graph.iter_mut().flat_map(|graph| &mut graph.node) {
        if ["ZipMap", "LabelEncoder"].contains(&node.op_type.as_str()) {
            node.domain = "ai.onnx.ml".into();
        }
    }
    model
}

/// A model's file with one more output, a sequence of maps from texts to floats, of which
/// the reader's schema here knows nothing.
pub fn with_map_output(mut model: super::made::pb::ModelProto, name: &str) -> Vec<u8> {
    let message = |field: u8, bytes: &[u8]| {
        [&[field << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    };
    let float = message(1, &[1 << 3, DataType::Float as u8]);
    let map = [&[1 << 3, DataType::String as u8][..], &message(2, &float)].concat();
    let sequence = message(1, &message(5, &map));
    let output = [message(1, name.as_bytes()), message(2, &message(4, &sequence))].concat();
    let mut graph = model.graph.take().unwrap().encode_to_vec();
    graph.extend(message(12, &output));
    let mut bytes = model.encode_to_vec();
    bytes.push(7 << 3 | 2);
    prost::encode_length_delimiter(graph.len(), &mut bytes).unwrap();
    [bytes, graph].concat()
}

#[test]
fn names_and_maps_of_classes_are_read() {
    let folder = TempDir::new().unwrap();
    let names = ["red", "green", "blue"].map(|name| name.as_bytes().to_vec()).to_vec();
    let strings = |name: &str| AttributeProto {
        strings: names.clone(),
        r#type: super::made::pb::attribute_proto::AttributeType::Strings as i32,
        ..attribute(name)
    };
    let mut zip = node("ZipMap", &["p"], "map", &[]);
    zip.attribute = vec![strings("classlabels_strings")];
    let mut encode = node("LabelEncoder", &["index"], "label", &[]);
    encode.attribute = vec![
        AttributeProto {
            ints: vec![0, 1, 2],
            r#type: super::made::pb::attribute_proto::AttributeType::Ints as i32,
            ..attribute("keys_int64s")
        },
        strings("values_strings"),
    ];
    let nodes = [
        means(),
        vec![
            node("Softmax", &["means"], "p", &[("axis", 1)]),
            zip,
            node("ArgMax", &["means"], "index", &[("axis", 1), ("keepdims", 0)]),
            encode,
        ],
    ]
    .concat();
    let input = || vec![value("image", DataType::Float, Some(&IMAGE))];
    let label = value("label", DataType::String, Some(&[Named("N")]));
    let both = model(nodes, input(), vec![label], Vec::new());
    let path = folder.path().join("azure.onnx");
    std::fs::write(&path, with_map_output(of_ml(both), "map")).unwrap();
    let path = path.to_str().unwrap();
    let named = colours(folder.path());
    let labels: String =
        (0..12).map(|i| format!("{i}.png,{}\n", ["red", "green", "blue"][i % 3])).collect();
    std::fs::write(format!("{named}/labels.csv"), format!("file,label\n{labels}")).unwrap();
    let arguments =
        ["--model", path, "--dataset", &named, "--no-latency", "--backend", "onnxruntime"];
    let by_map = ran(folder.path(), &arguments);
    assert_eq!(by_map.row()["top1"], 1.0, "{}", by_map.row());
    assert_eq!((&decided(&by_map)["index"], by_map.code), (&1.into(), Some(0)));
    let by_name = ran(folder.path(), &[&arguments[..], &["--output", "label"]].concat());
    assert_eq!(by_name.row()["top1"], 1.0, "{}", by_name.row());
    assert!(by_name.row()["top5"].is_null());
}

#[test]
fn no_number_never_counts_and_is_said() {
    let folder = TempDir::new().unwrap();
    // The root of what is below zero.
    let broken = vec![node("Neg", &["means"], "less", &[]), node("Sqrt", &["less"], "y", &[])];
    let output = vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))];
    let path = made(&folder, "nan.onnx", broken, output, Vec::new());
    let images = colours(folder.path());
    let more = ["--scale", "1", "--mean", "-1"];
    let arguments = ["--model", &path, "--dataset", &images, "--backend", "onnxruntime,tract"];
    let ran = ran(folder.path(), &[&arguments[..], &more].concat());
    for row in &ran.rows {
        // Of three classes there is no Top-5.
        assert_eq!((&row["top1"], &row["top5"]), (&0.0.into(), &serde_json::Value::Null), "{row}");
        assert_eq!(row["agreement_top1"], 0.0, "{row}");
    }
    let counted = &ran.json()["accuracies"][0]["images_with_a_score_that_is_no_number"];
    assert_eq!(*counted, 12, "{}", ran.json()["accuracies"][0]);
    let report = std::fs::read_to_string(ran.folder.join("report.md")).unwrap();
    assert!(report.contains("not a number"), "{report}");
}

/// `TopK` sorts: its first score is always the best, whatever class it is of.
#[test]
fn what_a_graph_has_sorted_is_no_score_of_the_first_class() {
    let folder = TempDir::new().unwrap();
    let mut sort = node("TopK", &["means", "k"], "best", &[("axis", 1)]);
    sort.output.push("places".into());
    let weights = || vec![integers("k", &[1], &[2])];
    let best = || value("best", DataType::Float, Some(&[Size(1), Size(2)]));
    let places = value("places", DataType::Int64, Some(&[Size(1), Size(2)]));
    let path = made(&folder, "both.onnx", vec![sort.clone()], vec![best(), places], weights());
    let ran = scored(&folder, &path, &[]);
    assert_eq!(ran.row()["top1"], 1.0, "{}", ran.row());
    assert!(ran.json()["assumptions"].to_string().contains("output 'places' is scored"));
    let path = made(&folder, "scores.onnx", vec![sort], vec![best()], weights());
    let images = colours(folder.path());
    let said = refused(&["--model", &path, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("is sorted") && said.contains("without TopK"), "{said}");
    // An index is one as a real number too.
    let nodes = vec![
        node("ArgMax", &["means"], "index", &[("axis", 1)]),
        node("Cast", &["index"], "y", &[("to", DataType::Float as i64)]),
    ];
    let output = vec![value("y", DataType::Float, Some(&[Size(1), Size(1)]))];
    let path = made(&folder, "real.onnx", nodes, output, Vec::new());
    let ran = scored(&folder, &path, &[]);
    assert_eq!((&ran.row()["top1"], &ran.row()["top5"]), (&1.0.into(), &serde_json::Value::Null));
}

#[test]
fn an_output_of_truth_values_is_no_classifiers() {
    let folder = TempDir::new().unwrap();
    let cast = node("Cast", &["means"], "y", &[("to", DataType::Bool as i64)]);
    let output = vec![value("y", DataType::Bool, Some(&[Size(1), Size(3)]))];
    let path = made(&folder, "bool.onnx", vec![cast], output, Vec::new());
    let images = colours(folder.path());
    let said = refused(&["--model", &path, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("holds true or false, not scores; export it with its scores"), "{said}");
}

#[test]
fn a_detector_of_objects_is_named_before_it_is_run() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let file = flat::plain(flat::Stored::Inside(flat::right()));
    let first = flat::FirstOperator::Custom("TFLite_Detection_PostProcess");
    let boxes = folder.path().join("boxes.tflite");
    std::fs::write(&boxes, file.packed_with(&first)).unwrap();
    let boxes = boxes.to_str().unwrap();
    let said = refused(&["--model", boxes, "--dataset", &images, "--no-latency"]);
    assert!(
        said.contains("is a detector of objects (operator TFLite_Detection_PostProcess)")
            && said.contains("--no-accuracy"),
        "{said}"
    );
}
