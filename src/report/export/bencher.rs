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
pub(crate) struct Bencher;

impl Export for Bencher {
    fn text(&self, run: &Run, rows: &[Row]) -> String {
        let mut benchmarks = Map::new();
        for (case, row) in run.header.cases.iter().zip(rows) {
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
                benchmarks.insert(name(row.case(), &case.id()), Value::Object(metrics));
            }
        }
        format!("{:#}\n", Value::Object(benchmarks))
    }
}

/// The case's name; one that is too long ends in the case's id, so that no two are the same.
fn name(name: String, id: &str) -> String {
    if name.chars().count() <= MOST {
        return name;
    }
    let kept = MOST - id.len() - 1;
    format!("{} {id}", name.chars().take(kept).collect::<String>())
}
