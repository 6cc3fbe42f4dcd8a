//! The node of a delegate that computes something else is named, wherever it is; healthy ones have
//! none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use shutterbench::dataset::entries::Dataset;
use shutterbench::record::backend_kind::BackendKind;
use tempfile::TempDir;
use tract_onnx::pb::tensor_proto::DataType;
use tract_tflite::tflite::{self as schema, BuiltinOperator, BuiltinOptions, TensorType};

use crate::common::{TimelyOutput, has_runtimes, repository, softmax_delegate};
use crate::models::made;
use crate::provider_libraries;

/// Nodes in a row, on ten scores.
const NODES: i32 = 3;
/// With one more, the fault of each of the first three can stay inside.
const LONGER: i32 = NODES + 1;

type Builder = FlatBufferBuilder<'static>;

fn tensor(b: &mut Builder, index: i32) -> WIPOffset<schema::Tensor<'static>> {
    let arguments = schema::TensorArgs {
        shape: Some(b.create_vector(&[1, 10])),
        name: Some(b.create_string(&format!("after {index}"))),
        type_: TensorType::FLOAT32,
        buffer: 0,
        ..Default::default()
    };
    schema::Tensor::create(b, &arguments)
}

fn softmax(b: &mut Builder, index: i32) -> WIPOffset<schema::Operator<'static>> {
    let options = schema::SoftmaxOptions::create(b, &schema::SoftmaxOptionsArgs { beta: 1.0 });
    let arguments = schema::OperatorArgs {
        opcode_index: 0,
        inputs: Some(b.create_vector(&[index])),
        outputs: Some(b.create_vector(&[index + 1])),
        builtin_options_type: BuiltinOptions::SoftmaxOptions,
        builtin_options: Some(options.as_union_value()),
        ..Default::default()
    };
    schema::Operator::create(b, &arguments)
}

/// A file of `nodes` softmaxes in a row.
fn chain(nodes: i32) -> Vec<u8> {
    let mut builder = Builder::new();
    let b = &mut builder;
    let tensors: Vec<_> = (0..=nodes).map(|index| tensor(b, index)).collect();
    let operators: Vec<_> = (0..nodes).map(|index| softmax(b, index)).collect();
    let graph = schema::SubGraphArgs {
        tensors: Some(b.create_vector(&tensors)),
        inputs: Some(b.create_vector(&[0])),
        outputs: Some(b.create_vector(&[nodes])),
        operators: Some(b.create_vector(&operators)),
        name: Some(b.create_string("main")),
    };
    let graph = schema::SubGraph::create(b, &graph);
    let code = schema::OperatorCodeArgs {
        deprecated_builtin_code: i8::try_from(BuiltinOperator::SOFTMAX.0).unwrap(),
        builtin_code: BuiltinOperator::SOFTMAX,
        version: 1,
        ..Default::default()
    };
    let code = schema::OperatorCode::create(b, &code);
    let empty = schema::Buffer::create(b, &schema::BufferArgs::default());
    let arguments = schema::ModelArgs {
        version: 3,
        operator_codes: Some(b.create_vector(&[code])),
        subgraphs: Some(b.create_vector(&[graph])),
        buffers: Some(b.create_vector(&[empty])),
        ..Default::default()
    };
    let model = schema::Model::create(b, &arguments);
    b.finish(model, Some("TFL3"));
    b.finished_data().to_vec()
}

/// Exit code and text of a search in a run of `model` with `delegate`, without photos.
fn searched(root: &Path, model: &str, delegate: &str) -> (Option<i32>, String) {
    searched_on(root, model, delegate, &["--no-accuracy"])
}

/// The same in a run with what `more` asks for.
fn searched_on(root: &Path, model: &str, delegate: &str, more: &[&str]) -> (Option<i32>, String) {
    searched_with(root, model, ("tflite", delegate), more)
}

/// The same with any backend.
fn searched_with(
    root: &Path,
    model: &str,
    (backend, delegate): (&str, &str),
    more: &[&str],
) -> (Option<i32>, String) {
    let folder = TempDir::new_in(root).unwrap();
    let run: PathBuf = folder.path().join("run");
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(["run", "--quiet", "--runs", "5", "--min-seconds", "0"]).args(more);
    command.args(["--warmup", "1", "--processes", "1", "--backend", backend]);
    command.args(["--model", model, "--delegate", delegate, "--out"]).arg(&run);
    let measured = command.timely_output();
    assert!(run.join("journal.jsonl").is_file(), "{measured:?}");
    culprit_of(&run, "*")
}

