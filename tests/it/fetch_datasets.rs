//! Datasets by name, from a real HTTP server and from archives of one's own. The archives are tiny,
//! and laid out as their publishers' are.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shutterbench::dataset::entries::Dataset;
use shutterbench::fetch::bring_dataset::{BroughtDataset, DatasetOutcome, DatasetProgress, bring};
use shutterbench::fetch::fetch_error::FetchError;
use shutterbench::fetch::hosted_dataset::{DatasetLayout, HostedDataset};
use shutterbench::fetch::package_source::PackageSource;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, printed, said};
use crate::disk;
use crate::loopback::Loopback;

const NAME: &str = "tinynette";
const ARCHIVE: &str = "tinynette.tgz";
/// Two of ILSVRC2012's classes: tench and English springer.
const CLASSES: [(&str, u32); 2] = [("n01440764", 0), ("n02102040", 217)];

fn photo(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let noise = |x, y| Rgb([shade, (x * 7 + y * 13) as u8, (x * y) as u8]);
    RgbImage::from_fn(40, 30, noise).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// As Imagenette's: a split beside the one that is used, and a table.
fn archive() -> Vec<u8> {
    let mut files = vec![("tinynette/noisy.csv".to_owned(), b"path\n".to_vec())];
    for (shade, (class, _)) in (1..).zip(CLASSES) {
        files.push((format!("tinynette/train/{class}/{class}_1.JPEG"), photo(shade)));
        for number in 2..5 {
            files.push((format!("tinynette/val/{class}/{class}_{number}.JPEG"), photo(number)));
        }
    }
    gzip(&tar(&files))
}

struct Place {
    server: Loopback,
    archive: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let archive = archive();
        Self { server: Loopback::serving(&[(ARCHIVE, &archive)]), archive }
    }

    /// The dataset, sent in one of the server's ways.
    fn dataset(&self, way: &str) -> HostedDataset {
        HostedDataset {
            name: NAME.to_owned(),
            title: "a dataset of the tests".to_owned(),
            file: ARCHIVE.to_owned(),
            address: Some(format!("{}/{way}/{ARCHIVE}", self.server.address)),
            bytes: self.archive.len() as u64,
            sha256: Some(format!("{:x}", Sha256::digest(&self.archive))),
            verified_by: None,
            licence: "CC0-1.0".to_owned(),
            layout: DatasetLayout::ClassFolders,
            within: Some("tinynette/val".to_owned()),
            images: 6,
            classes: 2,
        }
    }

    fn folder(&self) -> PathBuf {
        self.server.root.path().join("datasets")
    }

    fn part(&self) -> PathBuf {
        self.folder().join(".parts").join(format!("{NAME}-{ARCHIVE}"))
    }

    fn bring(&self, dataset: &HostedDataset) -> Result<BroughtDataset, FetchError> {
        bring(dataset, None, &self.folder(), &PackageSource::default(), &|_| {})
    }

    /// What is in the folder of datasets, but for the program's own folders.
    fn installed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| ![".parts", ".pins", ".receipts"].contains(&name.as_str())).collect()
    }
}

#[test]
fn a_dataset_comes_with_its_classes_and_only_once() {
    let place = Place::new();
    let dataset = place.dataset("redirect");
    let brought = place.bring(&dataset).unwrap();
    assert_eq!((brought.outcome, brought.images), (DatasetOutcome::Verified, 6));
    assert_eq!(brought.path, place.folder().join(NAME));
    let opened = Dataset::open(&brought.path).unwrap();
    let classes: Vec<u32> = opened.entries.iter().map(|entry| entry.class).collect();
    let [(_, first), (_, second)] = CLASSES;
    assert_eq!(classes, [first, first, first, second, second, second]);
    assert_eq!(place.installed(), [NAME]);
    assert!(!place.part().exists(), "the archive is not kept");

    let requests = place.server.requests().len();
    assert_eq!(place.bring(&dataset).unwrap().outcome, DatasetOutcome::AlreadyThere);
    assert_eq!(place.server.requests().len(), requests, "nothing is asked for again");
    fs::remove_file(opened.path(&opened.entries[0])).unwrap();
    // As a program leaves it that is killed while it unpacks.
    let left = place.folder().join(format!(".fetch-{NAME}")).join("n01440764");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("n01440764_2.JPEG"), "half").unwrap();
    assert_eq!(place.bring(&dataset).unwrap().outcome, DatasetOutcome::Verified);
    assert_eq!(Dataset::open(&brought.path).unwrap().entries.len(), 6);
    assert_eq!(place.installed(), [NAME]);
}

