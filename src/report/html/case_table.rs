//! The table of all cases: the columns that people compare, and on demand
//! every column of `results.csv`.

use crate::decide::highlights::Highlights;
use crate::report::html::case_anchors::CaseAnchors;
use crate::report::html::summary_section::tag_class;
use crate::report::notes::{Note, notes};
use crate::table::column::Kind;
use crate::table::row::Row;
use crate::table::units::{bytes, ms, percent, three_digits};

/// The table of cases.
pub(crate) struct CasesSection {
    pub heads: Vec<CaseHead>,
    pub lines: Vec<CaseLine>,
    /// Whether every column of `results.csv` is in it.
    pub is_complete: bool,
}

/// With more cases than this, the columns of `results.csv` that are shown on demand would be most
/// of the page.
const MOST_COMPLETE: usize = 1000;

/// The head of a column.
pub(crate) struct CaseHead {
    pub class: &'static str,
    pub title: &'static str,
    /// What the column is.
    pub help: Option<String>,
}

/// A case.
pub(crate) struct CaseLine {
    /// By which others link to it.
    pub anchor: String,
    pub model: String,
    /// What a phone shows below the model.
    pub ran_on: String,
    pub on_front: bool,
    pub notes: Vec<CaseTag>,
    /// The columns that people compare.
    pub cells: Vec<CaseCell>,
    /// All columns of `results.csv`.
    pub fields: Vec<CaseField>,
}

/// The tag of a note, with this case's own figures.
pub(crate) struct CaseTag {
    pub class: &'static str,
    pub tag: String,
    pub figures: Option<String>,
}

/// A cell for display.
pub(crate) struct CaseCell {
    pub class: &'static str,
    /// The column of `results.csv` that it shows, and its value there.
    pub source: Option<(&'static str, String)>,
    pub shown: String,
    pub interval: Option<String>,
}

/// A field just as `results.csv` has it.
pub(crate) struct CaseField {
    pub class: &'static str,
    pub value: String,
}

/// A figure and its 95% interval.
struct CaseFigure {
    shown: String,
    interval: Option<String>,
}

impl From<String> for CaseFigure {
    fn from(shown: String) -> Self {
        Self { shown, interval: None }
    }
}

/// A column for display.
struct CaseColumn {
    title: &'static str,
    /// The column of `results.csv` that it shows; sorting goes by it.
    source: Option<&'static str>,
    numeric: bool,
    cell: fn(&Row) -> CaseFigure,
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

const fn column(
    title: &'static str,
    source: &'static str,
    cell: fn(&Row) -> CaseFigure,
) -> CaseColumn {
    CaseColumn { title, source: Some(source), numeric: true, cell }
}

static COLUMNS: [CaseColumn; 14] = [
    CaseColumn { title: "ran on", source: None, numeric: false, cell: |r| r.ran_on().into() },
    column("threads", "threads", |r| r.threads.to_string().into()),
    column(BATCH, "batch", |r| r.batch.map_or(String::new(), |images| images.to_string()).into()),
    column(CPUS, "affinity", |r| r.affinity.clone().unwrap_or_default().into()),
    column("p50 ms", "latency_p50_us", |r| {
        with_interval(r.latency_p50_us, r.latency_p50_low_us, r.latency_p50_high_us, ms)
    }),
    column(PER_IMAGE, "latency_per_image_us", |r| {
        r.latency_per_image_us.map_or(String::new(), ms).into()
    }),
    column("p90 ms", "latency_p90_us", |r| {
        with_interval(r.latency_p90_us, r.latency_p90_low_us, r.latency_p90_high_us, ms)
    }),
    column("p99 ms", "latency_p99_us", |r| {
        with_interval(r.shown_p99_us(), r.latency_p99_low_us, r.latency_p99_high_us, ms)
    }),
    column("Top-1 %", "top1", |r| with_interval(r.top1, r.top1_low, r.top1_high, percent)),
    column("Top-5 %", "top5", |r| with_interval(r.top5, r.top5_low, r.top5_high, percent)),
    column("size", "model_bytes", |r| bytes(r.model_bytes).into()),
    column("peak memory", "memory_peak_bytes", |r| {
        r.memory_peak_bytes.map_or(String::new(), bytes).into()
    }),
    column("first run ms", "first_inference_ms", |r| {
        r.first_inference_ms.map_or(String::new(), three_digits).into()
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
) -> CaseFigure {
    let interval = low.zip(high).map(|(low, high)| format!("{}–{}", show(low), show(high)));
    CaseFigure { shown: value.map_or(String::new(), show), interval: value.and(interval) }
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
pub(crate) fn section(rows: &[Row], verdict: &Highlights) -> CasesSection {
    let is_complete = rows.len() <= MOST_COMPLETE;
    let mut table = CaseTable::of(rows);
    table.extra.retain(|_| is_complete);
    let mut anchors = CaseAnchors::default();
    let mut line = |index: usize| {
        let anchor = anchors.next(&rows[index].case_anywhere());
        table.line(index, anchor, verdict.front.contains(&index))
    };
    let lines = (0..rows.len()).map(&mut line).collect();
    CasesSection { heads: table.heads(), lines, is_complete }
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

    fn heads(&self) -> Vec<CaseHead> {
        let model = CaseHead { class: "", title: "model", help: None };
        let main = self.main.iter().map(|(column, source)| CaseHead {
            class: numeric(column.numeric),
            title: column.title,
            help: source.map(|index| Row::COLUMNS[index].doc().to_string()),
        });
        let extra = self.extra.iter().map(|&(index, is_numeric)| CaseHead {
            class: extra_class(is_numeric),
            title: Row::COLUMNS[index].name,
            help: Some(Row::COLUMNS[index].doc().to_string()),
        });
        std::iter::once(model).chain(main).chain(extra).collect()
    }

    fn line(&self, index: usize, anchor: String, on_front: bool) -> CaseLine {
        let (row, record) = (&self.rows[index], &self.records[index]);
        let cell = |(column, source): &(&CaseColumn, Option<usize>)| {
            let CaseFigure { shown, interval } = (column.cell)(row);
            let source = source.map(|it| (Row::COLUMNS[it].name, record[it].clone()));
            CaseCell { class: numeric(column.numeric), source, shown, interval }
        };
        let field = |&(source, is_numeric): &(usize, bool)| CaseField {
            class: extra_class(is_numeric),
            value: record[source].clone(),
        };
        let tag =
            |note: Note| CaseTag { class: tag_class(&note), tag: note.tag, figures: note.figures };
        CaseLine {
            anchor,
            model: row.model.clone(),
            ran_on: format!("{} ×{}", row.ran_on(), row.threads_and_axes()),
            on_front,
            notes: notes(row).into_iter().map(tag).collect(),
            cells: self.main.iter().map(cell).collect(),
            fields: self.extra.iter().map(field).collect(),
        }
    }
}

/// Of a column that is shown on demand.
const fn extra_class(is_numeric: bool) -> &'static str {
    if is_numeric { "n x" } else { "x" }
}

/// A phone shows what is not a number in the first column.
const fn numeric(is_numeric: bool) -> &'static str {
    if is_numeric { "n" } else { "desk" }
}
