//! Published figures beside the measured ones.

use crate::record::run::Run;
use crate::report::published_note::{Pair, Pairs, pairs};
use crate::table::row::Row;
use crate::table::units::{percent, three_digits};

/// The table of published figures.
pub(crate) struct PublishedSection {
    pub sources: String,
    pub comparability: String,
    pub lines: Vec<PublishedLine>,
}

/// A model with published figures.
pub(crate) struct PublishedLine {
    pub model: String,
    pub caution: &'static str,
    /// Top-1, Top-5, size and latency: each as published and as measured here.
    pub cells: [String; 8],
    pub latency_on: String,
}

/// The section, if figures were published for a model.
pub(crate) fn section(run: &Run, rows: &[Row]) -> Option<PublishedSection> {
    let Pairs { lines, sources, comparability } = pairs(run, rows)?;
    Some(PublishedSection { sources, comparability, lines: lines.iter().map(line).collect() })
}

fn line(pair: &Pair<'_>) -> PublishedLine {
    let Pair { row, published, .. } = pair;
    let share = |value: Option<f64>| value.map_or(String::new(), percent);
    let number = |value: Option<f64>| value.map_or(String::new(), three_digits);
    // As it was published, without additional digits.
    let stated = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    PublishedLine {
        model: row.model.clone(),
        caution: pair.caution(),
        cells: [
            share(published.top1),
            share(row.top1),
            share(published.top5),
            share(row.top5),
            stated(published.size_mb),
            three_digits(row.model_bytes as f64 / 1e6),
            stated(published.latency_ms),
            number(row.latency_p50_us.map(|us| us / 1e3)),
        ],
        latency_on: published.latency_on.clone().unwrap_or_default(),
    }
}
