//! What a model takes: integers with and without quantisation, doubles, channels last,
//! several inputs; and what no runtime takes says why.

use tempfile::TempDir;

use super::made::pb::tensor_proto::DataType;
use super::made::pb::{ModelProto, NodeProto};
use super::made::{
    Dim, Size, colours, floats, inspected, mean_model, means, model, node, ran, refused, value,
    write,
};
use crate::common;
use crate::common::TimelyOutput;

const NCHW: [Dim; 4] = [Size(1), Size(3), Size(8), Size(8)];
const NHWC: [Dim; 4] = [Size(1), Size(8), Size(8), Size(3)];

/// A model that casts its input `raw` to floats first; `[.., ..]` with channels last.
fn of_input(kind: DataType, dims: &[Dim], casts: Vec<NodeProto>) -> ModelProto {
    model(
        [casts, means()].concat(),
        vec![value("raw", kind, Some(dims))],
        vec![value("means", DataType::Float, Some(&[Size(1), Size(3)]))],
        Vec::new(),
    )
}

fn cast() -> Vec<NodeProto> {
    vec![node("Cast", &["raw"], "image", &[("to", DataType::Float as i64)])]
}

#[test]
fn any_type_of_input_is_fed() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let mut last = node("Transpose", &["cast"], "image", &[]);
    last.attribute = vec![super::made::pb::AttributeProto {
        name: "perm".into(),
        ints: vec![0, 3, 1, 2],
        r#type: super::made::pb::attribute_proto::AttributeType::Ints as i32,
        ..Default::default()
    }];
    let to_float = node("Cast", &["raw"], "cast", &[("to", DataType::Float as i64)]);
    let stated = ["--mean", "0", "--scale", "1"];
    let cases: [(&str, ModelProto, &[&str]); 10] = [
        ("int8", of_input(DataType::Int8, &NCHW, cast()), &[]),
        ("uint8", of_input(DataType::Uint8, &NCHW, cast()), &[]),
        ("float64", of_input(DataType::Double, &NCHW, cast()), &[]),
        ("float16", of_input(DataType::Float16, &NCHW, cast()), &[]),
        ("int16", of_input(DataType::Int16, &NCHW, cast()), &stated),
        ("int32", of_input(DataType::Int32, &NCHW, cast()), &stated),
        ("uint16", of_input(DataType::Uint16, &NCHW, cast()), &stated),
        ("uint32", of_input(DataType::Uint32, &NCHW, cast()), &stated),
        ("bfloat16", of_input(DataType::Bfloat16, &NCHW, cast()), &[]),
        ("last", of_input(DataType::Uint8, &NHWC, vec![to_float, last]), &[]),
    ];
    for (name, made, more) in cases {
        let path = write(folder.path(), &format!("{name}.onnx"), &made);
        let arguments = ["--model", &path, "--dataset", &images, "--no-latency"];
        let backend = ["--backend", "onnxruntime"];
        let ran = ran(folder.path(), &[&arguments[..], &backend, more].concat());
        let row = ran.row();
        assert_eq!((&row["status"], &row["top1"]), (&"ok".into(), &1.0.into()), "{name} {row}");
    }
    let path = folder.path().join("int16.onnx");
    let path = path.to_str().unwrap();
    let said = refused(&["--model", path, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("--mean and --scale"), "{said}");
    for value in ["nan", "inf"] {
        let said = refused(&[
            "--model",
            path,
            "--dataset",
            &images,
            "--mean",
            value,
            "--scale",
            "1",
            "--no-latency",
        ]);
        assert!(said.contains("finite"), "{said}");
    }
}

#[test]
fn a_stated_pipeline_goes_through_the_quantisation_of_the_graph() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let dequantize = node("DequantizeLinear", &["raw", "scale"], "image", &[]);
    let mut made = of_input(DataType::Int8, &NCHW, vec![dequantize]);
    made.graph.as_mut().unwrap().initializer.push(floats("scale", &[], &[1.0 / 128.0]));
    let path = write(folder.path(), "qdq.onnx", &made);
    assert!(inspected(&[&path]).contains("int8, scale 0.0078125, zero point 0"));
    // Rounded to whole numbers, without the scale, all photos would look the same.
    let arguments = ["--model", &path, "--dataset", &images, "--no-latency"];
    let stated = ["--backend", "onnxruntime", "--mean", "127.5", "--scale", "127.5"];
    let ran = ran(folder.path(), &[&arguments[..], &stated].concat());
    assert_eq!(ran.row()["top1"], 1.0, "{}", ran.row());
}

