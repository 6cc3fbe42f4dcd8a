//! Several runs and devices side by side: a line per case, a column per run and device. Where two
//! of them differ is shown; whether a difference is real is what `compare` decides.
//! `templates/side_by_side.html` says how the page looks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use askama::Template;
use serde::Serialize;

use crate::record::run::Run;
use crate::report::html::case_anchors::CaseAnchors;
use crate::report::html::frame::{Frame, ScriptData, file};
use crate::report::html::page::to_the_minute;
use crate::table::row::Row;
use crate::table::rows::rows;
use crate::table::units::{ms, one_line, percent};

/// What the page runs, in this order: each part uses those before it.
const SCRIPTS: [&str; 4] = [
    include_str!("../assets/page.js"),
    include_str!("../assets/chart.js"),
    include_str!("../assets/long_table.js"),
    include_str!("../assets/side_by_side.js"),
];

#[derive(Template)]
#[template(path = "side_by_side.html", whitespace = "minimize")]
struct SideBySidePage {
    frame: Frame,
    title: String,
    sides: Vec<MeasuredSide>,
    is_scored: bool,
    lines: Vec<SideLine>,
    notes: Vec<String>,
    version: &'static str,
}

/// A run on a device.
struct MeasuredSide {
    /// What the table calls it: A, B, C.
    mark: String,
    run_id: String,
    device: String,
    cpu: String,
    os: String,
    started: String,
    measured: usize,
    images: String,
    /// The colour of its points.
    series: usize,
}

/// A case in all runs.
struct SideLine {
    anchor: String,
    case: String,
    latencies: Vec<Option<SideLatency>>,
    /// Top-1 in percent, by side; empty if it was not scored.
    top1: Vec<String>,
}

/// A case's median in one run.
struct SideLatency {
    us: f64,
    ms: String,
    interval: Option<String>,
    /// Relative to the first side; the first has none.
    ratio: Option<SideRatio>,
}

/// How much slower a case is than on the first side.
struct SideRatio {
    value: f64,
    shown: String,
    /// Whether the two intervals overlap.
    overlaps: bool,
}

#[derive(Serialize)]
struct SideData {
    /// No table of a run's cases is on this page.
    rows: [(); 0],
    columns: [(); 0],
    values: [(); 0],
    sides: Vec<String>,
    points: Vec<SidePoint>,
}

/// A case for the plot: the medians in microseconds, by side.
#[derive(Serialize)]
struct SidePoint {
    anchor: String,
    case: String,
    us: Vec<Option<f64>>,
}

