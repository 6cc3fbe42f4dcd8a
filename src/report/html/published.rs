//! Published figures beside the measured ones.

use std::fmt::Write as _;

use super::text;
use crate::model::description::Published;
use crate::report::row::Row;
use crate::report::units::{one_line, percent, three_digits};
use crate::run::Run;

/// What ILSVRC2012's validation images are called before their number, and how
/// many there are (Russakovsky et al., 'ImageNet Large Scale Visual Recognition
/// Challenge', IJCV 2015).
const ILSVRC2012_PREFIX: &str = "ILSVRC2012_val_";
const ILSVRC2012_IMAGES: usize = 50_000;

/// The section, where a model's description states published figures.
pub fn section(run: &Run, rows: &[Row]) -> String {
    let mut body = String::new();
    let mut shown: Vec<&Published> = Vec::new();
    for model in &run.header.models {
        let Some(published) = &model.description.published else { continue };
        let name = one_line(&model.name);
        let own = rows.iter().filter(|row| row.model == name && row.is_trusted());
        let Some(row) = own.min_by(|a, b| order(a).total_cmp(&order(b))) else { continue };
        line(&mut body, row, published);
        shown.push(published);
    }
    if body.is_empty() {
        return String::new();
    }
    let group = |title: &str| format!("<th scope=\"colgroup\" colspan=\"2\">{title}</th>");
    let pair =
        "<th scope=\"col\" class=\"n\">published</th><th scope=\"col\" class=\"n\">here</th>";
    format!(
        "<section id=\"published\" aria-labelledby=\"published-title\"><h2 id=\"published-title\">Published and measured</h2><p class=\"lead\">Published by: {}. {} Latencies are of different machines; the one here is of the model's fastest case.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"published-title\"><table class=\"pairs\"><thead><tr><th scope=\"col\" rowspan=\"2\">model</th>{}{}{}{}<th scope=\"col\" rowspan=\"2\">published latency is of</th></tr><tr>{}</tr></thead><tbody>{body}</tbody></table></div></section>\n",
        text(&distinct(shown.iter().filter_map(|p| p.source.as_deref())).join("; ")),
        text(&comparability(run, &distinct(shown.iter().filter_map(|p| p.dataset.as_deref())))),
        group("Top-1 %"),
        group("Top-5 %"),
        group("size, MB"),
        group("latency, ms"),
        pair.repeat(4),
    )
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// Whether the accuracies may be compared: were they measured on the dataset
/// that the published ones are of?
fn comparability(run: &Run, published_on: &[&str]) -> String {
    let Some(dataset) = &run.header.dataset else {
        return "Accuracy was not measured here.".into();
    };
    let named = published_on.join("; ");
    let names = run.accuracies.iter().flat_map(|record| &record.predictions);
    let is_ilsvrc2012 = |image: &str| {
        image.rsplit('/').next().is_some_and(|name| name.starts_with(ILSVRC2012_PREFIX))
    };
    let mut images = names.map(|prediction| prediction.image.as_str()).peekable();
    let measured_on_it = images.peek().is_some() && images.all(is_ilsvrc2012);
    let published_on_it = !published_on.is_empty()
        && published_on.iter().all(|name| name.contains("ILSVRC2012") && name.contains("valid"));
    let here = dataset
        .path
        .file_name()
        .map_or_else(|| "the dataset".to_owned(), |name| format!("'{}'", name.to_string_lossy()));
    match (published_on_it, measured_on_it) {
        (true, true) if dataset.images == ILSVRC2012_IMAGES => {
            format!("Both are of the whole of {named}.")
        }
        (true, true) => format!(
            "Here on {} of the {ILSVRC2012_IMAGES} images of {named}: a difference within the interval of Top-1 says nothing.",
            dataset.images
        ),
        (true, false) => format!(
            "Accuracies published are of {named}; those here are of {} images of {here}, which is not that set. They cannot be compared; only the order of the models can.",
            dataset.images
        ),
        (false, _) => format!(
            "Accuracies published are of {}; those here are of {} images of {here}. Unless that is the same set, only the order of the models can be compared.",
            if named.is_empty() { "a dataset that is not stated" } else { &named },
            dataset.images
        ),
    }
}

fn order(row: &Row) -> f64 {
    row.latency_p50_us.unwrap_or(f64::INFINITY)
}

fn line(body: &mut String, row: &Row, published: &Published) {
    let share = |value: Option<f64>| value.map_or(String::new(), percent);
    let number = |value: Option<f64>| value.map_or(String::new(), three_digits);
    // As it was published, without digits that nobody stated.
    let stated = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let cells = [
        share(published.top1),
        share(row.top1),
        share(published.top5),
        share(row.top5),
        stated(published.size_mb),
        three_digits(row.model_bytes as f64 / 1e6),
        stated(published.latency_ms),
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
