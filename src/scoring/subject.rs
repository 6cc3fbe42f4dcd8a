//! What is scored, and what scoring reports on the way.

use crate::record::agreement::Agreement;
use crate::record::case::AccuracyKey;
use crate::record::class_map::ClassMap;
use crate::record::image_contents::ImageContents;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::prediction::Prediction;
use crate::record::preprocessing::InputSpec;
use crate::record::run::Decoded;
use crate::scoring::output_reader::OutputReader;
use crate::worker::link::{Fault, Link};

/// A model on a backend that is to be scored.
pub(crate) struct Subject {
    /// Which.
    pub key: AccuracyKey,
    /// How images become its input.
    pub spec: InputSpec,
    /// Which of its outputs is scored.
    pub output: usize,
    /// How that is read.
    pub reading: OutputReader,
    /// Its outputs as the dataset's classes.
    pub classes: ClassMap,
    /// First image (position in the dataset) that is still to be scored.
    pub from: usize,
    /// The subject that its outputs are compared with, which is scored from the
    /// same image or an earlier one; it may be itself.
    pub reference: Option<usize>,
    /// Scored only for others to be compared with: nothing is reported about it.
    pub silent: bool,
    /// Only images at multiples of this position are scored; 1: all of them.
    pub every: usize,
    /// Workers that have it loaded; more than one share its images.
    pub links: Vec<Box<dyn Link + Send>>,
}

/// What images gave, one by one and together.
#[derive(Debug, Default)]
pub(crate) struct ScoredImages {
    /// One per readable image.
    pub predictions: Vec<Prediction>,
    /// Time to prepare each image, without decoding.
    pub preprocess_ns: Vec<u64>,
    /// What they are.
    pub contents: ImageContents,
    /// What the outputs look like.
    pub outputs: OutputsSeen,
}

/// What scoring reports on the way.
#[derive(Debug)]
pub(crate) enum ScoringProgress {
    /// The next images of a subject, in the dataset's order.
    Batch {
        /// Of which subject, by its place in the list that was given.
        subject: usize,
        /// What they gave.
        images: ScoredImages,
        /// Comparison with the subject's reference on these images.
        agreement: Option<Agreement>,
    },
    /// A subject's worker was lost; nothing more comes of it.
    Lost {
        /// Of which subject, by its place in the list that was given.
        subject: usize,
        /// How.
        fault: Fault,
    },
    /// An image that no subject is scored on.
    Unreadable {
        /// Its file within the dataset.
        file: String,
        /// Why, continuing a sentence that begins with the file.
        reason: String,
    },
}

/// How scoring ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScoringOutcome {
    /// Whether it was stopped before the end.
    pub interrupted: bool,
    /// What was decoded for all subjects together.
    pub decoded: Decoded,
}

/// What a feeder or a decoding thread reports to the caller's thread.
pub(crate) enum ScoringEvent {
    Done { subject: usize, chunk: usize, images: ScoredImages },
    Compared { subject: usize, chunk: usize, agreement: Option<Agreement> },
    Lost { subject: usize, fault: Fault },
    Unreadable { position: usize, reason: String },
}
