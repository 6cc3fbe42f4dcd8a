//! LAVA's test signals: a line per figure, which LAVA's dispatcher takes from a test's
//! output.
//!
//! Source of the rules: Linaro's lava, lava_dispatcher/actions/test/shell.py: a signal is
//! `<LAVA_SIGNAL_(\S+) ([^>]+)>`, its parameters are separated by blanks and have one `=`
//! each, a measurement is a Python Decimal, and a test case id comes once.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::record::run::Run;
use crate::report::export::measure::{CaseEnding, Export, endings, measures};
use crate::table::row::Row;

/// Writes LAVA's signals.
pub(crate) struct Lava;

impl Export for Lava {
    fn text(&self, run: &Run, rows: &[Row]) -> String {
        let mut text = String::new();
        let mut used: HashMap<String, usize> = HashMap::new();
        for (row, ending) in rows.iter().zip(endings(run, rows)) {
            let id = unique(&plain(&row.case()), &mut used);
            let result = match ending {
                CaseEnding::Passed => "pass",
                CaseEnding::Failed(..) => "fail",
                CaseEnding::Skipped(_) => "skip",
            };
            // Writing to a String does not fail.
            let _ = writeln!(text, "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID={id} RESULT={result}>");
            for measure in measures(row) {
                let _ = writeln!(
                    text,
                    "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID={id}.{} RESULT={result} UNITS={} MEASUREMENT={}>",
                    measure.name,
                    measure.unit,
                    decimal(measure.value),
                );
            }
        }
        text
    }
}

/// A name without blanks and without the characters that signals and LAVA's addresses are
/// made of.
fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '-' };
    name.chars().map(keep).collect()
}

/// The name, with a number behind it where it was used before.
fn unique(name: &str, used: &mut HashMap<String, usize>) -> String {
    let count = used.entry(name.to_owned()).or_insert(0);
    *count += 1;
    if *count == 1 { name.to_owned() } else { format!("{name}-{count}") }
}

/// LAVA keeps ten digits behind the point.
fn decimal(value: f64) -> String {
    let text = format!("{value:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
