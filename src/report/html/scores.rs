//! Accuracy by class, the confusions that cost most, and published figures
//! beside measured ones.

use std::fmt::Write as _;

use serde::Serialize;

use super::text;
use super::thumbnails::Thumbnails;
use crate::accuracy::interval::Proportion;
use crate::accuracy::tally::{self, Tally};
use crate::model::description::Published;
use crate::report::class_names::ClassNames;
use crate::report::row::{Row, TopK};
use crate::report::rows::further_ranks;
use crate::report::units::{percent, three_digits};
use crate::run::{AccuracyRecord, Run, Status};

/// With more classes than this, only the worst are listed.
const MOST_CLASSES: usize = 20;
/// Confusions listed for each (model, backend, delegate).
const MOST_CONFUSIONS: usize = 9;
/// Example images for each confusion.
const MOST_EXAMPLES: usize = 3;

/// The scores of one (model, backend, delegate) as the page lists them.
#[derive(Serialize)]
pub struct Scored {
    model: String,
    backend: String,
    delegate: String,
    summary: String,
    classes: Vec<Class>,
    classes_total: usize,
    confusions: Vec<Confusion>,
}

#[derive(Serialize)]
struct Class {
    name: String,
    correct: usize,
    images: usize,
}

#[derive(Serialize)]
struct Confusion {
    label: String,
    predicted: String,
    count: usize,
    thumbnails: Vec<usize>,
}

/// The scores of a run.
pub fn of(run: &Run, thumbnails: &mut Thumbnails) -> Vec<Scored> {
    let scored = run.accuracies.iter().filter(|record| record.status == Status::Ok);
    scored.map(|record| one(run, record, thumbnails)).collect()
}

fn one(run: &Run, record: &AccuracyRecord, thumbnails: &mut Thumbnails) -> Scored {
    let names = ClassNames::of(run, &record.key.model);
    let tally = Tally::of(&record.predictions);
    let mut worst = tally.classes.clone();
    worst.sort_by(|a, b| (a.top1 * b.images).cmp(&(b.top1 * a.images)));
    let classes = worst.iter().take(MOST_CLASSES).map(|class| Class {
        name: names.name(class.class.into()),
        correct: class.top1,
        images: class.images,
    });
    let confusions = tally.confusions.iter().take(MOST_CONFUSIONS).map(|confusion| Confusion {
        label: names.name(confusion.label.into()),
        predicted: names.name(confusion.predicted),
        count: confusion.images,
        thumbnails: examples(record, confusion)
            .filter_map(|image| thumbnails.add(image))
            .take(MOST_EXAMPLES)
            .collect(),
    });
    Scored {
        model: crate::report::units::one_line(&record.key.model),
        backend: record.key.backend.to_string(),
        delegate: format!(
            "{}{}",
            record.key.delegate,
            crate::suite::case::on_device(record.key.device.as_deref())
        ),
        summary: summary(&tally, &further_ranks(run, record)),
        classes: classes.collect(),
        classes_total: tally.classes.len(),
        confusions: confusions.collect(),
    }
}

/// Images of a confusion.
fn examples<'a>(
    record: &'a AccuracyRecord,
    confusion: &'a tally::Confusion,
) -> impl Iterator<Item = &'a str> {
    let confused = move |p: &&crate::accuracy::Prediction| {
        p.label == confusion.label
            && p.rank_of_label != 1
            && p.top.first().is_some_and(|(best, _)| *best == confusion.predicted)
    };
    record.predictions.iter().filter(confused).map(|p| p.image.as_str())
}

fn summary(tally: &Tally, further: &[TopK]) -> String {
    let share = |share: Option<Proportion>| share.map_or(String::new(), |s| percent(s.value));
    let calibration = tally
        .calibration_error
        .map_or(String::new(), |error| format!("; expected calibration error {error:.3}"));
    let further: String =
        further.iter().map(|top| format!(", Top-{} {}%", top.k, percent(top.share))).collect();
    format!(
        "{} images: Top-1 {}%, Top-5 {}%{further}{calibration}; equal scores decided {} of them.",
        tally.images,
        share(tally.top1),
        share(tally.top5),
        tally.decided_by_tie
    )
}

/// Published figures beside the measured ones.
pub fn published(run: &Run, rows: &[Row]) -> String {
    let mut body = String::new();
    let mut sources: Vec<String> = Vec::new();
    for model in &run.header.models {
        let Some(published) = &model.description.published else { continue };
        let best = rows
            .iter()
            .filter(|row| row.model == model.name && row.is_trusted())
            .min_by(|a, b| order(a).total_cmp(&order(b)));
        let Some(row) = best else { continue };
        published_line(&mut body, row, published);
        for source in [&published.source, &published.dataset].into_iter().flatten() {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
    }
    if body.is_empty() {
        return String::new();
    }
    let dataset = run.header.dataset.as_ref().map_or_else(String::new, |dataset| {
        format!(
            " Measured here on {} images of {}: unless that is the published dataset, the accuracies are not comparable, only their order is.",
            dataset.images,
            text(&dataset.path.display().to_string())
        )
    });
    format!(
        "<section id=\"published\" aria-labelledby=\"published-title\"><h2 id=\"published-title\">Published and measured</h2><p class=\"lead\">Published: {}.{dataset}</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"published-title\"><table><thead><tr><th scope=\"col\">model</th><th scope=\"col\" class=\"n\">Top-1 %, published</th><th scope=\"col\" class=\"n\">measured</th><th scope=\"col\" class=\"n\">Top-5 %, published</th><th scope=\"col\" class=\"n\">measured</th><th scope=\"col\" class=\"n\">size MB, published</th><th scope=\"col\" class=\"n\">measured</th><th scope=\"col\" class=\"n\">ms, published</th><th scope=\"col\" class=\"n\">measured, best case</th><th scope=\"col\">published latency is of</th></tr></thead><tbody>{body}</tbody></table></div></section>\n",
        text(&sources.join("; "))
    )
}

fn order(row: &Row) -> f64 {
    row.latency_p50_us.unwrap_or(f64::INFINITY)
}

fn published_line(body: &mut String, row: &Row, published: &Published) {
    let share = |value: Option<f64>| value.map_or(String::new(), percent);
    let number = |value: Option<f64>| value.map_or(String::new(), three_digits);
    let cells = [
        share(published.top1),
        share(row.top1),
        share(published.top5),
        share(row.top5),
        number(published.size_mb),
        three_digits(row.model_bytes as f64 / 1e6),
        number(published.latency_ms),
        number(row.latency_p50_us.map(|us| us / 1e3)),
    ];
    let cells: String = cells.iter().map(|cell| format!("<td class=\"n\">{cell}</td>")).collect();
    // Writing to a String does not fail.
    let _ = write!(
        body,
        "<tr><th scope=\"row\"><span class=\"name\">{}</span></th>{cells}<td>{}</td></tr>",
        text(&row.model),
        text(published.latency_on.as_deref().unwrap_or(""))
    );
}
