//! The scored images are known by what they hold: names and sizes alone would take other
//! pictures for the same ones.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use shutterbench::dataset::entries::Dataset;
use tempfile::TempDir;

use super::made::{Open, Ran, Size, mean_model, ran, shutterbench, write};
use crate::common;

/// Images in the dataset.
const IMAGES: usize = 12;

/// Twelve pictures of one size in bytes, mostly red, green or blue; gives their folder.
fn bitmaps(folder: &Path) -> PathBuf {
    let images = folder.join("bitmaps");
    fs::create_dir_all(&images).unwrap();
    let mut labels = "file,class_index\n".to_owned();
    for i in 0..IMAGES {
        let name = format!("{i:02}.bmp");
        let pixel = |x: u32, y: u32| {
            let mut pixel = [(x * 3 + y * 5) as u8 + i as u8; 3];
            pixel[i % 3] += 120;
            image::Rgb(pixel)
        };
        image::RgbImage::from_fn(10, 10, pixel).save(images.join(&name)).unwrap();
        labels += &format!("{name},{}\n", i % 3);
    }
    fs::write(images.join("labels.csv"), labels).unwrap();
    images
}

/// Exchanges the contents of two pictures of different classes.
fn exchange(images: &Path) {
    let [one, other] = ["00.bmp", "01.bmp"].map(|name| images.join(name));
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&other).unwrap());
    assert_eq!(first.len(), second.len());
    fs::write(one, second).unwrap();
    fs::write(other, first).unwrap();
}

fn scored(folder: &Path, images: &Path, more: &[&str]) -> Ran {
    let model = folder.join("mean.onnx");
    if !model.is_file() {
        write(folder, "mean.onnx", &mean_model(&[Open, Size(3), Size(8), Size(8)]));
    }
    let (model, images) = (model.to_str().unwrap(), images.to_str().unwrap());
    let fixed = ["--model", model, "--dataset", images, "--no-latency"];
    ran(folder, &[&fixed[..], &["--backend", "tract,onnxruntime"], more].concat())
}

/// The digits of a run, which all rows agree about.
fn digits(ran: &Ran) -> String {
    let all: Vec<&str> =
        ran.rows.iter().map(|row| row["dataset_sha256"].as_str().unwrap()).collect();
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    assert_eq!(ran.json()["dataset"]["contents_sha256"], all[0]);
    all[0].to_owned()
}

