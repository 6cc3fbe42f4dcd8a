//! Accuracy by class and the most costly confusions.

use std::collections::HashMap;

use serde::Serialize;

use crate::decide::score_words;
use crate::record::run::{AccuracyRecord, Run};
use crate::record::status::Status;
use crate::report::class_names::ClassNames;
use crate::report::html::thumbnails::Thumbnails;
use crate::scoring::tally;
use crate::scoring::tally::{ClassTally, Tally};
use crate::table::ranks::further_ranks;

/// With more classes than this, only the worst are listed.
const MOST_CLASSES: usize = 20;
/// A class with fewer images has no separate figure.
const LEAST_IMAGES: usize = 5;
/// Confusions listed for each (model, backend, delegate).
const MOST_CONFUSIONS: usize = 9;
/// Example images for each confusion.
const MOST_EXAMPLES: usize = 3;

/// The scores of one (model, backend, delegate) as the page lists them.
#[derive(Serialize)]
pub(crate) struct ScoreData {
    model: String,
    backend: String,
    delegate: String,
    summary: String,
    /// Instead of the classes if each has too few images.
    few: Option<String>,
    classes: Vec<ClassData>,
    classes_total: usize,
    confusions: Vec<ConfusionData>,
}

#[derive(Serialize)]
struct ClassData {
    name: String,
    correct: usize,
    images: usize,
}

#[derive(Serialize)]
struct ConfusionData {
    label: String,
    predicted: String,
    count: usize,
    thumbnails: Vec<usize>,
}

/// The scores of a run.
pub(crate) fn of(run: &Run, thumbnails: &mut Thumbnails<'_>) -> Vec<ScoreData> {
    let scored = run.accuracies.iter().filter(|record| record.status == Status::Ok);
    scored.map(|record| one(run, record, thumbnails)).collect()
}

fn one(run: &Run, record: &AccuracyRecord, thumbnails: &mut Thumbnails<'_>) -> ScoreData {
    let names = ClassNames::of(run, &record.key.model);
    let tally = Tally::of(&record.predictions);
    let mut worst = tally.classes.clone();
    worst.sort_by(|a, b| (a.top1 * b.images).cmp(&(b.top1 * a.images)));
    let classes = worst.iter().take(MOST_CLASSES).map(|class| ClassData {
        name: names.name(class.class.into()),
        correct: class.top1,
        images: class.images,
    });
    let confusions = self::worst(record, &tally.confusions);
    let confusions = confusions.iter().map(|confusion| ConfusionData {
        label: names.name(confusion.label.into()),
        predicted: names.name(confusion.predicted),
        count: confusion.images,
        thumbnails: examples(record, confusion)
            .filter_map(|image| thumbnails.add(image))
            .take(MOST_EXAMPLES)
            .collect(),
    });
    ScoreData {
        model: crate::table::units::one_line(&record.key.model),
        backend: record.key.backend.to_string(),
        delegate: format!(
            "{}{}{}",
            record.key.delegate,
            crate::record::case::with_options(record.key.options.as_deref()),
            crate::record::case::on_device(record.key.device.as_deref())
        ),
        summary: score_words::sentence(record, &tally, &further_ranks(run, record)),
        few: few(&tally.classes),
        classes: classes.collect(),
        classes_total: tally.classes.len(),
        confusions: confusions.collect(),
    }
}

/// The statement about classes with only a handful of images each.
fn few(classes: &[ClassTally]) -> Option<String> {
    let most = classes.iter().map(|class| class.images).max()?;
    let missed = classes.iter().filter(|class| class.top1 == 0).count();
    (most < LEAST_IMAGES).then(|| {
        format!(
            "{} classes have at most {most} image{} each, too few for a figure per class: {missed} are never recognised, {} at least once.",
            classes.len(),
            if most == 1 { "" } else { "s" },
            classes.len() - missed
        )
    })
}

/// The most frequent confusions; of equally frequent ones, the one with the most confident wrong
/// answer first.
fn worst(record: &AccuracyRecord, confusions: &[tally::Confusion]) -> Vec<tally::Confusion> {
    let mut surest = HashMap::<(u32, i64), f32>::new();
    for p in record.predictions.iter().filter(|p| p.rank_of_label != 1) {
        if let Some((best, score)) = p.top.first() {
            let known = surest.entry((p.label, i64::from(*best))).or_insert(f32::NEG_INFINITY);
            *known = known.max(*score);
        }
    }
    let score = |c: &tally::Confusion| surest.get(&(c.label, c.predicted)).copied().unwrap_or(0.0);
    let mut worst = confusions.to_vec();
    worst.sort_by(|a, b| b.images.cmp(&a.images).then(score(b).total_cmp(&score(a))));
    worst.truncate(MOST_CONFUSIONS);
    worst
}

/// Images of a confusion.
fn examples<'a>(
    record: &'a AccuracyRecord,
    confusion: &'a tally::Confusion,
) -> impl Iterator<Item = &'a str> {
    let confused = move |p: &&crate::record::prediction::Prediction| {
        p.label == confusion.label
            && p.rank_of_label != 1
            && p.top.first().is_some_and(|(best, _)| i64::from(*best) == confusion.predicted)
    };
    record.predictions.iter().filter(confused).map(|p| &*p.image)
}
