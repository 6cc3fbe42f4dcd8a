//! The page of a history. `templates/history.html` says how it looks.

use askama::Template;

use crate::history::history_file::DAY_SECONDS;
use crate::history::trend::Trend;
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
    plot: String,
}

/// A page that opens from disk without a network.
pub(crate) fn page(trends: &[Trend], runs: usize) -> String {
    let newest =
        trends.iter().filter_map(|trend| trend.values.last()).map(|(at, _)| *at).max().unwrap_or(0);
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
    let points: Vec<(f64, f64)> =
        trend.values.iter().map(|(at, value)| (day(*at), value * factor)).collect();
    let usual = trend
        .level
        .zip(trend.threshold)
        .map(|(level, threshold)| (level * factor, level * (1.0 + threshold).powf(worse) * factor));
    let figure = trend_text::metric(key);
    let meaning = format!("{figure} of {} over days, in {unit}", key.case());
    TrendSection {
        case: key.case(),
        device: key.device.clone(),
        last: trend_text::value(key, trend.last),
        usual: trend.level.map_or_else(|| "–".to_owned(), |it| trend_text::value(key, it)),
        threshold: trend_text::threshold(trend.threshold, trend.days),
        days: trend.days,
        plot: drawing(&TrendPlot { meaning: &meaning, points: &points, usual }),
        figure: format!("{figure}, {unit}"),
    }
}
