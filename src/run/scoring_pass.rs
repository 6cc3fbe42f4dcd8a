//! What is scored together in one pass over the images: the workers that load the models, and which
//! model each is compared with.

use crate::dataset::entries::Dataset;
use crate::host::memory::MemoryBudget;
use crate::model::resolve;
use crate::record::case::AccuracyKey;
use crate::record::class_map::ClassMap;
use crate::record::coverage::Coverage;
use crate::record::description::Model;
use crate::record::run::{AccuracyRecord, CaseRecord, DELEGATE_REQUIRED};
use crate::record::scored_output::ScoredOutput;
use crate::record::status::Status;
use crate::record::visit::Loaded;
use crate::run::context::Context;
use crate::run::entry::Entry;
use crate::run::matching::Matching;
use crate::run::progress::Event;
use crate::run::reference::single_threaded;
use crate::run::{choose_outputs, reference};
use crate::scoring::subject::Subject;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};
use anyhow::Result;
use std::num::NonZeroUsize;
use std::thread;

/// Share of the memory that is available which the models of one pass over the
/// dataset may take; more models make more passes.
const MEMORY_SHARE: f64 = 0.5;

/// Maximum workers of one pass.
const MAX_WORKERS: usize = 64;

/// How a subject ended.
pub(crate) struct SubjectEnd {
    pub(crate) status: Status,
    pub(crate) error: Option<String>,
    pub(crate) coverage: Option<Coverage>,
    pub(crate) killed: bool,
}

impl From<Fault> for SubjectEnd {
    fn from(fault: Fault) -> Self {
        let Fault { status, reason, killed } = fault;
        Self { status, error: Some(reason), coverage: None, killed }
    }
}

/// A pass: its subjects, and by index what their delegates took. After the members' subjects come
/// those that are only compared with.
pub(crate) struct Pass {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) members: Vec<(usize, Option<Coverage>)>,
}

pub(crate) fn load_pass(
    context: &mut Context<'_>,
    dataset: &Dataset,
    cases: &[CaseRecord],
    records: &mut [AccuracyRecord],
    waiting: &mut Vec<usize>,
) -> Result<Pass> {
    let budget = MemoryBudget::of_available(MEMORY_SHARE);
    let cores = cores().get();
    // A single model is spread over the cores by several workers of it.
    let workers_each = cores.div_ceil(waiting.len().max(1));
    let mut resident = 0.0;
    let mut pass = Pass { subjects: Vec::new(), members: Vec::new() };
    while pass.subjects.len() * workers_each < MAX_WORKERS
        && budget.has_room(pass.subjects.len(), resident)
    {
        let next = next_subjects(context, cases, records, waiting)?;
        if next.is_empty() {
            break;
        }
        let known: &[AccuracyRecord] = records;
        let loaded = side_by_side(context, next, workers_each, |index, links| {
            load_subject(context, dataset, &known[index], links)
        });
        for (index, loaded) in loaded {
            match loaded {
                Ok((subject, coverage, bytes)) => {
                    resident += bytes;
                    pass.subjects.push(subject);
                    pass.members.push((index, coverage));
                }
                Err(fault) if fault.is_of_interrupt(context.interrupt()) => {}
                Err(fault) => end_subject(context, &mut records[index], index, fault.into())?,
            }
        }
    }
    add_references(context, dataset, &mut pass.subjects, workers_each);
    Ok(pass)
}

/// Models that are loaded at the same time, for each core: while one is read or
/// waits for its process, another one computes.
const LOADING: usize = 2;

/// As many subjects as are loaded at the same time, without those that are refused.
fn next_subjects(
    context: &mut Context<'_>,
    cases: &[CaseRecord],
    records: &mut [AccuracyRecord],
    waiting: &mut Vec<usize>,
) -> Result<Vec<usize>> {
    let mut next = Vec::new();
    while next.len() < LOADING * cores().get() && !context.interrupted() {
        let Some(index) = waiting.pop() else { break };
        match refused_before(cases, &records[index].key) {
            Some(refused) => end_subject(context, &mut records[index], index, refused)?,
            None => next.push(index),
        }
    }
    Ok(next)
}

type Links = Vec<Box<dyn Link + Send>>;

/// Does `load` for each item at the same time, with `workers` workers. They are started
/// here: Linux ends them with the thread that started them.
fn side_by_side<T: Copy + Send, R: Send>(
    context: &Context<'_>,
    items: Vec<T>,
    workers: usize,
    load: impl Fn(T, Links) -> Result<R, Fault> + Sync,
) -> Vec<(T, Result<R, Fault>)> {
    let started: Vec<_> = items
        .into_iter()
        .map(|item| (item, (0..workers).map(|_| context.workers.start()).collect()))
        .collect::<Vec<(T, Result<Links, Fault>)>>();
    thread::scope(|scope| {
        let load = &load;
        let loading: Vec<_> = started
            .into_iter()
            .map(|(item, links)| (item, scope.spawn(move || load(item, links?))))
            .collect();
        let end = |thread: thread::ScopedJoinHandle<'_, Result<R, Fault>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        loading.into_iter().map(|(item, thread)| (item, end(thread))).collect()
    })
}

