//! What every part of a run needs while it is measured.

use crate::dataset::entries::Dataset;
use crate::record::case::Case;
use crate::record::description::Model;
use crate::record::header::Header;
use crate::record::options::Options;
use crate::record::run::{AccuracyRecord, CaseRecord, Run};
use crate::run::entry::Entry;
use crate::run::journal::Journal;
use crate::run::plan::Plan;
use crate::run::progress::{Event, Progress};
use crate::run::remaining::Remaining;
use crate::run::run_photos::RunPhotos;
use crate::run::whole_run::WholeRun;
use crate::run::{replay, resume};
use crate::worker::worker_source::WorkerSource;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How soon a pause notices that the user wants to stop.
const INTERRUPT_CHECK: Duration = Duration::from_millis(50);

/// What every part of a run needs.
pub(crate) struct Context<'a> {
    /// Starts workers.
    pub workers: WorkerSource,
    /// What timed runs are given in a run that times photos.
    pub(crate) photos: RunPhotos<'a>,
    pub(crate) header: &'a Header,
    pub(crate) journal: &'a mut Journal,
    pub(crate) whole: WholeRun<'a>,
    pub(crate) progress: &'a Progress,
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) side: &'static str,
}

impl<'a> Context<'a> {
    /// What was known before the first case.
    #[must_use]
    pub(crate) const fn header(&self) -> &'a Header {
        self.header
    }

    /// Set when the user wants to stop.
    #[must_use]
    pub(crate) const fn interrupt(&self) -> &'a AtomicBool {
        self.interrupt
    }

    /// The run's options.
    #[must_use]
    pub(crate) const fn options(&self) -> &Options {
        &self.header.options
    }

    /// The run's seed.
    #[must_use]
    pub(crate) const fn seed(&self) -> u64 {
        self.header.options.seed
    }

    /// The model of a case.
    ///
    /// # Panics
    /// Never: a header's cases are made from its models.
    #[must_use]
    pub(crate) fn model(&self, case: &Case) -> &'a Model {
        find_model(self.header, &case.model)
            .unwrap_or_else(|| unreachable!("{case} without its model"))
    }

    /// Whether the user wants to stop.
    #[must_use]
    pub(crate) fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Waits for `time`, or until the user wants to stop.
    pub(crate) fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.interrupted() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(INTERRUPT_CHECK));
        }
    }

    /// Reports what happened.
    pub(crate) fn observe(&mut self, event: Event<'_>) {
        self.progress.show(self.side, event);
    }

    /// Writes an entry about the run as a whole to the journal, then into the run.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub(crate) fn keep(&mut self, entry: Entry) -> Result<()> {
        self.journal.append(&entry)?;
        self.whole.apply(entry);
        Ok(())
    }

    /// Writes an entry about a scored subject to the journal, then into its record.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub(crate) fn keep_subject(&mut self, record: &mut AccuracyRecord, entry: Entry) -> Result<()> {
        self.journal.append(&entry)?;
        record.apply(entry);
        Ok(())
    }

    /// Writes an entry about a case to the journal, then into its record.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub(crate) fn keep_case(&mut self, record: &mut CaseRecord, entry: Entry) -> Result<()> {
        self.journal.append(&entry)?;
        let ends = matches!(entry, Entry::CaseEnded { .. });
        record.apply(entry);
        if ends {
            self.observe(Event::CaseEnded(record));
        }
        Ok(())
    }
}

/// A run that has begun: what [`crate::run::execute`] continues.
pub(crate) struct Started {
    /// The run's folder.
    pub folder: PathBuf,
    /// What its journal holds so far.
    pub run: Run,
    /// Its journal, open.
    pub journal: Journal,
    /// Its images, if accuracy is measured.
    pub dataset: Option<Dataset>,
    /// Wall time that was spent on it before.
    pub(crate) earlier_seconds: f64,
    /// Whether it came to its end before, so that nothing is left to do.
    pub is_done: bool,
}

impl Started {
    /// Begins a run in `folder`.
    ///
    /// # Errors
    /// See [`Journal::create`].
    pub(crate) fn begin(folder: PathBuf, plan: Plan) -> Result<Self> {
        let journal = Journal::create_anew(&folder, plan.header)?;
        let (run, dataset) = (replay::read(&folder)?, plan.dataset);
        Ok(Self { run, folder, journal, dataset, earlier_seconds: 0.0, is_done: false })
    }

    /// Continues the run in `folder`.
    ///
    /// # Errors
    /// No run, or one that cannot be continued here: see [`resume::check`].
    pub(crate) fn resume(folder: PathBuf) -> Result<Self> {
        let mut started = Self::found(folder)?;
        started.dataset = resume::check(&started.run, None)?;
        Ok(started)
    }

    /// Continues the run in `folder`, whose `dataset` is open; a finished run needs no checks.
    ///
    /// # Errors
    /// See [`Self::resume`].
    pub(crate) fn resume_unless_done(folder: PathBuf, dataset: Option<Dataset>) -> Result<Self> {
        let mut started = Self::found(folder)?;
        if !started.is_done {
            started.dataset = resume::check(&started.run, dataset)?;
        }
        Ok(started)
    }

    /// The run in `folder`, without its images.
    fn found(folder: PathBuf) -> Result<Self> {
        let (journal, entries) = Journal::resume(&folder)?;
        let left = Remaining::of(&entries);
        let mut run = replay::run(entries)?;
        resume::check_measured(&run.header)?;
        left.reopen(&mut run);
        let (is_done, earlier_seconds) = (left.is_nothing(), left.seconds);
        Ok(Self { folder, run, journal, dataset: None, earlier_seconds, is_done })
    }

    pub(crate) fn cases(&self) -> usize {
        if self.run.header.options.latency.is_some() { self.run.cases.len() } else { 0 }
    }

    pub(crate) fn images(&self) -> usize {
        let images = self.dataset.as_ref().map_or(0, |dataset| dataset.scored().len());
        images * self.run.accuracies.len()
    }
}

/// One of the interleaved runs, while it is measured.
pub(crate) struct Side<'a> {
    /// What its parts need.
    pub context: Context<'a>,
    /// When this stretch of it began.
    pub(crate) began: Instant,
    /// Wall time that was spent on it before.
    pub(crate) earlier_seconds: f64,
    /// Whether nothing of it is left to do.
    pub(crate) is_done: bool,
    /// Its cases.
    pub cases: &'a mut Vec<CaseRecord>,
    /// Its scored subjects.
    pub(crate) accuracies: &'a mut Vec<AccuracyRecord>,
    /// Its images.
    pub(crate) dataset: Option<&'a Dataset>,
}

/// A model of a header by its name.
#[must_use]
pub(crate) fn find_model<'a>(header: &'a Header, name: &str) -> Option<&'a Model> {
    header.models.iter().find(|model| model.name == name)
}
