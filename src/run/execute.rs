//! A run from its header to its end: latency, then accuracy, everything in
//! the journal as soon as it is known.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Result;

use crate::record::header::Header;
use crate::run::check_agreement::Works;
use crate::run::context::{Context, Side, Started};
use crate::run::entry::Entry;
use crate::run::progress::Progress;
use crate::run::run_photos::RunPhotos;
use crate::run::whole_run::WholeRun;
use crate::run::{
    accuracy, check_agreement, check_preprocessing, found_rates, latency, scenarios, search,
    sustained_runs,
};
use crate::worker::worker_source::WorkerSource;

/// Names of the two sides of runs interleaved, and of their folders.
pub(crate) const SIDES: [&str; 2] = ["base", "new"];

/// Measures what a run lacks. Whatever is measured is in its journal and in the run itself, which
/// is then what the journal holds. Two runs are interleaved, round by round, so that their rounds
/// can be paired: the first is the base.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written, a dataset
/// that fails.
pub(crate) fn execute(
    started: &mut [Started],
    quiet: bool,
    interrupt: &Arc<AtomicBool>,
) -> Result<()> {
    let start = Instant::now();
    let cases = started.iter().map(Started::cases).sum();
    let images = started.iter().map(Started::images).sum();
    let progress = Progress::new(quiet, cases, images);
    let sides: &[&str] = if started.len() == 1 { &[""] } else { &SIDES };
    let headers: Vec<Header> = started.iter().map(|one| one.run.header.clone()).collect();
    let mut sides: Vec<Side<'_>> = started
        .iter_mut()
        .zip(&headers)
        .zip(sides)
        .map(|((one, header), side)| Side {
            context: Context {
                workers: WorkerSource::new(&header.options).without(&header.unusable),
                photos: RunPhotos::of(one.dataset.as_ref()),
                header,
                journal: &mut one.journal,
                whole: WholeRun {
                    unreadable: one.run.header.dataset.as_mut().map(|it| &mut it.unreadable),
                    decoded: &mut one.run.decoded,
                    preprocessing_checks: &mut one.run.preprocessing_checks,
                    finished: &mut one.run.finished,
                },
                progress: &progress,
                interrupt,
                side,
            },
            began: start,
            earlier_seconds: one.earlier_seconds,
            is_done: one.is_done,
            cases: &mut one.run.cases,
            accuracies: &mut one.run.accuracies,
            dataset: one.dataset.as_ref(),
        })
        .collect();
    for side in &mut sides {
        search::exclude(side)?;
    }
    latency::measure(&mut sides)?;
    scenarios::measure(&mut sides)?;
    found_rates::measure(&mut sides)?;
    sustained_runs::measure(&mut sides)?;
    for side in sides.iter_mut().filter(|side| !side.is_done) {
        match side.dataset {
            Some(dataset) => {
                accuracy::measure(&mut side.context, dataset, side.cases, side.accuracies)?;
                check_preprocessing::measure(&mut side.context, dataset, side.accuracies)?;
            }
            None => {
                let works = Works::WhereTimed(side.cases);
                check_agreement::measure(&mut side.context, works, side.accuracies)?;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let entry = if side.context.interrupted() {
            Entry::Interrupted { seconds }
        } else {
            let load_after = crate::host::read::load_average();
            Entry::Finished { load_after, seconds: side.earlier_seconds + seconds }
        };
        side.context.keep(entry)?;
    }
    progress.finish();
    Ok(())
}
