//! What the columns of results.csv and scenarios.csv are: as a JSON Schema of the rows, and as the
//! tables of docs/columns.md.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::table::column::Column;
use crate::table::row::Row;
use crate::table::scenario_row::ScenarioRow;
use crate::table::sustained_row::SustainedRow;

/// A JSON Schema (2020-12) of the rows of `run --json` and `report --json`.
#[must_use]
pub fn schema() -> Value {
    let properties: Map<String, Value> =
        Row::COLUMNS.iter().map(|column| (column.name.to_owned(), column.schema())).collect();
    let required: Vec<&str> =
        Row::COLUMNS.iter().filter(|column| !column.optional).map(|column| column.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rows of shutterbench",
        "type": "array",
        "items": { "type": "object", "properties": properties, "required": required },
    })
}

/// The table of docs/columns.md.
#[must_use]
pub fn markdown() -> String {
    of(Row::COLUMNS)
}

/// The same for scenarios.csv.
#[must_use]
pub fn scenarios_markdown() -> String {
    of(ScenarioRow::COLUMNS)
}

/// The same for sustained.csv.
#[must_use]
pub fn sustained_markdown() -> String {
    of(SustainedRow::COLUMNS)
}

fn of<T>(columns: &[Column<T>]) -> String {
    let mut text = String::from("| column | unit | meaning |\n|---|---|---|\n");
    for column in columns {
        let doc = column.doc().replace('|', "\\|");
        // Writing to a String does not fail.
        let _ = writeln!(text, "| {} | {} | {doc} |", column.name, column.unit);
    }
    text
}
