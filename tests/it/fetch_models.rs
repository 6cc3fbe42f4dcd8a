//! Models by name, from a real HTTP server that is slow, cut off, wrong, elsewhere or without the
//! file.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shutterbench::fetch::bring_model::{BroughtModel, ModelOutcome, bring};
use shutterbench::fetch::fetch_error::FetchError;
use shutterbench::fetch::hosted_model::{HostedFile, HostedModel};
use shutterbench::fetch::package_source::PackageSource;
use shutterbench::model::select;
use shutterbench::record::description::Description;
use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, repository};
use crate::disk;
use crate::loopback::Loopback;

const NAME: &str = "tiny_0.25";
const ARCHIVE: &str = "tiny_2018_04_27.tgz";
const LABELS: &str = "labels.txt";

/// A server, what it serves, and a folder for models.
struct Place(Loopback);

impl Deref for Place {
    type Target = Loopback;

    fn deref(&self) -> &Loopback {
        &self.0
    }
}

impl Place {
    fn new() -> Self {
        let archive = archive(&embedded_model());
        Self(Loopback::serving(&[(ARCHIVE, &archive), (LABELS, &labels())]))
    }

    fn models(&self) -> PathBuf {
        self.root.path().join("models")
    }

    fn part(&self) -> PathBuf {
        self.models().join(".parts").join(format!("{NAME}-{ARCHIVE}"))
    }

    /// The model, sent in one of the server's ways.
    fn model(&self, way: &str) -> HostedModel {
        HostedModel {
            name: NAME.to_owned(),
            title: "a model of the tests".to_owned(),
            addresses: vec![format!("{}/{way}/{ARCHIVE}", self.address)],
            file_name: None,
            megabytes: 0.1,
            sha256: Some(sha256(&fs::read(self.served(ARCHIVE)).unwrap())),
            verified_by: None,
            licence: "Apache-2.0".to_owned(),
            labels: Some(HostedFile {
                name: "ten".to_owned(),
                file: LABELS.to_owned(),
                address: format!("{}/whole/{LABELS}", self.address),
                sha256: sha256(&labels()),
            }),
            description: Description {
                family: Some("tiny".to_owned()),
                label_offset: Some(0),
                ..Description::default()
            },
        }
    }

    fn bring(&self, model: &HostedModel) -> Result<BroughtModel, FetchError> {
        bring(model, &self.models(), &PackageSource::default(), &|_| {})
    }

    /// What is in the folder of models, but for the program's own folders.
    fn installed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.models()) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| ![".parts", ".pins"].contains(&name.as_str())).collect()
    }
}

fn embedded_model() -> Vec<u8> {
    let file = "models/fashion-mnist/fmnist_mobilenet_v1_0.25_f32.tflite";
    fs::read(repository().join(file)).unwrap()
}

fn labels() -> Vec<u8> {
    fs::read(repository().join("models/fashion-mnist/labels.txt")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// As TensorFlow's are: the model beside other files.
fn archive(model: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in [("./tiny.pb", &b"a graph"[..]), ("./tiny.tflite", model)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_model_comes_with_its_labels_and_description_and_only_once() {
    let place = Place::new();
    let model = place.model("redirect");
    let brought = place.bring(&model).unwrap();
    assert_eq!(brought.outcome, ModelOutcome::Verified);
    assert_eq!(brought.path, place.models().join(NAME).join(format!("{NAME}.tflite")));
    assert_eq!(fs::read(&brought.path).unwrap(), embedded_model());
    let opened = select::open(&brought.path).unwrap();
    assert_eq!((opened.name.as_str(), &opened.sha256), (NAME, &brought.sha256));
    assert_eq!(opened.description.family.as_deref(), Some("tiny"));
    assert_eq!(opened.description.licence.as_deref(), None, "the list states it, not the test");
    assert_eq!(fs::read(opened.description.labels.unwrap()).unwrap(), labels());
    assert_eq!(place.installed(), [NAME]);
    assert!(!place.part().exists());

    let requests = place.requests().len();
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::AlreadyThere);
    assert_eq!(place.requests().len(), requests, "nothing is asked for again");
    fs::write(&brought.path, "damaged").unwrap();
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::Verified);
    assert_eq!(fs::read(&brought.path).unwrap(), embedded_model());
}

#[test]
fn a_download_that_was_cut_goes_on_where_it_ended() {
    let place = Place::new();
    let model = place.model("cut");
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::Cut { .. }), "{error}");
    assert!(error.to_string().contains("same command again"), "{error}");
    let half = fs::metadata(place.part()).unwrap().len();
    assert!(half > 0 && place.installed().is_empty());
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::Verified);
    let again = format!("cut bytes={half}-");
    assert!(place.requests().contains(&again), "{again} in {:?}", place.requests());
}

