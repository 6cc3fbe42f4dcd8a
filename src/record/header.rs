//! What is known of a run before its first case.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::description::Model;
use crate::record::host::Host;
use crate::record::model_pipeline::ModelPipeline;
use crate::record::options::Options;
use crate::record::output_classes::OutputClasses;
use crate::record::scored_output::ScoredOutput;
use crate::record::shard::Shard;

/// What is known before the first case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// Version of the files' schema.
    pub schema: u32,
    /// Name of the run, also of its folder.
    pub run_id: String,
    /// shutterbench's version.
    pub version: String,
    /// The commit it was built from, where known.
    pub commit: Option<String>,
    /// A hash of the sources it was built from, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<String>,
    /// SHA-256 of the program.
    pub binary_sha256: Option<String>,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// How it measures.
    pub options: Options,
    /// The machine.
    pub host: Host,
    /// The folder in which it was begun; `run.json` names files as seen from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_folder: Option<std::path::PathBuf>,
    /// `local`, or the device's serial.
    pub device: String,
    /// Runtime libraries used: name, version, path, SHA-256.
    pub runtimes: Vec<Runtime>,
    /// Runtimes that ended or stalled the process that opened them, each with the sentence
    /// that says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<(BackendKind, String)>,
    /// The models.
    pub models: Vec<Model>,
    /// Models that others are compared with but that are not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Model>,
    /// The cases, in the order of the table.
    pub cases: Vec<Case>,
    /// The dataset, if there is one.
    pub dataset: Option<DatasetFacts>,
    /// Which classes the models' outputs are, if accuracy is measured; `run.json` names the classes
    /// that it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputClasses>,
    /// Which output of each model is scored or compared, and what its numbers are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scored: Vec<ScoredOutput>,
    /// The models that cannot be scored, each with the sentence that says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unscored: Vec<(String, String)>,
    /// How photos are processed, if accuracy is measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<ModelPipeline>,
    /// The name that this run shares with the one that it was interleaved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_turn: Option<String>,
    /// The fixed piece of work that was timed beside each visit, and what compiled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yardstick: Option<String>,
    /// Everything that was assumed rather than stated, one sentence each.
    pub assumptions: Vec<String>,
    /// The runs that this one was merged from; none if it was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A run that was merged into another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub run_id: String,
    /// The machine, by the name that the cases of the merged run have for it.
    pub device: String,
    /// Which of its images it scored; absent: all of them.
    pub shard: Option<Shard>,
    /// SHA-256 of the program.
    pub binary_sha256: Option<String>,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// Wall time, interruptions left out.
    pub seconds: f64,
    /// The machine.
    pub host: Host,
    /// Runtime libraries used.
    pub runtimes: Vec<Runtime>,
}

/// A machine of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine<'a> {
    /// Its name.
    pub device: &'a str,
    /// What it is.
    pub host: &'a Host,
    /// Runtime libraries on it.
    pub runtimes: &'a [Runtime],
}

impl Header {
    /// Whether the run is a shard, or a part of a matrix, to be merged with the others.
    #[must_use]
    pub(crate) fn is_part(&self) -> bool {
        let accuracy = self.options.accuracy.as_ref();
        accuracy.is_some_and(|accuracy| accuracy.shard.is_some())
            || self.options.cases.partition.is_some()
    }

    /// Which classes the outputs of a model are.
    #[must_use]
    pub(crate) fn outputs_of(&self, model: &str) -> Option<&OutputClasses> {
        self.outputs.iter().find(|known| known.models.iter().any(|known| known == model))
    }

    /// Which output of a model is scored.
    #[must_use]
    pub(crate) fn scored_of(&self, model: &str) -> Option<&ScoredOutput> {
        self.scored.iter().find(|scored| scored.model == model)
    }

