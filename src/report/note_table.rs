//! A small table of a report: for a terminal and as Markdown.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

/// A table with a title and what a reader has to know before it.
pub(crate) struct NoteTable {
    /// Its anchor on the page.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What a reader has to know before the numbers.
    pub lead: &'static str,
    /// Titles of the columns, and whether they hold numbers.
    pub columns: Vec<(&'static str, bool)>,
    /// Its lines, cell by cell.
    pub rows: Vec<Vec<String>>,
}

impl NoteTable {
    /// For a terminal; empty without rows.
    pub(crate) fn terminal(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).force_no_tty();
        table.set_header(self.columns.iter().map(|(title, _)| *title));
        for row in &self.rows {
            table.add_row(row);
        }
        for (column, (_, numeric)) in table.column_iter_mut().zip(&self.columns) {
            let right = CellAlignment::Right;
            column.set_cell_alignment(if *numeric { right } else { CellAlignment::Left });
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        format!("\n{}:\n{}\n", self.title, lines.join("\n"))
    }

    /// For `report.md`, with `escape` for its cells; empty without rows.
    pub(crate) fn markdown(&self, escape: fn(&str) -> String) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let titles: Vec<&str> = self.columns.iter().map(|(title, _)| *title).collect();
        let rules: Vec<&str> =
            self.columns.iter().map(|(_, numeric)| if *numeric { "--:" } else { "---" }).collect();
        let (titles, rules) = (titles.join(" | "), rules.join("|"));
        let mut body =
            format!("\n#### {}\n\n{}\n\n| {titles} |\n|{rules}|\n", self.title, self.lead);
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
            // Writing to a String does not fail.
            let _ = writeln!(body, "| {} |", cells.join(" | "));
        }
        body
    }
}
