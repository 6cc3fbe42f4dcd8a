//! The page of a history. `templates/history.html` says how it looks.

use askama::Template;

use crate::history::history_file::DAY_SECONDS;
use crate::history::trend::{Trend, TrendLine};
use crate::report::html::frame::{Frame, file};
use crate::report::svg::trend_plot::{TrendPlot, drawing};
use crate::report::trend_text;
use crate::table::column::Unit;
use crate::table::figure::Better;

#[derive(Template)]
#[template(path = "history.html", whitespace = "minimize")]
struct TrendPage {
    frame: Frame,
    runs: usize,
    series: Vec<TrendSection>,
}

/// A series.
struct TrendSection {
    case: String,
    device: String,
    figure: String,
    last: String,
    usual: String,
    threshold: String,
    days: usize,
    /// The same of the values corrected by the yardstick; empty without any.
    corrected: String,
    plot: String,
}

/// A page that opens from disk without a network.
pub(crate) fn page(trends: &[Trend], runs: usize) -> String {
    let last = |trend: &Trend| trend.measured.values.last().map(|(at, _)| *at);
    let newest = trends.iter().filter_map(last).max().unwrap_or(0);
    file(&TrendPage {
        frame: Frame::without_scripts("history – shutterbench".to_owned()),
        runs,
        series: trends.iter().map(|trend| section(trend, newest)).collect(),
    })
}

fn section(trend: &Trend, newest: i64) -> TrendSection {
    let key = &trend.key;
    let unit = key.column().map_or(Unit::None, |column| column.unit);
    let worse = match key.column().and_then(|column| column.better()) {
        Some(Better::Higher) => -1.0,
        _ => 1.0,
    };
    // Times a factor, so that values near each other are not all one tick.
    let (factor, unit) = match unit {
        Unit::Microseconds => (1e-3, "ms".to_owned()),
        Unit::Bytes => (1e-6, "MB".to_owned()),
        Unit::Share => (100.0, "%".to_owned()),
        other => (1.0, other.to_string()),
    };
    let day = |at: i64| (at - newest) as f64 / DAY_SECONDS as f64;
    let points = |line: &TrendLine| -> Vec<(f64, f64)> {
        line.values.iter().map(|(at, value)| (day(*at), value * factor)).collect()
    };
    let Trend { measured, corrected, .. } = trend;
    // What decides is in front.
    let front = corrected.as_ref().unwrap_or(measured);
    let behind = corrected.as_ref().map(|_| points(measured)).unwrap_or_default();
    let usual = front
        .level
        .zip(front.threshold)
        .map(|(level, threshold)| (level * factor, level * (1.0 + threshold).powf(worse) * factor));
    let figure = trend_text::metric(key);
    let meaning = format!("{figure} of {} over days, in {unit}", key.case());
    let plot = TrendPlot { meaning: &meaning, points: &points(front), measured: &behind, usual };
    TrendSection {
        case: key.case(),
        device: key.device.clone(),
        last: trend_text::value(key, measured.last),
        usual: usual_in_words(trend, measured),
        threshold: trend_text::threshold(measured.threshold, measured.days),
        days: measured.days,
        corrected: corrected.as_ref().map_or_else(String::new, |line| {
            format!(
                "{}: last {} · usual {} · threshold {} · {} days; the pale line is as measured",
                trend_text::CORRECTED,
                trend_text::value(key, line.last),
                usual_in_words(trend, line),
                trend_text::threshold(line.threshold, line.days),
                line.days
            )
        }),
        plot: drawing(&plot),
        figure: format!("{figure}, {unit}"),
    }
}

fn usual_in_words(trend: &Trend, line: &TrendLine) -> String {
    line.level.map_or_else(|| "–".to_owned(), |it| trend_text::value(&trend.key, it))
}