    /// What two neighbouring numbers of a model's quantised output differ by.
    #[must_use]
    pub(crate) fn output_step(&self, model: &str) -> Option<f64> {
        let scored = self.scored_of(model)?;
        let known = self.models.iter().find(|known| known.name == model)?;
        let output = known.signature.outputs.get(scored.index)?;
        output.quantization.map(|quantization| f64::from(quantization.scale))
    }

    /// How a model's photos are processed.
    #[must_use]
    pub(crate) fn pipeline_of(&self, model: &str) -> Option<&ModelPipeline> {
        self.pipelines.iter().find(|known| known.models.iter().any(|known| known == model))
    }

    /// What becomes of a model's photos in this run and in another one, in words, where that
    /// is not the same, or not known of one of them.
    #[must_use]
    pub(crate) fn other_pipeline(&self, other: &Self, model: &str) -> Option<[String; 2]> {
        let words = |header: &Self| {
            let known = header.pipeline_of(model);
            known.map_or_else(|| "not recorded".to_owned(), |it| it.pipeline.to_string())
        };
        Some([words(self), words(other)]).filter(|[mine, theirs]| mine != theirs)
    }

    /// Width and height of the dataset's images, if all have the same size.
    #[must_use]
    pub(crate) fn image_size(&self) -> Option<(usize, usize)> {
        self.dataset.as_ref().and_then(|dataset| dataset.image_size)
    }

    /// The machine of a case that says `device`: see [`Case::device`].
    #[must_use]
    pub(crate) fn machine(&self, device: Option<&str>) -> Machine<'_> {
        match self.parts.iter().find(|part| Some(part.device.as_str()) == device) {
            Some(Part { device, host, runtimes, .. }) => Machine { device, host, runtimes },
            None => Machine { device: &self.device, host: &self.host, runtimes: &self.runtimes },
        }
    }

    /// The name of a case, with its machine unless that is the local one.
    #[must_use]
    pub(crate) fn name_of(&self, case: &Case) -> String {
        let device = Some(case.device.as_ref().unwrap_or(&self.device).clone());
        Case { device, ..case.clone() }.to_string()
    }

    /// The machines of a merged run by name, in their order; none if the run has one machine.
    #[must_use]
    pub(crate) fn devices(&self) -> Vec<&str> {
        let mut devices: Vec<&str> = Vec::new();
        for device in self.cases.iter().filter_map(|case| case.device.as_deref()) {
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
        devices
    }

    /// What it was measured on, in a few words.
    #[must_use]
    pub(crate) fn measured_on(&self) -> String {
        match self.devices()[..] {
            [] => format!("{} ({}, {} logical CPUs)", self.host.cpu, self.host.os, self.host.cores),
            ref several => format!("{} devices: {}", several.len(), several.join(", ")),
        }
    }
}

/// One runtime of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// The backend.
    pub backend: BackendKind,
    /// Its own version.
    pub version: String,
    /// The shared library, if there is one.
    pub library: Option<std::path::PathBuf>,
    /// SHA-256 of that library.
    pub sha256: Option<String>,
}

/// What is known of the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetFacts {
    /// Its folder.
    pub path: std::path::PathBuf,
    /// Images that this run scores.
    pub images: usize,
    /// Classes that its labels name.
    pub classes: usize,
    /// SHA-256 over the sorted list of files, their sizes and class indices; of
    /// all shards' images.
    #[serde(alias = "sha256")]
    pub listing_sha256: String,
    /// Width and height of its images, if all that were looked at have the same size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<(usize, usize)>,
    /// Images that could not be read: file and reason.
    pub unreadable: Vec<(String, String)>,
    /// What else is in its folder and was left out, one sentence per kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// A moment as RFC 3339 writes it, to the second.
#[must_use]
pub fn rfc3339(moment: OffsetDateTime) -> String {
    // Every moment of this era can be written; the fallback is for a clock set to year 10000.
    moment.replace_nanosecond(0).unwrap_or(moment).format(&Rfc3339).unwrap_or_default()
}
