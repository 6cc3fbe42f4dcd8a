//! A labels file gives the right mapping, or a clear refusal, or, if nothing could be known before,
//! a warning: never a silently shifted index.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::material::{json, score, shared_with_tflite};
use crate::common::{printed, said};

/// An ImageNet model that nothing is known of: one byte more than a known one.
struct Unknown {
    folder: TempDir,
    model: PathBuf,
    dataset: PathBuf,
    labels: Vec<String>,
}

impl Unknown {
    fn new() -> Option<Self> {
        let shared = shared_with_tflite()?;
        let folder = TempDir::new().unwrap();
        let model = folder.path().join("unknown.tflite");
        let mut bytes = fs::read(shared.join("models/mobilenet_v1_0.25_128_quant.tflite")).unwrap();
        bytes.push(0);
        fs::write(&model, bytes).unwrap();
        let labels = fs::read_to_string(shared.join("models/imagenet_labels.txt")).unwrap();
        let labels = labels.lines().map(str::to_owned).collect();
        Some(Self { folder, model, dataset: shared.join("imagenet-sample"), labels })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Scores 80 photos with a labels file of these lines.
    fn with_labels(&self, labels: &[String], out: &str) -> Output {
        let file = self.path(&format!("{out}.txt"));
        fs::write(&file, labels.join("\n")).unwrap();
        self.on(&self.dataset, &["--labels", file.to_str().unwrap()], out)
    }

    fn on(&self, dataset: &Path, more: &[&str], out: &str) -> Output {
        let mut arguments = vec!["--model", self.model.to_str().unwrap()];
        arguments.extend(["--dataset", dataset.to_str().unwrap(), "--images", "80"]);
        arguments.extend(["--backend", "tflite", "--delegate", "xnnpack", "--crop", "0.875"]);
        arguments.extend(["--resize", "bilinear-antialias"]);
        arguments.extend(more);
        score(&arguments, &self.path(out))
    }

    /// The photos with class indices alone: no name could contradict a wrong offset.
    fn without_names(&self) -> PathBuf {
        let plain = self.path("plain");
        fs::create_dir(&plain).unwrap();
        let table = fs::read_to_string(self.dataset.join("labels.csv")).unwrap();
        let mut lines = vec!["file,class_index".to_owned()];
        for line in table.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            lines.push(format!("{},{}", fields[0], fields[2]));
            let photo = fs::canonicalize(self.dataset.join(fields[0])).unwrap();
            std::os::unix::fs::symlink(photo, plain.join(fields[0])).unwrap();
        }
        fs::write(plain.join("labels.csv"), lines.join("\n")).unwrap();
        plain
    }

    fn top1(&self, out: &str) -> f64 {
        json(&self.path(out).join("run.json"))["accuracies"][0]["top1"]["value"].as_f64().unwrap()
    }

    fn assumed(&self, out: &str) -> String {
        json(&self.path(out).join("run.json"))["assumptions"].to_string()
    }

    fn refused(&self, labels: &[String], out: &str) -> String {
        let output = self.with_labels(labels, out);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{out}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(!self.path(out).exists(), "{out} began a run");
        said
    }
}

