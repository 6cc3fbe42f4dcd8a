//! The table of all cases: the columns that people compare, and on demand
//! every column of `results.csv`.

use std::fmt::Write as _;

use crate::decide::highlights::Highlights;
use crate::report::html::escape::text;
use crate::report::html::summary_section::tag_with_figures;
use crate::report::notes::notes;
use crate::table::column::Kind;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent, three_digits};

/// A column for display.
struct CaseColumn {
    title: &'static str,
    /// The column of `results.csv` that it shows; sorting goes by it.
    source: Option<&'static str>,
    numeric: bool,
    /// The cell's inside, as HTML.
    cell: fn(&Row) -> String,
}

/// Columns that only a run with these axes has.
const BATCH: &str = "batch";
const CPUS: &str = "CPUs";
const PER_IMAGE: &str = "ms/image";

/// Whether a column says the same of every row.
fn is_left_out(title: &str, rows: &[Row]) -> bool {
    match title {
        BATCH | PER_IMAGE => rows.iter().all(|row| row.axes.batch.is_none()),
        CPUS => rows.iter().all(|row| row.axes.affinity.is_none()),
        _ => false,
    }
}

const fn column(title: &'static str, source: &'static str, cell: fn(&Row) -> String) -> CaseColumn {
    CaseColumn { title, source: Some(source), numeric: true, cell }
}

static COLUMNS: [CaseColumn; 14] = [
    CaseColumn { title: "ran on", source: None, numeric: false, cell: |r| text(&r.ran_on()) },
    column("threads", "threads", |r| r.threads.to_string()),
    column(BATCH, "batch", |r| r.batch.map_or(String::new(), |images| images.to_string())),
    column(CPUS, "affinity", |r| text(r.affinity.as_deref().unwrap_or_default())),
    column("p50 ms", "latency_p50_us", |r| {
        with_interval(r.latency_p50_us, r.latency_p50_low_us, r.latency_p50_high_us, ms)
    }),
    column(PER_IMAGE, "latency_per_image_us", |r| r.latency_per_image_us.map_or(String::new(), ms)),
    column("p90 ms", "latency_p90_us", |r| {
        with_interval(r.latency_p90_us, r.latency_p90_low_us, r.latency_p90_high_us, ms)
    }),
    column("p99 ms", "latency_p99_us", |r| {
        with_interval(r.shown_p99_us(), r.latency_p99_low_us, r.latency_p99_high_us, ms)
    }),
    column("Top-1 %", "top1", |r| with_interval(r.top1, r.top1_low, r.top1_high, percent)),
    column("Top-5 %", "top5", |r| with_interval(r.top5, r.top5_low, r.top5_high, percent)),
    column("size", "model_bytes", |r| bytes(r.model_bytes)),
    column("peak memory", "memory_peak_bytes", |r| {
        r.memory_peak_bytes.map_or(String::new(), bytes)
    }),
    column("first run ms", "first_inference_ms", |r| {
        r.first_inference_ms.map_or(String::new(), three_digits)
    }),
    column("in budget %", "within_budget", |r| {
        with_interval(r.within_budget, r.within_budget_low, r.within_budget_high, percent)
    }),
];

fn with_interval(
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    show: fn(f64) -> String,
) -> String {
    let Some(value) = value else { return String::new() };
    let interval = low.zip(high).map_or(String::new(), |(low, high)| {
        format!("<br><span class=\"iv\">{}–{}</span>", show(low), show(high))
    });
    show(value) + &interval
}

/// The rows and the columns that any of them fills.
struct CaseTable<'a> {
    rows: &'a [Row],
    /// The fields of each row just as `results.csv` has them.
    records: Vec<Vec<String>>,
    /// Columns for display, with the index of their source.
    main: Vec<(&'static CaseColumn, Option<usize>)>,
    /// Every column of `results.csv` but the model, and whether it is numeric.
    extra: Vec<(usize, bool)>,
}

