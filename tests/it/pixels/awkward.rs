//! Awkward pictures through the whole program: tall, wide, of one pixel's side, smaller than the
//! input, grey, CMYK, progressive, palettes with alpha, 16 bits, turned by EXIF. Pillow and
//! onnxruntime in Python, which share no code with it, say what the scores are.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tract_onnx::pb::tensor_proto::DataType;

use super::golden::folder;
use crate::common;
use crate::common::{TimelyOutput, said};
use crate::models::made::{Size, floats, model, node, value, write};

const SIDE: i64 = 16;
const CLASSES: i64 = 10;
/// Between the sums of a matrix product in two orders, as shares of a softmax.
const SAME_SHARE: f64 = 1e-4;

/// A model whose ten scores depend on every value of its input.
fn model_of(channels: i64, folder: &Path) -> String {
    let values = channels * SIDE * SIDE;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let weights: Vec<f32> =
        (0..values * CLASSES).map(|_| rng.random_range(-0.2_f32..0.2)).collect();
    let made = model(
        vec![
            node("Flatten", &["image"], "values", &[("axis", 1)]),
            node("Gemm", &["values", "weights"], "scores", &[]),
        ],
        vec![value(
            "image",
            DataType::Float,
            Some(&[Size(1), Size(channels), Size(SIDE), Size(SIDE)]),
        )],
        vec![value("scores", DataType::Float, Some(&[Size(1), Size(CLASSES)]))],
        vec![floats("weights", &[values, CLASSES], &weights)],
    );
    write(folder, &format!("of{channels}.onnx"), &made)
}

/// By image: its five best classes with their shares.
fn best(path: &Path) -> HashMap<String, Vec<(usize, f64)>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let of = |row: &HashMap<String, String>| {
        let rank = |rank: usize| {
            let class = row[&format!("top{rank}_class")].parse().unwrap();
            (class, row[&format!("top{rank}_score")].parse().unwrap())
        };
        (1..=5).map(rank).collect()
    };
    rows.iter().map(|row| (row["image"].clone(), of(row))).collect()
}

#[test]
fn awkward_pictures_score_as_in_pillow_and_onnxruntime() {
    let Some(python) = common::python() else { return };
    let at = tempfile::tempdir().unwrap();
    let pictures = at.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    let mut labels = "file,class_index\n".to_owned();
    for (number, item) in fs::read_dir(folder().join("pictures")).unwrap().enumerate() {
        let name = item.unwrap().file_name().into_string().unwrap();
        fs::copy(folder().join("pictures").join(&name), pictures.join(&name)).unwrap();
        labels += &format!("{name},{}\n", number % 10);
    }
    let count = labels.lines().count() - 1;
    assert!(count > 30);
    fs::write(pictures.join("labels.csv"), labels).unwrap();
    let cases = [
        (3, "torchvision", "ignore"),
        (3, "torchvision", "apply"),
        (1, "torchvision", "apply"),
        (3, "keras", "apply"),
        (1, "keras", "ignore"),
    ];
    for (number, (channels, preset, exif)) in cases.into_iter().enumerate() {
        let model = model_of(channels, at.path());
        let out = at.path().join(format!("run{number}"));
        let stated = if preset == "keras" { "keras,loader=load_img" } else { preset };
        let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
            .args(["run", "--quiet", "--no-latency", "--backend", "tract", "--model", &model])
            .args(["--preprocess", stated, "--exif", exif, "--mean", "127.5", "--scale", "127.5"])
            .args([Path::new("--dataset"), &pictures, Path::new("--out"), &out])
            .timely_output();
        assert!(output.status.success(), "{}", said(&output));
        let theirs = at.path().join("python.csv");
        let output = Command::new(&python)
            .arg(common::repository().join("tests/python/evaluate_onnx.py"))
            .args([preset, exif, &model])
            .args([&pictures, &theirs])
            .timely_output();
        assert!(output.status.success(), "{}", said(&output));
        let (ours, theirs) = (best(&out.join("predictions.csv")), best(&theirs));
        assert_eq!((ours.len(), theirs.len()), (count, count));
        for (image, expected) in theirs {
            let same = |((class, share), (of, its)): (&(usize, f64), &(usize, f64))| {
                class == of && (share - its).abs() < SAME_SHARE
            };
            let found = &ours[&image];
            assert!(
                found.iter().zip(&expected).all(same),
                "{preset}, EXIF {exif}, {channels} channels, {image}: {found:?} for {expected:?}"
            );
        }
    }
}