/// Exit code and text of a search in the one case of a run that `case` means.
fn culprit_of(run: &Path, case: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .arg("profile")
        .arg(run)
        .args([case, "--culprit"])
        .timely_output();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said.into_owned())
}

#[test]
fn the_broken_node_is_named_in_each_position() {
    let Some(delegate) = softmax_delegate() else { return };
    let root = TempDir::new().unwrap();
    let model = root.path().join("chain.tflite");
    fs::write(&model, chain(NODES)).unwrap();
    let model = model.to_str().unwrap();
    for position in 0..NODES {
        let wrong = format!("external:{}?wrong={}", delegate.display(), position + 1);
        let (code, said) = searched(root.path(), model, &wrong);
        let expected = format!("node {position}, SOFTMAX 'after {}'", position + 1);
        assert!(code == Some(1) && said.contains(&expected), "{code:?} {said}");
        assert!(said.contains(&format!("the {position} nodes before it agree")), "{said}");
        let alone = format!("wrong as soon as node {position} is delegated");
        assert!(said.contains(&alone), "{said}");
        // These take no photo.
        assert!(said.contains("largest on random input"), "{said}");
    }
    let healthy = format!("external:{}", delegate.display());
    let (code, said) = searched(root.path(), model, &healthy);
    assert!(code == Some(0) && said.contains("no node differs"), "{code:?} {said}");
    assert!(said.contains("3 compared") && !said.contains("delegated"), "{said}");
}

#[test]
fn nodes_that_are_wrong_only_together_are_named_in_each_position() {
    let Some(delegate) = softmax_delegate() else { return };
    let root = TempDir::new().unwrap();
    let model = root.path().join("chain.tflite");
    fs::write(&model, chain(LONGER)).unwrap();
    let model = model.to_str().unwrap();
    let broken = |position: i32, more: &str| {
        let inside = format!("external:{}?inside={}{more}", delegate.display(), position + 1);
        searched(root.path(), model, &inside)
    };
    for position in 0..NODES {
        let (code, said) = broken(position, "");
        assert_eq!(code, Some(1), "{said}");
        // A cut behind the node has what it makes leave the delegate, which mends it.
        assert!(!said.contains(&format!("node {position}, SOFTMAX")), "{said}");
        let range = format!("nodes {position} to {} are delegated together", position + 1);
        assert!(said.contains(&range), "{said}");
    }
    let (code, said) = broken(0, "&whole=1");
    let reason = "the delegate does not take first_delegate_node_index";
    assert!(code == Some(1) && said.contains(reason), "{code:?} {said}");
}

#[test]
fn a_healthy_delegate_has_no_culprit() {
    if !has_runtimes(&[BackendKind::Tflite]) {
        return;
    }
    let root = TempDir::new().unwrap();
    for model in ["fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.25_int8"] {
        let (code, said) = searched(root.path(), model, "xnnpack");
        assert!(code == Some(0) && said.contains("no node differs"), "{model} {code:?} {said}");
    }
}

#[test]
fn the_photo_that_shows_it_is_named() {
    let Some(delegate) = softmax_delegate() else { return };
    let root = TempDir::new().unwrap();
    let photos = repository().join("models/fashion-mnist/validation");
    let more = ["--dataset", photos.to_str().unwrap(), "--images", "12"];
    let model = "fmnist_mobilenet_v1_0.25_f32";
    let wrong = format!("external:{}?wrong=1", delegate.display());
    let (code, said) = searched_on(root.path(), model, &wrong, &more);
    assert!(code == Some(1) && said.contains("SOFTMAX"), "{code:?} {said}");
    let (_, photo) = said.split_once("largest on photo ").unwrap_or_else(|| panic!("{said}"));
    let photo = photo.lines().next().unwrap_or_default().to_owned();
    let dataset = Dataset::open(&photos).unwrap();
    assert!(dataset.entries.iter().any(|entry| entry.file == photo), "{photo}");
}

#[test]
fn a_healthy_backend_of_onnx_files_has_no_culprit() {
    if !has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let root = TempDir::new().unwrap();
    let model = "fmnist_mobilenet_v1_0.25_f32_onnx";
    let (code, said) = searched_with(root.path(), model, ("tract", "none"), &["--no-accuracy"]);
    assert!(code == Some(0) && said.contains("no node differs"), "{code:?} {said}");
    let (_, compared) = said.split_once("own kernels: ").unwrap();
    let count: usize = compared.split_once(" compared").unwrap().0.parse().unwrap();
    assert!(count > 15 && !said.contains("was not compared"), "{said}");
}

