//! From a journal's entries to a [`Run`].

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::record::agreement::Agreement;
use crate::record::case::AccuracyKey;
use crate::record::header::Header;
use crate::record::image_contents::ImageContents;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::run::{AccuracyRecord, CaseRecord, Decoded, Finished, Run};
use crate::record::status::Status;
use crate::run::entry::Entry;
use crate::run::journal;
use crate::run::journal::SCHEMA;
use crate::run::whole_run::WholeRun;

/// Reads the run in `folder`.
///
/// # Errors
/// See [`journal::each`] and [`run`].
pub fn read(folder: &Path) -> Result<Run> {
    let (mut run, mut names) = (None, ImageNames::default());
    journal::each(folder, |entry| match &mut run {
        None => {
            run = Some(begun(entry)?);
            Ok(())
        }
        Some(run) => apply(run, names.shared(entry)),
    })?;
    run.with_context(|| format!("{} holds no run", folder.display()))
}

/// The distinct accuracy subjects of a header, in the order of its cases.
#[must_use]
pub(crate) fn subjects(header: &Header) -> Vec<AccuracyKey> {
    let mut subjects = Vec::new();
    for case in &header.cases {
        let key = case.accuracy_key();
        if !subjects.contains(&key) {
            subjects.push(key);
        }
    }
    subjects
}

/// Replays entries.
///
/// # Errors
/// An entry that speaks of a case or subject which the header does not have.
pub fn run(entries: Vec<Entry>) -> Result<Run> {
    let mut entries = entries.into_iter();
    let (mut run, mut names) = (begun(entries.next().context(NO_HEADER)?)?, ImageNames::default());
    for entry in entries {
        apply(&mut run, names.shared(entry))?;
    }
    Ok(run)
}

/// The names of images, each stored once however many subjects were scored on it.
#[derive(Default)]
struct ImageNames(HashSet<Arc<str>>);

impl ImageNames {
    /// The entry, with the names that are known.
    fn shared(&mut self, mut entry: Entry) -> Entry {
        if let Entry::Scored { predictions, .. } = &mut entry {
            for prediction in predictions {
                match self.0.get(&prediction.image) {
                    Some(known) => prediction.image = Arc::clone(known),
                    None => drop(self.0.insert(Arc::clone(&prediction.image))),
                }
            }
        }
        entry
    }
}

const NO_HEADER: &str = "the journal does not begin with the run's header";

/// A run of which only the header is known.
fn begun(entry: Entry) -> Result<Run> {
    let Entry::Header(header) = entry else { bail!(NO_HEADER) };
    let cases = header.cases.iter().map(|case| CaseRecord::new(case.clone())).collect();
    let accuracies = subjects(&header).into_iter().map(AccuracyRecord::new).collect();
    Ok(Run {
        header: *header,
        cases,
        accuracies,
        decoded: Decoded::default(),
        preprocessing_checks: Vec::new(),
        finished: None,
    })
}

/// Predictions in one entry.
const BATCH: usize = 1000;

/// The entries of a journal that describes `run`: the inverse of [`run`].
pub(crate) fn entries(run: &Run) -> impl Iterator<Item = Entry> + '_ {
    let cases = run.cases.iter().enumerate().flat_map(|(case, record)| case_entries(case, record));
    let subjects = run
        .accuracies
        .iter()
        .enumerate()
        .flat_map(|(subject, record)| subject_entries(subject, record));
    let finished = run
        .finished
        .map(|Finished { load_after, seconds }| Entry::Finished { load_after, seconds });
    let checks = run.preprocessing_checks.iter().cloned();
    let checks = checks.map(|check| Entry::PreprocessingChecked { check });
    // In the form of this schema, whatever the run was read from.
    let header = Header { schema: SCHEMA, ..run.header.clone() };
    std::iter::once(Entry::Header(Box::new(header)))
        .chain(cases)
        .chain(subjects)
        .chain([Entry::Decoded { decoded: run.decoded }])
        .chain(checks)
        .chain(finished)
}