#[test]
fn inputs_with_defaults_are_no_inputs_and_others_are_timed_on_noise() {
    let folder = TempDir::new().unwrap();
    let images = colours(folder.path());
    let scaled = |weights| {
        let nodes = [means(), vec![node("Mul", &["means", "factor"], "y", &[])]].concat();
        let inputs = vec![
            value("image", DataType::Float, Some(&NCHW)),
            value("factor", DataType::Float, Some(&[Size(3)])),
        ];
        let output = vec![value("y", DataType::Float, Some(&[Size(1), Size(3)]))];
        model(nodes, inputs, output, weights)
    };
    let with_default = scaled(vec![floats("factor", &[3], &[1.0; 3])]);
    let path = write(folder.path(), "default.onnx", &with_default);
    let backend = ["--backend", "onnxruntime"];
    let arguments = ["--model", &path, "--dataset", &images];
    let scored = ran(folder.path(), &[&arguments[..], &backend].concat());
    assert_eq!(scored.row()["top1"], 1.0);
    let path = write(folder.path(), "two.onnx", &scaled(Vec::new()));
    let arguments = ["--model", &path, "--dataset", &images];
    let timed = ran(folder.path(), &[&arguments[..], &backend].concat());
    let row = timed.row();
    assert!(row["latency_p50_us"].as_f64().unwrap() > 0.0 && row["top1"].is_null(), "{row}");
    let said = timed.json()["assumptions"].to_string();
    assert!(said.contains("two is timed but not scored: model two has 2 inputs"), "{said}");
    let said = refused(&[&arguments[..], &["--no-latency"]].concat());
    assert!(said.contains("2 inputs"), "{said}");
}

#[test]
fn what_is_too_new_names_the_versions() {
    let folder = TempDir::new().unwrap();
    let mut new = mean_model(&NCHW);
    new.ir_version = 99;
    let ir = write(folder.path(), "ir.onnx", &new);
    let mut new = mean_model(&NCHW);
    new.opset_import[0].version = 99;
    let opset = write(folder.path(), "opset.onnx", &new);
    for (path, word) in [(ir, "IR version 99 is newer than"), (opset, "opset 99 is newer than")] {
        let told = inspected(&[&path]);
        let line = told.lines().find(|line| line.starts_with("onnxruntime")).unwrap();
        assert!(line.contains(word) && line.contains("fetch"), "{line}");
        assert!(!line.contains("_src"), "{line}");
    }
}

#[test]
fn operators_of_other_runtimes_are_named_with_a_remedy() {
    let Some(python) = common::python() else { return };
    let folder = TempDir::new().unwrap();
    let script = common::repository().join("tests/python/make_models.py");
    let made = std::process::Command::new(python).arg(script).arg(folder.path()).timely_output();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (name, words) in
        [("custom", ["Edge TPU", "edgetpu_compiler"]), ("flex", ["FlexErf", "SELECT_TF_OPS"])]
    {
        let path = folder.path().join(format!("{name}.tflite"));
        let told = inspected(&[path.to_str().unwrap()]);
        let refusing = told.lines().filter(|line| line.contains("no: could not load model"));
        // Said once for all of them.
        let [line] = refusing.collect::<Vec<_>>()[..] else { panic!("{told}") };
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
        let (runtimes, _) = line.split_once(" no: ").unwrap();
        assert!(["tflite", "litert", "tract"].iter().all(|it| runtimes.contains(it)), "{line}");
    }
}

#[test]
fn what_is_not_fed_names_the_type_and_the_remedy() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "c.onnx", &of_input(DataType::Complex64, &NCHW, cast()));
    let said = refused(&["--model", &path, "--no-accuracy"]);
    assert!(said.contains("numbers of type complex64") && said.contains("float32"), "{said}");
    let text = model(
        vec![node("Identity", &["in"], "out", &[])],
        vec![value("in", DataType::String, Some(&[Size(1)]))],
        vec![value("out", DataType::String, Some(&[Size(1)]))],
        Vec::new(),
    );
    let path = write(folder.path(), "text.onnx", &text);
    let told = inspected(&[&path]);
    let line = told.lines().find(|line| line.starts_with("onnxruntime")).unwrap();
    assert!(line.contains("takes text"), "{line}");
    // A 0 is open to some converters and a size to this runtime; another may take it.
    let open = mean_model(&[Size(1), Size(3), Size(0), Size(0)]);
    let path = write(folder.path(), "zero.onnx", &open);
    let images = colours(folder.path());
    let arguments = ["--model", &path, "--dataset", &images, "--input-size", "8"];
    let ran = ran(folder.path(), &[&arguments[..], &["--backend", "onnxruntime,tract"]].concat());
    let of = |backend: &str| ran.rows.iter().find(|row| row["backend"] == backend).unwrap();
    assert_eq!(of("tract")["top1"], 1.0, "{}", of("tract"));
    let error = of("onnxruntime")["error"].as_str().unwrap();
    assert!(error.contains("export it with open dimensions"), "{error}");
}

