//! What a run needs on a device: its models, images, labels and delegates as
//! bundles, and its suite with their places there in place of those here.

use std::fs::File;
use std::path::Component;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::dataset::entries::Dataset;
use crate::dataset::{file_name, listing};
use crate::device::bundle::{Bundle, BundleKind, Content};
use crate::device::remote_path::{RemotePath, is_plain};
use crate::model::{manifest, select};
use crate::record::delegate::Delegate;
use crate::record::description::{Description, Model};
use crate::record::format::Format;
use crate::record::options::{AccuracyOptions, CheckPreprocessing};
use crate::run::choose_outputs::images_looked_at;
use crate::run::plan;
use crate::run::suite_file::SuiteFile;

/// File name of the labels in a bundle.
const LABELS: &str = "labels.txt";

/// A run's files and suite for a device.
#[derive(Debug, Clone)]
pub struct Payload {
    /// What is pushed.
    pub bundles: Vec<Bundle>,
    /// The suite file's text.
    pub suite: String,
    /// Images that are scored; none without accuracy.
    pub images: usize,
}

/// The payloads of a sweep, one per folder that devices have: models and images are read
/// once, however many devices get them.
#[derive(Debug, Default)]
pub(crate) struct Payloads(Mutex<Vec<(RemotePath, Arc<Payload>)>>);

impl Payloads {
    /// The payload for devices whose folder is `root`.
    ///
    /// # Errors
    /// See [`Payload::new`].
    pub(crate) fn of(&self, wanted: &SuiteFile, root: &RemotePath) -> Result<Arc<Payload>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, payload)) = known.iter().find(|(folder, _)| folder == root) {
            return Ok(Arc::clone(payload));
        }
        let payload = Arc::new(Payload::new(wanted, root)?);
        known.push((root.clone(), Arc::clone(&payload)));
        Ok(payload)
    }
}

/// A manifest with the one model of a bundle, so that the model keeps its name
/// and description while its file has a plain one.
#[derive(Serialize)]
struct SingleModelManifest<'a> {
    schema: u32,
    model: [ModelEntry<'a>; 1],
}

#[derive(Serialize)]
struct ModelEntry<'a> {
    name: &'a str,
    file: &'a str,
    #[serde(flatten)]
    description: &'a Description,
}

impl Payload {
    /// Reads everything that `wanted` names here.
    ///
    /// # Errors
    /// One sentence for a model, dataset or file that cannot be used.
    pub fn new(wanted: &SuiteFile, root: &RemotePath) -> Result<Self> {
        let models = if wanted.models.is_empty() {
            select::representative()?
        } else {
            select::select(&wanted.models, wanted.describe.signature.as_deref())?
        };
        let mut bundles = Vec::new();
        let mut suite = wanted.clone();
        suite.models = Vec::new();
        for model in &models {
            let (bundle, file) = model_bundle(model)?;
            suite.models.push(bundle.folder(root).join(file).to_string());
            bundles.push(bundle);
        }
        for delegate in &mut suite.delegates {
            if let Some(bundle) = delegate_bundle(delegate, root)? {
                bundles.push(bundle);
            }
        }
        for labels in [&mut suite.labels, &mut suite.describe.labels].into_iter().flatten() {
            let files = vec![(LABELS.to_owned(), Content::Of(labels.clone()))];
            let bundle =
                Bundle::new(BundleKind::Labels, files).context("the labels cannot be pushed")?;
            *labels = bundle.folder(root).join(LABELS).as_str().into();
            bundles.push(bundle);
        }
        let images = dataset_bundle(wanted, &models, root, &mut suite, &mut bundles)?;
        bundles.dedup();
        let suite = toml::to_string(&suite).context("the suite file could not be written")?;
        Ok(Self { bundles, suite, images })
    }
}

