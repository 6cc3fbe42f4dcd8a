//! A history in the terminal: trends, and the verdict on a run.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use crate::history::series_key::SeriesKey;
use crate::history::trend::{JudgedSeries, Trend, TrendLine};
use crate::stats::day_changes::LEAST_DAYS;
use crate::table::units::{one_line, three_digits};

/// What values are called whose machine's speed is taken out.
pub(crate) const CORRECTED: &str = "by the yardstick";

/// Width that is laid out for where none is known.
const DEFAULT_WIDTH: usize = 120;

/// A value of a series with its unit.
pub(crate) fn value(key: &SeriesKey, value: f64) -> String {
    key.column().map_or_else(|| value.to_string(), |column| column.show(value))
}

/// What the figures of a series are called.
pub(crate) fn metric(key: &SeriesKey) -> String {
    key.column().map_or_else(|| key.metric.clone(), |column| column.title())
}

/// A share as a percentage; says how many days are missing where there is none.
pub(crate) fn threshold(share: Option<f64>, days: usize) -> String {
    share.map_or_else(
        || format!("too few days ({days} of {LEAST_DAYS})"),
        |share| format!("{}%", three_digits(share * 100.0)),
    )
}

fn table(width: Option<usize>, titles: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width.unwrap_or(DEFAULT_WIDTH)).unwrap_or(u16::MAX));
    table.force_no_tty();
    table.set_header(titles.iter().map(Cell::new));
    table
}

fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A line per series, and one for its values corrected by the yardstick.
pub(crate) fn trends(trends: &[Trend], runs: usize, width: Option<usize>) -> String {
    let mut shown =
        table(width, &["device", "case", "figure", "last", "usual", "threshold", "days"]);
    for trend in trends {
        let key = &trend.key;
        let mut add = |figure: String, line: &TrendLine| {
            shown.add_row(vec![
                Cell::new(one_line(&key.device)),
                Cell::new(one_line(&key.case())),
                Cell::new(figure),
                number(value(key, line.last)),
                number(line.level.map_or_else(|| "-".to_owned(), |level| value(key, level))),
                number(threshold(line.threshold, line.days)),
                number(line.days.to_string()),
            ]);
        };
        add(metric(key), &trend.measured);
        if let Some(corrected) = &trend.corrected {
            add(format!("{}, {CORRECTED}", metric(key)), corrected);
        }
    }
    format!("{runs} runs, {} series\n\n{shown}\n", trends.len())
}

/// A line per series of a run, and what it comes to.
pub(crate) fn gate(judged: &[JudgedSeries], width: Option<usize>) -> String {
    let titles = [
        "device",
        "case",
        "figure",
        "run",
        "usual",
        "change",
        "as measured",
        "threshold",
        "verdict",
    ];
    let mut shown = table(width, &titles);
    let dash = || "-".to_owned();
    let percent =
        |change: Option<f64>| change.map_or_else(dash, |change| format!("{:+.1}%", change * 100.0));
    for series in judged {
        let of = |number: Option<f64>| number.map_or_else(dash, |it| value(&series.key, it));
        let decisive = series.decisive();
        let figure = match series.corrected {
            Some(_) => format!("{}, {CORRECTED}", metric(&series.key)),
            None => metric(&series.key),
        };
        shown.add_row(vec![
            Cell::new(one_line(&series.key.device)),
            Cell::new(one_line(&series.key.case())),
            Cell::new(figure),
            number(of(decisive.value)),
            number(of(decisive.level)),
            number(percent(decisive.change)),
            number(percent(series.measured.change)),
            number(threshold(decisive.threshold, decisive.days)),
            Cell::new(series.standing.replace('_', " ")),
        ]);
    }
    format!("{shown}\n\n{}\n", summary(judged))
}

fn summary(judged: &[JudgedSeries]) -> String {
    let count = |is: fn(&JudgedSeries) -> bool| judged.iter().filter(|series| is(series)).count();
    let (red, suspected) = (count(JudgedSeries::is_red), count(JudgedSeries::is_suspected));
    let young = count(JudgedSeries::is_too_young);
    let mut text = format!("{red} regressed, {suspected} suspected, of {} series", judged.len());
    let told = |found: bool| judged.iter().filter(|it| it.is_confirmed() == Some(found)).count();
    let (confirmed, refuted) = (told(true), told(false));
    if confirmed + refuted > 0 {
        text += &format!("; measured again in turn: {confirmed} confirmed, {refuted} not");
    }
    if young > 0 {
        text += &format!("; {young} not judged, with fewer than {LEAST_DAYS} days before");
    }
    if suspected > 0 {
        text += "; what is suspected is red if the next run is beyond its threshold too";
    }
    text
}