#[test]
fn a_part_that_cannot_be_continued_is_fetched_whole() {
    for (way, part) in [
        // The server sends no parts; the part is of another file; it is longer than the file.
        ("norange", fs::read(repository().join("LICENSE")).unwrap()[..100].to_vec()),
        ("whole", vec![7; 100]),
        ("whole", vec![7; 1 << 20]),
    ] {
        let place = Place::new();
        fs::create_dir_all(place.part().parent().unwrap()).unwrap();
        fs::write(place.part(), part).unwrap();
        assert_eq!(place.bring(&place.model(way)).unwrap().outcome, ModelOutcome::Verified);
    }
}

#[test]
fn slow_and_busy_servers_are_waited_for() {
    let place = Place::new();
    let told = RefCell::new(Vec::new());
    let model = place.model("slow");
    let progress = |bytes: u64| told.borrow_mut().push(bytes);
    bring(&model, &place.models(), &PackageSource::default(), &progress).unwrap();
    let told = told.into_inner();
    assert!(told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&fs::metadata(place.served(ARCHIVE)).unwrap().len()));
    fs::remove_dir_all(place.models()).unwrap();
    assert_eq!(place.bring(&place.model("busy")).unwrap().outcome, ModelOutcome::Verified);
}

#[test]
fn the_next_address_is_tried_where_the_first_has_no_such_file() {
    let place = Place::new();
    let mut model = place.model("whole");
    model.addresses.insert(0, format!("{}/whole/moved/{ARCHIVE}", place.address));
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::Verified);
}

#[test]
fn what_is_wrong_or_missing_installs_nothing() {
    let place = Place::new();
    let error = place.bring(&place.model("wrong")).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }) && !place.part().exists(), "{error}");

    let mut model = place.model("whole");
    model.addresses = vec![format!("{}/whole/nothing.tgz", place.address)];
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("404"), "{error}");

    let mut model = place.model("whole");
    model.labels.as_mut().unwrap().sha256 = "0".repeat(64);
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
    assert!(error.to_string().contains(LABELS), "{error}");

    let mut model = place.model("whole");
    model.addresses = vec!["http://127.0.0.1:9/x.tgz".to_owned()];
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    assert_eq!(place.installed(), Vec::<String>::new());
}

#[test]
fn a_file_whose_hash_nobody_published_must_stay_what_it_was() {
    let place = Place::new();
    let model = HostedModel { sha256: None, ..place.model("whole") };
    // A page that some networks send instead of what was asked for.
    let true_archive = fs::read(place.served(ARCHIVE)).unwrap();
    fs::write(place.served(ARCHIVE), "<html>log in first</html>").unwrap();
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::Archive { .. }), "{error}");
    fs::write(place.served(ARCHIVE), archive(b"no model")).unwrap();
    let error = place.bring(&model).unwrap_err();
    assert!(matches!(error, FetchError::NotAModel { .. }), "{error}");

    fs::write(place.served(ARCHIVE), &true_archive).unwrap();
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::Pinned);
    fs::remove_dir_all(place.models().join(NAME)).unwrap();
    let mut other = embedded_model();
    other.extend([0; 16]);
    fs::write(place.served(ARCHIVE), archive(&other)).unwrap();
    let error = place.bring(&model).unwrap_err();
    let FetchError::Repinned { pin, expected, .. } = &error else { panic!("{error}") };
    assert_eq!(*expected, sha256(&true_archive));
    assert_eq!(place.installed(), Vec::<String>::new());
    fs::remove_file(pin).unwrap();
    assert_eq!(place.bring(&model).unwrap().outcome, ModelOutcome::Pinned);
}

#[test]
fn a_mirror_can_be_a_folder_or_an_address() {
    let place = Place::new();
    let model = HostedModel {
        addresses: vec![format!("http://127.0.0.1:9/{ARCHIVE}")],
        ..place.model("whole")
    };
    let folder = PackageSource::mirror(place.served("").to_str().unwrap()).unwrap();
    let address = PackageSource::mirror(&format!("{}/whole/", place.address)).unwrap();
    for source in [folder, address] {
        let brought = bring(&model, &place.models(), &source, &|_| {}).unwrap();
        assert_eq!(brought.outcome, ModelOutcome::Verified);
        fs::remove_dir_all(place.models()).unwrap();
    }
    assert!(place.served(ARCHIVE).is_file(), "the mirror keeps its file");
    let empty = PackageSource::Folder(place.root.path().to_owned());
    let error = bring(&model, &place.models(), &empty, &|_| {}).unwrap_err();
    assert!(matches!(error, FetchError::NotInMirror { .. }), "{error}");
}

