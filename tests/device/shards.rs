//! A shard's device gets the images of that shard, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::common;
use crate::common::TimelyOutput;
use crate::lab::{Lab, rows, text};

const WHAT: [&str; 5] =
    ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract", "--no-latency"];

fn predictions(folder: &Path) -> String {
    fs::read_to_string(folder.join("predictions.csv")).unwrap()
}

/// The images that a run scored, in their order.
fn scored(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("predictions.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "image").unwrap();
    reader.records().map(|record| record.unwrap()[column].to_owned()).collect()
}

/// SHA-256 of every image that lies on a device.
fn pushed(lab: &Lab, serial: &str) -> BTreeSet<String> {
    let files = "find /mnt/shutterbench/dataset -type f ! -name '*.json'";
    let said = lab.on(serial, &format!("{files} -exec sha256sum {{}} +"));
    let hashes: Vec<String> = said.lines().map(|line| line[..64].to_owned()).collect();
    let count = hashes.len();
    let hashes: BTreeSet<String> = hashes.into_iter().collect();
    assert_eq!(hashes.len(), count, "no image is there twice");
    hashes
}

fn sha256(path: &Path) -> String {
    format!("{:x}", Sha256::digest(fs::read(path).unwrap()))
}

/// Runs each shard on a device that has no image yet, and checks what it was given; then
/// merges. `of` finds an image's file.
fn each_shard(dataset: Option<&Path>, images: usize, of: impl Fn(&str) -> PathBuf) {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let dataset: Vec<String> = match dataset {
        Some(path) => vec!["--dataset".into(), path.to_str().unwrap().into()],
        None => vec!["--images".into(), images.to_string()],
    };
    let whole = lab.folder.path().join("whole");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    command.arg("run").args(WHAT).args(&dataset).arg("--out").arg(&whole);
    assert!(command.timely_output().status.success());
    let all = scored(&whole);
    assert_eq!(all.len(), images);
    let shards: Vec<PathBuf> = (1..=3).map(|k| lab.folder.path().join(format!("{k}"))).collect();
    for (out, mine) in shards.iter().zip(all.chunks(images / 3)) {
        lab.on(&serial, "rm -rf /mnt/shutterbench/dataset");
        let shard = format!("{}/3", out.file_name().unwrap().to_str().unwrap());
        let mut command = lab.run(&serial, &WHAT);
        command.args(&dataset).args(["--shard", &shard, "--out"]).arg(out);
        let output = command.timely_output();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains(&format!("{} images", mine.len())), "{said}");
        let expected: BTreeSet<String> = mine.iter().map(|image| sha256(&of(image))).collect();
        assert_eq!(pushed(&lab, &serial), expected, "shard {shard}");
        assert_eq!(scored(out), mine);
    }
    let merged = lab.folder.path().join("merged");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("merge").args(&shards).arg("--out").arg(&merged).timely_output();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(predictions(&merged).replace(&serial, "local"), predictions(&whole));
    assert_eq!(rows(&merged)[0]["top1"], rows(&whole)[0]["top1"]);
}

#[test]
fn a_shards_device_gets_the_images_of_that_shard() {
    let validation = common::repository().join("models/fashion-mnist/validation");
    each_shard(None, 30, |image| validation.join(image));
}

#[test]
fn each_of_several_devices_keeps_its_shard_until_all_are_merged() {
    let Some(mut lab) = Lab::open() else { return };
    let serials = [lab.device("size=300m", &[]), lab.device("size=300m", &[])];
    let mut parts: Vec<PathBuf> = Vec::new();
    for shard in ["1/2", "2/2"] {
        let out = lab.folder.path().join(shard.replace('/', "-"));
        let mut command = lab.run(&serials.join(","), &WHAT);
        command.args(["--images", "20", "--shard", shard, "--out"]).arg(&out);
        let output = command.timely_output();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(!out.join("journal.jsonl").exists(), "nothing is merged yet");
        parts.extend(serials.iter().map(|serial| out.join(serial.replace(':', "_"))));
    }
    let merged = lab.folder.path().join("merged");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.arg("merge").args(&parts).arg("--out").arg(&merged).timely_output();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let devices: Vec<String> = rows(&merged).iter().map(|row| row["device"].clone()).collect();
    assert_eq!(devices, serials);
}

#[test]
fn of_an_archive_a_device_gets_the_shards_images_and_not_the_archive() {
    let validation = common::repository().join("models/fashion-mnist/validation");
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("images.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    let table = fs::read_to_string(validation.join("labels.csv")).unwrap();
    for line in table.lines().skip(1).take(12) {
        let (file, class) = line.split_once(',').unwrap();
        archive.append_path_with_name(validation.join(file), format!("{class}/{file}")).unwrap();
    }
    archive.finish().unwrap();
    each_shard(Some(&path), 12, |image| validation.join(image.rsplit_once('/').unwrap().1));
}
