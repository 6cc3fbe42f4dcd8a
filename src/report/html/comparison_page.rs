//! The page of a comparison. `templates/comparison.html` says how it looks.

use askama::Template;

use crate::decide::comparison::{CaseComparison, Outcome, RunComparison};
use crate::report::comparison_report::{cells, remarks, summary};
use crate::report::html::case_anchors::{CaseAnchors, anywhere};
use crate::report::html::frame::{Frame, file};

#[derive(Template)]
#[template(path = "comparison.html", whitespace = "minimize")]
struct ComparisonPage<'a> {
    frame: Frame,
    base: &'a str,
    new: &'a str,
    tables: Vec<ComparisonTable>,
}

/// A figure that was compared.
struct ComparisonTable {
    summary: String,
    lines: Vec<ComparisonLine>,
    remarks: Vec<String>,
}

/// A case in both runs.
struct ComparisonLine {
    /// By which others link to it.
    anchor: String,
    case: String,
    base: String,
    new: String,
    change: String,
    interval: String,
    verdict: String,
    /// Of the verdict's tag.
    class: &'static str,
}

/// A page that opens from disk without a network.
#[must_use]
pub fn page(comparisons: &[RunComparison]) -> String {
    let Some(RunComparison { base, new, .. }) = comparisons.first() else { return String::new() };
    let mut anchors = CaseAnchors::default();
    file(&ComparisonPage {
        frame: Frame::without_scripts(format!("{new} against {base} – shutterbench")),
        base,
        new,
        tables: comparisons.iter().map(|it| table(it, &mut anchors)).collect(),
    })
}

fn table(comparison: &RunComparison, anchors: &mut CaseAnchors) -> ComparisonTable {
    ComparisonTable {
        summary: summary(comparison),
        lines: comparison.cases.iter().map(|case| line(comparison, case, anchors)).collect(),
        remarks: remarks(comparison),
    }
}

fn line(
    comparison: &RunComparison,
    case: &CaseComparison,
    anchors: &mut CaseAnchors,
) -> ComparisonLine {
    let anchor = anchors.next(anywhere(&case.case));
    let class = match case.outcome {
        Outcome::Worse | Outcome::Missing => " failure",
        Outcome::Undecided => " warning",
        Outcome::Better => " pareto",
        Outcome::Same | Outcome::New => "",
    };
    let [case, base, new, change, interval, verdict] = cells(comparison, case);
    ComparisonLine { anchor, case, base, new, change, interval, verdict, class }
}
