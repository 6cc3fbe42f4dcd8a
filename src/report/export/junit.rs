//! JUnit XML: a test case per case. It is red where the run lacks something that was asked for:
//! something failed, or was not reached.
//!
//! Source of the form: the schema that Jenkins' xUnit plugin publishes (junit-10.xsd).

use std::fmt::Write as _;

use crate::record::run::Run;
use crate::report::export::measure::{CaseEnding, Export, endings, measures};
use crate::table::row::Row;

/// Writes JUnit XML.
pub(crate) struct Junit;

impl Export for Junit {
    fn text(&self, run: &Run, rows: &[Row]) -> String {
        let endings = endings(run, rows);
        let failed = endings.iter().filter(|it| matches!(it, CaseEnding::Failed(..))).count();
        let skipped = endings.iter().filter(|it| matches!(it, CaseEnding::Skipped(_))).count();
        let seconds: f64 = rows.iter().filter_map(|row| row.seconds).sum();
        let counts = format!(
            "tests=\"{}\" failures=\"0\" errors=\"{failed}\" skipped=\"{skipped}\" time=\"{seconds:.3}\"",
            rows.len()
        );
        let header = &run.header;
        // Its form has no zone: the moment is UTC's.
        let moment = header.started_at.trim_end_matches('Z');
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"shutterbench\" {counts}>\n\
             <testsuite name=\"{}\" {counts} timestamp=\"{}\" hostname=\"{}\">\n",
            escape(&header.run_id),
            escape(moment),
            escape(&header.device),
        );
        let host =
            [("cpu", &header.host.cpu), ("os", &header.host.os), ("arch", &header.host.arch)];
        text.push_str("<properties>\n");
        for (name, value) in host {
            property(&mut text, name, value);
        }
        text.push_str("</properties>\n");
        for (row, ending) in rows.iter().zip(&endings) {
            test_case(&mut text, row, ending);
        }
        text.push_str("</testsuite>\n</testsuites>\n");
        text
    }
}

fn test_case(text: &mut String, row: &Row, ending: &CaseEnding) {
    let case = row.case();
    let name = case.strip_prefix(&row.model).unwrap_or(&case).trim_start();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "<testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">",
        escape(&row.model),
        escape(name),
        row.seconds.unwrap_or(0.0),
    );
    let measures = measures(row);
    if !measures.is_empty() {
        text.push_str("<properties>\n");
        for measure in measures {
            let name = format!("{} ({})", measure.name, measure.unit);
            property(text, &name, &measure.value.to_string());
        }
        text.push_str("</properties>\n");
    }
    match ending {
        CaseEnding::Passed => {}
        CaseEnding::Failed(kind, why) => {
            let (kind, why) = (escape(kind), escape(why));
            let _ = writeln!(text, "<error type=\"{kind}\" message=\"{why}\"/>");
        }
        CaseEnding::Skipped(why) => {
            let _ = writeln!(text, "<skipped message=\"{}\"/>", escape(why));
        }
    }
    if let Some(reason) = &row.invalid_reason {
        let _ = writeln!(text, "<system-out>{}</system-out>", escape(reason));
    }
    text.push_str("</testcase>\n");
}

fn property(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "<property name=\"{}\" value=\"{}\"/>", escape(name), escape(value));
}

/// Text as XML 1.0 can hold it, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            // Not a character of XML 1.0, not even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