/// Assigns each subject the one that it is compared with: a subject of the pass that has not begun
/// later, else one that is loaded only for this and sees part of the images ([`reference::every`]).
/// If a reference cannot be loaded, its subjects have no agreement.
fn add_references(
    context: &Context<'_>,
    dataset: &Dataset,
    subjects: &mut Vec<Subject>,
    workers: usize,
) {
    let mut followers: Vec<(AccuracyKey, &Model, Vec<usize>)> = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let model = context.model(&single_threaded(&subject.key));
        let reference = reference::of(context.header(), model);
        let key = reference::key(reference);
        match followers.iter_mut().find(|(known, ..)| *known == key) {
            Some((.., indices)) => indices.push(index),
            None => followers.push((key, reference, vec![index])),
        }
    }
    let mut missing = Vec::new();
    for (follower, (key, _, indices)) in followers.iter().enumerate() {
        let from = indices.iter().map(|index| subjects[*index].from).min().unwrap_or(0);
        let fits = |subject: &Subject| subject.key == *key && subject.from <= from;
        match subjects.iter().position(fits) {
            Some(position) => follow(subjects, indices, position),
            None => missing.push((follower, from)),
        }
    }
    for some in missing.chunks(LOADING * cores().get()) {
        let loaded = side_by_side(context, some.to_vec(), workers, |(follower, _), links| {
            let (key, model, _) = &followers[follower];
            load_scorer(context, dataset, key, model, links)
        });
        for ((follower, from), loaded) in loaded {
            let Ok(Scorer { subject, .. }) = loaded else { continue };
            let every = reference::every(dataset.entries.len());
            subjects.push(Subject { from, silent: true, every, ..subject });
            let position = subjects.len() - 1;
            follow(subjects, &followers[follower].2, position);
        }
    }
}

fn follow(subjects: &mut [Subject], followers: &[usize], reference: usize) {
    for follower in followers {
        subjects[*follower].reference = Some(reference);
    }
}

/// What the latency part found out already: a backend that does not take the
/// model is not asked again.
fn refused_before(cases: &[CaseRecord], key: &AccuracyKey) -> Option<SubjectEnd> {
    cases
        .iter()
        .find(|record| record.case.accuracy_key() == *key)
        .filter(|record| record.status == Status::Unsupported)
        .map(|record| SubjectEnd {
            status: Status::Unsupported,
            error: record.error.clone(),
            coverage: None,
            killed: false,
        })
}

fn load_subject(
    context: &Context<'_>,
    dataset: &Dataset,
    record: &AccuracyRecord,
    links: Links,
) -> Result<(Subject, Option<Coverage>, f64), Fault> {
    let model = context.model(&single_threaded(&record.key));
    let Scorer { mut subject, bytes } = load_scorer(context, dataset, &record.key, model, links)?;
    let coverage = match subject.links[0].ask(&Request::Coverage, &[])?.0 {
        Reply::Coverage(coverage) => Some(coverage),
        _ => None,
    };
    let took_nothing = coverage.as_ref().is_some_and(Coverage::took_nothing);
    if context.options().require_delegate && took_nothing {
        return Err(Fault::new(Status::Failed, DELEGATE_REQUIRED.to_owned()));
    }
    let last = record.predictions.last().map(|last| &*last.image);
    subject.from = dataset.position_after(last);
    Ok((subject, coverage, bytes))
}

/// A subject with its workers, and the memory that those take.
pub(crate) struct Scorer {
    pub(crate) subject: Subject,
    bytes: f64,
}

/// Makes workers load a model, and prepares it for scoring.
pub(crate) fn load_scorer(
    context: &Context<'_>,
    dataset: &Dataset,
    key: &AccuracyKey,
    model: &Model,
    mut links: Links,
) -> Result<Scorer, Fault> {
    let failed =
        |error: anyhow::Error| Fault::new(Status::Failed, format!("{error:#}").replace('\n', " "));
    let case = single_threaded(key);
    let overrides = &context.options().overrides;
    let images = context.header().image_size();
    let spec = resolve::input_spec(model, overrides, images).map_err(failed)?.spec;
    let scored = choose_outputs::of(context.header(), model)?;
    let classes = class_map(context, dataset, model, scored).map_err(failed)?;
    let workers = context.workers.unpinned();
    let load = |link: &mut Box<dyn Link + Send>| {
        workers.load_into(link.as_mut(), &case, model, NonZeroUsize::MIN)
    };
    let told = links.iter_mut().map(load).collect::<Result<Vec<_>, _>>()?;
    let outputs = told.first().map_or(&[][..], |told| told.outputs.as_slice());
    let reading =
        choose_outputs::reading(model, scored, outputs, classes.outputs()).map_err(failed)?;
    let resident = |it: &Loaded| it.memory_load_bytes.unwrap_or(model.bytes) as f64;
    let bytes = told.iter().map(resident).sum();
    let from = dataset.position_after(None);
    let key = key.clone();
    let (reference, silent, every) = (None, false, 1);
    let output = scored.index;
    let subject =
        Subject { key, spec, output, reading, classes, from, reference, silent, every, links };
    Ok(Scorer { subject, bytes })
}

pub(crate) fn end_subject(
    context: &mut Context<'_>,
    record: &mut AccuracyRecord,
    subject: usize,
    end: SubjectEnd,
) -> Result<()> {
    let SubjectEnd { status, error, coverage, killed } = end;
    let agreement = record.agreement;
    let outputs = None;
    let entry =
        Entry::SubjectEnded { subject, status, error, coverage, agreement, outputs, killed };
    context.keep_subject(record, entry)?;
    let error = record.error.as_deref();
    context.observe(Event::SubjectEnded { key: &record.key, status, error });
    Ok(())
}

/// Which output of a model is which class: as decided before the run began, or determined now for
/// one that is only compared with.
fn class_map(
    context: &Context<'_>,
    dataset: &Dataset,
    model: &Model,
    scored: &ScoredOutput,
) -> Result<ClassMap> {
    let decided = context.header().outputs.iter().find(|it| it.models.contains(&model.name));
    match decided {
        Some(outputs) => Ok(outputs.class_map()),
        None => Ok(Matching::new(dataset, &context.options().overrides).of(model, scored)?.map),
    }
}

/// The cores that this process may use.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
