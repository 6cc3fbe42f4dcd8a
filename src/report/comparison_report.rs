//! A comparison on the terminal, as Markdown and as JSON.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use crate::decide::comparison::{CaseComparison, Outcome, RunComparison};
use crate::report::markdown::escape;
use crate::stats::paired::Pairing;
use crate::table::units::one_line;

const HEADINGS: [&str; 6] = ["case", "base", "new", "change", "95% interval", "verdict"];

/// The cells of a case, in the order of [`HEADINGS`].
pub(crate) fn cells(comparison: &RunComparison, case: &CaseComparison) -> [String; 6] {
    let metric = comparison.options.metric;
    let show = |value: Option<f64>| value.map_or(String::new(), |value| metric.show(value));
    let points = metric.rank().is_some();
    let change = |value: f64| {
        if points {
            format!("{value:+.1} points")
        } else {
            format!("{:+.1}%", (value - 1.0) * 100.0)
        }
    };
    let interval = match (case.low.zip(case.high), case.p_value) {
        (Some((low, high)), _) => format!("{} .. {}", change(low), change(high)),
        (None, Some(p)) => format!("p = {p:.2}"),
        (None, None) => String::new(),
    };
    [
        one_line(&case.title()),
        show(case.base),
        show(case.new),
        case.change.map_or(String::new(), change),
        interval,
        word(comparison, case.outcome).to_owned(),
    ]
}

fn word(comparison: &RunComparison, outcome: Outcome) -> &'static str {
    let latency = comparison.options.metric.probability().is_some();
    let accuracy = comparison.options.metric.rank().is_some();
    match outcome {
        Outcome::Better if latency => "faster",
        Outcome::Worse if latency => "slower",
        Outcome::Better if accuracy => "more accurate",
        Outcome::Worse if accuracy => "less accurate",
        Outcome::Better => "smaller",
        Outcome::Worse => "larger",
        Outcome::Same => "same",
        Outcome::Undecided => "undecided",
        Outcome::Missing => "missing",
        Outcome::New => "new",
    }
}

/// One sentence: how many of which.
pub(crate) fn summary(comparison: &RunComparison) -> String {
    let order = [
        Outcome::Missing,
        Outcome::Worse,
        Outcome::Better,
        Outcome::Same,
        Outcome::Undecided,
        Outcome::New,
    ];
    let counts: Vec<String> = order
        .into_iter()
        .map(|outcome| (outcome, comparison.count(outcome)))
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{count} {}", word(comparison, outcome)))
        .collect();
    let counts =
        if counts.is_empty() { "nothing to compare".to_owned() } else { counts.join(", ") };
    let paired = match comparison.pairing {
        Pairing::ByRound if comparison.options.metric.probability().is_some() => {
            ", paired by round"
        }
        Pairing::ByYardstick if comparison.options.metric.probability().is_some() => {
            ", by the yardstick"
        }
        _ => "",
    };
    let unit = if comparison.options.metric.rank().is_some() { " points" } else { "%" };
    format!(
        "{} of {} against {}: {counts} (threshold {}{unit}{paired})",
        comparison.options.metric.title(),
        comparison.new,
        comparison.base,
        comparison.options.threshold_percent,
    )
}

/// The text below the table: notes on cases and caveats about the runs.
pub(crate) fn remarks(comparison: &RunComparison) -> Vec<String> {
    let notes = comparison.cases.iter().filter_map(|case| {
        Some(format!("{}: {}", one_line(&case.title()), one_line(case.note.as_ref()?)))
    });
    let caveats = comparison.caveats.iter().map(|caveat| one_line(caveat));
    caveats.chain(notes).collect()
}

/// The tables and their closing lines.
#[must_use]
pub fn terminal(comparisons: &[RunComparison], width: Option<usize>, color: bool) -> String {
    comparisons.iter().map(|it| grid(it, width, color)).collect::<Vec<_>>().join("\n")
}

fn grid(comparison: &RunComparison, width: Option<usize>, color: bool) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width.and_then(|width| u16::try_from(width).ok()).unwrap_or(120));
    if color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(HEADINGS.map(|title| Cell::new(title).add_attribute(Attribute::Dim)));
    for case in &comparison.cases {
        let color = match case.outcome {
            Outcome::Worse | Outcome::Missing => Some(Color::Red),
            Outcome::Better => Some(Color::Green),
            Outcome::Undecided => Some(Color::Yellow),
            Outcome::Same | Outcome::New => None,
        };
        table.add_row(cells(comparison, case).into_iter().enumerate().map(|(column, text)| {
            let cell = Cell::new(text);
            let numeric = (1..=4).contains(&column);
            let cell = if numeric { cell.set_alignment(CellAlignment::Right) } else { cell };
            match color {
                Some(color) if column == 5 => cell.fg(color),
                _ => cell,
            }
        }));
    }
    let mut text: String =
        table.to_string().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    text.push('\n');
    for remark in remarks(comparison) {
        text.push_str(&format!("note: {remark}\n"));
    }
    text.push_str(&summary(comparison));
    text.push('\n');
    text
}

/// A comment for a pull request.
#[must_use]
pub fn markdown(comparisons: &[RunComparison]) -> String {
    comparisons.iter().map(markdown_of).collect::<Vec<_>>().join("\n")
}

fn markdown_of(comparison: &RunComparison) -> String {
    let mut text = format!("### shutterbench: {}\n\n", escape(&summary(comparison)));
    text.push_str(&format!("| {} |\n|---|--:|--:|--:|--:|---|\n", HEADINGS.join(" | ")));
    for case in &comparison.cases {
        let mut cells = cells(comparison, case).map(|cell| escape(&cell));
        if matches!(case.outcome, Outcome::Worse | Outcome::Missing) {
            cells[5] = format!("**{}**", cells[5]);
        }
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push('\n');
    for remark in remarks(comparison) {
        text.push_str(&format!("- {}\n", escape(&remark)));
    }
    text
}

/// For machines: one comparison as it is, several as a list.
#[must_use]
pub fn json(comparisons: &[RunComparison]) -> serde_json::Value {
    let one = |comparison: &RunComparison| {
        // A comparison holds no map with keys that are not strings, which alone would
        // fail.
        let mut value = serde_json::to_value(comparison).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.insert("regression".into(), comparison.is_regression().into());
        }
        value
    };
    match comparisons {
        [comparison] => one(comparison),
        several => serde_json::json!({
            "regression": several.iter().any(RunComparison::is_regression),
            "comparisons": several.iter().map(one).collect::<Vec<_>>(),
        }),
    }
}
