//! The CSV files of a run.
//!
//! RFC 4180 with a header line, LF endings and UTF-8. Text that a spreadsheet would read as a
//! formula is guarded by an apostrophe, see [`guard`].

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::record::option_set::DEFAULT;
use crate::record::run::Run;
use crate::table::column::{Column, Kind, Unit};
use crate::table::row::Row;
use crate::table::scenario_row::ScenarioRow;
use crate::table::sustained_row::SustainedRow;
use crate::table::twin_rows;

/// First characters that make a spreadsheet take a text for a formula, and the
/// apostrophe itself, so that guarding can be undone.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
const RISKY: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// Puts an apostrophe before a text that begins with one of `= + - @`, a tab, a
/// carriage return or an apostrophe. Numbers are never passed through this.
#[must_use]
pub(crate) fn guard(text: &str) -> Cow<'_, str> {
    if text.starts_with(RISKY) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Undoes [`guard`].
#[must_use]
pub(crate) fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(RISKY) => rest,
        _ => text,
    }
}

/// Writes `results.csv`.
///
/// # Errors
/// What the writer says.
pub fn results(rows: &[Row], to: &mut dyn Write) -> io::Result<()> {
    table(Row::COLUMNS, rows, to)
}

/// Writes `scenarios.csv`.
///
/// # Errors
/// What the writer says.
pub(crate) fn scenarios(rows: &[ScenarioRow], to: &mut dyn Write) -> io::Result<()> {
    table(ScenarioRow::COLUMNS, rows, to)
}

/// Writes `sustained.csv`.
///
/// # Errors
/// What the writer says.
pub(crate) fn sustained(rows: &[SustainedRow], to: &mut dyn Write) -> io::Result<()> {
    table(SustainedRow::COLUMNS, rows, to)
}

fn table<T>(columns: &[Column<T>], rows: &[T], to: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(to);
    writer.write_record(columns.iter().map(|column| column.name))?;
    for row in rows {
        writer.write_record(columns.iter().map(|column| field(column, row)))?;
    }
    writer.flush()
}

/// A field: texts are guarded, numbers never.
fn field<T>(column: &Column<T>, row: &T) -> String {
    let field = column.field(row);
    if column.kind == Kind::Text { guard(&field).into_owned() } else { field }
}

/// Reads a `results.csv` back, guards undone. Columns that this program does not know are ignored;
/// those that the file does not have were not measured.
///
/// # Errors
/// A file that cannot be read or is not a results.csv of this program.
pub fn read_results(path: &Path) -> Result<Vec<Row>> {
    let file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut reader = ::csv::Reader::from_reader(file);
    let mut read = || -> Result<Vec<Row>> {
        let columns: Vec<Option<&Column<Row>>> = reader
            .headers()?
            .iter()
            .map(|name| Row::COLUMNS.iter().find(|column| column.name == name))
            .collect();
        let records = reader.records().map(|record| read_row(&columns, &record?));
        let mut rows = records.collect::<Result<Vec<Row>>>()?;
        twin_rows::fill(&mut rows);
        Ok(rows)
    };
    read().with_context(|| format!("{} is not a results.csv of this program", path.display()))
}

fn read_row(columns: &[Option<&Column<Row>>], record: &::csv::StringRecord) -> Result<Row> {
    let mut values = serde_json::Map::new();
    for (column, field) in columns.iter().zip(record) {
        let Some(column) = column else { continue };
        let field = if column.kind == Kind::Text { unguard(field) } else { field };
        let value = column
            .parse(field)
            .with_context(|| format!("column {} cannot hold '{field}'", column.name))?;
        ensure!(
            column.can_be(&value),
            "column {} cannot be {field}: {}",
            column.name,
            if column.unit == Unit::Share {
                "it is a proportion, from 0 to 1"
            } else {
                "no time is below zero"
            }
        );
        values.insert(column.name.to_owned(), value);
    }
    let row: Row = serde_json::from_value(values.into())?;
    for column in Row::COLUMNS {
        let Some((low, high)) = row.figure(column).and_then(|it| it.interval) else { continue };
        ensure!(
            low <= high,
            "the interval of column {} cannot begin at {low} and end at {high}",
            column.name
        );
    }
    Ok(row)
}

