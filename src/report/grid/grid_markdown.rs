//! The grid as Markdown, for a pull request.

use std::fmt::Write as _;

use crate::decide::fleet_grid::{GridCell, GridLine, GridOptions};
use crate::decide::measured_fleet::Fleet;
use crate::report::grid::grid_text;
use crate::report::markdown::escape;
use crate::table::units::ms;

/// The report of a fleet.
#[must_use]
pub(crate) fn document(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> String {
    let mut text = "### shutterbench: a fleet\n\n".to_owned();
    // Writing to a String does not fail.
    let _ = writeln!(text, "{}. {}.\n", grid_text::lead(fleet), grid_text::title(shown));
    let within = shown.budget_ms.map_or("", |_| " devices within budget |");
    let rule = shown.budget_ms.map_or("", |_| " --- |");
    let _ = writeln!(text, "| model | mean | worst | worst device | Top-1 % |{within}");
    let _ = writeln!(text, "| --- | ---: | ---: | --- | ---: |{rule}");
    for line in lines {
        let (device, worst) = grid_text::worst(fleet, line).unwrap_or_default();
        let shares =
            line.shares.map_or(String::new(), |it| format!(" {} |", grid_text::shares(&it)));
        let _ = writeln!(
            text,
            "| {} | {} | {worst} | {} | {} |{shares}",
            escape(&line.model),
            line.mean_us.map_or(String::new(), ms),
            escape(&device),
            grid_text::top1(line),
        );
    }
    text.push_str("\n| device | class | weight |");
    for line in lines {
        let _ = write!(text, " {} |", escape(&line.model));
    }
    text.push_str("\n| --- | --- | ---: |");
    text.push_str(&" ---: |".repeat(lines.len()));
    text.push('\n');
    for (index, device) in fleet.devices.iter().enumerate() {
        let _ = write!(
            text,
            "| {} | {} | {} |",
            escape(&device.name),
            escape(&device.class),
            device.weight
        );
        for line in lines {
            let cell = line.cells[index].as_ref().map_or(String::new(), cell);
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    if !fleet.notes.is_empty() {
        text.push('\n');
    }
    for note in &fleet.notes {
        let _ = writeln!(text, "- {}", escape(note));
    }
    text
}

fn cell(cell: &GridCell) -> String {
    let word = cell.within.map_or(String::new(), |stand| format!(" ({})", grid_text::word(stand)));
    format!("{}{word}", grid_text::with_interval(cell))
}
