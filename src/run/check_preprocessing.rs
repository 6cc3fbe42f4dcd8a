//! Models with other pipelines than the one in use, on a sample of the images that they were scored
//! on. Nothing is changed: the findings are only reported.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::dataset::entries::Dataset;
use crate::model::alternatives::{Alternative, alternatives};
use crate::model::resolve;
use crate::record::options::CheckPreprocessing;
use crate::record::prediction::Prediction;
use crate::record::preprocessing_check::{IMAGES, PreprocessingCheck, Tried};
use crate::record::run::AccuracyRecord;
use crate::record::status::Status;
use crate::run::context::Context;
use crate::run::entry::Entry;
use crate::run::reference::single_threaded;
use crate::run::scoring_pass::{Scorer, cores, load_scorer};
use crate::scoring::score::score;
use crate::scoring::subject::{ScoringProgress, Subject};
use crate::stats::mcnemar;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};

/// If nothing was stated, runs that score at least this many images make the check.
pub(crate) const BY_ITSELF_FROM: usize = 200;

/// Checks every model that is to be checked and was not yet.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(
    context: &mut Context<'_>,
    dataset: &Dataset,
    records: &[AccuracyRecord],
) -> Result<()> {
    // Like latency, it is done by one shard alone.
    if dataset.shard.is_some_and(|shard| shard.index() > 1) {
        return Ok(());
    }
    let known = context.whole.preprocessing_checks.iter();
    let mut checked: HashSet<String> = known.map(|check| check.key.model.clone()).collect();
    for record in records {
        if context.interrupted() {
            break;
        }
        let scored = record.status == Status::Ok && !record.predictions.is_empty();
        if scored
            && is_wanted(context, record)
            && checked.insert(record.key.model.clone())
            && let Some(check) = check(context, dataset, record)
        {
            context.keep(Entry::PreprocessingChecked { check })?;
        }
    }
    Ok(())
}

fn is_wanted(context: &Context<'_>, record: &AccuracyRecord) -> bool {
    let options = context.options();
    let asked = options.accuracy.as_ref().map(|it| it.check_preprocessing).unwrap_or_default();
    let assumed = || {
        let model = context.model(&single_threaded(&record.key));
        resolve::assumes_preprocessing(model, &options.overrides)
    };
    match asked {
        CheckPreprocessing::Always => true,
        CheckPreprocessing::Never => false,
        CheckPreprocessing::Auto => record.predictions.len() >= BY_ITSELF_FROM && assumed(),
    }
}

/// `None` if the user interrupted, or there is nothing to compare with.
fn check(
    context: &Context<'_>,
    dataset: &Dataset,
    record: &AccuracyRecord,
) -> Option<PreprocessingCheck> {
    let in_use: HashMap<&str, &Prediction> =
        record.predictions.iter().map(|it| (&*it.image, it)).collect();
    let mut sample = dataset.clone();
    sample.shard = None;
    sample.entries = dataset.entries[dataset.scored()].to_vec();
    sample.entries.retain(|entry| in_use.contains_key(entry.file.as_str()));
    sample.sample(IMAGES, context.seed()).ok()?;
    let images = sample.entries.len();
    let mut check =
        PreprocessingCheck { key: record.key.clone(), images, tried: Vec::new(), error: None };
    match tried(context, &sample, record, &in_use) {
        Ok(tried) if tried.len() < 2 || context.interrupted() => return None,
        Ok(tried) => check.tried = tried,
        Err(fault) if fault.is_of_interrupt(context.interrupt()) => return None,
        Err(fault) => check.error = Some(fault.reason),
    }
    Some(check)
}

fn tried(
    context: &Context<'_>,
    sample: &Dataset,
    record: &AccuracyRecord,
    in_use: &HashMap<&str, &Prediction>,
) -> Result<Vec<Tried>, Fault> {
    let model = context.model(&single_threaded(&record.key));
    // No more workers than cores; all pipelines share them.
    let links =
        (0..cores().get()).map(|_| context.workers.start()).collect::<Result<Vec<_>, Fault>>()?;
    let Scorer { mut subject, .. } = load_scorer(context, sample, &record.key, model, links)?;
    let shared: Vec<SharedLink> =
        subject.links.drain(..).map(|link| SharedLink(Arc::new(Mutex::new(link)))).collect();
    let others = alternatives(&subject.spec);
    let subjects = others.iter().map(|other| Subject {
        key: subject.key.clone(),
        spec: other.spec.clone(),
        output: subject.output,
        reading: subject.reading.clone(),
        classes: subject.classes.clone(),
        from: 0,
        reference: None,
        silent: false,
        every: 1,
        links: shared.iter().map(|link| Box::new(link.clone()) as Box<dyn Link + Send>).collect(),
    });
    let scored = predictions(context, sample, subjects.collect())?;
    let base: Vec<Prediction> = sample
        .entries
        .iter()
        .filter_map(|it| in_use.get(&*it.file))
        .map(|&it| it.clone())
        .collect();
    let first = Tried {
        name: "in use".to_owned(),
        steps: subject.spec.to_string(),
        right: right(&base),
        gained: 0,
        lost: 0,
    };
    let compared = others.iter().zip(&scored).map(|(Alternative { name, spec }, scored)| {
        let paired = mcnemar::compare(&base, scored, 1);
        Tried {
            name: name.clone(),
            steps: spec.to_string(),
            right: right(scored),
            gained: paired.second_only,
            lost: paired.first_only,
        }
    });
    Ok(std::iter::once(first).chain(compared).collect())
}

fn right(predictions: &[Prediction]) -> usize {
    predictions.iter().filter(|it| it.rank_of_label == 1).count()
}

/// The predictions of each subject on the sample.
fn predictions(
    context: &Context<'_>,
    sample: &Dataset,
    subjects: Vec<Subject>,
) -> Result<Vec<Vec<Prediction>>, Fault> {
    let mut scored = vec![Vec::new(); subjects.len()];
    let mut lost = None;
    let mut sink = |told| {
        match told {
            ScoringProgress::Batch { subject, images, .. } => {
                scored[subject].extend(images.predictions);
            }
            ScoringProgress::Lost { fault, .. } => lost = lost.take().or(Some(fault)),
            ScoringProgress::Unreadable { .. } => {}
        }
        Ok(())
    };
    let outcome = score(sample, subjects, &[], cores(), context.interrupt(), &mut sink);
    let failed = |error: anyhow::Error| Fault::new(Status::Failed, format!("{error:#}"));
    outcome.map_err(failed)?;
    match lost {
        Some(fault) => Err(fault),
        None => Ok(scored),
    }
}

/// A worker that several subjects share: its model is loaded once for all of them.
#[derive(Clone)]
struct SharedLink(Arc<Mutex<Box<dyn Link + Send>>>);

impl Link for SharedLink {
    fn ask(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>), Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ask(request, payload)
    }

    fn process(&self) -> Option<u32> {
        // Of several subjects, so that none of them sets its pace.
        None
    }
}