#[test]
fn a_dataset_that_was_cut_goes_on_where_it_ended() {
    let place = Place::new();
    let dataset = place.dataset("cut");
    let error = place.bring(&dataset).unwrap_err();
    assert!(matches!(error, FetchError::Cut { .. }), "{error}");
    let half = fs::metadata(place.part()).unwrap().len();
    assert!(half > 0 && place.installed().is_empty());
    assert_eq!(place.bring(&dataset).unwrap().outcome, DatasetOutcome::Verified);
    let again = format!("cut bytes={half}-");
    let requests = place.server.requests();
    assert!(requests.contains(&again), "{again} in {requests:?}");
}

#[test]
fn slow_and_busy_servers_of_datasets_are_waited_for() {
    let place = Place::new();
    let (bytes, images) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let progress = |progress: DatasetProgress| match progress {
        DatasetProgress::Downloaded(count) => bytes.borrow_mut().push(count),
        DatasetProgress::Unpacked(count) => images.borrow_mut().push(count),
    };
    let source = PackageSource::default();
    bring(&place.dataset("slow"), None, &place.folder(), &source, &progress).unwrap();
    let bytes = bytes.into_inner();
    assert!(bytes.is_sorted(), "{bytes:?}");
    assert_eq!(bytes.last(), Some(&(place.archive.len() as u64)));
    assert_eq!(images.into_inner(), [1, 2, 3, 4, 5, 6]);
    fs::remove_dir_all(place.folder()).unwrap();
    assert_eq!(place.bring(&place.dataset("busy")).unwrap().outcome, DatasetOutcome::Verified);
}

#[test]
fn a_dataset_that_is_wrong_or_missing_installs_nothing() {
    let place = Place::new();
    let error = place.bring(&place.dataset("wrong")).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }) && !place.part().exists(), "{error}");

    let moved = |address: String| HostedDataset { address: Some(address), ..place.dataset("") };
    let error = place.bring(&moved(format!("{}/whole/no.tgz", place.server.address))).unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("404"), "{error}");
    let error = place.bring(&moved("http://127.0.0.1:9/x.tgz".to_owned())).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");

    let more = HostedDataset { images: 7, ..place.dataset("whole") };
    let error = place.bring(&more).unwrap_err().to_string();
    assert!(error.contains("6 images, expected 7"), "{error}");
    let elsewhere = HostedDataset { within: Some("val".to_owned()), ..place.dataset("whole") };
    let error = place.bring(&elsewhere).unwrap_err().to_string();
    assert!(error.contains("no image of tinynette"), "{error}");
    let on_request = HostedDataset { address: None, ..place.dataset("") };
    let error = place.bring(&on_request).unwrap_err();
    assert!(matches!(error, FetchError::OnRequest { .. }), "{error}");
    assert_eq!(place.installed(), Vec::<String>::new());
}

#[test]
fn an_archive_whose_hash_nobody_published_must_stay_what_it_was() {
    let place = Place::new();
    let dataset = HostedDataset { sha256: None, ..place.dataset("whole") };
    fs::write(place.server.served(ARCHIVE), "<html>log in first</html>").unwrap();
    let error = place.bring(&dataset).unwrap_err();
    assert!(matches!(error, FetchError::Archive { .. }), "{error}");
    fs::write(place.server.served(ARCHIVE), &place.archive).unwrap();
    assert_eq!(place.bring(&dataset).unwrap().outcome, DatasetOutcome::Pinned);
    fs::remove_dir_all(place.folder().join(NAME)).unwrap();
    let other = gzip(&[place.archive.clone(), vec![0]].concat());
    fs::write(place.server.served(ARCHIVE), other).unwrap();
    let error = place.bring(&dataset).unwrap_err();
    assert!(matches!(error, FetchError::Repinned { .. }), "{error}");
    assert_eq!(place.installed(), Vec::<String>::new());
}

