//! The table and closing lines that a terminal shows.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table,
    Width as ComfyWidth, presets,
};

use crate::decide::highlights::{Highlights, by_device};
use crate::record::case::{LOCAL, on_device};
use crate::record::coverage::DelegateStatus;
use crate::report::notes::{Group, Weight, grouped, notes};
use crate::report::short_libraries::shortened;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, one_line, percent};

/// Width that is used if it is not known.
const DEFAULT_WIDTH: usize = 120;
/// Fewer characters than this are not laid out for: the terminal wraps.
const LEAST_WIDTH: usize = 60;

/// Title of the column that is shortened first.
const NOTES: &str = "note";
const DEVICE: &str = "device";

/// A column of the table, and how soon it is dropped on a narrow terminal.
struct TerminalColumn {
    title: &'static str,
    numeric: bool,
    /// Width of the terminal from which on it is shown; of those that are not from 0 on, the last
    /// ones make room where the names of cases would not fit.
    from: usize,
    cell: fn(&Row) -> String,
    /// Whether any row has something to say in it.
    present: fn(&Row) -> bool,
}

const COLUMNS: [TerminalColumn; 14] = [
    TerminalColumn {
        title: DEVICE,
        numeric: false,
        from: 100,
        cell: |r| r.device.clone(),
        present: |r| r.device != LOCAL,
    },
    TerminalColumn { title: "ran on", numeric: false, from: 0, cell: ran_on, present: |_| true },
    TerminalColumn {
        title: "threads",
        numeric: true,
        from: 0,
        cell: |r| r.threads.to_string(),
        present: |_| true,
    },
    TerminalColumn {
        title: "batch",
        numeric: true,
        from: 0,
        cell: |r| r.axes.batch.map_or(String::new(), |images| images.to_string()),
        present: |r| r.axes.batch.is_some(),
    },
    TerminalColumn {
        title: "CPUs",
        numeric: false,
        from: 0,
        cell: |r| r.axes.affinity.clone().unwrap_or_default(),
        present: |r| r.axes.affinity.is_some(),
    },
    TerminalColumn {
        title: "p50 ms",
        numeric: true,
        from: 0,
        cell: |r| r.latency_p50_us.map_or(String::new(), ms),
        present: |_| true,
    },
    TerminalColumn {
        title: "95% interval",
        numeric: true,
        from: 61,
        cell: interval,
        present: |r| r.latency_p50_low_us.is_some(),
    },
    TerminalColumn {
        title: "ms/image",
        numeric: true,
        from: 0,
        cell: |r| r.latency_per_image_us.map_or(String::new(), ms),
        present: |r| r.axes.batch.is_some() && r.latency_per_image_us.is_some(),
    },
    TerminalColumn {
        title: "p99 ms",
        numeric: true,
        from: 110,
        cell: |r| r.shown_p99_us().map_or(String::new(), ms),
        present: |r| r.shown_p99_us().is_some(),
    },
    TerminalColumn {
        title: "Top-1 %",
        numeric: true,
        from: 0,
        cell: |r| r.top1.map_or(String::new(), percent),
        present: |r| r.top1.is_some(),
    },
    TerminalColumn {
        title: "95% interval",
        numeric: true,
        from: 110,
        cell: top1_interval,
        present: |r| r.top1_low.is_some(),
    },
    TerminalColumn {
        title: "Top-5 %",
        numeric: true,
        from: 90,
        cell: |r| r.top5.map_or(String::new(), percent),
        present: |r| r.top5.is_some(),
    },
    TerminalColumn {
        title: "memory",
        numeric: true,
        from: 130,
        cell: |r| r.memory_peak_bytes.map_or(String::new(), bytes),
        present: |r| r.memory_peak_bytes.is_some(),
    },
    TerminalColumn {
        title: NOTES,
        numeric: false,
        from: 0,
        cell: tags,
        present: |r| !notes(r).is_empty(),
    },
];

/// What really ran, short: `tflite/xnnpack (17/19)` took 17 of 19 nodes.
fn ran_on(row: &Row) -> String {
    let asked = row.asked_for();
    match (row.delegate_status, row.nodes_delegated, row.nodes_total) {
        (Some(DelegateStatus::Partial), Some(taken), Some(all)) => {
            format!("{asked} ({taken}/{all})")
        }
        (Some(DelegateStatus::Unknown), ..) => format!("{asked} (?)"),
        _ => row.ran_on(),
    }
}