#[test]
fn a_number_of_channels_that_photos_do_not_have_is_named() {
    let folder = TempDir::new().unwrap();
    let path =
        write(folder.path(), "four.onnx", &mean_model(&[Size(1), Size(4), Size(8), Size(8)]));
    let images = colours(folder.path());
    let said = refused(&["--model", &path, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("takes 4 channels") && said.contains("--no-accuracy times it"), "{said}");
}

#[test]
fn what_stands_in_the_way_of_all_is_said_once() {
    let folder = TempDir::new().unwrap();
    let path =
        write(folder.path(), "open.onnx", &mean_model(&[Size(1), Size(3), Dim::Open, Dim::Open]));
    let told = inspected(&[&path]);
    assert_eq!(told.matches("--input-size").count(), 1, "{told}");
    // The backends that refuse for one reason share a line.
    let line = told.lines().find(|line| line.contains("onnxruntime")).unwrap();
    assert!(line.ends_with(" no, for that reason"), "{told}");
    // What does not depend on the size is shown.
    assert!(told.contains("pipeline    torchvision (assumed), to the size"), "{told}");
    assert!(told.contains("classes     3\n"), "{told}");
}

/// Photos of which the upper or the left half is white: classes 0 and 1.
fn halves(folder: &std::path::Path) -> String {
    let images = folder.join("halves");
    std::fs::create_dir_all(&images).unwrap();
    let mut labels = "file,class_index\n".to_owned();
    for i in 0..8_u32 {
        let upper = i % 2 == 0;
        let white = |x: u32, y: u32| if upper { y < 4 } else { x < 4 };
        let pixel = |x, y| image::Luma([if white(x, y) { 200 + i as u8 } else { i as u8 }]);
        image::GrayImage::from_fn(8, 8, pixel).save(images.join(format!("{i}.png"))).unwrap();
        labels += &format!("{i}.png,{}\n", i % 2);
    }
    std::fs::write(images.join("labels.csv"), labels).unwrap();
    images.to_str().unwrap().to_owned()
}

/// Scores of the upper and the left half of grey images without an axis for their channel.
fn half_model(image: &[Dim]) -> ModelProto {
    let weight =
        |pixel: usize| [pixel / 8 < 4, pixel % 8 < 4].map(|counts| f32::from(counts as u8));
    let weights: Vec<f32> = (0..64).flat_map(weight).collect();
    model(
        vec![
            node("Flatten", &["image"], "pixels", &[("axis", 1)]),
            node("MatMul", &["pixels", "weights"], "scores", &[]),
        ],
        vec![value("image", DataType::Float, Some(image))],
        vec![value("scores", DataType::Float, Some(&[image[0], Size(2)]))],
        vec![floats("weights", &[64, 2], &weights)],
    )
}

#[test]
fn grey_images_need_no_axis_for_their_channel() {
    let folder = TempDir::new().unwrap();
    let images = halves(folder.path());
    let open = [Dim::Named("n"), Size(8), Size(8)];
    for (name, image) in [("one", [Size(1), Size(8), Size(8)]), ("open", open)] {
        let path = write(folder.path(), &format!("{name}.onnx"), &half_model(&image));
        for backend in ["onnxruntime", "tract"] {
            let arguments = ["--model", &path, "--dataset", &images, "--no-latency"];
            let ran = ran(folder.path(), &[&arguments[..], &["--backend", backend]].concat());
            let row = ran.row();
            let found = (&row["status"], &row["top1"]);
            assert_eq!(found, (&"ok".into(), &1.0.into()), "{name} {backend} {row}");
        }
        assert!(inspected(&[&path]).contains("nhw"), "{}", inspected(&[&path]));
        for (option, value, said) in
            [("--layout", "nhwc", "omit --layout"), ("--channels", "rgb", "grey images")]
        {
            let refused = refused(&["--model", &path, "--dataset", &images, option, value]);
            assert!(refused.contains(said), "{refused}");
        }
    }
    // An image without an axis for the number of images, and a layout that four axes cannot have.
    let flat = write(folder.path(), "flat.onnx", &half_model(&[Size(8), Size(8), Size(3)]));
    let said = refused(&["--model", &flat, "--dataset", &images, "--no-latency"]);
    assert!(said.contains("images, height, width"), "{said}");
    let four = write(folder.path(), "four.onnx", &mean_model(&NCHW));
    let said = refused(&["--model", &four, "--dataset", &images, "--layout", "nhw"]);
    assert!(said.contains("not nhw as stated"), "{said}");
}
