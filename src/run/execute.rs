//! A run from its header to its end: latency, then accuracy, everything in
//! the journal as soon as it is known.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::journal::{Entry, Journal};
use super::plan::Plan;
use super::progress::{Event, Progress};
use super::record::{AccuracyRecord, CaseRecord, Header, Run};
use super::{accuracy, agreement, latency, replay, resume};
use crate::accuracy::Dataset;
use crate::host;
use crate::model::Model;
use crate::suite::{Case, Options};
use crate::worker::WorkerSource;

/// How soon a pause notices that the user wants to stop.
const INTERRUPT_CHECK: Duration = Duration::from_millis(50);

/// What every part of a run needs.
pub struct Context<'a> {
    /// Starts workers.
    pub workers: WorkerSource,
    header: &'a Header,
    journal: &'a mut Journal,
    progress: &'a Progress,
    interrupt: &'a AtomicBool,
    side: &'static str,
}

impl<'a> Context<'a> {
    /// What was known before the first case.
    #[must_use]
    pub const fn header(&self) -> &'a Header {
        self.header
    }

    /// Set when the user wants to stop.
    #[must_use]
    pub const fn interrupt(&self) -> &'a AtomicBool {
        self.interrupt
    }

    /// The run's options.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.header.options
    }

    /// The CPUs that workers are pinned to; none: not pinned.
    #[must_use]
    pub fn affinity(&self) -> &[usize] {
        self.options().latency.as_ref().map_or(&[], |latency| &latency.affinity)
    }

    /// The run's seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.header.options.seed
    }

    /// The model of a case.
    ///
    /// # Panics
    /// Never: a header's cases are made from its models.
    #[must_use]
    pub fn model(&self, case: &Case) -> &'a Model {
        find_model(self.header, &case.model)
            .unwrap_or_else(|| unreachable!("{case} without its model"))
    }

    /// Whether the user wants to stop.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Waits for `time`, or until the user wants to stop.
    pub fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.interrupted() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(INTERRUPT_CHECK));
        }
    }

    /// Tells what happened.
    pub fn observe(&mut self, event: Event<'_>) {
        self.progress.show(self.side, event);
    }

    /// Writes an entry to the journal.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub fn keep(&mut self, entry: &Entry) -> Result<()> {
        self.journal.append(entry)
    }

    /// Writes an entry about a case to the journal, then into its record.
    ///
    /// # Errors
    /// See [`Journal::append`].
    pub fn keep_case(&mut self, record: &mut CaseRecord, entry: Entry) -> Result<()> {
        self.keep(&entry)?;
        record.apply(entry);
        if record.ended {
            self.observe(Event::CaseEnded(record));
        }
        Ok(())
    }
}

/// A run that is begun: what [`execute`] goes on with.
pub struct Started {
    /// The run's folder.
    pub folder: PathBuf,
    /// What its journal tells so far.
    pub run: Run,
    /// Its journal, open.
    pub journal: Journal,
    /// Its images, where accuracy is measured.
    pub dataset: Option<Dataset>,
}

impl Started {
    /// Begins a run in `folder`.
    ///
    /// # Errors
    /// See [`Journal::create`].
    pub fn begin(folder: PathBuf, plan: Plan) -> Result<Self> {
        let journal = Journal::create(&folder, plan.header)?;
        Ok(Self { run: replay::read(&folder)?, folder, journal, dataset: plan.dataset })
    }

    /// Goes on with the run in `folder`.
    ///
    /// # Errors
    /// No run, or one that cannot be continued here: see [`resume::check`].
    pub fn resume(folder: PathBuf) -> Result<Self> {
        let (journal, entries) = Journal::resume(&folder)?;
        let run = replay::run(entries)?;
        let dataset = resume::check(&run.header)?;
        Ok(Self { folder, run, journal, dataset })
    }

    fn cases(&self) -> usize {
        if self.run.header.options.latency.is_some() { self.run.cases.len() } else { 0 }
    }

    fn images(&self) -> usize {
        let images = self.dataset.as_ref().map_or(0, |dataset| dataset.scored().len());
        images * self.run.accuracies.len()
    }
}

/// Names of the two sides of runs taken in turn, and of their folders.
pub const SIDES: [&str; 2] = ["base", "new"];

/// Measures what a run lacks and returns it as its journal now tells it. Two runs
/// are taken in turn, round by round, so that their rounds can be paired: the
/// first is the base.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written, a dataset
/// that fails.
pub fn execute(
    started: &mut [Started],
    quiet: bool,
    interrupt: &Arc<AtomicBool>,
) -> Result<Vec<Run>> {
    let start = Instant::now();
    let cases = started.iter().map(Started::cases).sum();
    let images = started.iter().map(Started::images).sum();
    let progress = Progress::new(quiet, cases, images);
    let sides: &[&str] = if started.len() == 1 { &[""] } else { &SIDES };
    let headers: Vec<Header> = started.iter().map(|one| one.run.header.clone()).collect();
    let mut arms: Vec<Arm<'_>> = started
        .iter_mut()
        .zip(&headers)
        .zip(sides)
        .map(|((one, header), side)| Arm {
            context: Context {
                workers: WorkerSource::new(&header.options),
                header,
                journal: &mut one.journal,
                progress: &progress,
                interrupt,
                side,
            },
            cases: &mut one.run.cases,
            accuracies: &mut one.run.accuracies,
            dataset: one.dataset.as_ref(),
        })
        .collect();
    latency::measure(&mut arms)?;
    for arm in &mut arms {
        match arm.dataset {
            Some(dataset) => {
                accuracy::measure(&mut arm.context, dataset, arm.cases, arm.accuracies)?;
            }
            None => agreement::measure(&mut arm.context, arm.cases, arm.accuracies)?,
        }
        if !arm.context.interrupted() {
            let load_after = host::load_average();
            let seconds = start.elapsed().as_secs_f64();
            arm.context.keep(&Entry::Finished { load_after, seconds })?;
        }
    }
    progress.finish();
    drop(arms);
    // At 50,000 images a model's predictions take megabytes: not held twice.
    for one in started.iter_mut() {
        one.run.cases = Vec::new();
        one.run.accuracies = Vec::new();
    }
    started.iter().map(|one| replay::read(&one.folder)).collect()
}

/// One of the runs that are taken in turn, while it is measured.
pub struct Arm<'a> {
    /// What its parts need.
    pub context: Context<'a>,
    /// Its cases.
    pub cases: &'a mut Vec<CaseRecord>,
    accuracies: &'a mut Vec<AccuracyRecord>,
    dataset: Option<&'a Dataset>,
}

/// A model of a header by its name.
#[must_use]
pub fn find_model<'a>(header: &'a Header, name: &str) -> Option<&'a Model> {
    header.models.iter().find(|model| model.name == name)
}