fn case_entries(case: usize, record: &CaseRecord) -> impl Iterator<Item = Entry> + '_ {
    let processes = record.processes.iter().map(move |process| Entry::Process {
        case,
        started_at: record.started_at.clone().unwrap_or_default(),
        process: Box::new(process.clone()),
    });
    let visits = record.visits.iter().map(move |visit| Entry::Visit { case, visit: visit.clone() });
    let coverage = record.coverage.clone().map(|coverage| Entry::Coverage { case, coverage });
    let end = record.ended.then(|| Entry::CaseEnded {
        case,
        status: record.status,
        error: record.error.clone(),
        seconds: record.seconds,
        killed: false,
    });
    let profile = record.profile.clone();
    let profile = profile.map(|it| Entry::Profile { case, profile: Box::new(it) });
    let outcomes = record.scenarios.iter().cloned().map(Box::new);
    let scenarios = outcomes.map(move |outcome| Entry::Scenario { case, outcome });
    let dropped = record.dropped.clone().map(|dropped| Entry::Dropped { case, dropped });
    let windows = record.sustained.outcomes().map(Box::new);
    let windows = windows.map(move |outcome| Entry::Sustained { case, outcome });
    let found = record.found_rate.clone().map(Box::new);
    let found = found.map(|found| Entry::FoundRate { case, found });
    let measured = processes.chain(visits).chain(coverage).chain(profile);
    measured.chain(dropped).chain(end).chain(scenarios).chain(found).chain(windows)
}

fn subject_entries(subject: usize, record: &AccuracyRecord) -> impl Iterator<Item = Entry> + '_ {
    let batches = record.predictions.chunks(BATCH).zip(record.preprocess_ns.chunks(BATCH));
    let scored = batches.enumerate().map(move |(at, (predictions, preprocess_ns))| Entry::Scored {
        subject,
        predictions: predictions.to_vec(),
        preprocess_ns: preprocess_ns.to_vec(),
        // Of all batches together, in the first of them.
        contents: record.contents.filter(|_| at == 0),
        outputs: record.outputs.filter(|_| at == 0),
        agreement: record.agreement.filter(|_| at == 0),
    });
    let end = record.ended.then(|| Entry::SubjectEnded {
        subject,
        status: record.status,
        error: record.error.clone(),
        coverage: record.coverage.clone(),
        agreement: record.agreement,
        outputs: record.outputs.filter(|_| record.predictions.is_empty()),
        killed: false,
    });
    scored.chain(end)
}

fn apply(run: &mut Run, entry: Entry) -> Result<()> {
    match entry {
        Entry::Header(_) => bail!("the journal holds a second header"),
        Entry::Finished { .. }
        | Entry::Interrupted { .. }
        | Entry::Decoded { .. }
        | Entry::PreprocessingChecked { .. }
        | Entry::Unreadable { .. } => WholeRun {
            unreadable: run.header.dataset.as_mut().map(|dataset| &mut dataset.unreadable),
            decoded: &mut run.decoded,
            preprocessing_checks: &mut run.preprocessing_checks,
            finished: &mut run.finished,
        }
        .apply(entry),
        Entry::Scored { subject, .. } | Entry::SubjectEnded { subject, .. } => {
            match run.accuracies.get_mut(subject) {
                Some(record) => record.apply(entry),
                None => bail!(
                    "the journal refers to accuracy subject {subject}, which is not in its header"
                ),
            }
        }
        Entry::Process { case, .. }
        | Entry::Visit { case, .. }
        | Entry::Memory { case, .. }
        | Entry::Coverage { case, .. }
        | Entry::Profile { case, .. }
        | Entry::Scenario { case, .. }
        | Entry::Sustained { case, .. }
        | Entry::FoundRate { case, .. }
        | Entry::Dropped { case, .. }
        | Entry::CaseEnded { case, .. } => match run.cases.get_mut(case) {
            Some(record) => record.apply(entry),
            None => bail!("the journal refers to case {case}, which is not in its header"),
        },
    }
    Ok(())
}