#[test]
fn a_labels_file_is_mapped_rightly_or_refused() {
    let Some(unknown) = Unknown::new() else { return };
    let all = &unknown.labels;
    assert_eq!(all.len(), 1001);

    let output = unknown.with_labels(all, "1001");
    assert!(output.status.success(), "{}", said(&output));
    let right = unknown.top1("1001");
    assert!(right > 0.25, "{right}");
    // The same names without the background's line.
    assert!(unknown.with_labels(&all[1..], "1000").status.success());
    assert_eq!(unknown.top1("1000"), right);
    let said = unknown.refused(&all[2..], "999");
    assert!(said.contains("999 lines") && said.contains("1001 outputs"), "{said}");

    let mut shuffled = all.clone();
    shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(3));
    assert!(unknown.refused(&shuffled, "shuffled").contains("so the labels are shuffled"));
    shuffled.retain(|label| label != "background");
    let said = unknown.refused(&shuffled, "names shuffled");
    assert!(said.contains("embedded in model unknown, but in another order"), "{said}");
    // A name that the model does not have: the dataset's names show it.
    shuffled[0] = "something else".to_owned();
    assert!(unknown.refused(&shuffled, "other").contains("not in the order"));
    // The first class's line is lost, and the last one's there twice.
    let mut moved = all[1..].to_vec();
    moved.push(all[1000].clone());
    assert!(unknown.refused(&moved, "moved").contains("--label-offset 0"));
    // The background is not in its usual position.
    let mut last = all[1..].to_vec();
    last.push(all[0].clone());
    assert!(unknown.refused(&last, "last").contains("line 1001 of the labels"));

    let foreign: Vec<String> = (0..1001).map(|output| format!("Ding Nummer {output}")).collect();
    assert!(unknown.with_labels(&foreign, "foreign").status.success());
    assert_eq!(unknown.top1("foreign"), right);
    let assumed = unknown.assumed("foreign");
    assert!(assumed.contains("another language") && assumed.contains("background"), "{assumed}");
}

#[test]
fn an_index_that_is_shifted_unseen_is_said_to_be() {
    let Some(unknown) = Unknown::new() else { return };
    let plain = unknown.without_names();

    let output = unknown.on(&plain, &["--label-offset", "0"], "shifted");
    let table = printed(&output);
    assert!(table.contains("labels shifted"), "{table}");
    assert!(table.contains("change --label-offset by +1"), "{table}");
    let run = unknown.path("shifted");
    let shift = &json(&run.join("run.json"))["accuracies"][0]["label_shift"];
    assert_eq!(shift["shift"], 1);
    for file in ["report.md", "report.html"] {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(text.contains("labels shifted"), "{file}");
    }
    let output = unknown.on(&plain, &["--label-offset", "0", "--json"], "shifted-json");
    assert!(said(&output).contains("change --label-offset by +1"), "{}", said(&output));

    let output = unknown.on(&plain, &["--label-offset", "1"], "right");
    assert!(!printed(&output).contains("labels shifted"));
    let shifted = shift["top1_shifted"].as_f64().unwrap();
    assert!((unknown.top1("right") - shifted).abs() < 1e-12);
}

