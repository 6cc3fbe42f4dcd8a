//! Datasets made of two embedded images of each class, however a test lays them out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::material::{json, score};
use crate::common;
use crate::common::said;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

/// Two embedded images of each class: file and class.
pub fn images() -> Vec<(PathBuf, usize)> {
    let from = common::repository().join("models/fashion-mnist/validation");
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let mut of_class = [0; 10];
    let mut images = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let class: usize = fields[1].parse().unwrap();
        of_class[class] += 1;
        if of_class[class] <= 2 {
            images.push((from.join(fields[0]), class));
        }
    }
    assert_eq!(images.len(), 20);
    images
}

pub fn names() -> Vec<String> {
    let labels = common::repository().join("models/fashion-mnist/labels.txt");
    fs::read_to_string(labels).unwrap().lines().map(str::to_owned).collect()
}

/// A dataset in the making.
pub struct Made {
    folder: TempDir,
}

impl Made {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn put(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// All images, each with the name that `name` gives its number and class.
    pub fn with_images(self, name: impl Fn(usize, usize) -> String) -> Self {
        for (number, (path, class)) in images().into_iter().enumerate() {
            self.put(name(number, class), fs::read(path).unwrap());
        }
        self
    }

    /// All images as `0.png` to `19.png`, and a table.
    pub fn with_table(name: &str, text: impl AsRef<[u8]>) -> Self {
        let made = Self::new().with_images(|number, _| format!("img_{number:02}.png"));
        made.put(name, text);
        made
    }

    pub fn run(&self, more: &[&str]) -> Result<Value, String> {
        self.run_on(&self.root(), more)
    }

    /// `run.json`, or what was refused.
    pub fn run_on(&self, dataset: &Path, more: &[&str]) -> Result<Value, String> {
        let out = self.folder.path().join("run");
        let _ = fs::remove_dir_all(&out);
        let base = ["--model", MODEL, "--backend", "tract", "--dataset", dataset.to_str().unwrap()];
        let output = score(&[&base[..], more].concat(), &out);
        let said = said(&output);
        if output.status.code() == Some(2) {
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
            return Err(said);
        }
        assert!(output.status.success(), "{said}");
        Ok(json(&out.join("run.json")))
    }
}

/// Top-1 of all images and their number, which every right layout gives alike.
pub fn right(run: &Value) -> (u64, f64) {
    let scored = &run["accuracies"][0];
    (scored["images"].as_u64().unwrap(), scored["top1"]["value"].as_f64().unwrap())
}

/// What the images score by class index: the bar for all others.
pub fn bar() -> (u64, f64) {
    let made =
        Made::with_table("labels.csv", table(|class| class.to_string(), "file,class_index", ","));
    let bar = right(&made.run(&[]).unwrap());
    assert!(bar.0 == 20 && bar.1 > 0.7, "{bar:?}");
    bar
}

pub fn table(label: impl Fn(usize) -> String, header: &str, separator: &str) -> String {
    let lines = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| format!("img_{number:02}.png{separator}{}\n", label(class)));
    format!("{header}\n{}", lines.collect::<String>())
}