fn interval(row: &Row) -> String {
    let ends = row.latency_p50_low_us.zip(row.latency_p50_high_us);
    ends.map_or(String::new(), |(low, high)| format!("{}..{}", ms(low), ms(high)))
}

fn top1_interval(row: &Row) -> String {
    let ends = row.top1_low.zip(row.top1_high);
    ends.map_or(String::new(), |(low, high)| format!("{}..{}", percent(low), percent(high)))
}

fn tags(row: &Row) -> String {
    notes(row).into_iter().map(|note| note.tag).collect::<Vec<_>>().join(", ")
}

/// Width of the terminal that standard output is, if it is one.
#[must_use]
pub(crate) fn width_of_stdout() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// The table, grouped by model, then the warnings as text and the summary. `width` is the
/// terminal's; colours only if `color` is set.
#[must_use]
pub fn table(rows: &[Row], width: Option<usize>, color: bool) -> String {
    let width = width.unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH);
    let rows: Vec<Row> = rows.iter().map(|row| row.clone().map_text(one_line)).collect();
    let rows = shortened(rows);
    let rows = rows.as_slice();
    let verdict = Highlights::of(rows);
    let (columns, widths) = laid_out(rows, width);
    let mut text = String::new();
    for group in groups(rows) {
        text.push_str(&paint(&heading(&rows[group[0]]), "\u{1b}[1m", color));
        text.push('\n');
        text.push_str(&grid(rows, &group, &columns, widths.as_deref(), &verdict, width, color));
        text.push_str("\n\n");
    }
    text.push_str(&words(rows, color));
    text.push_str(&further_ranks(rows, color));
    let devices = by_device(rows);
    if let [_] = devices.as_slice() {
        return text + &closing(rows, &verdict, color);
    }
    for (device, rows) in devices {
        text.push_str(&paint(&format!("On {device}\n"), "\u{1b}[1m", color));
        text.push_str(&closing(&rows, &Highlights::of(&rows), color));
    }
    text
}

/// The columns that are shown and their widths: those that tell cases apart are never cut, and
/// others leave until there is room for them.
fn laid_out(rows: &[Row], width: usize) -> (Vec<&'static TerminalColumn>, Option<Vec<u16>>) {
    let shown = |column: &&TerminalColumn| column.from <= width && rows.iter().any(column.present);
    let mut columns: Vec<&TerminalColumn> = COLUMNS.iter().filter(shown).collect();
    let one_device = rows.iter().all(|row| row.device == rows[0].device);
    loop {
        let fitting = widths(rows, &columns, width, ", ");
        let is_spare =
            |column: &TerminalColumn| column.from > 0 && (one_device || column.title != DEVICE);
        let spare = columns.iter().enumerate().filter(|(_, column)| is_spare(column));
        match spare.max_by_key(|(at, column)| (column.from, *at)).map(|(at, _)| at) {
            Some(at) if fitting.is_none() => columns.remove(at),
            _ => break,
        };
    }
    // At last, a note is cut between two words.
    let widths = [", ", " "].iter().find_map(|cut| widths(rows, &columns, width, cut));
    (columns, widths)
}