#[test]
fn classes_of_named_folders_have_the_folders_names() {
    let folder = TempDir::new().unwrap();
    let images = super::unreadable::dataset(folder.path());
    let out = folder.path().join("run");
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let dataset = ["--dataset", images.to_str().unwrap()];
    let output = score(&[&model[..], &dataset].concat(), &out);
    assert!(output.status.success(), "{}", said(&output));
    let run = json(&out.join("run.json"));
    let scored = &run["accuracies"][0];
    // Sorted by name; the model's first output is 'T-shirt/top'.
    let folders: Vec<String> = {
        let mut names: Vec<String> = fs::read_dir(&images)
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(folders[0], "Ankle boot");
    let named: Vec<&str> = scored["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["name"].as_str().unwrap())
        .collect();
    assert_eq!(named, folders);
    for confusion in scored["confusions"].as_array().unwrap() {
        for (number, name) in [("label", "label_name"), ("predicted", "predicted_name")] {
            let class = confusion[number].as_u64().unwrap() as usize;
            assert_eq!(confusion[name], folders[class], "{confusion}");
        }
    }
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("Ankle boot") && !report.contains("T-shirt/top"));

    // A journal from before headers had names is shown with numbers.
    let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
    let (header, rest) = journal.split_once('\n').unwrap();
    let mut header: serde_json::Value = serde_json::from_str(header).unwrap();
    header.as_object_mut().unwrap().remove("outputs").unwrap();
    let old = folder.path().join("old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("journal.jsonl"), format!("{header}\n{rest}")).unwrap();
    let run = shutterbench::run::replay::read(&old).unwrap();
    let report = shutterbench::report::json::report(&run, &shutterbench::table::rows::rows(&run));
    assert_eq!(report["accuracies"][0]["classes"][0]["name"], "class 0");
}

#[test]
fn a_guessed_offset_does_not_shift_the_names_of_classes() {
    let Some(unknown) = Unknown::new() else { return };
    let plain = unknown.without_names();
    let file = unknown.path("labels.txt");
    // Without the background's line, and with it: output 39 is the gecko.
    for (out, labels) in [("1000", &unknown.labels[1..]), ("1001", &unknown.labels[..])] {
        fs::write(&file, labels.join("\n")).unwrap();
        let output = unknown.on(&plain, &["--labels", file.to_str().unwrap()], out);
        assert!(output.status.success(), "{}", said(&output));
        let run = json(&unknown.path(out).join("run.json"));
        for class in run["accuracies"][0]["classes"].as_array().unwrap() {
            let index = class["class"].as_u64().unwrap() as usize;
            assert_eq!(class["name"], unknown.labels[index + 1], "{out}: {class}");
        }
    }
    assert!(unknown.labels[39].contains("banded gecko"), "{}", unknown.labels[39]);
}

#[test]
fn names_in_the_wrong_order_are_noticed_by_the_scores() {
    let folder = TempDir::new().unwrap();
    let images = super::unreadable::dataset(folder.path());
    let labels = crate::common::repository().join("models/fashion-mnist/labels.txt");
    let labels = fs::read_to_string(labels).unwrap();
    let labels: Vec<&str> = labels.lines().collect();
    let mut shifted = labels.clone();
    shifted.rotate_left(1);
    let shuffled: Vec<&str> = (0..10).map(|output| labels[(output * 7 + 3) % 10]).collect();
    for (name, lines, tag) in [
        ("shifted", shifted, "lines of the labels file are shifted"),
        ("shuffled", shuffled, "may be shuffled or belong to another model"),
    ] {
        let (output, out) = scored_with_labels(folder.path(), &images, &lines, name);
        assert!(printed(&output).contains(tag), "{name}: {}", printed(&output));
        let report = fs::read_to_string(out.join("report.md")).unwrap();
        assert!(report.contains(tag), "{name}: {report}");
    }
}

/// Scores an embedded model on `images` with these lines as its labels: its message, and the run's
/// folder.
fn scored_with_labels(
    folder: &Path,
    images: &Path,
    lines: &[impl AsRef<str>],
    name: &str,
) -> (Output, PathBuf) {
    let file = folder.join(format!("{name}.txt"));
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let out = folder.join(name);
    let model = ["--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"];
    let more = ["--dataset", images.to_str().unwrap(), "--labels", file.to_str().unwrap()];
    let output = score(&[&model[..], &more].concat(), &out);
    assert!(output.status.success(), "{}", said(&output));
    (output, out)
}

#[test]
fn a_model_of_ones_own_is_scored_on_folders_named_by_wordnet_id() {
    // Garments and bags of ILSVRC's, in the order of the model's outputs.
    const WNIDS: [&str; 10] = [
        "n03595614",
        "n02669723",
        "n04371430",
        "n03866082",
        "n04370456",
        "n04133789",
        "n04254777",
        "n04120489",
        "n02769748",
        "n03124043",
    ];
    let folder = TempDir::new().unwrap();
    let images = super::unreadable::dataset(folder.path());
    let garments = crate::common::repository().join("models/fashion-mnist/labels.txt");
    let garments = fs::read_to_string(garments).unwrap();
    let garments: Vec<&str> = garments.lines().collect();
    for (wnid, garment) in WNIDS.iter().zip(&garments) {
        fs::rename(images.join(garment.replace('/', "-")), images.join(wnid)).unwrap();
    }
    let top1_with = |lines: &[String], name: &str| {
        let (_, out) = scored_with_labels(folder.path(), &images, lines, name);
        let run = json(&out.join("run.json"));
        run["accuracies"][0]["top1"]["value"].as_f64().unwrap()
    };
    let plain = WNIDS.map(str::to_owned);
    let with_words: Vec<String> =
        WNIDS.iter().zip(&garments).map(|(wnid, garment)| format!("{wnid} {garment}")).collect();
    let right = top1_with(&plain, "plain");
    assert!(right > 0.8, "{right}");
    assert_eq!(top1_with(&with_words, "with words"), right);
}
