//! A run from its header to its end: latency, then accuracy, everything in
//! the journal as soon as it is known.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;

use super::journal::{Entry, Journal};
use super::progress::{Event, Progress};
use super::record::{CaseRecord, Header, Run};
use super::{accuracy, latency, replay};
use crate::accuracy::Dataset;
use crate::host;
use crate::model::Model;
use crate::suite::{Case, Options};
use crate::worker::WorkerSource;

/// What every part of a run needs.
pub struct Context<'a> {
    /// Starts workers.
    pub workers: WorkerSource,
    header: &'a Header,
    journal: &'a mut Journal,
    progress: &'a mut Progress,
    interrupt: &'a AtomicBool,
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

    /// Tells what happened.
    pub fn observe(&mut self, event: Event<'_>) {
        self.progress.show(event);
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

/// Measures what `run` lacks and returns the run as its journal now tells it.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written, a dataset
/// that fails.
pub fn execute(
    folder: &Path,
    mut run: Run,
    journal: &mut Journal,
    dataset: Option<&Dataset>,
    quiet: bool,
    interrupt: &Arc<AtomicBool>,
) -> Result<Run> {
    let start = Instant::now();
    let images = dataset.map_or(0, |dataset| dataset.entries.len() * run.accuracies.len());
    let cases = if run.header.options.latency.is_some() { run.cases.len() } else { 0 };
    let mut progress = Progress::new(quiet, cases, images);
    let header = run.header.clone();
    let mut context = Context {
        workers: WorkerSource::new(&header.options),
        header: &header,
        journal,
        progress: &mut progress,
        interrupt,
    };
    if let Some(options) = &header.options.latency {
        latency::measure(&mut context, options, &mut run.cases)?;
    }
    if let Some(dataset) = dataset {
        accuracy::measure(&mut context, dataset, &run.cases, &mut run.accuracies)?;
    }
    if !context.interrupted() {
        let load_after = host::load_average();
        let seconds = start.elapsed().as_secs_f64();
        context.keep(&Entry::Finished { load_after, seconds })?;
    }
    progress.finish();
    replay::read(folder)
}

/// A model of a header by its name.
#[must_use]
pub fn find_model<'a>(header: &'a Header, name: &str) -> Option<&'a Model> {
    header.models.iter().find(|model| model.name == name)
}
