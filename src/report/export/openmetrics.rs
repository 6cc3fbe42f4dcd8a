//! OpenMetrics text, for Prometheus' node exporter and push gateway: a gauge per figure.
//!
//! Source of the form: the OpenMetrics specification 1.0: base units (seconds, bytes,
//! ratios), which end the metric's name, all samples of a family together, and `# EOF` at
//! the end.

use std::fmt::Write as _;

use crate::record::run::Run;
use crate::report::export::measure::{Export, measures};
use crate::table::row::Row;

/// Writes OpenMetrics text.
pub(crate) struct OpenMetrics;

/// Measure, family, base unit (empty: none), what a value is multiplied by, and what it is.
const FAMILIES: [(&str, &str, &str, f64, &str); 9] = [
    ("latency-p50", "latency_p50", "seconds", 1e-3, "Median latency of a run"),
    ("latency-p90", "latency_p90", "seconds", 1e-3, "90th percentile of latency"),
    ("latency-p99", "latency_p99", "seconds", 1e-3, "99th percentile of latency"),
    ("load", "load", "seconds", 1e-3, "Time to load the model"),
    ("memory-peak", "memory_peak", "bytes", 1.0, "Peak resident memory"),
    ("file-size", "file_size", "bytes", 1.0, "Size of the model's file"),
    ("throughput", "throughput_images_per_second", "", 1.0, "Images a second, back to back"),
    ("top-1", "top1", "ratio", 1e-2, "Share of images whose best class is right"),
    ("top-5", "top5", "ratio", 1e-2, "Share of images whose true class is among the best five"),
];

impl Export for OpenMetrics {
    fn text(&self, run: &Run, rows: &[Row]) -> String {
        let mut text = String::new();
        for (measure, family, unit, factor, help) in FAMILIES {
            let ending = if unit.is_empty() { String::new() } else { format!("_{unit}") };
            let name = format!("shutterbench_{family}{ending}");
            let mut samples = String::new();
            for row in rows {
                for found in measures(row).into_iter().filter(|it| it.name == measure) {
                    // Writing to a String does not fail.
                    let _ = writeln!(
                        samples,
                        "{name}{{{}}} {}",
                        labels(run, row),
                        found.value * factor
                    );
                }
            }
            if samples.is_empty() {
                continue;
            }
            let _ = writeln!(text, "# TYPE {name} gauge");
            if !unit.is_empty() {
                let _ = writeln!(text, "# UNIT {name} {unit}");
            }
            let _ = writeln!(text, "# HELP {name} {help}.\n{}", samples.trim_end());
        }
        text.push_str("# EOF\n");
        text
    }
}

fn labels(run: &Run, row: &Row) -> String {
    let threads = row.threads.to_string();
    let (backend, delegate) = (row.backend.to_string(), row.delegate.to_string());
    let case = row.case();
    let labels = [
        ("case", case.as_str()),
        ("model", &row.model),
        ("backend", &backend),
        ("delegate", &delegate),
        ("options", row.options.as_deref().unwrap_or_default()),
        ("threads", &threads),
        ("device", &row.device),
        ("run", &run.header.run_id),
    ];
    let one = |(name, value): (&str, &str)| format!("{name}=\"{}\"", escape(value));
    labels.map(one).join(",")
}

/// A label's value: backslash, quote and line end are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