impl CaseRecord {
    /// A case of which nothing is known yet.
    #[must_use]
    pub(crate) fn new(case: crate::record::case::Case) -> Self {
        Self {
            case,
            status: Status::Skipped,
            error: None,
            started_at: None,
            seconds: 0.0,
            processes: Vec::new(),
            visits: Vec::new(),
            coverage: None,
            profile: None,
            scenarios: Vec::new(),
            found_rate: None,
            sustained: Default::default(),
            dropped: None,
            ended: false,
        }
    }

    /// Takes one entry about this case.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Process { started_at, process, .. } => {
                self.started_at.get_or_insert(started_at);
                self.processes.push(*process);
            }
            Entry::Visit { visit, .. } => self.visits.push(visit),
            Entry::Memory { memory, .. } => {
                if let Some(process) = self.processes.last_mut() {
                    process.memory = Some(memory);
                }
            }
            Entry::Coverage { coverage, .. } => self.coverage = Some(coverage),
            Entry::Profile { profile, .. } => self.profile = Some(*profile),
            Entry::Scenario { outcome, .. } => self.scenarios.push(*outcome),
            Entry::FoundRate { found, .. } => self.found_rate = Some(*found),
            Entry::Sustained { outcome, .. } => self.sustained.take(*outcome),
            Entry::Dropped { dropped, .. } => self.dropped = Some(dropped),
            Entry::CaseEnded { status, error, seconds, .. } => {
                self.status = status;
                self.error = error;
                self.seconds = seconds;
                self.ended = true;
            }
            _ => {}
        }
    }
}

/// What two parts make, or the one that there is.
pub(crate) fn joined<T>(one: Option<T>, other: Option<T>, and: fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(and(one, other)),
        (one, other) => one.or(other),
    }
}

impl AccuracyRecord {
    /// A subject of which nothing is known yet.
    #[must_use]
    pub(crate) fn new(key: AccuracyKey) -> Self {
        Self {
            key,
            status: Status::Skipped,
            error: None,
            predictions: Vec::new(),
            preprocess_ns: Vec::new(),
            contents: None,
            outputs: None,
            agreement: None,
            coverage: None,
            ended: false,
        }
    }

    /// Takes one entry about this subject.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Scored { predictions, preprocess_ns, contents, outputs, agreement, .. } => {
                self.predictions.extend(predictions);
                self.preprocess_ns.extend(preprocess_ns);
                self.contents = joined(self.contents, contents, ImageContents::and);
                self.outputs = joined(self.outputs, outputs, OutputsSeen::and);
                self.agreement = joined(self.agreement, agreement, Agreement::and);
            }
            Entry::SubjectEnded { status, error, coverage, agreement, outputs, .. } => {
                self.outputs = joined(self.outputs, outputs, OutputsSeen::and);
                self.status = status;
                self.error = error;
                self.coverage = coverage;
                self.agreement = agreement;
                self.ended = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::prediction::Prediction;
    use crate::record::prediction::Ranked;

    #[test]
    fn subjects_share_the_names_of_their_images() {
        let mut names = ImageNames::default();
        let mut read = |subject, images: [&str; 2]| {
            let prediction = |image: &str| Prediction {
                image: image.into(),
                label: 0,
                top: Ranked::new(),
                rank_of_label: 1,
                tie: false,
                not_a_number: false,
            };
            let predictions = images.map(prediction).to_vec();
            let entry = Entry::Scored {
                subject,
                predictions,
                preprocess_ns: vec![1, 1],
                contents: None,
                outputs: None,
                agreement: None,
            };
            match names.shared(entry) {
                Entry::Scored { predictions, .. } => predictions,
                other => panic!("{other:?}"),
            }
        };
        let (first, second) = (read(0, ["a", "b"]), read(1, ["b", "c"]));
        assert!(Arc::ptr_eq(&first[1].image, &second[0].image));
        assert_eq!((&*second[0].image, &*second[1].image), ("b", "c"));
    }
}
