//! The grid on a terminal: devices down, models across.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use crate::decide::fleet_grid::{GridLine, GridOptions};
use crate::decide::limit::Stand;
use crate::decide::measured_fleet::Fleet;
use crate::report::grid::grid_text;
use crate::table::units::{ms, one_line};

/// Width that is laid out for where none is known.
const DEFAULT_WIDTH: usize = 120;

/// The tables.
#[must_use]
pub(crate) fn text(
    fleet: &Fleet,
    lines: &[GridLine],
    shown: GridOptions,
    width: Option<usize>,
    color: bool,
) -> String {
    let mut text = format!("{}\n{}\n\n", grid_text::lead(fleet), grid_text::title(shown));
    text += &format!(
        "{}\n\n{}\n",
        summary(fleet, lines, shown, width),
        grid(fleet, lines, width, color)
    );
    for note in &fleet.notes {
        text += &format!("\nnote: {note}\n");
    }
    text
}

fn blank(width: Option<usize>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.unwrap_or(DEFAULT_WIDTH)).unwrap_or(u16::MAX));
    table
}

fn head(titles: impl IntoIterator<Item = String>) -> Vec<Cell> {
    let cell = |title: String| Cell::new(title).add_attribute(Attribute::Dim);
    titles.into_iter().map(cell).collect()
}

fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn summary(fleet: &Fleet, lines: &[GridLine], shown: GridOptions, width: Option<usize>) -> Table {
    let mut summary = blank(width);
    summary.force_no_tty();
    let titles = ["model", "mean", "worst", "worst device", "Top-1 %"];
    let within = shown.budget_ms.map(|_| "devices within budget");
    summary.set_header(head(titles.into_iter().chain(within).map(str::to_owned)));
    for line in lines {
        let (device, worst) = grid_text::worst(fleet, line).unwrap_or_default();
        let mut cells = vec![
            Cell::new(one_line(&line.model)),
            number(line.mean_us.map_or(String::new(), ms)),
            number(worst),
            Cell::new(one_line(&device)),
            number(grid_text::top1(line)),
        ];
        cells.extend(line.shares.map(|shares| Cell::new(grid_text::shares(&shares))));
        summary.add_row(cells);
    }
    summary
}

fn grid(fleet: &Fleet, lines: &[GridLine], width: Option<usize>, color: bool) -> Table {
    let mut grid = blank(width);
    if color {
        grid.enforce_styling();
    } else {
        grid.force_no_tty();
    }
    let titles = ["device".to_owned(), "class".to_owned(), "weight".to_owned()];
    grid.set_header(head(titles.into_iter().chain(lines.iter().map(|it| one_line(&it.model)))));
    for (index, device) in fleet.devices.iter().enumerate() {
        let mut cells = vec![
            Cell::new(one_line(&device.name)),
            Cell::new(one_line(&device.class)),
            number(device.weight.to_string()),
        ];
        cells.extend(lines.iter().map(|line| match &line.cells[index] {
            None => Cell::new(""),
            Some(cell) => {
                let mark = match cell.within {
                    Some(Stand::Broken) => " over",
                    Some(Stand::CannotBeTold) => " ?",
                    _ => "",
                };
                let shown = number(ms(cell.value_us) + mark);
                match cell.within {
                    Some(Stand::Kept) => shown.fg(Color::Green),
                    Some(Stand::Broken) => shown.fg(Color::Red),
                    Some(Stand::CannotBeTold) => shown.fg(Color::Yellow),
                    _ => shown,
                }
            }
        }));
        grid.add_row(cells);
    }
    grid
}