#[test]
fn a_mirror_of_datasets_can_be_a_folder_or_an_address() {
    let place = Place::new();
    let dataset = HostedDataset { address: None, ..place.dataset("") };
    let folder = PackageSource::mirror(place.server.served("").to_str().unwrap()).unwrap();
    let address = PackageSource::mirror(&format!("{}/whole/", place.server.address)).unwrap();
    for source in [folder, address] {
        let brought = bring(&dataset, None, &place.folder(), &source, &|_| {}).unwrap();
        assert_eq!(brought.outcome, DatasetOutcome::Verified);
        fs::remove_dir_all(place.folder()).unwrap();
    }
    assert!(place.server.served(ARCHIVE).is_file(), "the mirror keeps its file");
}

#[test]
fn an_archive_of_ones_own_must_be_the_published_one_where_that_can_be_had() {
    let place = Place::new();
    let (mine, source) = (place.server.served(ARCHIVE), PackageSource::default());
    let unpack = |dataset: &HostedDataset, archive: &Path| {
        bring(dataset, Some(archive), &place.folder(), &source, &|_| {})
    };
    let dataset = place.dataset("whole");
    assert_eq!(unpack(&dataset, &mine).unwrap().outcome, DatasetOutcome::Verified);
    assert!(mine.is_file() && place.server.requests().is_empty());
    fs::remove_dir_all(place.folder()).unwrap();
    fs::write(&mine, gzip(b"another")).unwrap();
    let error = unpack(&dataset, &mine).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
    // The same data in another archive, such as CIFAR-10's for Python, is told which one it must be.
    let wanted = format!("is not {ARCHIVE} of {}", dataset.address.as_ref().unwrap());
    assert!(error.to_string().contains(&wanted), "{error}");
    let error = unpack(&dataset, Path::new("/no/such.tgz")).unwrap_err().to_string();
    assert!(error.contains("/no/such.tgz"), "{error}");
}

/// The program, with its data in `home`, and no mirror of the surroundings.
fn program(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(arguments).current_dir(home).env("XDG_DATA_HOME", home);
    command.env_remove("SHUTTERBENCH_MIRROR").timely_output()
}

/// Three photos as ImageNet has them, from one's own archive of a part of them.
fn own_ilsvrc2012(home: &Path, photos: [Vec<u8>; 3]) -> PathBuf {
    let files = photos.into_iter().zip([1, 2, 50_000]);
    let named = |(photo, number)| (format!("ILSVRC2012_val_{number:08}.JPEG"), photo);
    let archive = home.join("mine.tar");
    fs::write(&archive, tar(&files.map(named).collect::<Vec<_>>())).unwrap();
    archive
}

