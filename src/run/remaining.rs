//! What remains to do when a run is resumed.

use std::collections::BTreeSet;

use crate::record::run::Run;
use crate::run::entry::Entry;

/// What remains to do according to a journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Remaining {
    /// Cases whose process was killed from outside.
    cases: BTreeSet<usize>,
    /// Accuracy subjects whose process was killed from outside.
    subjects: BTreeSet<usize>,
    /// Whether the run finished.
    finished: bool,
    /// Wall time that was spent on the run so far, as far as it is known.
    pub seconds: f64,
}

impl Remaining {
    /// What remains after these entries.
    #[must_use]
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut left = Self::default();
        for entry in entries {
            left.take(entry);
        }
        left
    }

    /// Takes the next entry of a journal.
    pub(crate) fn take(&mut self, entry: &Entry) {
        let note = |of: &mut BTreeSet<usize>, index: usize, killed: bool| {
            if killed {
                of.insert(index)
            } else {
                of.remove(&index)
            };
        };
        match entry {
            Entry::CaseEnded { case, killed, .. } => note(&mut self.cases, *case, *killed),
            Entry::SubjectEnded { subject, killed, .. } => {
                note(&mut self.subjects, *subject, *killed);
            }
            Entry::Interrupted { seconds } => self.seconds += seconds,
            Entry::Finished { seconds, .. } => {
                self.finished = true;
                self.seconds = *seconds;
            }
            _ => {}
        }
    }

    /// Whether nothing is left: the run came to its end, and nothing of it was killed.
    #[must_use]
    pub(crate) fn is_nothing(&self) -> bool {
        self.finished && self.cases.is_empty() && self.subjects.is_empty()
    }

    /// Lets what was killed be measured again.
    pub(crate) fn reopen(&self, run: &mut Run) {
        for index in &self.cases {
            if let Some(case) = run.cases.get_mut(*index) {
                case.ended = false;
            }
        }
        for index in &self.subjects {
            if let Some(subject) = run.accuracies.get_mut(*index) {
                subject.ended = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::status::Status;

    fn ended(case: usize, killed: bool) -> Entry {
        let (status, error) = (Status::Crashed, None);
        Entry::CaseEnded { case, status, error, seconds: 1.0, killed }
    }

    const FINISHED: Entry = Entry::Finished { load_after: None, seconds: 5.0 };

    #[test]
    fn what_was_killed_is_left_until_it_ends_otherwise() {
        let mut left = Remaining::of(&[ended(0, true), ended(1, false), FINISHED]);
        assert!(!left.is_nothing());
        left.take(&ended(0, false));
        assert!(left.is_nothing());
    }

    #[test]
    fn the_time_of_every_stretch_counts_once() {
        let stretch = || Entry::Interrupted { seconds: 2.0 };
        assert_eq!(Remaining::of(&[stretch(), stretch()]).seconds, 4.0);
        assert_eq!(Remaining::of(&[stretch(), FINISHED]).seconds, 5.0);
    }

    #[test]
    fn old_journals_say_nothing_of_kills() {
        let line =
            r#"{"entry":"case_ended","case":0,"status":"crashed","error":null,"seconds":1.0}"#;
        let entry: Entry = serde_json::from_str(line).unwrap();
        assert!(matches!(entry, Entry::CaseEnded { killed: false, .. }));
        assert_eq!(serde_json::to_string(&entry).unwrap(), line);
    }
}
