//! The properties that each of our parsers must keep, whatever bytes it is given. The
//! coverage-guided targets beside this file and `tests/it/parsers.rs` (which needs no nightly
//! toolchain) both include it, so that the two cannot drift apart.
//!
//! A property that does not hold panics; so does a parser that must not.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use shutterbench::dataset::entries::{Dataset, LabelledImage};
use shutterbench::dataset::listing;
use shutterbench::decide::comparison;
use shutterbench::decide::evidence::{Candidate, Evidence};
use shutterbench::decide::pick::pick;
use shutterbench::decide::standing::PickRequest;
use shutterbench::model::config::{
    hugging_face, image_processor, onnx_metadata, python_literal, steps, timm,
};
use shutterbench::model::labels::labels_file;
use shutterbench::model::manifest::Manifest;
use shutterbench::model::{metadata, onnx_file, tflite_file, tflite_signature};
use shutterbench::record::channels::Channels;
use shutterbench::record::description::Description;
use shutterbench::record::preset::Preset;
use shutterbench::record::signature::Signature;
use shutterbench::report;
use shutterbench::run::suite_file::SuiteFile;
use shutterbench::run::{journal, replay};
use shutterbench::text_file;
use shutterbench::worker::protocol::{Reply, Request, read_frame, write_frame};

/// A suite file: parsed twice, it is the same; if it is refused, there is a message.
pub fn suite(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folder = Path::new("suites");
    match (SuiteFile::parse(text, folder), SuiteFile::parse(text, folder)) {
        // Compared as text: a NaN is equal to nothing.
        (Ok(first), Ok(second)) => assert_eq!(format!("{first:?}"), format!("{second:?}")),
        (Err(error), Err(_)) => assert!(!error.to_string().is_empty()),
        _ => panic!("a suite was parsed once and refused once"),
    }
}

/// A manifest of models, and a description beside a model.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(manifest) = Manifest::parse(text, Path::new("models")) {
        for entry in &manifest.models {
            assert!(manifest.path(entry).ends_with(&entry.file) || entry.file.is_absolute());
        }
    }
}

/// A description beside a model: what is read can be written and read again.
pub fn sidecar(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match toml::from_str::<Description>(text) {
        Ok(description) => {
            let Ok(written) = toml::to_string(&description) else { return };
            let again: Description = toml::from_str(&written).unwrap();
            // Compared as text: a NaN is equal to nothing.
            assert_eq!(format!("{again:?}"), format!("{description:?}"));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Class names in any form: none is empty, and read twice they are the same; as a JSON
/// list they are the same again.
pub fn class_names(bytes: &[u8]) {
    let Some(text) = text_file::decode(bytes) else { return };
    let Ok(names) = labels_file::parse(&text.text) else { return };
    assert!(!names.is_empty() && names.iter().all(|name| !name.is_empty()));
    assert_eq!(labels_file::parse(&text.text).unwrap(), names);
    assert_eq!(labels_file::parse(&serde_json::to_string(&names).unwrap()).unwrap(), names);
}

/// A dataset's `labels.csv`, in a folder without images: every line is either an
/// entry or a reason, and the folder is opened the same way twice.
pub fn dataset(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("labels.csv"), bytes).unwrap();
    match (Dataset::open(folder.path()), Dataset::open(folder.path())) {
        (Ok(first), Ok(second)) => assert_eq!(first, second),
        (Err(error), Err(_)) => assert!(!error.to_string().is_empty()),
        _ => panic!("a dataset was opened once and refused once"),
    }
}

/// A table of labels beside images, in any dialect: every entry is an image of the folder.
pub fn table(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a, 1.png", "b.png", "c.png"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let path = folder.path().join("labels.csv");
    fs::write(&path, bytes).unwrap();
    if let Ok(dataset) = Dataset::open(folder.path()) {
        assert!(dataset.entries.iter().all(|entry| dataset.path(entry).exists()));
    }
}

/// A dataset's listing, as a device finds it: opened twice, it is the same.
pub fn listing(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(listing::FILE_NAME), bytes).unwrap();
    match (Dataset::open(folder.path()), Dataset::open(folder.path())) {
        (Ok(first), Ok(second)) => assert_eq!(first, second),
        (Err(error), Err(_)) => assert!(!format!("{error:#}").is_empty()),
        _ => panic!("a listing was opened once and refused once"),
    }
}

/// A Parquet file or a tar archive: what is listed can be read, and gives bytes or a reason.
pub fn container(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    fs::write(&path, bytes).unwrap();
    let dataset = match Dataset::open(&path) {
        Ok(dataset) => dataset,
        Err(error) => return assert!(!format!("{error:#}").is_empty()),
    };
    for entry in &dataset.entries {
        let _ = dataset.load(entry).map_err(|error| format!("{error:#}"));
    }
}

/// ILSVRC2012's ground truth in a folder with two images.
pub fn ground_truth(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000002.JPEG"];
    names.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());
    let name = if bytes.starts_with(b"[") { "real.json" } else { "val.txt" };
    fs::write(folder.path().join(name), bytes).unwrap();
    if let Ok(dataset) = Dataset::open(folder.path()) {
        let classes = |entry: &LabelledImage| [&[entry.class], &entry.also[..]].concat();
        assert!(dataset.entries.iter().flat_map(classes).all(|class| class < 1000));
    }
}

