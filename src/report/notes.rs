//! What a reader must know besides a number, as text.

use crate::record::capabilities::Threads;
use crate::record::coverage::DelegateStatus;
use crate::record::delegate::Delegate;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::signature::FloatWeights;
use crate::record::status::Status;
use crate::stats::disturbance::suffices;
use crate::stats::stability::{NOISY_INTERVAL, Stability};
use crate::table::row::Row;
use crate::table::speeds::Speeds;
use crate::table::units::{percent, whole_percent};

/// Fewer denormal weights than one in this many do not matter.
const FEW_DENORMALS: u64 = 1000;

/// How serious it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Stands once below the table, since the row's own cells show it.
    Remark,
    /// Good to know.
    Caveat,
    /// The number does not mean what it seems to.
    Warning,
    /// There is not a number.
    Failure,
}

/// A note about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// How bad it is.
    pub weight: Weight,
    /// A short label for a table cell.
    pub tag: String,
    /// The sentence; cases that share it are named together.
    pub text: String,
    /// This case's own figures, in short.
    pub figures: Option<String>,
}

impl Note {
    /// The tag with this case's own figures: `multimodal (0.440 ms 62%, 0.541 ms
    /// 38%)`.
    #[must_use]
    pub(crate) fn tag_with_figures(&self) -> String {
        match &self.figures {
            Some(figures) => format!("{} ({figures})", self.tag),
            None => self.tag.clone(),
        }
    }

    /// Whether both say the same, whatever their figures.
    #[must_use]
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (self.weight, &self.tag, &self.text) == (other.weight, &other.tag, &other.text)
    }

    fn new(weight: Weight, tag: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight, tag: tag.into(), text: text.into(), figures: None }
    }
}

/// A note and the cases that it holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The note of the first of them.
    pub note: Note,
    /// Each case with its own figures.
    pub cases: Vec<(String, Option<String>)>,
}

impl Group {
    /// The sentence, with the figures if it is about a single case.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        match self.cases.as_slice() {
            [(_, Some(figures))] => format!("{} ({figures})", self.note.text),
            _ => self.note.text.clone(),
        }
    }
}

/// Every note of the rows once, the worst first.
#[must_use]
pub(crate) fn grouped(rows: &[Row]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        for note in with_remarks(row) {
            let case = (row.case(), note.figures.clone());
            match groups.iter_mut().find(|group| group.note.says_the_same(&note)) {
                Some(group) => group.cases.push(case),
                None => groups.push(Group { note, cases: vec![case] }),
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.note.weight));
    groups
}

/// What to know about a row that its other cells do not show, the worst first.
#[must_use]
pub(crate) fn notes(row: &Row) -> Vec<Note> {
    let mut notes = with_remarks(row);
    notes.retain(|note| note.weight > Weight::Remark);
    notes
}

fn with_remarks(row: &Row) -> Vec<Note> {
    let mut notes: Vec<Note> = [
        status(row),
        agreement(row),
        not_a_number(row),
        infinite(row),
        constant(row),
        labels(row),
        delegate(row),
        threads(row),
        stability(row),
        interval(row),
        disturbance(row),
        accuracy(row),
        denormals(row),
        other_settings(row),
        default_precision(row),
    ]
    .into_iter()
    .flatten()
    .collect();
    notes.sort_by_key(|note| std::cmp::Reverse(note.weight));
    notes
}

fn status(row: &Row) -> Option<Note> {
    let text = |what: &str| match &row.error {
        Some(error) => format!("{what}: {}", shortened(error)),
        None => what.to_owned(),
    };
    let (weight, tag, what) = match row.status {
        Status::Ok => return None,
        Status::Failed => (Weight::Failure, "failed", "failed"),
        Status::Crashed => (Weight::Failure, "crashed", "its process died"),
        Status::Timeout => (Weight::Failure, "timeout", "its process did not answer in time"),
        Status::OutOfMemory => (Weight::Failure, "out of memory", "it ran out of memory"),
        Status::Unsupported => (Weight::Caveat, "unsupported", "this backend cannot run it"),
        Status::Skipped => (Weight::Caveat, "not measured", "not measured"),
    };
    Some(Note::new(weight, tag, text(what)))
}

/// Some runtimes print whole graphs as an error; results.csv has all of it.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 240;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… (in full in results.csv)", &text[..end]),
        None => text.to_owned(),
    }
}

