use std::collections::HashMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use super::*;
use crate::dataset::entries::{ClassOrder, Classes, LabelledImage};
use crate::record::agreement::Agreement;
use crate::record::backend_kind::BackendKind;
use crate::record::case::AccuracyKey;
use crate::record::channels::{Channels, Layout};
use crate::record::class_map::ClassMap;
use crate::record::delegate::Delegate;
use crate::record::output_kind::OutputKind;
use crate::record::pipeline::Pipeline;
use crate::record::prediction::Prediction;
use crate::record::preprocessing::InputSpec;
use crate::record::preset::Preset;
use crate::record::scored_output::{OutputForm, ScoredOutput};
use crate::record::status::Status;
use crate::record::tensor::ElementType;
use crate::record::tensor::TensorInfo;
use crate::scoring::output_reader::OutputReader;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};

/// A worker whose model gives class `mean pixel` the whole probability.
struct Brightness {
    asked: &'static Mutex<Vec<u32>>,
    fails_after: u32,
}

impl Link for Brightness {
    fn ask(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>), Fault> {
        let Request::Infer { count, .. } = request else { panic!("{request:?}") };
        self.asked.lock().unwrap().push(*count);
        if self.fails_after < *count {
            return Err(Fault::new(Status::Crashed, "died".to_owned()));
        }
        self.fails_after -= count;
        let mut outputs = Vec::new();
        for image in payload.chunks_exact(payload.len() / *count as usize) {
            let mean = image.iter().map(|v| usize::from(*v)).sum::<usize>() / image.len();
            outputs.extend(
                (0..256).flat_map(|class| f32::from(u8::from(class == mean)).to_ne_bytes()),
            );
        }
        Ok((Reply::Outputs { count: *count }, outputs))
    }

    fn process(&self) -> Option<u32> {
        None
    }
}

fn reading() -> OutputReader {
    let info = TensorInfo::fixed("scores".to_owned(), vec![1, 256], ElementType::Float32, None);
    let scored = ScoredOutput {
        model: "any".into(),
        index: 0,
        form: OutputForm::Scores,
        classes: Some(256),
        kind: Some(OutputKind::Probabilities),
        kind_source: None,
        chosen: None,
        names: Vec::new(),
    };
    OutputReader::new(info, &scored, 256)
}

/// The whole image in grey, pixels unchanged.
fn stretched(size: usize) -> Pipeline {
    let preset: Preset = "slim-pillow,fraction=1".parse().unwrap();
    preset.pipeline(size, size, Channels::Grey, Some((vec![0.0], vec![1.0])))
}

fn subject(model: &str, size: usize, links: usize, fails_after: u32) -> Subject {
    let asked = Box::leak(Box::new(Mutex::new(Vec::new())));
    Subject {
        key: AccuracyKey {
            model: model.to_owned(),
            backend: BackendKind::Tflite,
            delegate: Delegate::None,
            options: None,
            device: None,
        },
        spec: InputSpec {
            height: size,
            width: size,
            layout: Layout::Nhwc,
            pipeline: stretched(size),
            element: ElementType::Uint8,
            quantization: None,
        },
        output: 0,
        reading: reading(),
        classes: ClassMap::shifted(0, 256),
        from: 0,
        reference: None,
        silent: false,
        every: 1,
        links: (0..links)
            .map(|_| Box::new(Brightness { asked, fails_after }) as Box<dyn Link + Send>)
            .collect(),
    }
}

/// 200 images, the i-th of brightness i.
fn dataset() -> (tempfile::TempDir, Dataset) {
    let folder = tempfile::TempDir::new().unwrap();
    let entries: Vec<LabelledImage> = (0..200_u8)
        .map(|i| {
            let file = format!("{i:03}.png");
            image::GrayImage::from_pixel(6, 4, image::Luma([i]))
                .save(folder.path().join(&file))
                .unwrap();
            LabelledImage::new(file, u32::from(i))
        })
        .collect();
    let root = folder.path().to_owned();
    let classes = Classes { order: ClassOrder::Given, names: Vec::new(), used: Vec::new() };
    (folder, Dataset::new(root, entries, classes))
}

type Got = HashMap<String, Vec<Prediction>>;

struct Told {
    outcome: Result<ScoringOutcome>,
    got: Got,
    /// By model: images that were compared, and the share that agrees.
    agreed: HashMap<String, (usize, f64)>,
    lost: Vec<String>,
    unreadable: Vec<(String, String)>,
}

fn run(dataset: &Dataset, subjects: Vec<Subject>) -> Told {
    run_again(dataset, subjects, &[])
}

