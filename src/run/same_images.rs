//! Whether the images that a run has scored already are still what they were: a listing
//! tells names and sizes alone.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::thread;

use anyhow::{Result, ensure};

use crate::dataset::entries::{Dataset, LabelledImage};
use crate::record::image_contents::ImageContents;
use crate::record::run::{AccuracyRecord, Run};

/// Refuses to go on with a run of which `dataset` has changed under the same listing. Reads
/// the images that were scored, once.
///
/// # Errors
/// One sentence: their contents are others than those that were scored.
pub(crate) fn check(run: &Run, dataset: &Dataset) -> Result<()> {
    if run.accuracies.iter().all(|record| record.ended) {
        return Ok(());
    }
    let known: Vec<(&AccuracyRecord, ImageContents)> =
        run.accuracies.iter().filter_map(|record| Some((record, record.all_contents()?))).collect();
    let predictions = known.iter().flat_map(|(record, _)| &record.predictions);
    let scored: HashSet<&str> = predictions.map(|prediction| &*prediction.image).collect();
    let found = contents(dataset, &scored);
    for (record, then) in known {
        let images = record.predictions.iter();
        let now: ImageContents =
            images.filter_map(|image| found.get(&*image.image).copied()).collect();
        ensure!(
            now == then,
            "the images of dataset {} are not those that the run {} scored: their names and sizes are the same but their contents are not; restore those or start a new run",
            dataset.root.display(),
            run.header.run_id
        );
    }
    Ok(())
}

/// What each of the `scored` images is now, where it can be read.
fn contents<'a>(dataset: &'a Dataset, scored: &HashSet<&str>) -> HashMap<&'a str, ImageContents> {
    let of = |entry: &'a LabelledImage| {
        let bytes = dataset.load(entry).ok()?;
        Some((entry.file.as_str(), ImageContents::one(Dataset::digest(entry, &bytes))))
    };
    let is_scored = |entry: &&LabelledImage| scored.contains(entry.file.as_str());
    let entries: Vec<&LabelledImage> = dataset.entries.iter().filter(is_scored).collect();
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let parts = entries.chunks(entries.len().div_ceil(cores).max(1));
        let reading: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || part.iter().filter_map(|it| of(it)).collect::<Vec<_>>())
            })
            .collect();
        let read = |thread: thread::ScopedJoinHandle<'_, Vec<_>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        reading.into_iter().flat_map(read).collect()
    })
}
