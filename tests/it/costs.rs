//! Multiply-accumulates and parameters, against published figures, the arithmetic of the layers,
//! and onnx's own shape inference.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shutterbench::model::{onnx_file, select};
use shutterbench::record::cost::Cost;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto, attribute_proto::AttributeType};

use crate::common::{TimelyOutput, python, repository, shared};
use crate::models::made::{Named, Size, model, node, value};

fn cost_of(path: &Path) -> Cost {
    select::open(path).unwrap().signature.cost.unwrap()
}

/// The layers of a MobileNet as their papers list them: window, stride, channels from and to, and
/// whether each channel has a filter of its own.
struct Layer {
    window: u64,
    stride: u64,
    from: u64,
    to: u64,
    depthwise: bool,
}

/// Channels times a width, as TF-slim rounds them: to multiples of 8, and at least 8.
fn channels(count: f64, width: f64) -> u64 {
    let wanted = count * width;
    let rounded = ((wanted + 4.0) / 8.0).floor().max(1.0) * 8.0;
    // Not more than a tenth less.
    (if rounded < 0.9 * wanted { rounded + 8.0 } else { rounded }) as u64
}

/// A first convolution, and blocks of a depthwise and a pointwise one. Widths are rounded down.
fn separable(width: f64, from: u64, stem: u64, blocks: &[(u64, u64)]) -> Vec<Layer> {
    let scaled = |count: u64| ((count as f64 * width) as u64).max(8);
    let stem = scaled(stem);
    let mut layers = vec![Layer { window: 3, stride: 2, from, to: stem, depthwise: false }];
    let mut from = stem;
    for (to, stride) in blocks {
        let (to, stride) = (scaled(*to), *stride);
        layers.push(Layer { window: 3, stride, from, to: from, depthwise: true });
        layers.push(Layer { window: 1, stride: 1, from, to, depthwise: false });
        from = to;
    }
    layers
}

/// Table 1 of <https://arxiv.org/abs/1704.04861>.
fn mobilenet_v1(width: f64) -> Vec<Layer> {
    let blocks = [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (1024, 2),
        (1024, 1),
    ];
    separable(width, 3, 32, &blocks)
}