fn run_again(dataset: &Dataset, subjects: Vec<Subject>, known: &[(String, String)]) -> Told {
    let (mut got, mut lost, mut unreadable) = (Got::new(), Vec::new(), Vec::new());
    let mut agreements = HashMap::new();
    let cores = NonZeroUsize::new(2).unwrap();
    let names: Vec<String> = subjects.iter().map(|subject| subject.key.model.clone()).collect();
    let stop = AtomicBool::new(false);
    let outcome = score(dataset, subjects, known, cores, &stop, &mut |scored| {
        match scored {
            ScoringProgress::Batch { subject, images, agreement } => {
                let name = &names[subject];
                assert_eq!(images.predictions.len(), images.preprocess_ns.len());
                assert_eq!(images.predictions.len(), images.contents.images);
                assert_eq!(images.predictions.len(), images.outputs.inputs);
                if let Some(new) = agreement {
                    let all: Option<Agreement> = agreements.remove(name);
                    agreements.insert(name.clone(), all.map_or(new, |all| all.and(new)));
                }
                got.entry(name.clone()).or_default().extend(images.predictions);
            }
            ScoringProgress::Lost { subject, .. } => lost.push(names[subject].clone()),
            ScoringProgress::Unreadable { file, reason } => unreadable.push((file, reason)),
        }
        Ok(())
    });
    unreadable.sort();
    let agreed = agreements.into_iter().map(|(model, all)| (model, (all.images, all.top1)));
    Told { outcome, got, agreed: agreed.collect(), lost, unreadable }
}

#[test]
fn every_subject_sees_every_image_in_order() {
    let (_folder, dataset) = dataset();
    let subjects = vec![
        subject("a", 4, 1, u32::MAX),
        subject("b", 4, 3, u32::MAX),
        Subject { from: 93, ..subject("c", 8, 1, u32::MAX) },
    ];
    let Told { outcome, got, lost, unreadable, .. } = run(&dataset, subjects);
    assert!(!outcome.unwrap().interrupted);
    assert!(lost.is_empty() && unreadable.is_empty());
    for (model, from) in [("a", 0), ("b", 0), ("c", 93)] {
        let images: Vec<&str> = got[model].iter().map(|p| &*p.image).collect();
        let expected: Vec<&str> = dataset.entries[from..].iter().map(|e| e.file.as_str()).collect();
        assert_eq!(images, expected, "{model}");
        assert!(got[model].iter().all(|p| p.rank_of_label == 1));
    }
}

#[test]
fn a_lost_subject_leaves_the_others_alone() {
    let (_folder, dataset) = dataset();
    let Told { outcome, got, lost, .. } =
        run(&dataset, vec![subject("dies", 4, 2, 30), subject("lives", 4, 1, u32::MAX)]);
    assert!(outcome.is_ok());
    assert_eq!(lost, ["dies"]);
    assert_eq!(got["lives"].len(), 200);
}

#[test]
fn all_lost_ends_early() {
    let (_folder, dataset) = dataset();
    let Told { outcome, got, lost, .. } = run(&dataset, vec![subject("dies", 4, 1, 0)]);
    assert!(outcome.is_ok() && got.is_empty());
    assert_eq!(lost, ["dies"]);
}

#[test]
fn unreadable_images_are_named_and_too_many_of_them_fail() {
    let (folder, dataset) = dataset();
    fs::write(folder.path().join("017.png"), "").unwrap();
    fs::write(folder.path().join("101.png"), "no image").unwrap();
    let Told { outcome, got, unreadable, .. } = run(&dataset, vec![subject("a", 4, 1, u32::MAX)]);
    assert!(outcome.is_ok());
    assert_eq!(unreadable[0], ("017.png".to_owned(), "is empty".to_owned()));
    assert_eq!(unreadable[1].1, "is not a JPEG, PNG, BMP, WebP, GIF or TIFF image");
    assert_eq!(got["a"].len(), 198);
    fs::write(folder.path().join("150.png"), "").unwrap();
    let Told { outcome, .. } = run(&dataset, vec![subject("a", 4, 1, u32::MAX)]);
    let error = outcome.unwrap_err().to_string();
    assert!(error.starts_with("3 of 200 images") && error.contains("017.png is empty"), "{error}");
}

