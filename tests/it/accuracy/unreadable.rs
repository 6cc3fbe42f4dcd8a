//! A corrupted image, an empty file, a decompression bomb and a folder that
//! leads back into itself are survived, named and counted.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use libjpeg_turbo_rs::{Encoder, PixelFormat};
use tempfile::TempDir;

use super::material::{json, score};
use crate::common;
use crate::common::said;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";
/// Good images: with five bad files the bad ones are less than 1%.
const GOOD: usize = 520;

/// The first embedded images, in one folder per class, as links.
pub fn dataset(folder: &Path) -> PathBuf {
    let from = common::repository().join("models/fashion-mnist/validation");
    let to = folder.join("images");
    let labels = fs::read_to_string(from.join("../labels.txt")).unwrap();
    let labels: Vec<&str> = labels.lines().collect();
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let lines = table.lines();
    for line in lines.skip(1).take(GOOD) {
        let (file, class) = line.split_once(',').unwrap();
        let label = labels[class.parse::<usize>().unwrap()].replace('/', "-");
        let class = to.join(label);
        fs::create_dir_all(&class).unwrap();
        symlink(from.join(file), class.join(file)).unwrap();
    }
    to
}

/// A JPEG whose header says 20,000 x 20,000 pixels.
fn bomb() -> Vec<u8> {
    let pixels = vec![90; 64 * 64 * 3];
    let mut bytes = Encoder::new(&pixels, 64, 64, PixelFormat::Rgb).encode().unwrap();
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x4e, 0x20, 0x4e, 0x20]);
    bytes
}

#[test]
fn bad_files_are_named_and_counted_and_the_others_scored() {
    let folder = TempDir::new().unwrap();
    let images = dataset(folder.path());
    let class = images.join("Bag");
    let pixels: Vec<u8> = (0..96 * 96 * 3_u32).map(|i| (i * i % 251) as u8).collect();
    let photo = Encoder::new(&pixels, 96, 96, PixelFormat::Rgb).encode().unwrap();
    fs::write(class.join("cut.jpg"), &photo[..photo.len() * 2 / 3]).unwrap();
    fs::write(class.join("empty.png"), "").unwrap();
    fs::write(class.join("bomb.jpg"), bomb()).unwrap();
    fs::write(class.join("text.png"), "some text that calls itself an image").unwrap();
    symlink(&images, class.join("around")).unwrap();
    symlink("gone.png", class.join("dangling.png")).unwrap();

    let out = folder.path().join("run");
    let arguments = ["--model", MODEL, "--backend", "tract", "--dataset", images.to_str().unwrap()];
    let output = score(&arguments, &out);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    let run = json(&out.join("run.json"));
    let unreadable: Vec<(&str, &str)> = run["dataset"]["unreadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        .collect();
    for (file, reason) in [
        ("Bag/cut.jpg", "is cut short"),
        ("Bag/empty.png", "is empty"),
        ("Bag/bomb.jpg", "is 20000 x 20000 pixels"),
        ("Bag/text.png", "is not a JPEG, PNG, BMP, WebP, GIF or TIFF image"),
        ("Bag/around", "is a link to a folder that contains it"),
        ("Bag/dangling.png", "could not be opened"),
    ] {
        let found = unreadable.iter().find(|(name, _)| *name == file);
        assert!(found.is_some_and(|(_, why)| why.starts_with(reason)), "{file}: {unreadable:?}");
    }
    assert_eq!(unreadable.len(), 6, "{unreadable:?}");
    assert!(said.contains("left out, unreadable: 6: "), "{said}");
    assert!(said.contains("named in run.json"), "{said}");
    assert_eq!(run["accuracies"][0]["images"], GOOD);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("Bag/bomb.jpg"));

    // A sixth bad image is more than 1% of them.
    fs::write(class.join("sixth.png"), "").unwrap();
    let output = score(&arguments, &folder.path().join("again"));
    let said = self::said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("6 of 526 images") && said.contains("more than 1%"), "{said}");
}

#[test]
fn a_class_that_cannot_be_listed_is_no_class_that_is_missing() {
    let folder = TempDir::new().unwrap();
    let images = dataset(folder.path());
    symlink(folder.path().join("not mounted"), images.join("Hat")).unwrap();
    let out = folder.path().join("run");
    let arguments = ["--model", MODEL, "--backend", "tract", "--dataset", images.to_str().unwrap()];
    let output = score(&arguments, &out);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("Hat of the dataset could not be listed"), "{said}");
    assert!(!out.exists());
}

#[test]
fn more_images_than_there_are_is_said() {
    let folder = TempDir::new().unwrap();
    let images = dataset(folder.path());
    let out = folder.path().join("run");
    let mut arguments = vec!["--model", MODEL, "--backend", "tract", "--images", "9000"];
    arguments.extend(["--dataset", images.to_str().unwrap()]);
    let output = score(&arguments, &out);
    assert!(output.status.success(), "{}", said(&output));
    let assumed = json(&out.join("run.json"))["assumptions"].to_string();
    assert!(assumed.contains("--images 9000: the dataset has 520"), "{assumed}");
}