fn agreement(row: &Row) -> Option<Note> {
    let share = row.agreement_top1.filter(|_| row.is_suspicious())?;
    let text = format!(
        "its best class equals the reference's on only {}% of the inputs: this is the speed of a wrong answer, so the case is not ranked; 'profile RUN CASE --culprit' looks for the node that makes it",
        percent(share)
    );
    Some(Note::new(Weight::Warning, "wrong answers", text))
}

fn not_a_number(row: &Row) -> Option<Note> {
    if row.images.is_none() {
        let seen = row.outputs.filter(|seen| seen.not_a_number > 0)?;
        let text = format!(
            "{} of {} inputs gave a score that is not a number: such an output agrees with no other",
            seen.not_a_number, seen.inputs
        );
        return Some(Note::new(Weight::Warning, "not a number", text));
    }
    let (bad, images) = (row.not_a_number, row.images?);
    (bad > 0).then(|| {
        let text = format!(
            "{bad} of {images} images have a score that is not a number, or a class that the model does not have: such a score ranks last and never counts as correct"
        );
        Note::new(Weight::Warning, "not a number", text)
    })
}

fn infinite(row: &Row) -> Option<Note> {
    let seen = row.outputs.filter(|seen| seen.infinite > 0)?;
    let text = format!(
        "{} of {} inputs gave an infinite score: something in the model overflows, or it takes the logarithm of 0",
        seen.infinite, seen.inputs
    );
    Some(Note::new(Weight::Warning, "infinite", text))
}

/// A model whose output never changes. On random inputs that may happen to a sound 8-bit model,
/// whose scores are saturated.
fn constant(row: &Row) -> Option<Note> {
    let is_number = |seen: &OutputsSeen| seen.not_a_number < seen.inputs;
    let seen = row.outputs.filter(|seen| seen.is_constant() && is_number(seen))?;
    let weight = if row.images.is_some() { Weight::Warning } else { Weight::Caveat };
    let text = format!(
        "its output was exactly the same for all {} inputs: it does not depend on them, or its scores are saturated",
        seen.inputs
    );
    Some(Note::new(weight, "constant output", text))
}

/// Denormal weights, if there are enough of them to be felt.
fn denormals(row: &Row) -> Option<Note> {
    let FloatWeights { count, denormal } = row.float_weights?;
    if denormal == 0 || denormal < count / FEW_DENORMALS {
        return None;
    }
    let text = "some of its float weights are denormal, with which many processors compute much more slowly: set them to 0 before converting the model";
    let share = denormal as f64 / count as f64;
    let figures = Some(format!("{denormal} of {count} weights, {}%", percent(share)));
    Some(Note { figures, ..Note::new(Weight::Caveat, "denormal weights", text) })
}

/// Settings that the runtime has otherwise than they were set.
fn other_settings(row: &Row) -> Option<Note> {
    let told: Vec<String> = row.other_settings.iter().map(ToString::to_string).collect();
    let text = "the runtime does not have all settings as they were set";
    let figures = Some(told.join("; ")).filter(|told| !told.is_empty())?;
    Some(Note { figures: Some(figures), ..Note::new(Weight::Caveat, "other settings", text) })
}

/// If the runtime computes with fewer bits than the file has, and nobody asked it to.
fn default_precision(row: &Row) -> Option<Note> {
    let precision = row.default_precision.as_ref()?;
    let text = format!(
        "{} computes floating-point operators in {precision} on this machine by default; --set f32:INFERENCE_PRECISION_HINT=f32 measures the model as its file has it",
        row.backend
    );
    Some(Note::new(Weight::Caveat, format!("{precision} by default"), text))
}

fn labels(row: &Row) -> Option<Note> {
    // Wrong answers have a warning of their own.
    let warning =
        row.label_warning.filter(|warning| warning.shift().is_some() || !row.is_suspicious())?;
    Some(Note::new(Weight::Warning, warning.tag(), warning.to_string()))
}