/// The section with the table and its controls.
pub fn section(rows: &[Row], verdict: &Highlights) -> String {
    let table = CaseTable::of(rows);
    let mut body = String::new();
    for index in 0..rows.len() {
        table.line(&mut body, index, verdict.front.contains(&index));
    }
    format!(
        "<section id=\"all\" class=\"long\" aria-labelledby=\"all-title\"><h2 id=\"all-title\">All cases</h2>\
         <div class=\"controls js-flex\"><label class=\"grow\">Filter <input type=\"search\" id=\"filter\" placeholder=\"words, such as: int8 tflite\"></label><label><input type=\"checkbox\" id=\"only-front\"> Pareto front only</label><label><input type=\"checkbox\" id=\"all-columns\"> every column of results.csv</label><span id=\"shown\" class=\"dim\" role=\"status\"></span></div>\
         <div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"all-title\"><table id=\"cases\">{}<tbody>{body}</tbody></table></div>\
         <p class=\"dim\">Under a number: its 95% interval. An empty cell was not measured.</p></section>\n",
        table.head()
    )
}

impl<'a> CaseTable<'a> {
    fn of(rows: &'a [Row]) -> Self {
        let of_row = |row: &Row| Row::COLUMNS.iter().map(|column| column.field(row)).collect();
        let records: Vec<Vec<String>> = rows.iter().map(of_row).collect();
        let filled = |index: &usize| records.iter().any(|record| !record[*index].is_empty());
        let index_of = |name: &str| Row::COLUMNS.iter().position(|column| column.name == name);
        let main = COLUMNS
            .iter()
            .filter(|column| !is_left_out(column.title, rows))
            .map(|column| (column, column.source.and_then(index_of).filter(filled)))
            .filter(|(column, index)| column.source.is_none() || index.is_some())
            .collect();
        let is_numeric =
            |index: usize| matches!(Row::COLUMNS[index].kind, Kind::Integer | Kind::Number);
        let extra = (0..Row::COLUMNS.len())
            .filter(|index| Row::COLUMNS[*index].name != "model")
            .filter(filled)
            .map(|index| (index, is_numeric(index)))
            .collect();
        Self { rows, main, extra, records }
    }

    fn head(&self) -> String {
        let main = self.main.iter().map(|(column, source)| {
            (numeric(column.numeric), column.title, source.map(|index| &Row::COLUMNS[index]))
        });
        let extra = self.extra.iter().map(|&(index, is_numeric)| {
            let column = &Row::COLUMNS[index];
            (if is_numeric { "n x" } else { "x" }, column.name, Some(column))
        });
        let cells: String = [("", "model", None)]
            .into_iter()
            .chain(main)
            .chain(extra)
            .map(|(class, title, column)| {
                let help = column.map_or(String::new(), |column| {
                    format!(" title=\"{}\"", text(column.doc()))
                });
                format!("<th scope=\"col\" class=\"{class}\"{help}><button type=\"button\">{title}</button></th>")
            })
            .collect();
        format!("<thead><tr>{cells}</tr></thead>")
    }

    fn line(&self, html: &mut String, index: usize, on_front: bool) {
        let (row, record) = (&self.rows[index], &self.records[index]);
        let class = if on_front { " class=\"front\"" } else { "" };
        let pareto = if on_front { " <span class=\"tag pareto\">Pareto front</span>" } else { "" };
        let notes: String =
            notes(row).iter().map(|note| format!(" {}", tag_with_figures(note))).collect();
        // Writing to a String does not fail.
        let _ = write!(
            html,
            "<tr data-row=\"{index}\"{class}><th scope=\"row\"><span class=\"name\">{}</span> <span class=\"phone\">{} ×{}</span>{pareto}{notes}</th>",
            text(&row.model),
            text(&row.ran_on()),
            row.threads_and_axes(),
        );
        for (column, source) in &self.main {
            let value = source.map_or(String::new(), |source| {
                let name = Row::COLUMNS[source].name;
                format!(" data-v=\"{}\" data-column=\"{name}\"", text(&record[source]))
            });
            let class = numeric(column.numeric);
            let _ = write!(html, "<td class=\"{class}\"{value}>{}</td>", (column.cell)(row));
        }
        for &(source, is_numeric) in &self.extra {
            let class = if is_numeric { "n x" } else { "x" };
            let _ = write!(html, "<td class=\"{class}\">{}</td>", text(&record[source]));
        }
        html.push_str("</tr>");
    }
}

/// A phone shows what is not a number in the first column.
const fn numeric(is_numeric: bool) -> &'static str {
    if is_numeric { "n" } else { "desk" }
}
