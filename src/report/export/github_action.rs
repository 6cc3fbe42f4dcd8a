//! github-action-benchmark's custom formats: a list of figures of which less, or more, is
//! better.
//!
//! Source of the form: `BenchmarkResult` in benchmark-action/github-action-benchmark,
//! src/extract.ts. It takes whatever JSON it is given, strings and nulls too, so that what is
//! not a number must not get there.

use serde_json::{Value, json};

use crate::record::run::Run;
use crate::report::export::measure::{Export, measures};
use crate::table::figure::Better;
use crate::table::row::Row;

/// Writes the figures of which these values are better.
pub(crate) struct GithubAction(pub Better);

impl Export for GithubAction {
    fn text(&self, _run: &Run, rows: &[Row]) -> String {
        let of_row = |row: &Row| {
            let case = row.case();
            let mine = measures(row).into_iter().filter(|measure| measure.better == self.0);
            mine.map(|measure| {
                let mut entry = json!({
                    "name": format!("{case}: {}", measure.name),
                    "unit": measure.unit,
                    "value": measure.value,
                });
                if let Some((low, high)) = measure.interval {
                    entry["range"] = format!("± {}", (high - low) / 2.0).into();
                    entry["extra"] = format!("95% interval {low} to {high}").into();
                }
                entry
            })
            .collect::<Vec<Value>>()
        };
        format!("{:#}\n", Value::Array(rows.iter().flat_map(of_row).collect()))
    }
}
