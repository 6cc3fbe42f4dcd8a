//! The settings file: one case as an app loads it, with the figures that were measured of
//! it. Written by `pick --settings`, measured again by `run --settings`;
//! docs/settings.schema.json is its form.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::record::backend_kind::BackendKind;
use crate::record::channels::Layout;
use crate::record::delegate::Delegate;
use crate::record::description::Description;
use crate::record::format::Format;
use crate::record::option_set::OptionSet;
use crate::record::output_kind::OutputKind;
use crate::record::pipeline::Pipeline;
use crate::record::preset::Preset;
use crate::record::scored_output::OutputForm;
use crate::record::tensor::TensorInfo;

/// Version of the file's form. Readers refuse any other; fields that they do not know they
/// pass over.
pub(crate) const SCHEMA: u32 = 1;

/// One case, and what it was measured to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Version of the file's form.
    pub schema: u32,
    /// The program that wrote it.
    pub written_by: String,
    /// The case's name.
    pub case: String,
    /// The model's file.
    pub model: ModelFile,
    /// The runtime.
    pub backend: BackendKind,
    /// What the runtime called itself.
    pub backend_version: Option<String>,
    /// What the graph is handed to.
    pub delegate: Delegate,
    /// The runtime's own settings, under the name of their set; absent: none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<OptionSet>,
    /// CPU threads.
    pub threads: NonZeroUsize,
    /// Images per run.
    pub batch: NonZeroUsize,
    /// CPUs that the threads are kept on; empty: any.
    pub affinity: Vec<usize>,
    /// The tensor that takes the image.
    pub input: Option<TensorInfo>,
    /// The order of its axes.
    pub layout: Option<Layout>,
    /// What becomes of a photo.
    pub pipeline: Option<AppliedPipeline>,
    /// The output that tells the classes.
    pub output: Option<SettingsOutput>,
    /// By output: what it is called, where that is known.
    pub labels: Vec<Option<String>>,
    /// Everything that was stated of the model, to measure the same again.
    #[serde(deserialize_with = "crate::record::description::from_any_program")]
    pub description: Description,
    /// Where the figures come from.
    pub measured: MeasuredOn,
    /// The figures that are promised.
    pub promised: Vec<Promise>,
}

/// A model's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelFile {
    /// The model's name.
    pub name: String,
    /// Where the file lies, as seen from the settings file.
    pub path: PathBuf,
    /// tflite or onnx.
    pub format: Format,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
}

/// What becomes of a photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppliedPipeline {
    /// The preset, with what was stated of it.
    pub preset: Preset,
    /// The same as a sentence.
    pub text: String,
    /// The same step by step.
    pub steps: Pipeline,
}

/// The output that tells the classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SettingsOutput {
    /// Which of the model's outputs, from 0.
    pub index: usize,
    /// What it holds for an image.
    pub form: OutputForm,
    /// What its scores are, where that is known.
    pub kind: Option<OutputKind>,
}

/// Where the figures come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeasuredOn {
    /// The run.
    pub run_id: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// `local`, or the device's serial.
    pub device: String,
    /// The processor's name.
    pub cpu: String,
    /// Operating system and version.
    pub os: String,
    /// Architecture.
    pub arch: String,
    /// The budget of `within_budget`, in milliseconds.
    pub budget_ms: Option<f64>,
    /// SHA-256 of the dataset's listing, where accuracy is promised.
    pub dataset_sha256: Option<String>,
    /// Images that were scored.
    pub images: Option<usize>,
}

/// A figure that was measured, by the name of its column in `results.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Promise {
    /// The column.
    pub column: String,
    /// Its unit.
    pub unit: String,
    /// The value.
    pub value: f64,
    /// Lower end of its 95% interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}
