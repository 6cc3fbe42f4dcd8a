//! A subject's results, put back into the dataset's order.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Scored, Subject};
use crate::accuracy::agreement::Agreement;
use crate::accuracy::prediction::Prediction;
use crate::suite::AccuracyKey;

/// What is known of a subject's chunks that were not told of yet.
pub(super) struct Line {
    pub(super) key: AccuracyKey,
    /// The subject that it is compared with, for as long as that one lives.
    pub(super) reference: Option<usize>,
    pub(super) silent: bool,
    /// The chunk that is told of next.
    due: usize,
    waiting: BTreeMap<usize, Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Predictions and preparation times.
    scored: Option<(Vec<Prediction>, Vec<u64>)>,
    /// The comparison, made; it may have come to nothing.
    compared: Option<Option<Agreement>>,
}

impl Line {
    pub(super) fn new(subject: &Subject, due: usize) -> Self {
        let Subject { key, reference, silent, .. } = subject;
        let (key, reference, silent) = (key.clone(), *reference, *silent);
        Self { key, reference, silent, due, waiting: BTreeMap::new() }
    }

    pub(super) fn scored(
        &mut self,
        chunk: usize,
        predictions: Vec<Prediction>,
        preprocess_ns: Vec<u64>,
    ) {
        self.waiting.entry(chunk).or_default().scored = Some((predictions, preprocess_ns));
    }

    pub(super) fn compared(&mut self, chunk: usize, agreement: Option<Agreement>) {
        self.waiting.entry(chunk).or_default().compared = Some(agreement);
    }

    /// Tells of every chunk that is due and complete.
    pub(super) fn tell(&mut self, sink: &mut dyn FnMut(Scored) -> Result<()>) -> Result<()> {
        while let Some(waiting) = self.waiting.get_mut(&self.due) {
            if self.reference.is_some() && waiting.compared.is_none() {
                break;
            }
            let Some((predictions, preprocess_ns)) = waiting.scored.take() else { break };
            let agreement = waiting.compared.flatten();
            self.waiting.remove(&self.due);
            self.due += 1;
            if !self.silent {
                let key = self.key.clone();
                sink(Scored::Batch { key, predictions, preprocess_ns, agreement })?;
            }
        }
        Ok(())
    }
}
