//! The numbers that stand in predictions.csv for each way in which a classifier ends. The
//! model says the same of every photo, two logits of 2 and -1, so that they are known.

use std::fs;

use tempfile::TempDir;

use super::made::pb::attribute_proto::AttributeType;
use super::made::pb::tensor_proto::DataType;
use super::made::pb::{AttributeProto, NodeProto, OperatorSetIdProto, ValueInfoProto};
use super::made::{Dim, Size, colours, floats, integers, means, model, node, ran, value, write};
use super::outputs::with_map_output;

const IMAGE: [Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];

/// Photos of two classes, 0 and 1 in turn.
fn two_classes(folder: &TempDir) -> String {
    let images = colours(folder.path());
    let labels: String = (0..12).map(|i| format!("{i}.png,{}\n", i % 2)).collect();
    fs::write(format!("{images}/labels.csv"), format!("file,class_index\n{labels}")).unwrap();
    images
}

/// A model whose `logits` are 2 and -1, and its `single` logit -1, and what `head` makes of
/// them.
fn made(head: Vec<NodeProto>, outputs: Vec<ValueInfoProto>) -> super::made::pb::ModelProto {
    let constant = vec![
        node("MatMul", &["means", "nothing"], "zeros", &[]),
        node("Add", &["zeros", "two"], "logits", &[]),
        node("MatMul", &["means", "none"], "zero", &[]),
        node("Add", &["zero", "one"], "single", &[]),
    ];
    let weights = vec![
        floats("nothing", &[3, 2], &[0.0; 6]),
        floats("none", &[3, 1], &[0.0; 3]),
        floats("two", &[2], &[2.0, -1.0]),
        floats("one", &[1], &[-1.0]),
        integers("flat", &[1], &[-1]),
    ];
    let input = vec![value("image", DataType::Float, Some(&IMAGE))];
    let mut made = model([means(), constant, head].concat(), input, outputs, weights);
    made.opset_import.push(OperatorSetIdProto { domain: "ai.onnx.ml".into(), version: 2 });
    made
}

/// Top-1 and the best classes of the first photo with their scores, two at most.
fn said(folder: &TempDir, path: &str, more: &[&str]) -> (f64, Vec<(i64, f64)>) {
    let images = two_classes(folder);
    let fixed = ["--model", path, "--dataset", &images, "--backend", "onnxruntime"];
    let ran = ran(folder.path(), &[&fixed[..], &["--no-latency"], more].concat());
    let row = ran.row();
    assert_eq!(row["status"], "ok", "{path}: {row}");
    let predictions = fs::read_to_string(ran.folder.join("predictions.csv")).unwrap();
    let lines: Vec<Vec<&str>> = predictions.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| lines[0].iter().position(|it| *it == name).unwrap();
    let best = |rank: usize| {
        let class = lines[1][column(&format!("top{rank}_class"))].parse().ok()?;
        Some((class, lines[1][column(&format!("top{rank}_score"))].parse().unwrap()))
    };
    // The second photo is of class 1, of which a model that tells one class says nothing.
    let rank = lines[2][column("rank_of_label")];
    let tells_all = best(2).is_some();
    assert_eq!(rank, if tells_all { "2" } else { "" }, "{path}");
    (row["top1"].as_f64().unwrap(), (1..=2).filter_map(best).collect())
}

/// What it is, its nodes, its outputs, and the best classes with their scores.
type Head<'a> = (&'a str, Vec<NodeProto>, Vec<ValueInfoProto>, Vec<(i64, f64)>);

#[test]
fn every_head_gives_the_classes_and_scores_that_it_means() {
    let folder = TempDir::new().unwrap();
    let real = |dims: &[Dim]| vec![value("y", DataType::Float, Some(dims))];
    let pair = [Size(1), Size(2)];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    // Of two logits that are 3 apart.
    let best = sigmoid(3.0);
    let softmax = vec![(0, best), (1, 1.0 - best)];
    let single = vec![(0, sigmoid(1.0)), (1, sigmoid(-1.0))];
    let along = &[("axis", 1)][..];
    let cases: [Head; 9] = [
        ("logits", vec![node("Identity", &["logits"], "y", &[])], real(&pair), softmax.clone()),
        (
            "probabilities",
            vec![node("Softmax", &["logits"], "y", along)],
            real(&pair),
            softmax.clone(),
        ),
        (
            "log-probabilities",
            vec![node("LogSoftmax", &["logits"], "y", along)],
            real(&pair),
            softmax.clone(),
        ),
        // Each for itself: they need not sum to 1.
        (
            "two-sigmoids",
            vec![node("Sigmoid", &["logits"], "y", &[])],
            real(&pair),
            vec![(0, sigmoid(2.0)), (1, sigmoid(-1.0))],
        ),
        (
            "one-sigmoid",
            vec![node("Sigmoid", &["single"], "y", &[])],
            real(&[Size(1), Size(1)]),
            single.clone(),
        ),
        (
            "one-sigmoid-flat",
            vec![node("Sigmoid", &["single"], "p", &[]), node("Reshape", &["p", "flat"], "y", &[])],
            real(&[Size(1)]),
            single.clone(),
        ),
        (
            "one-logit",
            vec![node("Identity", &["single"], "y", &[])],
            real(&[Size(1), Size(1)]),
            single,
        ),
        (
            "arg-max",
            vec![node("ArgMax", &["logits"], "y", &[("axis", 1), ("keepdims", 0)])],
            vec![value("y", DataType::Int64, Some(&[Size(1)]))],
            vec![(0, 1.0)],
        ),
        (
            "arg-max-32",
            vec![
                node("ArgMax", &["logits"], "index", &[("axis", 1), ("keepdims", 1)]),
                node("Cast", &["index"], "y", &[("to", DataType::Int32 as i64)]),
            ],
            vec![value("y", DataType::Int32, Some(&[Size(1), Size(1)]))],
            vec![(0, 1.0)],
        ),
    ];
    for (name, head, outputs, expected) in cases {
        let path = write(folder.path(), &format!("{name}.onnx"), &made(head, outputs));
        check(name, &said(&folder, &path, &[]), &expected);
    }
}

fn check(name: &str, (top1, found): &(f64, Vec<(i64, f64)>), expected: &[(i64, f64)]) {
    assert_eq!(*top1, 0.5, "{name}");
    assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
    for ((class, score), (right, expected)) in found.iter().zip(expected) {
        assert_eq!(class, right, "{name}");
        assert!((score - expected).abs() < 1e-5, "{name}: {found:?}");
    }
}

#[test]
fn a_map_of_classes_gives_the_probabilities_in_it() {
    let folder = TempDir::new().unwrap();
    let mut zip = node("ZipMap", &["p"], "map", &[]);
    zip.domain = "ai.onnx.ml".into();
    zip.attribute = vec![AttributeProto {
        name: "classlabels_strings".into(),
        strings: ["other", "red"].map(|name| name.as_bytes().to_vec()).to_vec(),
        r#type: AttributeType::Strings as i32,
        ..AttributeProto::default()
    }];
    let head = vec![node("Softmax", &["logits"], "p", &[("axis", 1)]), zip];
    let path = folder.path().join("map.onnx");
    fs::write(&path, with_map_output(made(head, Vec::new()), "map")).unwrap();
    let best = 1.0 / (1.0 + (-3.0_f64).exp());
    let found = said(&folder, path.to_str().unwrap(), &[]);
    check("map", &found, &[(0, best), (1, 1.0 - best)]);
}