/// An ONNX file of sigmoids in a row, of which one makes way for a product whose results are
/// denormal: nearer to 0 than numbers of full precision, and 0 to whatever counts those as 0.
fn chain_with_denormals(folder: &Path, position: Option<i32>) -> String {
    let name = |index: i32| if index == 0 { "x".to_owned() } else { format!("after {index}") };
    let nodes = (0..NODES).map(|index| {
        let (from, to) = (name(index), name(index + 1));
        if Some(index) == position {
            made::node("Mul", &[&from, "tiny"], &to, &[])
        } else {
            made::node("Sigmoid", &[&from], &to, &[])
        }
    });
    let end = |name: &str| {
        vec![made::value(name, DataType::Float, Some(&[made::Size(1), made::Size(10)]))]
    };
    let tiny = position.map(|_| made::floats("tiny", &[1], &[1e-39]));
    let ends = (end("x"), end(&name(NODES)));
    let model = made::model(nodes.collect(), ends.0, ends.1, tiny.into_iter().collect());
    let file = position.map_or("healthy.onnx".to_owned(), |at| format!("denormal_{at}.onnx"));
    made::write(folder, &file, &model)
}

#[test]
fn the_node_of_an_onnx_file_that_a_setting_breaks_is_named_in_each_position() {
    if !has_runtimes(&[BackendKind::Onnxruntime]) {
        return;
    }
    let root = TempDir::new().unwrap();
    let flushed = ["--no-accuracy", "--set", "flushed:denormals_as_zero=true"];
    let only = [&flushed[..], &["--no-default-options"]].concat();
    let own = ("onnxruntime", "none");
    for position in 0..NODES {
        let model = chain_with_denormals(root.path(), Some(position));
        let (code, said) = searched_with(root.path(), &model, own, &only);
        let expected = format!("node {position}, Mul 'after {}'", position + 1);
        assert!(code == Some(1) && said.contains(&expected), "{code:?} {said}");
        assert!(said.contains(&format!("the {position} nodes before it agree")), "{said}");
        assert!(said.contains("max error ") && !said.contains("max error 0.0"), "{said}");
        let (code, said) = searched_with(root.path(), &model, own, &["--no-accuracy"]);
        assert!(code == Some(0) && said.contains("own kernels: 3 compared"), "{code:?} {said}");
    }
    // The same setting, and nothing that it breaks.
    let model = chain_with_denormals(root.path(), None);
    let (code, said) = searched_with(root.path(), &model, own, &only);
    assert!(code == Some(0) && said.contains("own kernels: 3 compared"), "{code:?} {said}");
}

#[test]
fn a_healthy_runtime_has_no_culprit_among_denormal_numbers() {
    if !has_runtimes(&[BackendKind::Onnxruntime, BackendKind::Openvino]) {
        return;
    }
    let root = TempDir::new().unwrap();
    for position in [None, Some(1)] {
        let model = chain_with_denormals(root.path(), position);
        let (code, said) =
            searched_with(root.path(), &model, ("openvino", "none"), &["--no-accuracy"]);
        assert!(code == Some(0) && said.contains("own kernels: 3 compared"), "{said}");
    }
}

#[test]
fn a_healthy_provider_of_onnx_files_has_no_culprit() {
    let Some(library) = provider_libraries::library(provider_libraries::PRODUCTS) else { return };
    let root = TempDir::new().unwrap();
    let end = |name: &str| {
        vec![made::value(name, DataType::Float, Some(&[made::Size(1), made::Size(10)]))]
    };
    let names = ["x", "a", "b", "y"];
    let nodes = (0..3).map(|at| made::node("MatMul", &[names[at], "w"], names[at + 1], &[]));
    let weights: Vec<f32> = (0..100).map(|at| ((at * 7 % 11) as f32 - 5.0) / 11.0).collect();
    let weights = vec![made::floats("w", &[10, 10], &weights)];
    let model = made::model(nodes.collect(), end("x"), end("y"), weights);
    let model = made::write(root.path(), "products.onnx", &model);
    let provider = format!("plugin:{}", library.display());
    let case = ("onnxruntime", provider.as_str());
    let (code, said) = searched_with(root.path(), &model, case, &["--no-accuracy"]);
    assert!(code == Some(0) && said.contains("own kernels: 3 compared"), "{code:?} {said}");
}