#[test]
fn what_an_earlier_pass_could_not_read_counts_on() {
    let (folder, dataset) = dataset();
    let known: Vec<_> =
        ["003.png", "004.png"].map(|file| (file.to_owned(), "is empty".to_owned())).into();
    let later = || vec![Subject { from: 100, ..subject("a", 4, 1, u32::MAX) }];
    fs::write(folder.path().join("004.png"), "").unwrap();
    let Told { outcome, unreadable, .. } = run_again(&dataset, later(), &known);
    assert!(outcome.is_ok() && unreadable.is_empty());
    fs::write(folder.path().join("150.png"), "").unwrap();
    let Told { outcome, unreadable, .. } = run_again(&dataset, later(), &known);
    assert!(outcome.unwrap_err().to_string().starts_with("3 of 200 images"));
    assert_eq!(unreadable, [("150.png".to_owned(), "is empty".to_owned())]);
}

#[test]
fn a_shard_is_its_part_and_no_more() {
    let (_folder, dataset) = dataset();
    let mut all = Vec::new();
    for index in 1..=3 {
        let shard = Some(format!("{index}/3").parse().unwrap());
        let part = Dataset { shard, ..dataset.clone() };
        let from = part.position_after(None);
        let subjects = vec![Subject { from, ..subject("a", 4, 2, u32::MAX) }];
        let Told { outcome, mut got, .. } = run(&part, subjects);
        assert!(!outcome.unwrap().interrupted);
        all.extend(got.remove("a").unwrap());
    }
    let images: Vec<&str> = all.iter().map(|p| &*p.image).collect();
    let expected: Vec<&str> = dataset.entries.iter().map(|e| e.file.as_str()).collect();
    assert_eq!(images, expected);
}

#[test]
fn a_stop_and_an_error_of_the_sink_end_it() {
    let (_folder, dataset) = dataset();
    let cores = NonZeroUsize::new(2).unwrap();
    let (stop, batches) = (AtomicBool::new(false), AtomicU32::new(0));
    let outcome =
        score(&dataset, vec![subject("a", 4, 1, u32::MAX)], &[], cores, &stop, &mut |_| {
            batches.fetch_add(1, Ordering::Relaxed);
            stop.store(true, Ordering::Relaxed);
            Ok(())
        });
    assert!(outcome.unwrap().interrupted);
    assert!(batches.into_inner() < 25);
    let failed = score(
        &dataset,
        vec![subject("a", 4, 1, u32::MAX)],
        &[],
        cores,
        &AtomicBool::new(false),
        &mut |_| Err(anyhow!("disk full")),
    );
    assert_eq!(failed.unwrap_err().to_string(), "disk full");
}

#[test]
fn a_subject_is_compared_with_its_reference_on_every_image() {
    let (_folder, dataset) = dataset();
    let of = |reference| move |subject| Subject { reference: Some(reference), ..subject };
    let subjects = vec![
        of(3)(subject("a", 4, 2, u32::MAX)),
        of(1)(subject("itself", 4, 1, u32::MAX)),
        Subject { from: 93, ..of(3)(subject("resumed", 4, 1, u32::MAX)) },
        Subject { silent: true, ..subject("reference", 8, 2, u32::MAX) },
    ];
    let Told { outcome, got, agreed, lost, .. } = run(&dataset, subjects);
    assert!(!outcome.unwrap().interrupted && lost.is_empty());
    assert_eq!(agreed["a"], (200, 1.0));
    assert_eq!(agreed["itself"], (200, 1.0));
    assert_eq!(agreed["resumed"], (107, 1.0));
    assert_eq!(got["a"].len(), 200);
    assert!(!got.contains_key("reference") && !agreed.contains_key("reference"));
}

#[test]
fn a_reference_that_is_lost_takes_nobody_along() {
    let (_folder, dataset) = dataset();
    let subjects = vec![
        Subject { reference: Some(1), ..subject("a", 4, 1, u32::MAX) },
        Subject { silent: true, ..subject("reference", 4, 1, 50) },
    ];
    let Told { outcome, got, agreed, lost, .. } = run(&dataset, subjects);
    assert!(!outcome.unwrap().interrupted && lost.is_empty());
    assert_eq!(got["a"].len(), 200);
    let (images, share) = agreed["a"];
    assert!((1..200).contains(&images) && share == 1.0, "{images}");
}

#[test]
fn a_reference_may_see_a_part_of_the_images() {
    let (_folder, dataset) = dataset();
    let subjects = vec![
        Subject { reference: Some(1), ..subject("a", 4, 2, u32::MAX) },
        Subject { silent: true, every: 7, ..subject("reference", 8, 1, u32::MAX) },
    ];
    let Told { outcome, got, agreed, .. } = run(&dataset, subjects);
    assert!(!outcome.unwrap().interrupted);
    assert_eq!(got["a"].len(), 200);
    assert_eq!(agreed["a"], (29, 1.0));
}
