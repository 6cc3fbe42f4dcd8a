//! The pipeline: every image is decoded once and resized once per distinct
//! input spec, however many models are scored.
//!
//! Decoding threads fill chunks of images; each worker has a thread that feeds
//! it chunks and ranks its outputs. They share the cores by what an image costs each
//! of them (`niceness.rs`). Credits bound the chunks in flight, and with them the memory.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, unbounded};

use crate::dataset::entries::Dataset;
use crate::scoring::exchange::References;
use crate::scoring::feed::{Feeder, Shared};
use crate::scoring::niceness::Niceness;
use crate::scoring::pending_chunks::PendingChunks;
use crate::scoring::subject::{ScoringEvent, ScoringOutcome, ScoringProgress, Subject};
use crate::scoring::supply::Supply;

/// Share of a dataset's images, in percent, that may be unreadable: of all
/// shards' images, so that a sharded run ends as the whole one would.
const UNREADABLE_PERCENT: usize = 1;

/// Whether this many unreadable images are too many for a dataset.
#[must_use]
pub(crate) const fn too_many_unreadable(unreadable: usize, images: usize) -> bool {
    unreadable * 100 > images * UNREADABLE_PERCENT
}

/// The sentence for [`too_many_unreadable`].
#[must_use]
pub(crate) fn too_many_sentence(
    unreadable: &[(String, String)],
    images: usize,
    root: &Path,
) -> String {
    let named: Vec<String> =
        unreadable.iter().take(3).map(|(file, reason)| format!("{file} {reason}")).collect();
    format!(
        "{} of {images} images of dataset {} could not be read, more than {UNREADABLE_PERCENT}%: {}",
        unreadable.len(),
        root.display(),
        named.join("; ")
    )
}

/// Scores `subjects` on `dataset` with `cores` computing at a time, and hands
/// results to `sink` on this thread. `stop` ends it after the images in work.
/// `known` are images that an earlier pass found unreadable; they are not
/// named again.
///
/// # Errors
/// More than 1% of the images unreadable, or what `sink` returned.
pub(crate) fn score(
    dataset: &Dataset,
    subjects: Vec<Subject>,
    known: &[(String, String)],
    cores: NonZeroUsize,
    stop: &AtomicBool,
    sink: &mut dyn FnMut(ScoringProgress) -> Result<()>,
) -> Result<ScoringOutcome> {
    let niceness = Niceness::default();
    let halt = AtomicBool::new(false);
    let lost: Vec<AtomicBool> = subjects.iter().map(|_| AtomicBool::new(false)).collect();
    let alive = AtomicUsize::new(subjects.iter().filter(|subject| !subject.silent).count());
    let references = References::new(subjects.iter().map(|subject| subject.reference));
    let supply = Supply::new(dataset, &subjects, cores, &niceness);
    let lines = subjects
        .iter()
        .enumerate()
        .map(|(index, subject)| {
            PendingChunks::new(index, subject, supply.first_chunk(subject.from))
        })
        .collect();
    let (events, reports) = unbounded();
    thread::scope(|scope| {
        let mut queues = Vec::new();
        for (index, subject) in subjects.into_iter().enumerate() {
            let (queue, chunks) = unbounded();
            queues.push(queue);
            let slot = supply.slot(&subject.spec);
            let (feeder, links) = Feeder::new(subject, index, slot);
            for link in links {
                let (feeder, chunks, events) = (feeder.clone(), chunks.clone(), events.clone());
                let shared = Shared {
                    niceness: &niceness,
                    references: &references,
                    lost: &lost[index],
                    alive: &alive,
                };
                scope.spawn(move || feeder.run(link, &chunks, &shared, &events));
            }
        }
        for _ in 0..cores.get() {
            let (queues, events) = (queues.clone(), events.clone());
            let (supply, halt, alive) = (&supply, &halt, &alive);
            let over = move || {
                stop.load(Ordering::Relaxed)
                    || halt.load(Ordering::Relaxed)
                    || alive.load(Ordering::Relaxed) == 0
            };
            scope.spawn(move || supply.run(&queues, &events, &over));
        }
        drop((queues, events));
        let mut collector = Collector::new(dataset, lines, known);
        let result = collector.drain(&reports, (stop, &halt), sink);
        result.map(|()| ScoringOutcome {
            decoded: supply.decoded(),
            interrupted: stop.load(Ordering::Relaxed) && !supply.is_exhausted(),
        })
    })
}

/// Puts each subject's chunks back in order.
struct Collector<'a> {
    dataset: &'a Dataset,
    lines: Vec<PendingChunks>,
    unreadable: BTreeMap<usize, String>,
}

impl<'a> Collector<'a> {
    fn new(dataset: &'a Dataset, lines: Vec<PendingChunks>, known: &[(String, String)]) -> Self {
        let known: HashMap<&str, &str> =
            known.iter().map(|(file, reason)| (file.as_str(), reason.as_str())).collect();
        let entries = dataset.entries.iter().enumerate();
        let unreadable = entries
            .filter_map(|(position, entry)| {
                Some((position, (*known.get(entry.file.as_str())?).to_owned()))
            })
            .collect();
        Self { dataset, lines, unreadable }
    }

    /// Takes events to their end; after an error only so that threads end.
    fn drain(
        &mut self,
        reports: &Receiver<ScoringEvent>,
        (stop, halt): (&AtomicBool, &AtomicBool),
        sink: &mut dyn FnMut(ScoringProgress) -> Result<()>,
    ) -> Result<()> {
        let mut result = Ok(());
        for event in reports {
            if result.is_ok() {
                result = self.take(event, stop, sink);
                halt.fetch_or(result.is_err(), Ordering::Relaxed);
            }
        }
        result
    }

    fn take(
        &mut self,
        event: ScoringEvent,
        stop: &AtomicBool,
        sink: &mut dyn FnMut(ScoringProgress) -> Result<()>,
    ) -> Result<()> {
        match event {
            ScoringEvent::Done { subject, chunk, images } => {
                self.lines[subject].scored(chunk, images);
                self.lines[subject].tell(sink)
            }
            ScoringEvent::Compared { subject, chunk, agreement } => {
                self.lines[subject].compared(chunk, agreement);
                self.lines[subject].tell(sink)
            }
            ScoringEvent::Lost { subject, fault } => {
                // Nothing waits for a lost reference; but after an interrupt, whatever was waiting
                // is scored again, with its agreement.
                let goes_on = !fault.is_of_interrupt(stop);
                for line in
                    self.lines.iter_mut().filter(|line| goes_on && line.reference == Some(subject))
                {
                    line.reference = None;
                    line.tell(sink)?;
                }
                let line = &self.lines[subject];
                if line.silent { Ok(()) } else { sink(ScoringProgress::Lost { subject, fault }) }
            }
            ScoringEvent::Unreadable { position, reason } => {
                if self.unreadable.insert(position, reason.clone()).is_none() {
                    let file = self.dataset.entries[position].file.clone();
                    sink(ScoringProgress::Unreadable { file, reason })?;
                }
                self.check_unreadable()
            }
        }
    }

    fn check_unreadable(&self) -> Result<()> {
        let images = self.dataset.entries.len();
        if !too_many_unreadable(self.unreadable.len(), images) {
            return Ok(());
        }
        let named = |(position, reason): (&usize, &String)| {
            (self.dataset.entries[*position].file.clone(), reason.clone())
        };
        let unreadable: Vec<_> = self.unreadable.iter().map(named).collect();
        Err(anyhow!(too_many_sentence(&unreadable, images, &self.dataset.root)))
    }
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