/// What docs/accuracy.md says, digit by digit: the sum of the digests of name, class and bytes.
fn sum(images: impl IntoIterator<Item = (String, u32, Vec<u8>)>) -> String {
    let mut sum = [0_u8; 32];
    for (name, class, bytes) in images {
        let text = [format!("{name}\0{class}\0").into_bytes(), bytes].concat();
        let mut carry = 0;
        for (digit, added) in sum.iter_mut().zip(Sha256::digest(text)).rev() {
            let total = u32::from(*digit) + u32::from(added) + carry;
            (*digit, carry) = ((total % 256) as u8, total / 256);
        }
    }
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sum_of_folder(images: &Path) -> String {
    sum((0..IMAGES).map(|i| {
        let name = format!("{i:02}.bmp");
        let bytes = fs::read(images.join(&name)).unwrap();
        (name, (i % 3) as u32, bytes)
    }))
}

#[test]
fn every_row_tells_which_images_it_was_scored_on() {
    let folder = TempDir::new().unwrap();
    let images = bitmaps(folder.path());
    let whole = scored(folder.path(), &images, &[]);
    assert_eq!(digits(&whole), sum_of_folder(&images));
    assert_ne!(whole.json()["dataset"]["listing_sha256"], digits(&whole));
    // The sums of the parts make the sum of the whole.
    let shards: Vec<Ran> =
        (1..=3).map(|k| scored(folder.path(), &images, &["--shard", &format!("{k}/3")])).collect();
    assert!(shards.iter().all(|shard| digits(shard) != digits(&whole)));
    let merged = folder.path().join("merged");
    let mut arguments = vec!["merge", "--out", merged.to_str().unwrap()];
    arguments.extend(shards.iter().map(|shard| shard.folder.to_str().unwrap()));
    let output = shutterbench(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(merged.join("results.csv")).unwrap();
    assert_eq!(text.matches(&digits(&whole)).count(), 2, "{text}");
}

#[test]
fn a_tar_or_parquet_file_is_hashed_as_its_images_are() {
    let folder = TempDir::new().unwrap();
    let images = bitmaps(folder.path());
    let mut archive = tar::Builder::new(Vec::new());
    for i in 0..IMAGES {
        let bytes = fs::read(images.join(format!("{i:02}.bmp"))).unwrap();
        let class = (i % 3).to_string().into_bytes();
        for (name, bytes) in [(format!("{i:02}.bmp"), bytes), (format!("{i:02}.cls"), class)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
        }
    }
    let path = folder.path().join("images.tar");
    fs::write(&path, archive.into_inner().unwrap()).unwrap();
    let from_tar = scored(folder.path(), &path, &[]);
    assert_eq!(digits(&from_tar), sum_of_folder(&images), "the same images, the same digits");

    let path = common::repository().join("tests/parquet/struct.parquet");
    let dataset = Dataset::open(&path).unwrap();
    let entries = dataset.entries.iter();
    let expected =
        sum(entries.map(|entry| (entry.file.clone(), entry.class, dataset.load(entry).unwrap())));
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32_onnx", "--backend", "tract"];
    let dataset = ["--dataset", path.to_str().unwrap(), "--no-latency"];
    let parquet = ran(folder.path(), &[&model[..], &dataset[..]].concat());
    assert_eq!(digits(&parquet), expected);
}

#[test]
fn other_pictures_under_the_same_names_and_sizes_are_told_by_a_comparison() {
    let folder = TempDir::new().unwrap();
    let images = bitmaps(folder.path());
    let before = scored(folder.path(), &images, &[]);
    let again = scored(folder.path(), &images, &[]);
    exchange(&images);
    let after = scored(folder.path(), &images, &[]);
    let listing = |ran: &Ran| ran.json()["dataset"]["listing_sha256"].clone();
    assert_eq!(listing(&before), listing(&after), "a listing cannot tell");
    assert_ne!(digits(&before), digits(&after));
    let compared = |new: &Ran, metric: &str| {
        let pair = [&before, new].map(|ran| ran.folder.to_str().unwrap());
        let output = shutterbench(&["compare", pair[0], pair[1], "--metric", metric]);
        String::from_utf8(output.stdout).unwrap()
    };
    let caveat = "the same names and sizes in both runs but other contents";
    assert!(compared(&after, "top1").contains(caveat), "{}", compared(&after, "top1"));
    assert!(!compared(&after, "size").contains(caveat), "sizes of models have no images");
    assert!(!compared(&again, "top1").contains(caveat));
}

#[test]
fn a_run_goes_on_with_the_images_that_it_began_with_and_no_others() {
    let folder = TempDir::new().unwrap();
    let images = bitmaps(folder.path());
    let whole = scored(folder.path(), &images, &[]);
    // Interrupted after the first images.
    let journal = whole.folder.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let scored = text.find("\"entry\":\"scored\"").unwrap();
    let end = scored + text[scored..].find('\n').unwrap() + 1;
    fs::write(&journal, &text[..end]).unwrap();
    exchange(&images);
    let resume = || shutterbench(&["run", "--quiet", "--resume", whole.folder.to_str().unwrap()]);
    let output = resume();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("their names and sizes are the same but their contents are not"));
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    exchange(&images);
    let output = resume();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(whole.folder.join("results.csv")).unwrap();
    assert_eq!(text.matches(&sum_of_folder(&images)).count(), 2, "{text}");
}

#[test]
fn files_that_change_while_they_are_scored_are_said() {
    let folder = TempDir::new().unwrap();
    let images = bitmaps(folder.path());
    let ran = scored(folder.path(), &images, &[]);
    // As if a file had changed between two passes over the dataset.
    let journal = ran.folder.join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let at = text.rfind("\"sum\":\"").unwrap() + 7;
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    fs::write(&journal, format!("{}{other}{}", &text[..at], &text[at + 1..])).unwrap();
    let page = ran.folder.join("again.html");
    let pair = [ran.folder.to_str().unwrap(), page.to_str().unwrap()];
    assert!(shutterbench(&["report", pair[0], "--html", pair[1]]).status.success());
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("files of the dataset changed while they were scored"));
}
