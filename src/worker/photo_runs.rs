//! Runs from photos to classes: what an application waits for, stage by stage.
//!
//! Every run takes the next photo, so that neither the decoder nor the model finds what it left in
//! the caches. The photos' files are in memory: where they come from is not part of a run.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::host::clock;
use crate::image::decode;
use crate::image::preprocess::Preparer;
use crate::record::options::Exif;
use crate::record::prediction::KEPT;
use crate::record::preprocessing::InputSpec;
use crate::record::stage::{Stage, StageTimes};
use crate::runtime::backend_error::BackendError;
use crate::runtime::session::Session;
use crate::stats::best_scores;

/// The stages of a run, in their order.
const STAGES: [Stage; 6] =
    [Stage::Decode, Stage::Prepare, Stage::Write, Stage::Invoke, Stage::Read, Stage::Rank];

/// Photos, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoPlan {
    /// From pixels to the input tensor.
    pub spec: InputSpec,
    /// Whether photos are turned upright.
    pub exif: Exif,
    /// Which output holds the scores.
    pub output: usize,
    /// The lengths in bytes of the photos' files, which follow each other in the payload.
    pub lengths: Vec<usize>,
}

/// A model's runs on photos.
pub(crate) struct PhotoRuns {
    plan: PhotoPlan,
    files: Vec<Vec<u8>>,
    next: usize,
    preparer: Preparer,
    tensor: Vec<u8>,
    /// Of each run since [`Self::forget`], when it started and when each stage ended.
    times: Vec<[u64; STAGES.len() + 1]>,
    /// For the decoder; nothing else decodes here.
    gate: Mutex<()>,
}

impl PhotoRuns {
    /// Takes the photos of `payload`. Those that cannot be decoded are left out.
    ///
    /// # Errors
    /// A model that does not take one prepared photo at a time, or no photo that can be decoded.
    pub(crate) fn new(
        plan: PhotoPlan,
        payload: &[u8],
        session: &dyn Session,
    ) -> Result<Self, BackendError> {
        match session.inputs() {
            [input] if plan.spec.fits(input) => {}
            _ => {
                return Err(BackendError::Unsupported(
                    "it does not take one photo at a time".into(),
                ));
            }
        }
        let (mut files, mut rest) = (Vec::new(), payload);
        let gate = Mutex::new(());
        for length in &plan.lengths {
            let (file, after) = rest.split_at_checked(*length).ok_or_else(|| {
                BackendError::Failed("fewer bytes of photos arrived than were announced".into())
            })?;
            if decode::decode(file, &gate).is_ok() {
                files.push(file.to_vec());
            }
            rest = after;
        }
        if files.is_empty() {
            return Err(BackendError::Failed("none of its photos can be decoded".into()));
        }
        let (preparer, tensor, times) = (Preparer::default(), Vec::new(), Vec::new());
        Ok(Self { plan, files, next: 0, preparer, tensor, times, gate })
    }

    /// Makes one run, on the next photo.
    ///
    /// # Errors
    /// What the runtime says.
    pub(crate) fn run(&mut self, session: &mut dyn Session) -> Result<(), BackendError> {
        let file = &self.files[self.next];
        self.next = (self.next + 1) % self.files.len();
        let start = clock::now_ns();
        let decoded = decode::decode(file, &self.gate)
            .map_err(|error| BackendError::Failed(format!("a photo {error:#}")))?
            .turned(self.plan.exif);
        let decoded_ns = clock::now_ns();
        self.tensor.clear();
        self.preparer.prepare(&decoded.pixels, &self.plan.spec, &mut self.tensor);
        let prepared_ns = clock::now_ns();
        session.write_input(0, &self.tensor)?;
        let written_ns = clock::now_ns();
        session.invoke()?;
        let invoked_ns = clock::now_ns();
        let bytes = session.output(self.plan.output)?.bytes;
        let read_ns = clock::now_ns();
        let scores = session.outputs()[self.plan.output].stored(&bytes);
        std::hint::black_box(best_scores::best(&scores, KEPT));
        let ranked_ns = clock::now_ns();
        self.times.push([
            start,
            decoded_ns,
            prepared_ns,
            written_ns,
            invoked_ns,
            read_ns,
            ranked_ns,
        ]);
        Ok(())
    }

    /// Forgets what the stages of earlier runs took.
    pub(crate) fn forget(&mut self) {
        self.times.clear();
    }

    /// What the stages of the last `runs` runs took.
    #[must_use]
    pub(crate) fn stages(&self, runs: usize) -> Vec<StageTimes> {
        let last = &self.times[self.times.len().saturating_sub(runs)..];
        let of = |(index, stage): (usize, Stage)| StageTimes {
            stage,
            ns: last.iter().map(|times| times[index + 1] - times[index]).collect(),
        };
        STAGES.into_iter().enumerate().map(of).collect()
    }
}
