//! Where the time of cases goes: a bar per type of operator, and the nodes that take most.

use std::fmt::Write as _;

use crate::record::run::{CaseRecord, Run};
use crate::report::html::escape::text;
use crate::report::operator_note::{PROFILE_CSV, beside_timed, cells, left, profiled};
use crate::table::operator_times::{OperatorTime, OperatorTimes};

/// Types and nodes of a case that are shown: 200 cases stay far below 5 MB.
const MOST_TYPES: usize = 12;
const MOST_NODES: usize = 10;

/// The section, if a case was profiled.
pub fn section(run: &Run) -> String {
    let cases: String = profiled(run).map(|(record, times)| case(run, record, &times)).collect();
    if cases.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"operators\" aria-labelledby=\"operators-title\"><h2 id=\"operators-title\">Operators by time</h2><p class=\"lead\">Medians of runs that were profiled in a pass of their own after the timed ones, which profiling slows; with &ldquo;outside operators&rdquo; they add up to the run. Every node is in {PROFILE_CSV}.</p>{cases}</section>\n"
    )
}

fn case(run: &Run, record: &CaseRecord, times: &OperatorTimes) -> String {
    let types: String = times.types.iter().take(MOST_TYPES).map(bar).collect();
    let nodes: String = times.by_time().into_iter().take(MOST_NODES).map(node).collect();
    let head = |titles: &[&str]| -> String {
        titles.iter().map(|title| format!("<th scope=\"col\">{title}</th>")).collect()
    };
    format!(
        "<details><summary>{}</summary><p class=\"dim\">{}{}</p>\
         <div class=\"scroll\"><table><thead><tr>{}</tr></thead><tbody>{types}</tbody></table></div>\
         <h3>Nodes that take most</h3><div class=\"scroll\"><table><thead><tr>{}</tr></thead><tbody>{nodes}</tbody></table></div></details>",
        text(&run.header.name_of(&record.case)),
        text(&beside_timed(record, times)),
        left(record, times).map_or(String::new(), |left| format!("; {}", text(&left))),
        head(&["operator", "nodes", "share", "", "ms", "ran on"]),
        head(&["node", "operator", "share %", "ms", "95% interval", "ran on"]),
    )
}

fn bar(time: &OperatorTime) -> String {
    let [share, ms, _, operator, ran_on, nodes] = cells(time);
    let width = (time.share * 100.0).clamp(0.0, 100.0);
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{nodes}</td><td class=\"n\">{share}%</td><td><svg width=\"200\" height=\"12\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{width:.1}\" height=\"6\" fill=\"currentColor\"/></svg></td><td class=\"n\">{ms}</td><td>{}</td></tr>",
        text(&operator),
        text(&ran_on),
    )
}

fn node(time: &OperatorTime) -> String {
    let [share, ms, interval, operator, ran_on, name] = cells(time);
    let mut row = format!("<tr><th scope=\"row\"><span class=\"name\">{}</span></th>", text(&name));
    // Writing to a String does not fail.
    let _ = write!(
        row,
        "<td>{}</td><td class=\"n\">{share}</td><td class=\"n\">{ms}</td><td class=\"n\">{interval}</td><td>{}</td></tr>",
        text(&operator),
        text(&ran_on)
    );
    row
}
