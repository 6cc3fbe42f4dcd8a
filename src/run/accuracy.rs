//! The accuracy part of a run: every (model, backend, delegate) once, whatever
//! its thread counts, on images that are decoded once for all of them.

use std::collections::HashSet;

use anyhow::Result;

use crate::dataset::entries::Dataset;
use crate::record::coverage::Coverage;
use crate::record::run::{AccuracyRecord, CaseRecord};
use crate::record::status::Status;
use crate::run::context::Context;
use crate::run::entry::Entry;
use crate::run::progress::Event;
use crate::run::reference::of_kinds;
use crate::run::scoring_pass::{Pass, SubjectEnd, cores, end_subject, load_pass};
use crate::scoring::score::score;
use crate::scoring::subject::{ScoredImages, ScoringProgress};

/// Scores what `records` lack. Returns early, with what is scored in the
/// journal, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written, or more
/// than 1% of the images unreadable.
pub(crate) fn measure(
    context: &mut Context<'_>,
    dataset: &Dataset,
    cases: &[CaseRecord],
    records: &mut [AccuracyRecord],
) -> Result<()> {
    let mut waiting: Vec<usize> = (0..records.len()).filter(|i| !records[*i].ended).collect();
    waiting.reverse();
    let facts = context.header().dataset.as_ref();
    let mut unreadable = facts.map_or_else(Vec::new, |facts| facts.unreadable.clone());
    while !waiting.is_empty() && !context.interrupted() {
        let pass = load_pass(context, dataset, cases, records, &mut waiting)?;
        let scored = score_pass(context, dataset, pass, records, &mut unreadable)?;
        for (subject, coverage) in scored {
            let end = SubjectEnd { status: Status::Ok, error: None, coverage, killed: false };
            end_subject(context, &mut records[subject], subject, end)?;
        }
    }
    Ok(())
}

/// Scores a pass; returns the members that finished, with their coverage.
fn score_pass(
    context: &mut Context<'_>,
    dataset: &Dataset,
    pass: Pass,
    records: &mut [AccuracyRecord],
    unreadable: &mut Vec<(String, String)>,
) -> Result<Vec<(usize, Option<Coverage>)>> {
    if pass.subjects.is_empty() {
        return Ok(Vec::new());
    }
    // References come after the members and are not reported.
    let members: Vec<usize> = pass.members.iter().map(|(index, _)| *index).collect();
    let stop = context.interrupt();
    let known = unreadable.clone();
    let mut not_done = HashSet::new();
    let header = context.header();
    let mut sink = |scored| match scored {
        ScoringProgress::Batch { subject, images: scored, agreement } => {
            let subject = members[subject];
            let ScoredImages { predictions, preprocess_ns, contents, outputs } = scored;
            let images = predictions.len();
            let agreement =
                agreement.map(|agreement| of_kinds(header, &records[subject].key.model, agreement));
            let (contents, outputs) = (Some(contents), Some(outputs));
            let entry =
                Entry::Scored { subject, predictions, preprocess_ns, contents, outputs, agreement };
            context.keep_subject(&mut records[subject], entry)?;
            context.observe(Event::Scored { images });
            Ok(())
        }
        ScoringProgress::Lost { subject, fault } => {
            let subject = members[subject];
            if fault.is_of_interrupt(stop) {
                not_done.insert(subject);
                return Ok(());
            }
            end_subject(context, &mut records[subject], subject, fault.into())
        }
        ScoringProgress::Unreadable { file, reason } => {
            unreadable.push((file.clone(), reason.clone()));
            context.keep(Entry::Unreadable { images: vec![(file, reason)] })
        }
    };
    let outcome = score(dataset, pass.subjects, &known, cores(), stop, &mut sink)?;
    context.keep(Entry::Decoded { decoded: outcome.decoded })?;
    if outcome.interrupted {
        return Ok(Vec::new());
    }
    let is_done = |index: &usize| !records[*index].ended && !not_done.contains(index);
    Ok(pass.members.into_iter().filter(|(index, _)| is_done(index)).collect())
}
