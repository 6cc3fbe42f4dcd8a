//! A line of the journal.

use serde::{Deserialize, Serialize};

use crate::record::agreement::Agreement;
use crate::record::coverage::Coverage;
use crate::record::found_rate::FoundRate;
use crate::record::header::Header;
use crate::record::image_contents::ImageContents;
use crate::record::narrowing::Dropped;
use crate::record::operator_profile::OperatorProfile;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::prediction::Prediction;
use crate::record::preprocessing_check::PreprocessingCheck;
use crate::record::run::Decoded;
use crate::record::scenario::ScenarioOutcome;
use crate::record::status::Status;
use crate::record::sustained::SustainedOutcome;
use crate::record::visit::Memory;
use crate::record::visit::{Process, Visit};

/// One line of the journal. Cases and accuracy subjects are named by their
/// index in the header's list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line.
    Header(Box<Header>),
    /// A process of a case is warm.
    Process {
        /// Which case.
        case: usize,
        /// When it was started, RFC 3339.
        started_at: String,
        /// What it reported.
        process: Box<Process>,
    },
    /// A block was measured.
    Visit {
        /// Which case.
        case: usize,
        /// The block.
        visit: Visit,
    },
    /// Memory of a case's newest process, after its last block.
    Memory {
        /// Which case.
        case: usize,
        /// What the process reported.
        memory: Memory,
    },
    /// What a case's delegate took.
    Coverage {
        /// Which case.
        case: usize,
        /// What the runtime reported.
        coverage: Coverage,
    },
    /// What the operators of a case took. Only runs that profile have this entry, so that earlier
    /// programs read all others.
    Profile {
        /// Which case.
        case: usize,
        /// What the runtime reported.
        profile: Box<OperatorProfile>,
    },
    /// A case's latency is done with.
    CaseEnded {
        /// Which case.
        case: usize,
        /// How.
        status: Status,
        /// Why, in one line.
        error: Option<String>,
        /// Wall time that was spent on it.
        seconds: f64,
        /// Whether its process was killed from outside: it is tried again when the run is resumed.
        #[serde(default, skip_serializing_if = "is_false")]
        killed: bool,
    },
    /// A case left the search for the best one; its end follows. Only runs that are such a search
    /// have this entry.
    Dropped {
        /// Which case.
        case: usize,
        /// When and why.
        dropped: Dropped,
    },
    /// A case was visited in a scenario. Only runs with scenarios have this entry.
    Scenario {
        /// Which case.
        case: usize,
        /// What came of it.
        outcome: Box<ScenarioOutcome>,
    },
    /// The highest rate of a case was searched for. Only runs with `--find-rate` have this entry.
    FoundRate {
        /// Which case.
        case: usize,
        /// What came of it.
        found: Box<FoundRate>,
    },
    /// A case went on for another window. Only runs with `--sustained` have this entry.
    Sustained {
        /// Which case.
        case: usize,
        /// What came of it.
        outcome: Box<SustainedOutcome>,
    },
    /// Images of an accuracy subject were scored.
    Scored {
        /// Which subject.
        subject: usize,
        /// One per image, following the ones before.
        predictions: Vec<Prediction>,
        /// Time to prepare each.
        preprocess_ns: Vec<u64>,
        /// What the images are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contents: Option<ImageContents>,
        /// What the outputs look like.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<OutputsSeen>,
        /// Comparison with the reference on these images.
        #[serde(default)]
        agreement: Option<Agreement>,
    },
    /// An accuracy subject is done with.
    SubjectEnded {
        /// Which subject.
        subject: usize,
        /// How.
        status: Status,
        /// Why, in one line.
        error: Option<String>,
        /// What the delegate took.
        coverage: Option<Coverage>,
        /// How it agrees with its reference on all of its inputs.
        agreement: Option<Agreement>,
        /// What the outputs look like, where inputs other than images were compared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<OutputsSeen>,
        /// Whether somebody ended its process: it is tried again when the run is resumed.
        #[serde(default, skip_serializing_if = "is_false")]
        killed: bool,
    },
    /// Images that could not be read: file and reason.
    Unreadable {
        /// Those found since the entry of this kind before.
        images: Vec<(String, String)>,
    },
    /// A pass over the dataset was made.
    Decoded {
        /// What was decoded for it.
        decoded: Decoded,
    },
    /// A model was scored with other pipelines. Only runs that do so have this entry, so that
    /// earlier programs read all others.
    PreprocessingChecked {
        /// What came of it.
        check: PreprocessingCheck,
    },
    /// The run came to its end.
    Finished {
        /// One-minute load average at the end.
        load_after: Option<f64>,
        /// Wall time of the whole run: of every stretch that ended in order.
        seconds: f64,
    },
    /// The run was interrupted, and left in order.
    Interrupted {
        /// Wall time since the run was begun, or resumed the last time.
        seconds: f64,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Entry {
    /// Whether it is on the disk before anything else happens: what ends something is not
    /// lost even to a power cut.
    pub(crate) const fn is_synced(&self) -> bool {
        matches!(
            self,
            Self::Header(_)
                | Self::CaseEnded { .. }
                | Self::SubjectEnded { .. }
                | Self::Finished { .. }
                | Self::Interrupted { .. }
        )
    }
}
