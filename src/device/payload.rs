//! What a run needs on a device: its models, images, labels and delegates as
//! bundles, and its suite with their places there in place of those here.

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::dataset::entries::Dataset;
use crate::dataset::listing;
use crate::device::bundle::{Bundle, BundleKind, Content};
use crate::device::remote_path::{RemotePath, is_plain};
use crate::model::{manifest, select};
use crate::record::delegate::Delegate;
use crate::record::description::{Description, Model};
use crate::record::format::Format;
use crate::record::options::{AccuracyOptions, CheckPreprocessing};
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
            select::select(&wanted.models)?
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
    let Delegate::External { path, .. } = delegate else { return Ok(None) };
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

/// Pushes only the images that are scored.
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
        labels: None,
        images: wanted.images.map(std::num::NonZeroUsize::get),
        // The device takes its part of them itself.
        shard: None,
        top_k: Vec::new(),
        check_preprocessing: CheckPreprocessing::Never,
        exif: wanted.exif.unwrap_or_default(),
    };
    let dataset = plan::open_dataset(&options, wanted.seed.unwrap_or(plan::SEED))?;
    let bundle = images_bundle(&dataset)?;
    suite.dataset = Some(bundle.folder(root).as_str().into());
    bundles.push(bundle);
    Ok(dataset.entries.len())
}

fn images_bundle(dataset: &Dataset) -> Result<Bundle> {
    let mut files: Vec<(String, Content)> = listing::container_names(dataset)
        .into_iter()
        .map(|(name, path)| (name, Content::Of(path)))
        .collect();
    if files.is_empty() {
        let images = dataset.entries.iter();
        files =
            images.map(|entry| (entry.file.clone(), Content::Of(dataset.path(entry)))).collect();
    }
    files.push((listing::FILE_NAME.to_owned(), Content::Text(listing::write(dataset)?)));
    Bundle::new(BundleKind::Dataset, files)
        .with_context(|| format!("dataset {} cannot be pushed", dataset.root.display()))
}
