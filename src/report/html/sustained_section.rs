//! What minutes made of the cases: a curve and a table.

use crate::record::run::Run;
use crate::report::html::escape::text;
use crate::report::sustained_note::{COLUMNS, LEAD};
use crate::report::svg::curve::{Curve, colour, over_minutes};
use crate::table::sustained_rows::{SustainedSummary, sustained_summaries};

/// The section; empty if no case went on for minutes.
pub(crate) fn section(run: &Run) -> String {
    let summaries = sustained_summaries(run);
    if summaries.is_empty() {
        return String::new();
    }
    let curves: Vec<Curve> = summaries.iter().map(curve).collect();
    let figure = over_minutes(&curves, "Median latency of each window over that at the start");
    let legend: String = curves
        .iter()
        .enumerate()
        .map(|(index, curve)| {
            format!("<li><i style=\"--c:{}\"></i>{}</li>", colour(index), text(&curve.name))
        })
        .collect();
    let class = |numeric: bool| if numeric { " class=\"n\"" } else { "" };
    let head: String = COLUMNS
        .iter()
        .map(|(title, numeric, _)| format!("<th scope=\"col\"{}>{title}</th>", class(*numeric)))
        .collect();
    let line = |summary: &SustainedSummary| {
        let cells = COLUMNS.iter().map(|(_, numeric, cell)| {
            format!("<td{}>{}</td>", class(*numeric), text(&cell(summary)))
        });
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    format!(
        "<section id=\"sustained\" aria-labelledby=\"sustained-title\"><h2 id=\"sustained-title\">Over minutes</h2><p class=\"lead\">{LEAD}</p>\
         <ul class=\"legend\">{legend}</ul><figure>{figure}</figure>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"sustained-title\"><table><thead><tr>{head}</tr></thead><tbody>{}</tbody></table></div></section>\n",
        summaries.iter().map(line).collect::<String>(),
    )
}

/// The medians over that of the start.
fn curve(summary: &SustainedSummary) -> Curve {
    let start = summary.start_ms.unwrap_or(1.0);
    let values = summary.p50_ms.iter().map(|value| value / start);
    let points = summary.at_minutes.iter().copied().zip(values).collect();
    Curve { name: summary.case.clone(), points }
}
