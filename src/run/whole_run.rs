//! What is known of a run beyond its cases and its scored subjects.

use crate::record::preprocessing_check::PreprocessingCheck;
use crate::record::run::{Decoded, Finished};
use crate::run::entry::Entry;

/// The parts of a [`crate::record::run::Run`] that entries about the run as a whole change. They
/// are borrowed one by one, since cases and subjects are measured meanwhile.
pub(crate) struct WholeRun<'a> {
    /// Images that could not be read, and why; `None` without a dataset.
    pub(crate) unreadable: Option<&'a mut Vec<(String, String)>>,
    /// What was decoded.
    pub(crate) decoded: &'a mut Decoded,
    /// How models did with other pipelines.
    pub(crate) preprocessing_checks: &'a mut Vec<PreprocessingCheck>,
    /// How it ended, if it did.
    pub(crate) finished: &'a mut Option<Finished>,
}

impl WholeRun<'_> {
    /// Takes an entry about the run as a whole; others change nothing.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Finished { load_after, seconds } => {
                *self.finished = Some(Finished { load_after, seconds });
            }
            Entry::Decoded { decoded } => *self.decoded += decoded,
            Entry::PreprocessingChecked { check } => self.preprocessing_checks.push(check),
            Entry::Unreadable { images } => {
                let Some(known) = &mut self.unreadable else { return };
                for (file, reason) in images {
                    if !known.iter().any(|(known, _)| *known == file) {
                        known.push((file, reason));
                    }
                }
            }
            _ => {}
        }
    }
}
