//! A subject's results, put back into the dataset's order.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::record::agreement::Agreement;
use crate::scoring::subject::{ScoredImages, ScoringProgress, Subject};

/// A subject's chunks that are not reported yet.
pub(crate) struct PendingChunks {
    /// Its place among the subjects of the pass.
    subject: usize,
    /// The subject that it is compared with, for as long as that one lives.
    pub(crate) reference: Option<usize>,
    pub(crate) silent: bool,
    /// The chunk that is reported next.
    due: usize,
    waiting: BTreeMap<usize, Waiting>,
}

#[derive(Default)]
struct Waiting {
    scored: Option<ScoredImages>,
    /// The comparison, made; it may have come to nothing.
    compared: Option<Option<Agreement>>,
}

impl PendingChunks {
    pub(crate) fn new(index: usize, subject: &Subject, due: usize) -> Self {
        let Subject { reference, silent, .. } = *subject;
        Self { subject: index, reference, silent, due, waiting: BTreeMap::new() }
    }

    pub(crate) fn scored(&mut self, chunk: usize, images: ScoredImages) {
        self.waiting.entry(chunk).or_default().scored = Some(images);
    }

    pub(crate) fn compared(&mut self, chunk: usize, agreement: Option<Agreement>) {
        self.waiting.entry(chunk).or_default().compared = Some(agreement);
    }

    /// Reports every chunk that is due and complete.
    pub(crate) fn tell(
        &mut self,
        sink: &mut dyn FnMut(ScoringProgress) -> Result<()>,
    ) -> Result<()> {
        while let Some(waiting) = self.waiting.get_mut(&self.due) {
            if self.reference.is_some() && waiting.compared.is_none() {
                break;
            }
            let Some(images) = waiting.scored.take() else { break };
            let agreement = waiting.compared.flatten();
            self.waiting.remove(&self.due);
            self.due += 1;
            if !self.silent {
                let subject = self.subject;
                sink(ScoringProgress::Batch { subject, images, agreement })?;
            }
        }
        Ok(())
    }
}