fn delegate(row: &Row) -> Option<Note> {
    let delegate = &row.delegate;
    match row.delegate_status? {
        DelegateStatus::Full => None,
        DelegateStatus::Partial => {
            let nodes = match (row.nodes_delegated, row.nodes_total) {
                (Some(taken), Some(all)) => format!("{taken} of {all} nodes"),
                _ => "some of the nodes".to_owned(),
            };
            let pieces = row.partitions.filter(|count| *count > 1);
            let pieces = pieces.map_or(String::new(), |count| format!(" in {count} pieces"));
            let text = format!(
                "{delegate} took {nodes}{pieces}; the rest ran on the runtime's own kernels"
            );
            Some(Note::new(Weight::Remark, "partly delegated", text))
        }
        DelegateStatus::None => {
            let text = format!(
                "{delegate} was requested but took no node: this is the time of the runtime's own kernels"
            );
            Some(Note::new(Weight::Warning, "not delegated", text))
        }
        DelegateStatus::Unknown => {
            let text = format!("the runtime does not report how much of the graph {delegate} took");
            Some(Note::new(Weight::Remark, "coverage unknown", text))
        }
    }
}

/// If the number of threads that worked differs from the requested one. A GPU's driver and an
/// external delegate start their own threads.
fn threads(row: &Row) -> Option<Note> {
    let used = row.threads_used.filter(|_| row.status == Status::Ok)? as usize;
    let asked = row.threads;
    let backend = row.backend;
    let (tag, text) = match (backend.capabilities().threads, &row.delegate) {
        _ if used == asked => return None,
        (Threads::One(why), _) => {
            ("ignores threads", format!("{why}, not the {asked} that were requested"))
        }
        _ if used < asked => {
            ("fewer threads", format!("{backend} was asked for {asked} threads but used {used}"))
        }
        (Threads::AsAsked, Delegate::None | Delegate::Xnnpack) if asked == 1 => (
            "more threads",
            format!("{backend} was asked for one thread, but its process had {used}"),
        ),
        _ => return None,
    };
    Some(Note::new(Weight::Caveat, tag, text))
}

fn stability(row: &Row) -> Option<Note> {
    let word = row.stability?;
    let text = match word {
        // The width of its interval is a note of its own.
        Stability::Stable | Stability::Noisy => return None,
        Stability::Drifting => "its latency drifted: repeat the run on a quiet machine",
        Stability::Throttled => {
            "the processor's frequency fell during the run; it may have become too hot"
        }
        Stability::Multimodal => {
            "it ran at two or more distinct speeds: the median alone does not describe it"
        }
        Stability::Emulated => {
            "it ran on an emulated processor: its times say nothing about a real one"
        }
    };
    let emulated = word == Stability::Emulated;
    let weight = if emulated { Weight::Warning } else { Weight::Caveat };
    let drift = row.drift_percent.map(|drift| format!("{drift:+.1}% over the run"));
    let figures = match word {
        Stability::Drifting | Stability::Throttled => drift,
        _ => row.modes.as_ref().map(Speeds::words),
    };
    Some(Note { figures, ..Note::new(weight, word.to_string(), text) })
}

fn interval(row: &Row) -> Option<Note> {
    let median = row.latency_p50_us?;
    let Some((low, high)) = row.latency_p50_low_us.zip(row.latency_p50_high_us) else {
        let text = "too few rounds for an interval of its median";
        return Some(Note::new(Weight::Caveat, "no interval", text));
    };
    let half = (high - low) / 2.0 / median;
    (half > NOISY_INTERVAL).then(|| {
        let text = format!(
            "its median is known only to within {}% or worse: measure longer (--max-seconds) to see smaller differences",
            whole_percent(NOISY_INTERVAL)
        );
        Note::new(Weight::Caveat, "wide interval", text)
    })
}

/// If all visits count although some were disturbed, the median is not what it is elsewhere.
fn disturbance(row: &Row) -> Option<Note> {
    let (share, rounds) = (row.disturbed.filter(|share| *share > 0.0)?, row.rounds?);
    let left = ((1.0 - share) * rounds as f64).round() as usize;
    let figures = Some(format!("{}% of the visits", whole_percent(share)));
    let (weight, text) = if suffices(left, rounds) {
        let text = "something else used the machine during some of the visits, which the median leaves out and all other figures count";
        (Weight::Remark, text)
    } else {
        let text = "something else used the machine during nearly all of its visits, so that its median counts them too: repeat it on a quiet machine";
        (Weight::Caveat, text)
    };
    Some(Note { figures, ..Note::new(weight, "disturbed", text) })
}

/// A measured case has an error if scoring it failed.
fn accuracy(row: &Row) -> Option<Note> {
    let error = row.error.as_ref().filter(|_| row.status == Status::Ok)?;
    Some(Note::new(Weight::Warning, "not scored", shortened(error)))
}
