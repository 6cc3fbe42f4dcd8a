//! Operators of other domains, and those that a file defines itself: named by a runtime without
//! them, and never taken for ONNX's operator of the same name.

use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;

use super::flat;
use super::flat::FirstOperator;
use super::made::pb::tensor_proto::DataType;
use super::made::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, OperatorSetIdProto};
use super::made::{
    Size, colours, floats, inspected, integers, means, model, node, ran, value, write,
};
use crate::common;

/// The means of an image's channels through `op` of `domain`.
fn through(domain: &str, op: &str, more: &[&str]) -> ModelProto {
    let mut foreign = node(op, &[&["means"], more].concat(), "y", &[]);
    foreign.domain = domain.into();
    let mut made = model(
        [means(), vec![foreign]].concat(),
        vec![value("image", DataType::Float, Some(&[Size(1), Size(3), Size(8), Size(8)]))],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
        vec![floats("bias", &[3], &[0.0; 3])],
    );
    made.opset_import.push(OperatorSetIdProto { domain: domain.into(), version: 1 });
    made
}

/// What tract and ONNX Runtime answer, each in its line.
fn answers(path: &str) -> [String; 2] {
    let told = inspected(&[path]);
    ["tract", "onnxruntime"].map(|runtime| {
        let line = told.lines().find(|line| line.split(' ').any(|word| word == runtime));
        line.unwrap_or_else(|| panic!("{runtime}: {told}")).to_owned()
    })
}

#[test]
fn an_operator_of_another_domain_is_none_of_onnx() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "fancy.onnx", &through("com.me", "Fancy", &["bias"]));
    let told = inspected(&[&path]);
    for runtime in ["tract", "ONNX Runtime"] {
        let words = format!("are not ONNX's (com.me:Fancy), which {runtime} does not have");
        assert!(told.contains(&words), "{told}");
    }
    // It has the name of one of ONNX's.
    let path = write(folder.path(), "neg.onnx", &through("com.me", "Neg", &[]));
    for answer in answers(&path) {
        assert!(answer.contains("no: ") && answer.contains("com.me:Neg"), "{answer}");
    }
    // Of these, tract has some, by their names alone.
    for (op, more) in [("BiasGelu", &["bias"][..]), ("QuickGelu", &[]), ("Gelu", &[])] {
        let path = write(folder.path(), &format!("{op}.onnx"), &through("com.microsoft", op, more));
        let [tract, onnxruntime] = answers(&path);
        let words = format!("(com.microsoft:{op}), which tract does not have; use backend onnx");
        assert!(tract.contains(&words), "{tract}");
        assert!(onnxruntime.ends_with("yes"), "{onnxruntime}");
    }
    let path = folder.path().join("Gelu.onnx");
    let images = colours(folder.path());
    let arguments = ["--model", path.to_str().unwrap(), "--dataset", &images];
    let ran = ran(folder.path(), &[&arguments[..], &["--backend", "tract,onnxruntime"]].concat());
    let of = |backend: &str| ran.rows.iter().find(|row| row["backend"] == backend).unwrap();
    assert_eq!(of("tract")["status"], "unsupported", "{}", of("tract"));
    assert!(of("tract")["top1"].is_null() && of("tract")["latency_p50_us"].is_null());
    assert_eq!(of("onnxruntime")["top1"], 1.0, "{}", of("onnxruntime"));
}

/// An operator that no version of ONNX has, in ONNX's own domain.
#[test]
fn an_operator_that_a_runtime_lacks_is_named() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "fancy.onnx", &through("", "Frobnicate", &[]));
    let told = inspected(&[&path]);
    for words in [
        "holds operators that tract does not have (Frobnicate); use backend onnxruntime",
        "holds the operator Frobnicate, which ONNX Runtime ",
        "does not have in the file's opset; run 'shutterbench fetch onnxruntime'",
    ] {
        assert!(told.contains(words), "{told}");
    }
    let images = colours(folder.path());
    let ran = ran(folder.path(), &["--model", &path, "--dataset", &images]);
    assert!(ran.rows.iter().all(|row| row["latency_p50_us"].is_null()));
    assert_eq!(ran.code, Some(1), "nothing was measured");
}

