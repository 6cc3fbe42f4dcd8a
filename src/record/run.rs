//! What a run knows, as the journal keeps it and the reports read it.

use crate::record::agreement::Agreement;
use crate::record::found_rate::FoundRate;
use crate::record::header::Header;
use crate::record::image_contents::ImageContents;
use crate::record::narrowing::Dropped;
use crate::record::operator_profile::OperatorProfile;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::scenario::ScenarioOutcome;
use crate::record::status::Status;
use crate::record::sustained::SustainedRecord;
use crate::record::visit::{Process, Visit};
use serde::{Deserialize, Serialize};

use crate::record::case::{AccuracyKey, Case};
use crate::record::coverage::Coverage;
use crate::record::prediction::Prediction;
use crate::record::preprocessing_check::PreprocessingCheck;

/// Why a case fails whose delegate took nothing although it must take something.
pub(crate) const DELEGATE_REQUIRED: &str =
    "the delegate took no node, which --require-delegate does not allow";

/// What is known of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// The case.
    pub case: Case,
    /// How it ended.
    pub status: Status,
    /// The reason, in one line, if it did not end well.
    pub error: Option<String>,
    /// When its first process started, RFC 3339.
    pub started_at: Option<String>,
    /// Wall time spent on it, everything included.
    pub seconds: f64,
    /// Its processes.
    pub processes: Vec<Process>,
    /// Its visits, in the order in which they happened.
    pub visits: Vec<Visit>,
    /// What the delegate really took, if the case got that far.
    pub coverage: Option<Coverage>,
    /// What its operators took, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<OperatorProfile>,
    /// What came of its scenarios, in the order in which they were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioOutcome>,
    /// The highest rate that keeps a limit, if it was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_rate: Option<FoundRate>,
    /// What it did over minutes, if that was asked for.
    #[serde(default, skip_serializing_if = "SustainedRecord::is_empty")]
    pub sustained: SustainedRecord,
    /// When it left the search for the best case, in a run that is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// Whether it is done; a run that was cut short has cases that are not.
    pub ended: bool,
}

/// Accuracy of one (model, backend, delegate).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccuracyRecord {
    /// What was scored.
    pub key: AccuracyKey,
    /// How it ended.
    pub status: Status,
    /// Why, in one line, where it did not end well.
    pub error: Option<String>,
    /// One per image, in the dataset's order.
    pub predictions: Vec<Prediction>,
    /// Time to prepare each image for this model, without decoding.
    pub preprocess_ns: Vec<u64>,
    /// What the scored images are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<ImageContents>,
    /// What the outputs look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<OutputsSeen>,
    /// Comparison with the model's reference case.
    pub agreement: Option<Agreement>,
    /// What the delegate really took in the process that scored.
    pub coverage: Option<Coverage>,
    /// Whether it is done.
    pub ended: bool,
}

impl AccuracyRecord {
    /// What the scored images are, where that is known of each of them.
    #[must_use]
    pub(crate) fn all_contents(&self) -> Option<ImageContents> {
        self.contents.filter(|known| known.images == self.predictions.len() && known.images > 0)
    }
}

/// A whole run, as read back from its journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// What was known before the first case.
    pub header: Header,
    /// One per case that was begun or ended.
    pub cases: Vec<CaseRecord>,
    /// One per (model, backend, delegate) that was scored.
    pub accuracies: Vec<AccuracyRecord>,
    /// What was decoded for all of them.
    #[serde(default)]
    pub decoded: Decoded,
    /// How models did with other pipelines, if that was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preprocessing_checks: Vec<PreprocessingCheck>,
    /// How it ended, if it did.
    pub finished: Option<Finished>,
}

impl Run {
    /// What the scored images are, by all that were scored to their end: one, unless files
    /// changed meanwhile.
    #[must_use]
    pub(crate) fn contents(&self) -> Vec<ImageContents> {
        let mut all = Vec::new();
        for record in self.accuracies.iter().filter(|record| record.status == Status::Ok) {
            all.extend(record.all_contents().filter(|known| !all.contains(known)));
        }
        all
    }
}

/// Images that were decoded: once for all models of a pass over the dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Decoded {
    /// How many.
    pub images: usize,
    /// How many of them have an EXIF orientation other than upright.
    #[serde(default)]
    pub turned: usize,
    /// The time for that, summed over the threads.
    pub seconds: f64,
}

impl std::ops::AddAssign for Decoded {
    fn add_assign(&mut self, other: Self) {
        self.images += other.images;
        self.turned += other.turned;
        self.seconds += other.seconds;
    }
}

/// What is known at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// One-minute load average.
    pub load_after: Option<f64>,
    /// Wall time of the run. For a resumed run: the sum of its parts, without the time between them
    /// and without any part that was killed.
    pub seconds: f64,
}