/// The embedded family, as scripts/models/plan.py has it.
fn embedded(width: f64) -> Vec<Layer> {
    let blocks = [(64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (512, 1)];
    separable(width, 1, 32, &blocks)
}

/// Table 2 of <https://arxiv.org/abs/1801.04381>.
fn mobilenet_v2(width: f64) -> Vec<Layer> {
    let blocks = [
        (1, 16.0, 1, 1),
        (6, 24.0, 2, 2),
        (6, 32.0, 3, 2),
        (6, 64.0, 4, 2),
        (6, 96.0, 3, 1),
        (6, 160.0, 3, 2),
        (6, 320.0, 1, 1),
    ];
    let first = channels(32.0, width);
    let mut layers = vec![Layer { window: 3, stride: 2, from: 3, to: first, depthwise: false }];
    let mut from = first;
    for (expansion, to, repeats, first_stride) in blocks {
        let to = channels(to, width);
        for repeat in 0..repeats {
            let stride = if repeat == 0 { first_stride } else { 1 };
            let inside = from * expansion;
            if expansion > 1 {
                layers.push(Layer { window: 1, stride: 1, from, to: inside, depthwise: false });
            }
            layers.push(Layer { window: 3, stride, from: inside, to: inside, depthwise: true });
            layers.push(Layer { window: 1, stride: 1, from: inside, to, depthwise: false });
            from = to;
        }
    }
    layers.push(Layer { window: 1, stride: 1, from, to: 1280, depthwise: false });
    layers
}

/// What layers cost on an image of a size, with a product for the classes behind them.
struct Arithmetic {
    macs: u64,
    /// Weights and biases.
    parameters: u64,
    /// Biases among them.
    biases: u64,
}

fn arithmetic(layers: &[Layer], size: u64, classes: u64) -> Arithmetic {
    let (mut size, mut macs, mut weights, mut biases) = (size, 0, 0, 0);
    for layer in layers {
        size = size.div_ceil(layer.stride);
        let of_filter = layer.window.pow(2) * if layer.depthwise { 1 } else { layer.from };
        macs += size.pow(2) * of_filter * layer.to;
        weights += of_filter * layer.to;
        biases += layer.to;
    }
    let last = layers.last().unwrap().to;
    biases += classes;
    let parameters = weights + last * classes + biases;
    Arithmetic { macs: macs + last * classes, parameters, biases }
}

#[test]
fn hosted_mobilenets_are_as_published_and_as_their_layers() {
    let Some(folder) = shared() else { return };
    // In millions, from mobilenet_v1.md and mobilenet/README.md in
    // <https://github.com/tensorflow/models/tree/master/research/slim/nets>, whose figures for
    // widths below 1 differ by up to 3% from the paper's and from the arithmetic.
    for (name, layers, size, macs, parameters) in [
        ("mobilenet_v1_0.25_128_quant", mobilenet_v1(0.25), 128, 14.0, 0.47),
        ("mobilenet_v1_0.5_160_quant", mobilenet_v1(0.5), 160, 77.0, 1.34),
        ("mobilenet_v1_0.75_192_quant", mobilenet_v1(0.75), 192, 233.0, 2.59),
        ("mobilenet_v2_1.0_224_quant", mobilenet_v2(1.0), 224, 300.0, 3.47),
    ] {
        let cost = cost_of(&folder.join(format!("models/{name}.tflite")));
        let known = arithmetic(&layers, size, 1001);
        assert_eq!(cost.macs(), Some(known.macs), "{name}");
        assert_eq!(cost.parameters, Some(known.parameters), "{name}");
        // Weights have 8 bits, biases 32.
        assert_eq!(cost.weight_bytes(), known.parameters + 3 * known.biases, "{name}");
        assert_eq!(cost.unknown, Vec::<String>::new(), "{name}");
        for (found, published) in [(known.macs, macs), (known.parameters, parameters)] {
            let ratio = found as f64 / 1e6 / published;
            assert!((0.965..1.035).contains(&ratio), "{name}: {found} of {published} million");
        }
    }
}

/// The residual network of MLPerf Tiny, <https://arxiv.org/abs/2106.07597>: three stacks, of which
/// the second and third have a convolution in their shortcut.
fn resnet8() -> Vec<Layer> {
    let conv = |window, stride, from, to| Layer { window, stride, from, to, depthwise: false };
    let stack = |from, to, stride| {
        let mut layers = vec![conv(3, stride, from, to), conv(3, 1, to, to)];
        if from != to {
            // Beside these two, on what the first of them reads: as many places as it makes.
            layers.push(conv(1, 1, from, to));
        }
        layers
    };
    let mut layers = vec![conv(3, 1, 3, 16)];
    layers.extend(stack(16, 16, 1).into_iter().chain(stack(16, 32, 2)).chain(stack(32, 64, 2)));
    layers
}

#[test]
fn mlperf_tiny_classifiers_cost_what_their_layers_do() {
    let Some(folder) = shared() else { return };
    for (name, layers, size, classes) in [
        ("mlperf_tiny_resnet8", resnet8(), 32, 10),
        ("mlperf_tiny_vww_96", mobilenet_v1(0.25), 96, 2),
    ] {
        let known = arithmetic(&layers, size, classes);
        for ending in ["float", "int8"] {
            let cost = cost_of(&folder.join(format!("models/{name}_{ending}.tflite")));
            assert_eq!(cost.macs(), Some(known.macs), "{name}_{ending}");
            assert_eq!(cost.parameters, Some(known.parameters), "{name}_{ending}");
        }
    }
}

fn list(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::Ints as i32,
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

/// A weight of which only the shape counts.
fn weight(name: &str, dims: &[u64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.iter().map(|size| i64::try_from(*size).unwrap()).collect(),
        data_type: DataType::Float as i32,
        ..TensorProto::default()
    }
}

/// The layers as an ONNX file that states no shape inside, and leaves the number of images open.
fn as_onnx(layers: &[Layer], size: u64) -> Vec<u8> {
    let (mut nodes, mut weights) = (Vec::<NodeProto>::new(), Vec::new());
    let mut from = "image".to_owned();
    for (at, layer) in layers.iter().enumerate() {
        let (filter, bias, made) = (format!("w{at}"), format!("b{at}"), format!("c{at}"));
        let group = if layer.depthwise { layer.from } else { 1 };
        weights.push(weight(&filter, &[layer.to, layer.from / group, layer.window, layer.window]));
        weights.push(weight(&bias, &[layer.to]));
        let group = [("group", i64::try_from(group).unwrap())];
        let mut conv = node("Conv", &[&from, &filter, &bias], &made, &group);
        let pad = i64::from(layer.window > 1);
        let stride = i64::try_from(layer.stride).unwrap();
        conv.attribute.extend([list("strides", &[stride; 2]), list("pads", &[pad; 4])]);
        nodes.extend([conv, node("Clip", &[&made], &format!("r{at}"), &[])]);
        from = format!("r{at}");
    }
    let last = layers.last().unwrap().to;
    weights.extend([weight("w", &[1001, last]), weight("b", &[1001])]);
    nodes.extend([
        node("GlobalAveragePool", &[&from], "pooled", &[]),
        node("Flatten", &["pooled"], "flat", &[]),
        node("Gemm", &["flat", "w", "b"], "scores", &[("transB", 1)]),
    ]);
    let size = Size(i64::try_from(size).unwrap());
    let image = value("image", DataType::Float, Some(&[Named("N"), Size(3), size, size]));
    let scores = value("scores", DataType::Float, Some(&[Named("N"), Size(1001)]));
    prost::Message::encode_to_vec(&model(nodes, vec![image], vec![scores], weights))
}

#[test]
fn mobilenets_of_the_papers_are_counted_from_an_onnx_file_without_shapes() {
    // The paper's tables 4 and 6 to 7, in millions. Its parameters have two per channel for the
    // batch normalisation, of which folding leaves one.
    for (name, layers, size, macs, parameters) in [
        ("v1 1.0 224", mobilenet_v1(1.0), 224, 569, 4.2),
        ("v1 0.75 224", mobilenet_v1(0.75), 224, 325, 2.6),
        ("v1 0.5 224", mobilenet_v1(0.5), 224, 149, 1.3),
        ("v1 0.25 224", mobilenet_v1(0.25), 224, 41, 0.5),
        ("v1 1.0 128", mobilenet_v1(1.0), 128, 186, 4.2),
        ("v2 1.0 224", mobilenet_v2(1.0), 224, 300, 3.5),
    ] {
        let cost = onnx_file::read(&as_onnx(&layers, size)).unwrap().cost.unwrap();
        let known = arithmetic(&layers, size, 1001);
        assert_eq!(cost.macs(), Some(known.macs), "{name}: {:?}", cost.unknown);
        assert_eq!(cost.parameters, Some(known.parameters), "{name}");
        assert_eq!(cost.weight_bytes(), 4 * known.parameters, "{name}");
        assert!((known.macs as f64 / 1e6 - f64::from(macs)).abs() <= 1.0, "{name}: {}", known.macs);
        let with_norms = (known.parameters + known.biases - 1001) as f64 / 1e6;
        assert!((with_norms - parameters).abs() <= 0.0501, "{name}: {with_norms}");
    }
    // TF-slim has another digit.
    let known = arithmetic(&mobilenet_v1(1.0), 224, 1001);
    let with_norms = (known.parameters + known.biases - 1001) as f64 / 1e6;
    assert!((with_norms - 4.24).abs() < 0.01, "{with_norms}");
}

#[test]
fn every_member_of_the_embedded_family_costs_what_its_layers_do() {
    let folder = repository().join("models/fashion-mnist");
    for width in ["0.25", "0.5", "1.0"] {
        let known = arithmetic(&embedded(width.parse().unwrap()), 28, 10);
        for ending in [
            "f32.tflite",
            "f16.tflite",
            "dynamic.tflite",
            "int8.tflite",
            "int8_float_io.tflite",
            "uint8_io.tflite",
            "f32.onnx",
            "int8.onnx",
        ] {
            let cost = cost_of(&folder.join(format!("fmnist_mobilenet_v1_{width}_{ending}")));
            assert_eq!(cost.parameters, Some(known.parameters), "{width} {ending}: {cost:#?}");
            assert_eq!(cost.macs(), Some(known.macs), "{width} {ending}: {cost:#?}");
            assert!(cost.unknown.is_empty() && cost.activation_bytes.is_some(), "{cost:#?}");
        }
    }
}

#[test]
fn the_classifiers_of_the_package_onnx_cost_what_its_shape_inference_says() {
    let Some(python) = python() else { return };
    let script = repository().join("tests/python/onnx_cost.py");
    let output = Command::new(python).arg(script).timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(expected.len() >= 9, "{expected:?}");
    for known in expected {
        let path = known["path"].as_str().unwrap();
        let cost = cost_of(Path::new(path));
        assert_eq!(cost.macs(), known["macs"].as_u64(), "{path}: {:?}", cost.unknown);
        assert_eq!(cost.parameters, known["parameters"].as_u64(), "{path}");
    }
}

#[test]
fn what_cannot_be_derived_is_absent_and_named() {
    let image = value("image", DataType::Float, Some(&[Named("N"), Size(3), Size(8), Size(8)]));
    let scores = value("scores", DataType::Float, Some(&[Named("N"), Size(10)]));
    let made = |nodes: Vec<NodeProto>| {
        let weights = vec![weight("w", &[10, 3])];
        let bytes = model(nodes, vec![image.clone()], vec![scores.clone()], weights);
        onnx_file::read(&prost::Message::encode_to_vec(&bytes)).unwrap().cost.unwrap()
    };
    let einsum = made(vec![node("Einsum", &["image", "w"], "scores", &[])]);
    assert_eq!((einsum.macs(), einsum.parameters), (None, Some(30)));
    assert_eq!(einsum.unknown, ["the multiply-accumulates of Einsum"]);
    // Behind an operator of unknown shape nothing follows, and only that operator is to blame.
    let mut foreign = node("Blur", &["image"], "blurred", &[]);
    foreign.domain = "example".into();
    let behind = made(vec![
        foreign,
        node("GlobalAveragePool", &["blurred"], "pooled", &[]),
        node("Flatten", &["pooled"], "flat", &[]),
        node("Gemm", &["flat", "w"], "scores", &[("transB", 1)]),
    ]);
    assert_eq!((behind.macs(), behind.parameters, behind.activation_bytes), (None, None, None));
    assert!(behind.unknown.iter().all(|it| it.contains("example:Blur")), "{:?}", behind.unknown);
    assert!(!behind.unknown.is_empty());
    assert_eq!(behind.weight_bytes(), 120);
}

#[test]
fn inspect_says_what_a_model_costs() {
    let inspect = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(["inspect", "fmnist_mobilenet_v1_0.25_f32"]).args(flags);
        command.timely_output().stdout
    };
    let text = String::from_utf8(inspect(&[])).unwrap();
    for part in ["parameters  21.2 k", "MACs", "MACs per byte", "DEPTHWISE_CONV_2D"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: Value = serde_json::from_slice(&inspect(&["--json"])).unwrap();
    assert_eq!(json[0]["model"]["anatomy"]["cost"]["parameters"], 21_242);
}
