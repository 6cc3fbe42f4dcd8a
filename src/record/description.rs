//! What is written about a model beside its file: a sidecar `NAME.toml`, an
//! entry of a manifest, or the built-in catalogue of hosted models.

use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::record::channels::{Channels, Layout};
use crate::record::format::Format;
use crate::record::input_size::InputSize;
use crate::record::known_fields::keep_known;
use crate::record::output_kind::OutputKind;
use crate::record::pipeline::Filter;
use crate::record::precision::Precision;
use crate::record::preprocessing::Resize;
use crate::record::preset::{CropMode, Preset};
use crate::record::signature::Signature;

/// A description's fields; each one that is absent is derived or assumed when
/// the model is resolved, and the report says which.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// Family of the architecture, such as `mobilenet_v1`.
    pub family: Option<String>,
    /// Width multiplier.
    pub width: Option<f64>,
    /// Nominal input resolution in pixels.
    pub resolution: Option<usize>,
    /// Precision; derived from the tensors if absent.
    pub precision: Option<Precision>,
    /// Name of the model with the same weights in float32 (TFLite).
    pub reference: Option<String>,
    /// Labels file (docs/datasets.md), in the order of the model's outputs;
    /// relative to the file that holds this description.
    pub labels: Option<PathBuf>,
    /// Class names in the order of the outputs, in place of a labels file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_names: Option<Vec<String>>,
    /// Output index minus dataset class index (1 for ImageNet models with a
    /// background class at 0).
    pub label_offset: Option<i64>,
    /// Order of the input's axes.
    pub layout: Option<Layout>,
    /// Height and width of the input, if the file leaves them open: `224x224`.
    pub input_size: Option<InputSize>,
    /// The signature that is run, where the file has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The output that is scored, by its name or its place from 0.
    pub scored_output: Option<String>,
    /// What the scores of that output are.
    pub output: Option<OutputKind>,
    /// Channels of the input.
    pub channels: Option<Channels>,
    /// How a photo becomes the input: a preset, with parameters or without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preprocess: Option<Preset>,
    /// The preset's `crop_pct`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop_pct: Option<f64>,
    /// The preset's `crop_mode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop_mode: Option<CropMode>,
    /// The preset's `interpolation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Filter>,
    /// Resampling filter of the preset `slim-pillow`.
    pub resize: Option<Resize>,
    /// Share of each side that the central crop of the preset `slim-pillow` keeps.
    pub crop: Option<f64>,
    /// Subtracted from pixels; one value, or one per channel.
    pub mean: Option<Vec<f32>>,
    /// Divides the result.
    pub scale: Option<Vec<f32>>,
    /// Where the model comes from.
    pub source: Option<String>,
    /// Expected SHA-256 of the file, lower-case hex.
    pub sha256: Option<String>,
    /// The model's licence.
    pub licence: Option<String>,
    /// Published figures for this model.
    pub published: Option<Published>,
}

/// Published figures, each with the source that states it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Published {
    /// Top-1, as a proportion.
    pub top1: Option<f64>,
    /// Top-5, as a proportion.
    pub top5: Option<f64>,
    /// Size in megabytes as published.
    pub size_mb: Option<f64>,
    /// Latency in milliseconds on `latency_on`.
    pub latency_ms: Option<f64>,
    /// Device, threads and runtime of `latency_ms`.
    pub latency_on: Option<String>,
    /// The dataset of `top1` and `top5`.
    pub dataset: Option<String>,
    /// Where the figures were published.
    pub source: Option<String>,
}

/// Reads a description from a journal. In TOML an unknown field is a misspelling and so an error;
/// in a journal it was written by a newer program and is ignored.
///
/// # Errors
/// A known field of another type.
pub(crate) fn from_any_program<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Description, D::Error> {
    let mut fields = Map::deserialize(from)?;
    keep_known::<Description>(&mut fields);
    if let Some(Value::Object(published)) = fields.get_mut("published") {
        keep_known::<Published>(published);
    }
    Description::deserialize(Value::Object(fields)).map_err(D::Error::custom)
}

/// A model as a run uses it: the file, its parsed signature and its description.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// Unique in a run.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its format.
    pub format: Format,
    /// Its size on disk.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Inputs, outputs and operators, read by us without any runtime.
    #[serde(rename = "anatomy")]
    pub signature: Signature,
    /// What is stated about it: beside the file, in the catalogue, or in the file.
    #[serde(deserialize_with = "from_any_program")]
    pub description: Description,
    /// Where each field of `description` was found, in the order of precedence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<Stated>,
    /// Where the pipeline of `description` was found; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_source: Option<PipelineSource>,
    /// Notes on configurations beside the file: why they do not count, or what was assumed in
    /// reading them; each is part of a sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_notes: Vec<String>,
    /// Why a configuration beside the file cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_error: Option<String>,
}

/// What one source states about a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The source.
    pub by: PipelineSource,
    /// The fields of a description that count.
    pub fields: Vec<String>,
}

/// Who states how photos become a model's input, from the first asked to the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineSource {
    /// The options of the run.
    #[strum(to_string = "the options")]
    Options,
    /// `NAME.toml` beside the model.
    #[strum(to_string = "the sidecar")]
    Sidecar,
    /// A manifest.
    #[strum(to_string = "the manifest")]
    Manifest,
    /// The built-in catalogue of hosted models.
    #[strum(to_string = "the catalogue")]
    Catalogue,
    /// A configuration beside the model, by its file's name.
    #[strum(to_string = "{0}")]
    Configuration(String),
    /// Metadata inside the model file.
    #[strum(to_string = "the file's metadata")]
    Metadata,
    /// Nobody: a default.
    #[strum(to_string = "nobody")]
    Assumed,
}

impl PipelineSource {
    /// How a pipeline's source is shown behind its name.
    #[must_use]
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Assumed => "assumed".to_owned(),
            source => format!("stated by {source}"),
        }
    }
}

impl Description {
    /// Whether a pipeline is stated here, or a part of one.
    #[must_use]
    pub(crate) fn states_a_pipeline(&self) -> bool {
        self.preprocess.is_some()
            || self.resize.is_some()
            || self.crop.is_some()
            || self.crop_pct.is_some()
            || self.crop_mode.is_some()
            || self.interpolation.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Line {
        #[serde(deserialize_with = "from_any_program")]
        description: Description,
    }

    #[test]
    fn a_journal_may_hold_fields_of_a_newer_program() {
        let text = r#"{"description": {"family": "x", "mean": [0.485], "crop_pct": 0.875,
            "of_a_newer_program": 1, "published": {"top1": 0.7, "top9": 0.9}}}"#;
        let read = serde_json::from_str::<Line>(text).unwrap().description;
        let expected = Description {
            family: Some("x".into()),
            mean: Some(vec![0.485]),
            crop_pct: Some(0.875),
            published: Some(Published { top1: Some(0.7), ..Published::default() }),
            ..Description::default()
        };
        assert_eq!(read, expected);
        let wrong = r#"{"description": {"width": "wide"}}"#;
        assert!(serde_json::from_str::<Line>(wrong).is_err());
    }

    #[test]
    fn what_is_written_by_hand_may_not() {
        assert!(toml::from_str::<Description>("meen = [0.0]").is_err());
        assert!(toml::from_str::<Description>("[published]\ntop9 = 0.9").is_err());
    }
}