fn model_bundle(model: &Model) -> Result<(Bundle, &'static str)> {
    let file = match model.format {
        Format::Tflite => "model.tflite",
        Format::Onnx => "model.onnx",
    };
    let mut description = model.description.clone();
    // So that the device refuses a file that was damaged on its way.
    description.sha256 = Some(model.sha256.clone());
    let mut files = vec![(file.to_owned(), Content::Of(model.path.clone()))];
    for weights in &model.signature.external_data {
        // Without a `./` in front, and with the device's `/` between folders.
        let parts = weights.components().filter(|it| *it != Component::CurDir);
        let parts = parts.map(|part| part.as_os_str().to_str()).collect::<Option<Vec<_>>>();
        let name = parts.with_context(|| {
            format!("the weights of model {} have a name that is not in UTF-8", model.name)
        })?;
        files.push((name.join("/"), Content::Of(model.path.with_file_name(weights))));
    }
    if let Some(labels) = description.labels.replace(LABELS.into()) {
        files.push((LABELS.to_owned(), Content::Of(labels)));
    } else {
        description.labels = None;
    }
    let entry = ModelEntry { name: &model.name, file, description: &description };
    let text = toml::to_string(&SingleModelManifest { schema: manifest::SCHEMA, model: [entry] })
        .with_context(|| {
        format!("the description of model {} could not be written", model.name)
    })?;
    files.push((manifest::FILE_NAME.to_owned(), Content::Text(text)));
    let bundle = Bundle::new(BundleKind::Model, files)
        .with_context(|| format!("model {} cannot be pushed", model.name))?;
    Ok((bundle, file))
}

/// A delegate library that is here is pushed; any other path is on the device, such as a vendor's
/// library.
fn delegate_bundle(delegate: &mut Delegate, root: &RemotePath) -> Result<Option<Bundle>> {
    let (Delegate::External { path, .. } | Delegate::Plugin { path, .. }) = delegate else {
        return Ok(None);
    };
    if !path.is_file() {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = if is_plain(&name) { name.into_owned() } else { "delegate.so".to_owned() };
    let files = vec![(name.clone(), Content::Of(path.clone()))];
    let bundle =
        Bundle::new(BundleKind::Delegate, files).context("the delegate cannot be pushed")?;
    *path = bundle.folder(root).join(&name).as_str().into();
    Ok(Some(bundle))
}

/// Brings the images that the device scores, and no others; and gives their number.
fn dataset_bundle(
    wanted: &SuiteFile,
    models: &[Model],
    root: &RemotePath,
    suite: &mut SuiteFile,
    bundles: &mut Vec<Bundle>,
) -> Result<usize> {
    if wanted.accuracy == Some(false) {
        return Ok(0);
    }
    let named = wanted.dataset.clone().or_else(|| plan::embedded_dataset(models));
    let Some(folder) = named else {
        ensure!(
            wanted.images.is_none(),
            "--images needs a dataset; give its folder with --dataset"
        );
        return Ok(0);
    };
    let options = AccuracyOptions {
        dataset: folder,
        columns: wanted.columns(),
        labels: None,
        images: wanted.images.map(std::num::NonZeroUsize::get),
        shard: wanted.shard,
        top_k: Vec::new(),
        check_preprocessing: CheckPreprocessing::Never,
        exif: wanted.exif.unwrap_or_default(),
    };
    let dataset = plan::open_dataset(&options, wanted.seed.unwrap_or(plan::SEED))?;
    let images = dataset.scored().len();
    // Every shard decides by the same images what a model's scores are.
    let looked_at = models.iter().map(|it| images_looked_at(it, &wanted.describe, &dataset));
    let looked_at = looked_at.max().unwrap_or(0);
    let bundle = images_bundle(dataset, looked_at)?;
    suite.dataset = Some(bundle.folder(root).as_str().into());
    // The listing that goes with it was made by them.
    (suite.image_column, suite.label_column) = (None, None);
    bundles.push(bundle);
    Ok(images)
}

/// The images that are scored, the first `looked_at`, and the list of all.
fn images_bundle(dataset: Dataset, looked_at: usize) -> Result<Bundle> {
    let text = listing::write(&dataset)?;
    let dataset = Arc::new(dataset);
    let (scored, all) = (dataset.scored(), 0..dataset.entries.len());
    let brought = all.filter(|position| scored.contains(position) || *position < looked_at);
    let mut files: Vec<(String, Content)> = brought
        .filter_map(|position| {
            let name = file_name::hashed(&dataset.entries[position].file);
            Some((name, image(&dataset, position)?))
        })
        .collect();
    files.push((listing::FILE_NAME.to_owned(), Content::Text(text)));
    Bundle::new(BundleKind::Dataset, files)
        .with_context(|| format!("dataset {} cannot be brought", dataset.root.display()))
}

/// An image; `None` where its file cannot be opened, so that it is missed there in its turn.
fn image(dataset: &Arc<Dataset>, position: usize) -> Option<Content> {
    if dataset.is_contained() {
        return Some(Content::Image(Arc::clone(dataset), position));
    }
    let path = dataset.path(&dataset.entries[position]);
    File::open(&path).is_ok().then_some(Content::Of(path))
}
