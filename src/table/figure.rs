//! A figure of a row by its column's name: its value, its interval, which way is better, and
//! how people read it. What promises and limits are made of.

use crate::table::column::{Column, Kind, Unit};
use crate::table::row::Row;
use crate::table::units::{bytes, percent, three_digits};

/// A value of a row with the ends of its 95% interval, in the unit of its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// The value.
    pub value: f64,
    /// The ends of its interval; absent where the row has none. Of a figure that does not
    /// scatter both are the value.
    pub interval: Option<(f64, f64)>,
}

/// Which values of a figure people want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    /// The lower ones.
    Lower,
    /// The higher ones.
    Higher,
}

/// Columns that are the same whenever they are measured.
const EXACT: [&str; 9] = [
    "model_bytes",
    "input_height",
    "input_width",
    "classes",
    "threads",
    "nodes_total",
    "nodes_delegated",
    "partitions",
    "batch",
];

/// Columns of which more is better, besides those that are rates.
const HIGHER: [&str; 4] = ["top1", "top5", "within_budget", "agreement_top1"];

/// What the names of columns begin with of which less is better.
const COSTS: [&str; 9] = [
    "latency_",
    "memory_",
    "load_",
    "first_inference_",
    "preprocess_p50_",
    "model_bytes",
    "end_to_end_",
    "energy_",
    "sustained_",
];

impl Row {
    /// The column of numbers with this name; `None` where there is none.
    #[must_use]
    pub fn column(name: &str) -> Option<&'static Column<Self>> {
        let is_number =
            |column: &&Column<Self>| matches!(column.kind, Kind::Integer | Kind::Number);
        Self::COLUMNS.iter().filter(is_number).find(|column| column.name == name)
    }

    /// What this row has in `column`; `None` where it was not measured.
    #[must_use]
    pub(crate) fn figure(&self, column: &Column<Self>) -> Option<Figure> {
        let value = column.value(self).as_f64()?;
        let end = |end: &str| Self::column(&with_end(column.name, end))?.value(self).as_f64();
        let interval = match column.is_exact() {
            true => Some((value, value)),
            false => end("low").zip(end("high")),
        };
        Some(Figure { value, interval })
    }
}

/// `latency_p50_low_us` for `latency_p50_us` and `low`, `top1_low` for `top1`.
fn with_end(column: &str, end: &str) -> String {
    for unit in ["_us", "_ms"] {
        if let Some(stem) = column.strip_suffix(unit) {
            return format!("{stem}_{end}{unit}");
        }
    }
    format!("{column}_{end}")
}

impl Column<Row> {
    /// Whether its values do not scatter, so that they need no interval.
    #[must_use]
    pub(crate) fn is_exact(&self) -> bool {
        EXACT.contains(&self.name)
    }

    /// Which values people want; `None` where that depends, as for the images of a run.
    #[must_use]
    pub(crate) fn better(&self) -> Option<Better> {
        let name = self.name;
        if HIGHER.contains(&name) || self.unit == Unit::PerSecond {
            return Some(Better::Higher);
        }
        let is_an_end = name.contains("_low") || name.contains("_high");
        let is_cost = COSTS.iter().any(|cost| name.starts_with(cost));
        (is_cost && !is_an_end).then_some(Better::Lower)
    }

    /// A value with its unit, as people read it.
    #[must_use]
    pub(crate) fn show(&self, value: f64) -> String {
        match self.unit {
            Unit::Microseconds => format!("{} ms", three_digits(value / 1e3)),
            Unit::Milliseconds => format!("{} ms", three_digits(value)),
            Unit::Seconds => format!("{} s", three_digits(value)),
            Unit::Millijoules => format!("{} mJ", three_digits(value)),
            Unit::Watts => format!("{} W", three_digits(value)),
            Unit::PerSecond => format!("{} per second", three_digits(value)),
            Unit::Percent => format!("{}%", three_digits(value)),
            Unit::Share => format!("{}%", percent(value)),
            // Bytes are whole numbers far below 2^53.
            Unit::Bytes => bytes(value.max(0.0) as u64),
            Unit::Pixels => format!("{value} pixels"),
            Unit::Count | Unit::None => value.to_string(),
        }
    }

    /// What its figures are called in a sentence.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        let known = match self.name {
            "latency_p50_us" => "median latency",
            "latency_p90_us" => "90th percentile of latency",
            "latency_p95_us" => "95th percentile of latency",
            "latency_p99_us" => "99th percentile of latency",
            "latency_max_us" => "highest latency",
            "latency_mean_us" => "mean latency",
            "within_budget" => "share within the budget",
            "load_ms" => "load time",
            "memory_peak_bytes" => "peak memory",
            "memory_load_bytes" => "memory to load",
            "model_bytes" => "size of the file",
            "top1" => "Top-1",
            "top5" => "Top-5",
            other => other,
        };
        known.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> &'static Column<Row> {
        Row::column(name).unwrap()
    }

    #[test]
    fn a_figure_has_the_interval_that_the_table_has_for_it() {
        let row = Row {
            latency_p50_us: Some(1500.0),
            latency_p50_low_us: Some(1400.0),
            latency_p50_high_us: Some(1600.0),
            top1: Some(0.5),
            top1_low: Some(0.4),
            top1_high: Some(0.6),
            load_ms: Some(3.0),
            model_bytes: 10,
            ..Row::default()
        };
        let of = |name| row.figure(column(name)).map(|it| (it.value, it.interval));
        assert_eq!(of("latency_p50_us"), Some((1500.0, Some((1400.0, 1600.0)))));
        assert_eq!(of("top1"), Some((0.5, Some((0.4, 0.6)))));
        assert_eq!(of("load_ms"), Some((3.0, None)));
        assert_eq!(of("model_bytes"), Some((10.0, Some((10.0, 10.0)))));
        assert_eq!(of("latency_p99_us"), None);
        assert!(Row::column("model").is_none() && Row::column("no_such").is_none());
    }

    #[test]
    fn every_exact_and_every_higher_column_is_one() {
        assert!(EXACT.iter().chain(&HIGHER).all(|name| Row::column(name).is_some()));
    }

    #[test]
    fn which_way_is_better_is_known_where_it_does_not_depend() {
        for (name, better) in [
            ("latency_p99_us", Some(Better::Lower)),
            ("memory_peak_bytes", Some(Better::Lower)),
            ("top1", Some(Better::Higher)),
            ("throughput_per_s", Some(Better::Higher)),
            ("latency_p50_low_us", None),
            ("images", None),
        ] {
            assert_eq!(column(name).better(), better, "{name}");
        }
    }

    #[test]
    fn values_are_shown_with_their_unit() {
        let shown = |name, value| column(name).show(value);
        assert_eq!(shown("latency_p50_us", 1500.0), "1.50 ms");
        assert_eq!(shown("top1", 0.875), "87.5%");
        assert_eq!(shown("memory_peak_bytes", 3_577_760.0), "3.58 MB");
        assert_eq!(shown("images", 500.0), "500");
    }
}
