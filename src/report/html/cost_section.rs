//! What each model computes, and how fast.

use std::fmt::Write as _;

use crate::record::run::Run;
use crate::report::cost_note::{IS_TEXT, LEAD, TITLES, lines};
use crate::report::html::escape::text;
use crate::table::row::Row;

/// The section, if the cost of a model is known.
pub fn section(run: &Run, rows: &[Row]) -> String {
    let lines = lines(run, rows);
    if lines.is_empty() {
        return String::new();
    }
    let class = |is_text: bool| if is_text { "" } else { " class=\"n\"" };
    let titles: String = TITLES
        .iter()
        .zip(IS_TEXT)
        .map(|(title, is_text)| format!("<th scope=\"col\"{}>{title}</th>", class(is_text)))
        .collect();
    let mut body = String::new();
    for line in &lines {
        let cells: String = line
            .iter()
            .zip(IS_TEXT)
            .skip(1)
            .map(|(cell, is_text)| format!("<td{}>{}</td>", class(is_text), text(cell)))
            .collect();
        // Writing to a String does not fail.
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><span class=\"name\">{}</span></th>{cells}</tr>",
            text(&line[0])
        );
    }
    format!(
        "<section id=\"computation\" aria-labelledby=\"computation-title\"><h2 id=\"computation-title\">Computation</h2><p class=\"lead\">{LEAD}</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"computation-title\"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div></section>\n"
    )
}
