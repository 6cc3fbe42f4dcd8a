//! Published figures beside the measured ones.

use std::fmt::Write as _;

use crate::record::run::Run;
use crate::report::html::escape::text;
use crate::report::published_note::{Pair, Pairs, pairs};
use crate::table::row::Row;
use crate::table::units::{percent, three_digits};

/// The section, if figures were published for a model.
pub fn section(run: &Run, rows: &[Row]) -> String {
    let Some(Pairs { lines, sources, comparability }) = pairs(run, rows) else {
        return String::new();
    };
    let mut body = String::new();
    lines.iter().for_each(|pair| line(&mut body, pair));
    let group = |title: &str| format!("<th scope=\"colgroup\" colspan=\"2\">{title}</th>");
    let pair =
        "<th scope=\"col\" class=\"n\">published</th><th scope=\"col\" class=\"n\">here</th>";
    format!(
        "<section id=\"published\" aria-labelledby=\"published-title\"><h2 id=\"published-title\">Published and measured</h2><p class=\"lead\">Published by: {}. {} Latencies were measured on different machines; the one here is that of the model's fastest case.</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"published-title\"><table class=\"pairs\"><thead><tr><th scope=\"col\" rowspan=\"2\">model</th>{}{}{}{}<th scope=\"col\" rowspan=\"2\">published latency measured on</th></tr><tr>{}</tr></thead><tbody>{body}</tbody></table></div></section>\n",
        text(&sources),
        text(&comparability),
        group("Top-1 %"),
        group("Top-5 %"),
        group("size, MB"),
        group("latency, ms"),
        pair.repeat(4),
    )
}

fn line(body: &mut String, pair: &Pair<'_>) {
    let Pair { row, published, .. } = pair;
    let share = |value: Option<f64>| value.map_or(String::new(), percent);
    let number = |value: Option<f64>| value.map_or(String::new(), three_digits);
    // As it was published, without additional digits.
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
        "<tr><th scope=\"row\"><span class=\"name\">{}</span>{}</th>{cells}<td>{}</td></tr>",
        text(&row.model),
        pair.caution(),
        text(published.latency_on.as_deref().unwrap_or(""))
    );
}