/// Rows of one model, in the order in which models first appear.
fn groups(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match groups.iter_mut().find(|group| rows[group[0]].model == row.model) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// `mobilenet_v1_0.25_128_quant  int8 tflite, 128x128, 502 kB`.
fn heading(row: &Row) -> String {
    let size =
        row.input_height.zip(row.input_width).map_or(String::new(), |(h, w)| format!(", {w}x{h}"));
    format!("{}  {} {}{size}, {}", row.model, row.precision, row.format, bytes(row.model_bytes))
}

fn grid(
    rows: &[Row],
    group: &[usize],
    columns: &[&TerminalColumn],
    widths: Option<&[u16]>,
    verdict: &Highlights,
    width: usize,
    color: bool,
) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let title = |column: &&TerminalColumn| {
        aligned(Cell::new(column.title), column).add_attribute(Attribute::Dim)
    };
    table.set_header(columns.iter().map(title));
    for &index in group {
        let row = &rows[index];
        table.add_row(columns.iter().map(|column| {
            let cell = aligned(Cell::new((column.cell)(row)), column);
            style(cell, row, verdict.front.contains(&index))
        }));
    }
    for (column, width) in table.column_iter_mut().zip(widths.unwrap_or_default()) {
        column.set_constraint(ColumnConstraint::Absolute(ComfyWidth::Fixed(*width)));
    }
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Widths with which the tables of all models line up, one space on each side of a cell: the notes
/// get the rest, and go on in another line after a `cut`. `None` if that is too little, and each
/// table is laid out separately.
fn widths(rows: &[Row], columns: &[&TerminalColumn], width: usize, cut: &str) -> Option<Vec<u16>> {
    let longest = |column: &&TerminalColumn| {
        let cells = rows.iter().map(|row| (column.cell)(row).chars().count());
        cells.chain([column.title.chars().count()]).max().unwrap_or(0) + 2
    };
    let mut widths: Vec<usize> = columns.iter().map(longest).collect();
    let excess = widths.iter().sum::<usize>().saturating_sub(width);
    if excess > 0 {
        // Without notes there is nothing to shorten.
        let notes = columns.iter().position(|column| column.title == NOTES)?;
        let texts = rows.iter().map(|row| (columns[notes].cell)(row));
        let part = |text: String| text.split_inclusive(cut).map(|it| it.trim_end().len()).max();
        let longest = texts.filter_map(part).max().unwrap_or(0).max(NOTES.len());
        widths[notes] = widths[notes].checked_sub(excess).filter(|left| *left >= longest + 2)?;
    }
    widths.into_iter().map(|width| u16::try_from(width).ok()).collect()
}

fn aligned(cell: Cell, column: &TerminalColumn) -> Cell {
    let right = CellAlignment::Right;
    cell.set_alignment(if column.numeric { right } else { CellAlignment::Left })
}

fn style(cell: Cell, row: &Row, on_front: bool) -> Cell {
    match notes(row).first().map(|note| note.weight) {
        Some(Weight::Failure) => cell.fg(Color::Red),
        Some(Weight::Warning) => cell.fg(Color::Yellow),
        _ if on_front => cell.fg(Color::Green),
        _ => cell,
    }
}

/// Every note once, with the cases that it holds for.
fn words(rows: &[Row], color: bool) -> String {
    let line = |group: Group| {
        let word = match group.note.weight {
            Weight::Failure => paint("failure", "\u{1b}[31m", color),
            Weight::Warning => paint("warning", "\u{1b}[33m", color),
            Weight::Caveat | Weight::Remark => paint("note", "\u{1b}[2m", color),
        };
        let more = match group.cases.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        format!("{word}: {}{more}: {}\n", group.cases[0].0, group.text())
    };
    let lines: String = grouped(rows).into_iter().map(line).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

/// A line for each (model, backend, delegate, options): its shares at further ranks.
fn further_ranks(rows: &[Row], color: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in rows.iter().filter(|row| !row.top_k.is_empty()) {
        let shares: Vec<String> = row
            .top_k
            .iter()
            .map(|top| {
                let [share, low, high] = [top.share, top.low, top.high].map(percent);
                format!("Top-{} {share}% [{low}, {high}]", top.k)
            })
            .collect();
        let device = on_device(Some(&row.device));
        let line = format!("  {}  {} {}{device}\n", shares.join("  "), row.model, row.ran_on());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    paint("Further ranks:", "\u{1b}[1m", color) + "\n" + &lines.concat() + "\n"
}

fn closing(rows: &[Row], verdict: &Highlights, color: bool) -> String {
    let sentences = verdict.sentences(rows);
    let bold = |text: &str| paint(text, "\u{1b}[1m", color);
    let mut front = String::new();
    if !verdict.front.is_empty() {
        front = bold("Pareto front of latency and Top-1:") + "\n";
        for &index in &verdict.front {
            let row = &rows[index];
            let latency = row.latency_p50_us.map_or(String::new(), ms);
            let top1 = row.top1.map_or(String::new(), percent);
            let noise = if verdict.within_noise.contains(&index) { " (within noise)" } else { "" };
            let line = format!("  {latency:>8} ms  {top1:>5}%  {}{noise}", row.case());
            front.push_str(&paint(&line, "\u{1b}[2m", color && !noise.is_empty()));
            front.push('\n');
        }
    }
    let line = |(title, text): &(&str, String)| format!("{} {text}\n", bold(&format!("{title}:")));
    sentences.iter().map(line).collect::<String>() + &front
}

fn paint(text: &str, start: &str, color: bool) -> String {
    if color { format!("{start}{text}\u{1b}[0m") } else { text.to_owned() }
}