#[test]
fn datasets_are_listed_and_asked_for_by_name() {
    let home = TempDir::new().unwrap();
    let program = |arguments: &[&str]| program(home.path(), arguments);
    let listed = program(&["list", "datasets", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    for name in ["imagenette2-160", "imagenetv2-matched-frequency", "cifar-10", "ilsvrc2012"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(printed(&program(&["list", "datasets"])).contains("your archive"));
    assert!(printed(&program(&["list", "presets"])).contains("first-run"));

    let refused = |arguments: &[&str], why: &str| {
        let output = program(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(why), "{arguments:?}: {}", said(&output));
    };
    refused(&["plan", "--dataset", "imagenette2-160"], "'shutterbench fetch imagenette2-160'");
    refused(&["plan", "--dataset", "ilsvrc2012"], "--archive ILSVRC2012_img_val.tar");
    refused(&["fetch", "ilsvrc2012"], "--archive ILSVRC2012_img_val.tar");
    refused(&["fetch", "tflite", "--archive", "x.tar"], "--archive holds one dataset");
    refused(&["fetch", "imagenette3"], "shutterbench list datasets");
    // The first model that the preset holds is not in the mirror.
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let preset = ["fetch", "first-run", "--mirror", empty.to_str().unwrap()];
    refused(&preset, "mobilenet_v1_0.25_128_quant.tflite is not in");
    fs::write(home.path().join("suite.toml"), "dataset = \"cifar-10\"\n").unwrap();
    refused(&["plan", "suite.toml"], "'shutterbench fetch cifar-10'");
    // With --yes it is fetched, here from a mirror that does not have it.
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    command.args(["plan", "suite.toml", "--yes"]).current_dir(home.path());
    command.env("XDG_DATA_HOME", home.path()).env("SHUTTERBENCH_MIRROR", &empty);
    let output = command.timely_output();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("cifar-10-binary.tar.gz is not in"), "{}", said(&output));
    // What lies there under that name comes first, and what is not scored is not asked for.
    fs::create_dir(home.path().join("cifar-10")).unwrap();
    refused(&["plan", "suite.toml"], "no image was found");
    let output = program(&["plan", "--no-accuracy", "--dataset", "imagenette2-160"]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn ones_own_ilsvrc2012_is_unpacked_and_used_by_name() {
    let home = TempDir::new().unwrap();
    let Some(shared) = common::shared() else { return };
    let mut sample: Vec<PathBuf> = fs::read_dir(shared.join("imagenet-sample"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "JPEG"))
        .collect();
    sample.sort();
    let photos = [0, 1, 2].map(|index| fs::read(&sample[index]).unwrap());
    let archive = own_ilsvrc2012(home.path(), photos);
    let fetch = ["fetch", "ilsvrc2012", "--archive", archive.to_str().unwrap(), "--json"];
    let output = program(home.path(), &fetch);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("not the archive whose SHA-256 is published"));
    let fetched: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(fetched[0]["outcome"], "other_archive");
    assert_eq!(fetched[0]["images"], 3);
    // A mirror for every command does not contradict an archive of one's own; one beside it does.
    let mut again = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    again.args(fetch).env("XDG_DATA_HOME", home.path()).env("SHUTTERBENCH_MIRROR", home.path());
    let again: Value = serde_json::from_slice(&again.timely_output().stdout).unwrap();
    assert_eq!(again[0]["outcome"], "already_there");
    let output = program(home.path(), &[&fetch[..], &["--mirror", "."]].concat());
    assert!(said(&output).contains("cannot be used with"), "{}", said(&output));

    let model = shared.join("models/mobilenet_v1_0.25_128_quant.tflite");
    fs::write(home.path().join("suite.toml"), "dataset = \"ilsvrc2012\"\n").unwrap();
    let run = ["run", "suite.toml", "--model", model.to_str().unwrap(), "--backend", "tflite"];
    let run = [&run[..], &["--threads", "1", "--no-latency", "--out", "run", "--json"]].concat();
    let output = program(home.path(), &run);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(common::rows(&output, &run)[0]["images"], 3);
    let predictions = fs::read_to_string(home.path().join("run/predictions.csv")).unwrap();
    // 490, 361 and the last line of the development kit's ground truth, as class indices.
    for (photo, class) in [("00000001", 65), ("00000002", 970), ("00050000", 355)] {
        let is_one = |line: &&str| line.contains(&format!("val_{photo}.JPEG,{class},"));
        assert!(predictions.lines().any(|line| is_one(&line)), "{photo}: {predictions}");
    }
}

#[test]
fn a_full_disk_is_one_sentence_for_datasets() {
    let home = TempDir::new().unwrap();
    let noise: Vec<u8> =
        (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let archive = own_ilsvrc2012(home.path(), [photo(1), noise, photo(3)]);
    let server = Loopback::serving(&[]);
    File::create(server.served("cifar-10-binary.tar.gz")).unwrap().set_len(1 << 20).unwrap();
    let own = format!("fetch ilsvrc2012 --archive {}", archive.display());
    let hosted = format!("fetch cifar-10 --mirror {}/whole", server.address);
    for command in [own, hosted] {
        let script = format!(
            "mount -t tmpfs -o size=128k none $DISK; code=0; \
             XDG_DATA_HOME=$DISK $PROGRAM {command} || code=$?; \
             ls $DISK/shutterbench/datasets; exit $code"
        );
        let Some(output) = disk::with_disk(&script) else { return };
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.lines().last().unwrap().starts_with("shutterbench: could not write"),
            "{said}"
        );
        assert_eq!(printed(&output), "", "nothing is in place");
    }
}
