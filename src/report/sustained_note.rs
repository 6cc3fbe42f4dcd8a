//! What minutes made of the cases, for every report.

use crate::report::note_table::NoteTable;
use crate::report::svg::curve::Curve;
use crate::table::sustained_rows::SustainedSummary;
use crate::table::units::{ms, one_line, percent, three_digits};

const COLUMNS: [(&str, bool); 9] = [
    ("case", false),
    ("minutes", true),
    ("at the start, ms", true),
    ("at the end, ms", true),
    ("slower by", true),
    ("missed", true),
    ("°C", true),
    ("MHz", true),
    ("throttled", false),
];

/// The table; it has no rows if no case went on for minutes.
pub(crate) fn table(summaries: &[SustainedSummary]) -> NoteTable {
    NoteTable {
        id: "sustained",
        title: "Over minutes",
        lead: "Each case also ran alone for minutes, beginning at about the temperature at which the run began. 'At the start' and 'at the end' are medians of three windows. A case is throttled since the first of three windows in succession that are at least 5% slower than at the start; 'Missed' is the share of a schedule's frames whose result was not there when the next one was due. sustained.csv has every window.",
        columns: COLUMNS.to_vec(),
        rows: summaries.iter().map(line).collect(),
    }
}

fn line(it: &SustainedSummary) -> Vec<String> {
    let milliseconds = |value: Option<f64>| value.map_or(String::new(), |value| ms(value * 1e3));
    let celsius = it.celsius.map(|(from, most)| format!("{from:.0} to {most:.0}"));
    let mhz = it.mhz.map(|(first, least)| format!("{first} to {least}"));
    vec![
        it.case.clone(),
        three_digits(it.minutes),
        milliseconds(it.start_ms),
        milliseconds(it.end_ms),
        slower(it),
        missed(it),
        celsius.unwrap_or_default(),
        mhz.unwrap_or_default(),
        throttled(it),
    ]
}

/// A curve per case that went on for minutes.
pub(crate) fn curves(summaries: &[SustainedSummary]) -> Vec<Curve> {
    summaries.iter().map(curve).collect()
}

/// The medians over that of the start.
fn curve(summary: &SustainedSummary) -> Curve {
    let start = summary.start_ms.unwrap_or(1.0);
    let values = summary.p50_ms.iter().map(|value| value / start);
    let points = summary.at_minutes.iter().copied().zip(values).collect();
    Curve { name: summary.case.clone(), points }
}

fn slower(it: &SustainedSummary) -> String {
    let ratio = it.start_ms.zip(it.end_ms).map(|(start, end)| (end / start - 1.0) * 100.0);
    ratio.map_or(String::new(), |percent| format!("{percent:+.1}%"))
}

/// On a schedule: how much of it was missed, and what it is.
fn missed(it: &SustainedSummary) -> String {
    let Some(rate) = it.rate else { return String::new() };
    let share = it.missed.map_or(String::new(), |share| format!("{}% ", percent(share)));
    format!("{share}at {rate} per second")
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
    if it.disturbed > 0 {
        let (disturbed, all) = (it.disturbed, it.p50_ms.len());
        words.push(format!("something else used its CPUs in {disturbed} of {all} windows"));
    }
    if it.began_warm {
        words.push("began before it had cooled".to_owned());
    }
    if it.parts > 1 {
        words.push(format!("in {} parts, between which it could cool", it.parts));
    }
    words.join("; ")
}