/// What fails while it runs is told without the paths of the machine that built the runtime.
#[test]
fn an_operator_that_fails_is_told_without_its_sources() {
    let folder = TempDir::new().unwrap();
    let image = value("image", DataType::Float, Some(&[Size(1), Size(3), Size(8), Size(8)]));
    let made = model(
        [means(), vec![node("Reshape", &["means", "shape"], "y", &[])]].concat(),
        vec![image],
        vec![value("y", DataType::Float, Some(&[Size(1), Size(7)]))],
        vec![integers("shape", &[2], &[1, 7])],
    );
    let path = write(folder.path(), "reshaped.onnx", &made);
    let ran = ran(folder.path(), &["--model", &path, "--backend", "onnxruntime,tract"]);
    assert_eq!((ran.code, ran.rows.len()), (Some(1), 2));
    for row in &ran.rows {
        let error = row["error"].as_str().unwrap();
        assert!(error.to_lowercase().contains("reshape"), "{error}");
        assert!(!error.contains("_src") && !error.contains("::"), "{error}");
    }
    let tract = ran.rows.iter().find(|row| row["backend"] == "tract").unwrap();
    assert!(tract["error"].as_str().unwrap().ends_with("; try backend onnxruntime"), "{tract}");
}

/// A function of the name of one of ONNX's operators does something else: tract would run that.
#[test]
fn an_operator_that_the_file_defines_is_not_taken_for_onnxs() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let mut made = through("mine", "Neg", &[]);
    let import = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    made.functions.push(FunctionProto {
        domain: Some("mine".into()),
        name: Some("Neg".into()),
        input: vec!["of".into()],
        output: vec!["same".into()],
        node: vec![node("Identity", &["of"], "same", &[])],
        opset_import: vec![import("", 13)],
        ..FunctionProto::default()
    });
    let path = write(folder.path(), "own.onnx", &made);
    let [tract, onnxruntime] = answers(&path);
    let words =
        "it defines operators of its own (mine:Neg), which tract does not read; use backend";
    assert!(tract.contains(words), "{tract}");
    assert!(onnxruntime.ends_with("yes"), "{onnxruntime}");
    let arguments = ["--model", &path, "--dataset", &images, "--backend", "onnxruntime"];
    assert_eq!(ran(folder.path(), &arguments).row()["top1"], 1.0);
}

/// In a branch of an `If`.
#[test]
fn graphs_inside_operators_are_looked_through() {
    let folder = TempDir::new().unwrap();
    let mut made = through("com.microsoft", "Gelu", &[]);
    let graph = made.graph.as_mut().unwrap();
    let gelu = graph.node.pop().unwrap();
    let branch = |name: &str, node| AttributeProto {
        name: name.into(),
        r#type: super::made::pb::attribute_proto::AttributeType::Graph as i32,
        g: Some(GraphProto {
            name: name.into(),
            node: vec![node],
            output: vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))],
            ..GraphProto::default()
        }),
        ..AttributeProto::default()
    };
    let mut choice = node("If", &["is_wanted"], "y", &[]);
    choice.attribute = vec![
        branch("then_branch", gelu),
        branch("else_branch", node("Identity", &["means"], "y", &[])),
    ];
    graph.node.push(node("ReduceSum", &["means"], "sum", &[("keepdims", 0)]));
    graph.node.push(node("Cast", &["sum"], "is_wanted", &[("to", DataType::Bool as i64)]));
    graph.node.push(choice);
    let path = write(folder.path(), "branch.onnx", &made);
    let [tract, onnxruntime] = answers(&path);
    assert!(tract.contains("(com.microsoft:Gelu), which tract does not have"), "{tract}");
    assert!(onnxruntime.ends_with("yes"), "{onnxruntime}");
}

/// Runtimes of TensorFlow Lite do not say what they lack: the usual remedy is there anyway.
#[test]
fn an_operator_that_is_too_new_leads_to_the_remedy() {
    if !common::has_runtimes(&[BackendKind::Tflite, BackendKind::Litert]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let of = |name: &str, first: &FirstOperator| {
        let path = folder.path().join(name);
        let file = flat::plain(flat::Stored::Inside(flat::right()));
        std::fs::write(&path, file.packed_with(first)).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let arguments = ["--model", &path, "--backend", "tflite,litert", "--delegate", "none"];
        let ran = ran(folder.path(), &[&arguments[..], &["--no-accuracy"]].concat());
        assert_eq!(ran.rows.len(), 2);
        ran
    };
    let known = of("known.tflite", &FirstOperator::Known);
    assert!(known.rows.iter().all(|row| row["status"] == "ok"), "{:?}", known.rows);
    let new = of("new.tflite", &FirstOperator::Version(99));
    for row in &new.rows {
        let error = row["error"].as_str().unwrap();
        let fetch = format!("run 'shutterbench fetch {}'", row["backend"].as_str().unwrap());
        assert!(error.contains("newer than the runtime") && error.contains(&fetch), "{error}");
    }
    assert_eq!(new.code, Some(1));
    let custom = of("custom.tflite", &FirstOperator::Custom("MyPool"));
    for row in &custom.rows {
        assert_eq!(row["status"], "unsupported", "{row}");
        let error = row["error"].as_str().unwrap();
        assert!(error.contains("holds custom operators (MyPool)"), "{error}");
    }
    assert_eq!(custom.code, Some(1));
}