/// A page that opens from disk without a network.
#[must_use]
pub fn page(runs: &[Run]) -> String {
    let tables: Vec<Vec<Row>> = runs.iter().map(rows).collect();
    let columns = columns(&tables);
    let sides: Vec<MeasuredSide> =
        columns.iter().enumerate().map(|(index, rows)| side(runs, index, rows)).collect();
    let lines = lines(&columns);
    let title = match runs.len() {
        1 => format!("{} devices side by side", sides.len()),
        count if count == sides.len() => format!("{count} runs side by side"),
        count => format!("{count} runs on {} devices side by side", sides.len()),
    };
    let point = |line: &SideLine| SidePoint {
        anchor: line.anchor.clone(),
        case: line.case.clone(),
        us: line.latencies.iter().map(|it| it.as_ref().map(|latency| latency.us)).collect(),
    };
    let data = ScriptData::of(&SideData {
        rows: [],
        columns: [],
        values: [],
        sides: sides.iter().map(|side| side.mark.clone()).collect(),
        points: lines.iter().map(point).collect(),
    });
    file(&SideBySidePage {
        frame: Frame::new(format!("{title} – shutterbench"), &SCRIPTS, data),
        title,
        is_scored: lines.iter().any(|line| line.top1.iter().any(|top1| !top1.is_empty())),
        notes: notes(runs, &columns),
        sides,
        lines,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The rows of one run on one device, and which run it is.
struct SideColumn<'a> {
    run: usize,
    rows: Vec<&'a Row>,
}

/// Each run's devices, in the order of the runs.
fn columns(tables: &[Vec<Row>]) -> Vec<SideColumn<'_>> {
    let mut columns = Vec::new();
    for (run, table) in tables.iter().enumerate() {
        let mut devices: Vec<(&str, Vec<&Row>)> = Vec::new();
        for row in table {
            match devices.iter_mut().find(|(device, _)| *device == row.device) {
                Some((_, rows)) => rows.push(row),
                None => devices.push((&row.device, vec![row])),
            }
        }
        columns.extend(devices.into_iter().map(|(_, rows)| SideColumn { run, rows }));
    }
    columns
}

/// A, B, C, and numbers where the letters end.
fn mark(index: usize) -> String {
    match u8::try_from(index).ok().filter(|index| *index < 26) {
        Some(index) => char::from(b'A' + index).to_string(),
        None => (index + 1).to_string(),
    }
}

fn side(runs: &[Run], index: usize, column: &SideColumn<'_>) -> MeasuredSide {
    let header = &runs[column.run].header;
    let of = |field: fn(&Row) -> &String| {
        column.rows.first().map_or(String::new(), |row| one_line(field(row)))
    };
    let started = column.rows.iter().filter_map(|row| row.started_at.as_ref()).min();
    let images = header.dataset.as_ref().map_or(String::new(), |it| it.images.to_string());
    MeasuredSide {
        mark: mark(index),
        run_id: one_line(&header.run_id),
        device: of(|row| &row.device),
        cpu: of(|row| &row.cpu),
        os: of(|row| &row.os),
        started: to_the_minute(started.unwrap_or(&header.started_at)),
        measured: column.rows.iter().filter(|row| row.is_measured()).count(),
        images,
        series: index % 8 + 1,
    }
}

/// Every case that any side has, in the order in which they first appear.
fn lines(columns: &[SideColumn<'_>]) -> Vec<SideLine> {
    let mut names: Vec<String> = Vec::new();
    let mut by_name: HashMap<String, Vec<Option<&Row>>> = HashMap::new();
    for (index, column) in columns.iter().enumerate() {
        for &row in &column.rows {
            let name = row.case_anywhere();
            let sides = by_name.entry(name.clone()).or_insert_with(|| {
                names.push(name);
                vec![None; columns.len()]
            });
            sides[index] = Some(row);
        }
    }
    let mut anchors = CaseAnchors::default();
    let line = |name: &String| {
        let sides = &by_name[name];
        let first = sides.first().copied().flatten();
        let latency =
            |(index, row): (usize, &Option<&Row>)| latency((*row)?, first.filter(|_| index > 0));
        let top1 = |row: &Option<&Row>| row.and_then(|row| row.top1).map_or(String::new(), percent);
        SideLine {
            anchor: anchors.next(name),
            case: one_line(name),
            latencies: sides.iter().enumerate().map(latency).collect(),
            top1: sides.iter().map(top1).collect(),
        }
    };
    names.iter().map(line).collect()
}

fn latency(row: &Row, first: Option<&Row>) -> Option<SideLatency> {
    let us = row.latency_p50_us.filter(|_| row.is_measured())?;
    let ends = |row: &Row| row.latency_p50_low_us.zip(row.latency_p50_high_us);
    let ratio = first.filter(|first| first.is_measured()).and_then(|first| {
        let value = us / first.latency_p50_us?;
        let overlaps =
            ends(row).zip(ends(first)).is_none_or(|((low, high), (first_low, first_high))| {
                low <= first_high && first_low <= high
            });
        Some(SideRatio { value, shown: format!("×{value:.2}"), overlaps })
    });
    let interval = ends(row).map(|(low, high)| format!("{}–{}", ms(low), ms(high)));
    Some(SideLatency { us, ms: ms(us), interval, ratio })
}

/// What to know before two columns are compared, one sentence each.
fn notes(runs: &[Run], columns: &[SideColumn<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut files: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for model in runs.iter().flat_map(|run| &run.header.models) {
        files.entry(&model.name).or_default().insert(&model.sha256);
    }
    for (name, _) in files.iter().filter(|(_, hashes)| hashes.len() > 1) {
        notes.push(format!("{} is not the same file in all runs.", one_line(name)));
    }
    let listings: BTreeSet<&str> = runs
        .iter()
        .filter_map(|run| Some(run.header.dataset.as_ref()?.listing_sha256.as_str()))
        .collect();
    if listings.len() > 1 {
        notes.push(
            "The runs were scored on different images, so their Top-1 differ for that reason too."
                .to_owned(),
        );
    }
    let unfinished: Vec<String> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| runs[column.run].finished.is_none())
        .map(|(index, _)| mark(index))
        .collect();
    if !unfinished.is_empty() {
        notes.push(format!("Not finished: {}.", unfinished.join(", ")));
    }
    notes
}