/// Writes `samples.csv`: every timed run, cases in the order of the table,
/// each case's samples in the order in which they happened.
///
/// # Errors
/// What the writer says.
pub(crate) fn samples(run: &Run, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "case,round,iteration,at_ns,latency_ns")?;
    let mut line = String::new();
    for record in &run.cases {
        let case = quoted(&run.header.name_of(&record.case));
        for visit in &record.visits {
            let block = visit.block.unpacked();
            let timings = block.at_ns.iter().zip(&block.latency_ns);
            for (iteration, (at_ns, latency_ns)) in timings.enumerate() {
                use std::fmt::Write as _;
                line.clear();
                // Formatting into a String does not fail.
                let _ = writeln!(line, "{case},{},{iteration},{at_ns},{latency_ns}", visit.round);
                to.write_all(line.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// A guarded field, quoted as RFC 4180 requires.
fn quoted(text: &str) -> String {
    let text = guard(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

/// How many best classes `predictions.csv` has columns for.
const TOP: usize = 5;

/// Writes `predictions.csv`: one row per image and (model, backend, delegate, options).
///
/// # Errors
/// What the writer says.
pub(crate) fn predictions(run: &Run, to: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(to);
    let ranked = (1..=TOP).flat_map(|n| [format!("top{n}_class"), format!("top{n}_score")]);
    let header = ["model", "backend", "delegate", "image", "label"].map(str::to_owned);
    let tail = ["rank_of_label", "tie", "device", "options"].map(str::to_owned);
    writer.write_record(header.into_iter().chain(ranked).chain(tail))?;
    for record in &run.accuracies {
        let model = guard(&record.key.model).into_owned();
        let backend = record.key.backend.to_string();
        let delegate = record.key.delegate.to_string();
        let device = record.key.device.as_ref().unwrap_or(&run.header.device);
        for prediction in &record.predictions {
            for field in [&model, &backend, &delegate] {
                writer.write_field(field)?;
            }
            writer.write_field(guard(&prediction.image).as_ref())?;
            writer.write_field(prediction.label.to_string())?;
            for rank in 0..TOP {
                let ranked = prediction.top.get(rank);
                writer.write_field(ranked.map_or(String::new(), |(class, _)| class.to_string()))?;
                writer.write_field(ranked.map_or(String::new(), |(_, score)| score.to_string()))?;
            }
            writer.write_field(prediction.rank().map_or(String::new(), |rank| rank.to_string()))?;
            // As R spells it; pandas and DuckDB take that too.
            writer.write_field(if prediction.tie { "TRUE" } else { "FALSE" })?;
            writer.write_field(guard(device).as_ref())?;
            writer.write_field(record.key.options.as_deref().unwrap_or(DEFAULT))?;
            writer.write_record(None::<&[u8]>)?;
        }
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_nothing_can_have_is_refused() {
        let read = |head: &str, line: &str| {
            let (head, line) = (head.split(',').collect(), line.split(',').collect());
            let columns: Vec<Option<&Column<Row>>> = Row::COLUMNS.iter().map(Some).collect();
            let (head, line): (Vec<&str>, Vec<&str>) = (head, line);
            let value = |name: &str| head.iter().position(|it| *it == name).map(|at| line[at]);
            let usual = |column: &&Column<Row>| match column.name {
                "status" => "ok",
                "delegate" => "none",
                "backend" => "tract",
                "precision" => "float32",
                "format" => "onnx",
                _ if column.optional || column.kind == Kind::Text => "",
                _ => "1",
            };
            let fields = Row::COLUMNS.iter().map(|it| value(it.name).unwrap_or_else(|| usual(&it)));
            read_row(&columns, &::csv::StringRecord::from_iter(fields))
                .map_err(|error| format!("{error:#}"))
        };
        let p50 = "latency_p50_us,latency_p50_low_us,latency_p50_high_us";
        assert_eq!(read(p50, "10,9,11").unwrap().latency_p50_us, Some(10.0));
        assert_eq!(read("top1,top1_difference", "0.5,-0.2").unwrap().top1, Some(0.5));
        for (head, line, said) in [
            ("top1", "47", "column top1 cannot be 47: it is a proportion"),
            ("latency_p50_us", "-5", "column latency_p50_us cannot be -5: no time"),
            (p50, "10,11,9", "the interval of column latency_p50_us cannot begin at 11"),
        ] {
            let refused = read(head, line).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn guards_are_undone_exactly() {
        for text in
            ["=1+1", "+a", "-b", "@c", "\tx", "'quoted", "''", "'=1", "plain", "", "a=b", "'"]
        {
            let guarded = guard(text);
            assert!(!guarded.starts_with(['=', '+', '-', '@', '\t', '\r']), "{guarded}");
            assert_eq!(unguard(&guarded), text);
        }
    }
}
