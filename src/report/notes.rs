//! What a reader has to know beside a number, in words.

use super::row::Row;
use super::units::{percent, three_digits};
use crate::backend::DelegateStatus;
use crate::measure::stability::Stability;
use crate::run::Status;

/// Half a 95% interval of the median above this share of it is worth a word:
/// differences below it cannot be seen.
const WIDE_INTERVAL: f64 = 0.05;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Caveat,
    /// The number does not mean what it seems to.
    Warning,
    /// There is no number.
    Failure,
}

/// One thing to know about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How bad it is.
    pub weight: Weight,
    /// A word or two, for a table's cell.
    pub tag: String,
    /// The sentence.
    pub text: String,
}

impl Note {
    fn new(weight: Weight, tag: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight, tag: tag.into(), text: text.into() }
    }
}

/// Everything to know about a row, the worst first.
#[must_use]
pub fn notes(row: &Row) -> Vec<Note> {
    let mut notes: Vec<Note> = [
        status(row),
        agreement(row),
        labels(row),
        delegate(row),
        stability(row),
        interval(row),
        accuracy(row),
    ]
    .into_iter()
    .flatten()
    .collect();
    notes.sort_by_key(|note| std::cmp::Reverse(note.weight));
    notes
}

fn status(row: &Row) -> Option<Note> {
    let text = |what: &str| match &row.error {
        Some(error) => format!("{what}: {error}"),
        None => what.to_owned(),
    };
    let (weight, tag, what) = match row.status {
        Status::Ok => return None,
        Status::Failed => (Weight::Failure, "failed", "failed"),
        Status::Crashed => (Weight::Failure, "crashed", "its process died"),
        Status::Timeout => (Weight::Failure, "timeout", "its process fell silent"),
        Status::OutOfMemory => (Weight::Failure, "out of memory", "it ran out of memory"),
        Status::Unsupported => (Weight::Caveat, "unsupported", "this backend cannot run it"),
        Status::Skipped => (Weight::Caveat, "not measured", "not measured"),
    };
    Some(Note::new(weight, tag, text(what)))
}

fn agreement(row: &Row) -> Option<Note> {
    let share = row.agreement_top1.filter(|_| row.is_suspicious())?;
    let text = format!(
        "its best class equals the reference's on only {}% of the inputs: this is the speed of a wrong answer, and it wins nothing here",
        percent(share)
    );
    Some(Note::new(Weight::Warning, "wrong answers", text))
}

fn labels(row: &Row) -> Option<Note> {
    let shift = row.label_shift?;
    Some(Note::new(Weight::Warning, "labels shifted", shift.to_string()))
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
            Some(Note::new(Weight::Caveat, "partly delegated", text))
        }
        DelegateStatus::None => {
            let text = format!(
                "{delegate} was asked for and took no node: this is the time of the runtime's own kernels"
            );
            Some(Note::new(Weight::Warning, "not delegated", text))
        }
        DelegateStatus::Unknown => {
            let text = format!("the runtime does not tell how much of the graph {delegate} took");
            Some(Note::new(Weight::Caveat, "coverage unknown", text))
        }
    }
}

fn stability(row: &Row) -> Option<Note> {
    let word = row.stability?;
    let drift = row.drift_percent.map_or(String::new(), |d| format!(" ({d:+.1}% over the run)"));
    let text = match word {
        Stability::Stable => return None,
        Stability::Drifting => {
            format!("its latency drifted{drift}: repeat it on a quiet machine")
        }
        Stability::Throttled => format!("the processor slowed down while it ran{drift}"),
        Stability::Multimodal => {
            "it ran at two or more speeds; the median alone does not describe it, see its distribution"
                .to_owned()
        }
        Stability::Noisy => {
            "its runs scatter too much to know its median well: something else used the machine"
                .to_owned()
        }
        Stability::Emulated => {
            "it ran on an emulated processor: its times say nothing about a real one".to_owned()
        }
    };
    let emulated = word == Stability::Emulated;
    let weight = if emulated { Weight::Warning } else { Weight::Caveat };
    Some(Note::new(weight, word.to_string(), text))
}

fn interval(row: &Row) -> Option<Note> {
    let median = row.latency_p50_us?;
    let Some((low, high)) = row.latency_p50_low_us.zip(row.latency_p50_high_us) else {
        let text = "too few rounds for an interval of its median";
        return Some(Note::new(Weight::Caveat, "no interval", text));
    };
    let half = (high - low) / 2.0 / median;
    (half > WIDE_INTERVAL).then(|| {
        let text = format!(
            "its median is known only to within {}% or worse: measure longer (--max-seconds) to see smaller differences",
            three_digits(WIDE_INTERVAL * 100.0)
        );
        Note::new(Weight::Caveat, "wide interval", text)
    })
}

/// A measured case has an error where scoring it failed.
fn accuracy(row: &Row) -> Option<Note> {
    let error = row.error.as_ref().filter(|_| row.status == Status::Ok)?;
    Some(Note::new(Weight::Warning, "not scored", error.clone()))
}
