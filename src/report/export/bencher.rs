//! Bencher Metric Format: by case, by measure, a value with the ends of its interval.
//!
//! Source of the rules: Bencher's documentation of the format and its `bencher_json`: every
//! value is a number, a benchmark's name has 1 to 1,024 characters, a measure's 1 to 64, and
//! the measure `latency` is in nanoseconds.

use serde_json::{Map, Value, json};

use crate::record::run::Run;
use crate::report::export::measure::{Export, measures};
use crate::table::row::Row;

/// Most characters of a benchmark's name.
const MOST: usize = 1024;

/// Writes Bencher Metric Format.
pub struct Bencher;

impl Export for Bencher {
    fn text(&self, _run: &Run, rows: &[Row]) -> String {
        let mut benchmarks = Map::new();
        for row in rows {
            let mut metrics = Map::new();
            for measure in measures(row) {
                let (name, factor) = match measure.name {
                    "latency-p50" => ("latency", 1e6),
                    name => (name, 1.0),
                };
                let mut metric = json!({ "value": measure.value * factor });
                if let Some((low, high)) = measure.interval {
                    metric["lower_value"] = (low * factor).into();
                    metric["upper_value"] = (high * factor).into();
                }
                metrics.insert(name.to_owned(), metric);
            }
            if !metrics.is_empty() {
                let name: String = row.case().chars().take(MOST).collect();
                benchmarks.insert(name, Value::Object(metrics));
            }
        }
        format!("{:#}\n", Value::Object(benchmarks))
    }
}
