//! Tables that every report has, as sections of the page; that of minutes with its curves.

use crate::record::run::Run;
use crate::report::note_table::NoteTable;
use crate::report::svg::curve::{colour, over_minutes};
use crate::report::{found_rate_note, scenario_note, sustained_note};
use crate::table::sustained_rows::sustained_summaries;

/// A table with what a reader has to know before it.
pub(crate) struct NoteSection {
    pub id: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
    pub figure: Option<CurveFigure>,
    pub heads: Vec<TableCell>,
    pub lines: Vec<Vec<TableCell>>,
}

/// Text of a cell, which is to the right if it is a number.
pub(crate) struct TableCell {
    pub text: String,
    pub numeric: bool,
}

impl TableCell {
    /// Of a column that holds numbers or not.
    pub(crate) fn new(text: impl Into<String>, numeric: bool) -> Self {
        Self { text: text.into(), numeric }
    }
}

/// A drawing of curves.
pub(crate) struct CurveFigure {
    pub legend: Vec<CurveName>,
    pub svg: String,
}

/// A curve's name beside its colour.
pub(crate) struct CurveName {
    pub colour: &'static str,
    pub name: String,
}

/// The scenarios, if the run has any.
pub(crate) fn scenarios(run: &Run) -> Option<NoteSection> {
    section(scenario_note::table(run), None)
}

/// What minutes made of the cases, if any went on for minutes.
pub(crate) fn sustained(run: &Run) -> Option<NoteSection> {
    let summaries = sustained_summaries(run);
    let curves = sustained_note::curves(&summaries);
    let svg = over_minutes(&curves, "Median latency of each window over that at the start");
    let legend = curves.into_iter().enumerate();
    let legend = legend.map(|(index, it)| CurveName { colour: colour(index), name: it.name });
    let figure = CurveFigure { legend: legend.collect(), svg };
    section(sustained_note::table(&summaries), Some(figure))
}

/// The highest rates, if any was searched for.
pub(crate) fn found_rates(run: &Run) -> Option<NoteSection> {
    section(found_rate_note::table(run), None)
}

fn section(table: NoteTable, figure: Option<CurveFigure>) -> Option<NoteSection> {
    let NoteTable { id, title, lead, columns, rows } = table;
    let line = |row: Vec<String>| {
        row.into_iter().zip(&columns).map(|(text, (_, numeric))| TableCell::new(text, *numeric))
    };
    (!rows.is_empty()).then(|| NoteSection {
        id,
        title,
        lead,
        figure,
        heads: columns.iter().map(|(title, numeric)| TableCell::new(*title, *numeric)).collect(),
        lines: rows.into_iter().map(|row| line(row).collect()).collect(),
    })
}