/// The file of this hosted model is looked for under this name.
const HOSTED: &str = "mobilenet_v1_0.25_128_quant";

#[test]
fn a_full_disk_is_one_sentence() {
    let place = Place::new();
    let file = format!("{HOSTED}.tflite");
    File::create(place.served(&file)).unwrap().set_len(525_598).unwrap();
    let address = &place.address;
    let script = format!(
        "mount -t tmpfs -o size=128k none $DISK; \
         XDG_DATA_HOME=$DISK $PROGRAM fetch {HOSTED} --mirror {address}/whole"
    );
    let Some(output) = disk::with_disk(&script) else { return };
    let said = common::said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().last().unwrap().starts_with("shutterbench: could not write"), "{said}");
}

#[test]
fn run_names_a_model_that_can_be_fetched_and_takes_it_with_yes() {
    let home = TempDir::new().unwrap();
    let program = |arguments: &[&str], mirror: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
        command.args(arguments).current_dir(home.path()).env("XDG_DATA_HOME", home.path());
        command.env_remove("SHUTTERBENCH_MIRROR");
        if let Some(mirror) = mirror {
            command.env("SHUTTERBENCH_MIRROR", mirror);
        }
        command.timely_output()
    };
    let listed = program(&["list", "models", "--remote", "--json"], None);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed.as_array().unwrap().iter().any(|model| model["name"] == HOSTED));
    let run = ["run", "--model", HOSTED, "--backend", "tflite", "--no-accuracy", "--max-seconds"];
    let run = [&run[..], &["0.1", "--min-seconds", "0", "--out", "run", "--json"]].concat();
    let output = program(&run, None);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("shutterbench fetch {HOSTED}")), "{said}");
    let output = program(&["list", "backends", "--remote"], None);
    assert_eq!(output.status.code(), Some(2));

    let Some(shared) = common::shared() else { return };
    let mirror = shared.join("models");
    let output = program(&[&run[..], &["--yes"]].concat(), Some(&mirror));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&rows[0]["model"], &rows[0]["status"]), (&HOSTED.into(), &"ok".into()));
    // Now it is there, for patterns too.
    let output = program(&["inspect", HOSTED, "--json"], None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fetched = program(&["fetch", "mobilenet_v1_0.25_128_q*", "--json"], None);
    let fetched: Value = serde_json::from_slice(&fetched.stdout).unwrap();
    assert_eq!(fetched[0]["outcome"], "already_there");
    // What the mirror lacks does not keep the others away.
    fs::remove_dir_all(home.path().join("shutterbench/models/hosted")).unwrap();
    let output = program(&["fetch", "squeezenet1.1-7", HOSTED], Some(&mirror));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("squeezenet1.1-7.onnx is not in"), "{said}");
    assert!(
        said.ends_with("1 of 2 could not be fetched, as said above; what came is in place\n"),
        "{said}"
    );
    assert!(program(&["inspect", HOSTED], None).status.success());
}

/// `run` with a hosted model on a terminal of its own, and this answer to its question.
fn answered(home: &Path, answer: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_shutterbench");
    let command = format!("{program} run --model {HOSTED} --backend tract --no-accuracy");
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(home)
        .env("XDG_DATA_HOME", home)
        .env("SHUTTERBENCH_MIRROR", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(format!("{answer}\n").as_bytes()).unwrap();
    common::finish(child)
}

#[test]
fn run_asks_on_a_terminal_before_it_fetches() {
    if Command::new("script").arg("--version").output_if_there().is_none() {
        common::skip("the program 'script' of util-linux, which makes a terminal, is missing");
        return;
    }
    let home = TempDir::new().unwrap();
    // A mirror without the file: to agree is seen by its being looked for there.
    for (answer, then) in [("n", "can be fetched: run 'shutterbench fetch"), ("y", "is not in")] {
        let output = answered(home.path(), answer);
        let seen = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(2), "{seen}");
        assert!(seen.contains("Not here yet. Fetch? [y/N]") && seen.contains(HOSTED), "{seen}");
        assert!(seen.contains(then), "{answer}: {seen}");
    }
}
