//! What minutes made of the cases, for a terminal and as Markdown.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use crate::record::run::Run;
use crate::table::sustained_rows::{SustainedSummary, sustained_summaries};
use crate::table::units::{ms, one_line, three_digits};

/// What a reader has to know before the numbers.
pub(crate) const LEAD: &str = "Each case also ran alone for minutes, beginning at about the temperature at which the run began. 'At the start' and 'at the end' are medians of three windows. A case is throttled since the first of three windows in succession that are at least 5% slower than at the start; sustained.csv has every window.";

/// A column: its title, whether it holds numbers, and a case's cell.
pub(crate) type SummaryColumn = (&'static str, bool, fn(&SustainedSummary) -> String);

/// The columns.
pub(crate) const COLUMNS: [SummaryColumn; 8] = [
    ("case", false, |it| it.case.clone()),
    ("minutes", true, |it| three_digits(it.minutes)),
    ("at the start, ms", true, |it| it.start_ms.map_or(String::new(), |value| ms(value * 1e3))),
    ("at the end, ms", true, |it| it.end_ms.map_or(String::new(), |value| ms(value * 1e3))),
    ("slower by", true, slower),
    ("°C", true, |it| {
        it.celsius.map_or(String::new(), |(from, most)| format!("{from:.0} to {most:.0}"))
    }),
    ("MHz", true, |it| {
        it.mhz.map_or(String::new(), |(first, least)| format!("{first} to {least}"))
    }),
    ("throttled", false, throttled),
];

fn slower(it: &SustainedSummary) -> String {
    let ratio = it.start_ms.zip(it.end_ms).map(|(start, end)| (end / start - 1.0) * 100.0);
    ratio.map_or(String::new(), |percent| format!("{percent:+.1}%"))
}

fn throttled(it: &SustainedSummary) -> String {
    let mut words = Vec::new();
    if let Some((status, error)) = &it.lost {
        words.push(format!("{status}: {}", one_line(error)));
    }
    words.push(match it.throttled_after {
        Some(minutes) => format!("after {} minutes", three_digits(minutes)),
        None => "no".to_owned(),
    });
    if it.began_warm {
        words.push("began before it had cooled".to_owned());
    }
    if it.parts > 1 {
        words.push(format!("in {} parts, between which it could cool", it.parts));
    }
    words.join("; ")
}

/// The table for a terminal; empty if no case went on for minutes.
#[must_use]
pub fn terminal(run: &Run) -> String {
    let summaries = sustained_summaries(run);
    if summaries.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).force_no_tty();
    table.set_header(COLUMNS.iter().map(|(title, ..)| *title));
    for summary in &summaries {
        table.add_row(COLUMNS.iter().map(|(_, _, cell)| cell(summary)));
    }
    for (column, (_, numeric, _)) in table.column_iter_mut().zip(COLUMNS) {
        let right = CellAlignment::Right;
        column.set_cell_alignment(if numeric { right } else { CellAlignment::Left });
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("\nOver minutes:\n{}\n", lines.join("\n"))
}

/// The section of `report.md`, with `escape` for its cells; empty if no case went on for minutes.
#[must_use]
pub fn markdown(run: &Run, escape: fn(&str) -> String) -> String {
    let summaries = sustained_summaries(run);
    if summaries.is_empty() {
        return String::new();
    }
    let titles = COLUMNS.map(|(title, ..)| title).join(" | ");
    let rules = COLUMNS.map(|(_, numeric, _)| if numeric { "--:" } else { "---" }).join("|");
    let mut body = format!("\n#### Over minutes\n\n{LEAD}\n\n| {titles} |\n|{rules}|\n");
    for summary in &summaries {
        let cells = COLUMNS.map(|(_, _, cell)| escape(&cell(summary))).join(" | ");
        // Writing to a String does not fail.
        let _ = writeln!(body, "| {cells} |");
    }
    body
}