/// A model file of either format, and the metadata and labels in it.
pub fn model(bytes: &[u8]) {
    match tflite_file::read(bytes, None) {
        Ok(signature) => signatures(bytes, &signature),
        Err(error) => assert!(!format!("{error:#}").is_empty()),
    }
    let _ = onnx_file::read(bytes).map_err(|error| error.to_string());
    let found = metadata::read(bytes, 0);
    if let Some((mean, deviation)) = &found.normalization {
        assert_eq!(mean.len(), deviation.len());
        assert!(deviation.iter().all(|value| *value > 0.0));
    }
    let _ = metadata::labels(bytes, found.label_file.as_deref().or(Some("labels.txt")));
}

/// Each signature of a file is read by its name, or refused in words; and with its graph as
/// the first the file is read as the same.
fn signatures(bytes: &[u8], signature: &Signature) {
    for choice in &signature.choices {
        let Ok(named) = tflite_file::read(bytes, Some(&choice.name)) else { continue };
        let mut moved = bytes.to_vec();
        tflite_signature::move_first(&mut moved, named.graph()).unwrap();
        let again = tflite_file::read(&moved, None).unwrap();
        assert_eq!((&again.inputs, &again.outputs), (&named.inputs, &named.outputs));
        assert!(again.choices.is_empty());
    }
}

/// A configuration beside a model, read as that of each library: what is read can be used, written
/// and read again; what is refused is refused in one line.
pub fn configuration(bytes: &[u8]) {
    let one_line = |error: anyhow::Error| {
        let text = format!("{error:#}");
        assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    };
    match image_processor::read(bytes) {
        Ok(processor) => description(&steps::of_processor(&processor)),
        Err(error) => one_line(error),
    }
    match timm::read(bytes) {
        Ok(timm) => timm.iter().for_each(|timm| description(&steps::of_timm(timm))),
        Err(error) => one_line(error),
    }
    match hugging_face::read(bytes) {
        Ok(config) => config.labels.iter().for_each(|labels| names(labels)),
        Err(error) => one_line(error),
    }
}

/// What a configuration states can be written, and gives steps for an input.
fn description(description: &Description) {
    let preset = description.preprocess.as_ref().unwrap();
    assert_eq!(preset.to_string().parse::<Preset>().as_ref(), Ok(preset));
    let pipeline = preset.pipeline(224, 224, Channels::Rgb, None);
    assert!(!pipeline.to_string().is_empty());
    let mean = description.mean.as_deref().unwrap();
    let scale = description.scale.as_deref().unwrap();
    for values in [mean, scale] {
        assert!(matches!(values.len(), 1 | 3));
    }
    assert!(scale.iter().all(|value| *value != 0.0), "{scale:?}");
    description.label_names.iter().for_each(|labels| names(labels));
}

fn names(labels: &[String]) {
    assert!(!labels.is_empty() && labels.iter().all(|name| !name.is_empty()));
}

/// A text in a model's metadata: names that are read are none of them empty.
pub fn metadata_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = python_literal::read(text);
    let pairs = [("names", text), ("author", "Ultralytics"), ("task", "classify")];
    let found = onnx_metadata::read(&pairs, None);
    found.labels.iter().for_each(|labels| names(labels));
    assert!(found.preprocess.is_some());
}

/// A journal: what counts as whole parses to the same entries alone, and a run
/// that can be replayed can be shown, chosen from and compared with itself.
pub fn journal(bytes: &[u8]) {
    let Ok((entries, whole)) = journal::parse(bytes) else { return };
    let whole = usize::try_from(whole).unwrap();
    let (again, same) = journal::parse(&bytes[..whole]).unwrap();
    assert_eq!((again.len(), same), (entries.len(), whole as u64));
    let Ok(run) = replay::run(entries) else { return };
    let rows = shutterbench::table::rows::rows(&run);
    assert_eq!(rows.len(), run.header.cases.len(), "a row for each case");
    report::csv::results(&rows, &mut Vec::new()).unwrap();
    let _ = report::terminal::table(&rows, Some(80), false);
    let _ = report::markdown::document(&run, &rows);
    let _ = report::html::page::page(&run, &rows);
    let _ = report::json::report(&run, &rows);
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|row| Candidate::alone(Evidence::of_row(row))).collect();
    let _ = pick(&candidates, &PickRequest::default());
    assert!(
        !shutterbench::decide::compare::compare(&run, &run, comparison::CompareOptions::default())
            .is_regression()
    );
}

/// A results.csv: rows that are read are the same when written and read again.
pub fn results(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let (given, again) = (folder.path().join("given.csv"), folder.path().join("again.csv"));
    fs::write(&given, bytes).unwrap();
    let Ok(rows) = report::csv::read_results(&given) else { return };
    report::csv::results(&rows, &mut fs::File::create(&again).unwrap()).unwrap();
    let same = report::csv::read_results(&again).unwrap();
    assert_eq!(format!("{same:?}"), format!("{rows:?}"));
}

/// A stream of frames: what is read as a message is the same when sent again.
pub fn protocol(bytes: &[u8]) {
    let mut from = Cursor::new(bytes);
    while let Ok(Some((request, payload))) = read_frame::<Request>(&mut from) {
        let mut sent = Vec::new();
        write_frame(&mut sent, &request, &payload).unwrap();
        let received = read_frame::<Request>(&mut sent.as_slice()).unwrap().unwrap();
        assert_eq!(received, (request, payload));
    }
    let mut from = Cursor::new(bytes);
    while let Ok(Some((reply, payload))) = read_frame::<Reply>(&mut from) {
        let mut sent = Vec::new();
        write_frame(&mut sent, &reply, &payload).unwrap();
        let received = read_frame::<Reply>(&mut sent.as_slice()).unwrap().unwrap();
        assert_eq!(received, (reply, payload));
    }
}
