//! What the page's script draws from: the rows, the distributions reduced to
//! their quantiles, the rounds, and the scores by class.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::dataset::entries::Dataset;
use crate::decide::highlights::Highlights;
use crate::record::run::{CaseRecord, Run};
use crate::report::html::frame::ScriptData;
use crate::report::html::scores;
use crate::report::html::scores::ScoreData;
use crate::report::html::thumbnails::Thumbnails;
use crate::report::notes::{Note, notes};
use crate::stats::statistics;
use crate::table::paired_top1;
use crate::table::row::Row;
use crate::table::short_names::ShortNames;
use crate::table::speeds::Speeds;
use crate::table::units::one_line;

/// With more cases than this, each is drawn with fewer points.
const MANY_CASES: usize = 1000;

/// Where a distribution is sampled: every percent, and finer at the slow end. Ten thousand samples
/// or ten million take the same space.
fn probabilities(cases: usize) -> Vec<f64> {
    let step = if cases > MANY_CASES { 5 } else { 1 };
    let percents = (0..100).step_by(step).map(|percent| f64::from(percent) / 100.0);
    let end: &[f64] = if cases > MANY_CASES { &[0.99, 1.0] } else { &[0.995, 0.999, 1.0] };
    percents.chain(end.iter().copied()).collect()
}

/// Rounds beyond this are thinned: a plot has no more pixels.
const fn most_rounds(cases: usize) -> usize {
    if cases > MANY_CASES { 20 } else { 200 }
}

#[derive(Serialize)]
struct Data {
    /// The columns that any case has, and each case's values of them: most of the page where there
    /// are many cases, so that no name is repeated.
    columns: Vec<String>,
    values: Vec<Vec<Value>>,
    rows: Vec<CaseData>,
    probabilities: Vec<f64>,
    /// A row's latencies in microseconds at each probability.
    ecdf: Vec<Option<Vec<f64>>>,
    /// A row's rounds: number and median in microseconds.
    rounds: Vec<Option<Vec<(u32, f64)>>>,
    accuracy: Vec<ScoreData>,
    thumbnails: Vec<Option<String>>,
}

/// What the page says of a case beside its columns.
#[derive(Serialize)]
struct CaseData {
    index: usize,
    case: String,
    /// The model's name as plots have room for.
    label: String,
    ran_on: String,
    front: bool,
    speeds: Option<String>,
    against_best: Option<String>,
    notes: Vec<Tag>,
}

#[derive(Serialize)]
struct Tag {
    tag: String,
    text: String,
}

impl From<Note> for Tag {
    fn from(note: Note) -> Self {
        Self { tag: note.tag_with_figures(), text: note.text }
    }
}

/// The data of a run.
pub(crate) fn of(
    run: &Run,
    rows: &[Row],
    verdict: &Highlights,
    images: Option<&Dataset>,
) -> ScriptData {
    let probabilities = probabilities(rows.len());
    let most_rounds = most_rounds(rows.len());
    let records: Vec<Option<&CaseRecord>> =
        rows.iter().enumerate().map(|(index, row)| record_of(run, index, row)).collect();
    let (columns, values) = columns(rows);
    let names = ShortNames::of(rows);
    let mut thumbnails = Thumbnails::new(run, images);
    let accuracy = scores::of(run, &mut thumbnails);
    // Every key is a string and every number finite or null.
    ScriptData::of(&Data {
        columns,
        values,
        rows: rows
            .iter()
            .enumerate()
            .map(|(index, row)| CaseData {
                index,
                case: row.case(),
                label: names.label(&row.model),
                ran_on: row.ran_on(),
                front: verdict.front.contains(&index),
                speeds: row.modes.as_ref().map(Speeds::words),
                against_best: paired_top1::sentence(row),
                notes: notes(row).into_iter().map(Tag::from).collect(),
            })
            .collect(),
        ecdf: records.iter().map(|record| quantiles((*record)?, &probabilities)).collect(),
        rounds: records.iter().map(|record| rounds((*record)?, most_rounds)).collect(),
        probabilities,
        accuracy,
        thumbnails: thumbnails.into_uris(),
    })
}

/// The columns that any row has, and the values of each row.
fn columns(rows: &[Row]) -> (Vec<String>, Vec<Vec<Value>>) {
    let object = |row: &Row| match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        // A row is a struct of plain fields.
        _ => Map::new(),
    };
    let mut objects: Vec<Map<String, Value>> = rows.iter().map(object).collect();
    let mut columns: Vec<String> = Vec::new();
    for (name, _) in objects.iter().flatten().filter(|(_, value)| !value.is_null()) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let values = objects.iter_mut().map(|fields| {
        columns.iter().map(|name| fields.remove(name).unwrap_or(Value::Null)).collect()
    });
    let values = values.collect();
    (columns, values)
}

/// The record of the row at `index`: mostly at the same place.
fn record_of<'a>(run: &'a Run, index: usize, row: &Row) -> Option<&'a CaseRecord> {
    let same_place = run.cases.get(index).into_iter();
    same_place.chain(&run.cases).find(|record| {
        let case = &record.case;
        case.device.as_ref().is_none_or(|device| one_line(device) == row.device)
            && case.threads.get() == row.threads
            && case.backend == row.backend
            && case.delegate == row.delegate
            && row.has_axes_of(case)
            && one_line(&case.model) == row.model
    })
}

fn quantiles(record: &CaseRecord, probabilities: &[f64]) -> Option<Vec<f64>> {
    let all: Vec<u64> = record.visits.iter().flat_map(|visit| visit.block.latency_ns()).collect();
    let sorted = statistics::sorted_ns(&all);
    let at = |probability: &f64| statistics::quantile(&sorted, *probability).map(microseconds);
    probabilities.iter().map(at).collect()
}

fn rounds(record: &CaseRecord, most: usize) -> Option<Vec<(u32, f64)>> {
    let median = |latency_ns: &[u64]| statistics::median_ns(latency_ns).map(microseconds);
    let all: Vec<(u32, f64)> = record
        .visits
        .iter()
        .filter_map(|visit| Some((visit.round, median(&visit.block.latency_ns())?)))
        .collect();
    let step = all.len().div_ceil(most).max(1);
    (!all.is_empty()).then(|| all.into_iter().step_by(step).collect())
}

/// Nanoseconds as microseconds, to the hundredth.
fn microseconds(ns: f64) -> f64 {
    (ns / 10.0).round() / 100.0
}
