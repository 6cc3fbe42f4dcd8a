//! What every HTML page keeps to: names cannot leave their place, and a page without figures is
//! small.

use shutterbench::decide::compare::compare;
use shutterbench::decide::comparison::CompareOptions;
use shutterbench::decide::fleet_grid::{GridOptions, grid};
use shutterbench::decide::measured_fleet::{Fleet, FleetSource};
use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::report::grid::grid_html;
use shutterbench::report::html::comparison_page;
use shutterbench::report::html::page;
use shutterbench::table::row::Row;
use shutterbench::table::rows::rows;

use crate::report_common::{Shape, run};

/// It ends a script, an element, a comment, an attribute and a line.
const HOSTILE: &str =
    "</script><script>alert(1)</script>\" onerror=\"x' y='&lt;-->\n\u{1b}[31m<!--";

/// A run in which everything is called `name` that others than this program give a name to.
fn called(name: &str) -> Run {
    let models = ["_a_f32", "_b_int8"].map(|end| format!("{name}{end}")).to_vec();
    let mut run = run(&Shape { models, ..Shape::default() });
    let text = || name.to_owned();
    let header = &mut run.header;
    for field in [&mut header.run_id, &mut header.version, &mut header.device] {
        *field = text();
    }
    for field in [&mut header.host.cpu, &mut header.host.os, &mut header.host.arch] {
        *field = text();
    }
    header.commit = Some(text());
    header.host.governor = Some(text());
    header.assumptions.push(text());
    header.runtimes.iter_mut().for_each(|runtime| runtime.version = text());
    header.dataset.as_mut().unwrap().unreadable.push((text(), text()));
    for model in &mut header.models {
        model.signature.labels = Some(vec![text(); 10]);
        model.description.source = Some(text());
        if let Some(published) = &mut model.description.published {
            published.source = Some(text());
            published.latency_on = Some(text());
        }
    }
    run.cases[0].status = Status::Failed;
    run.cases[0].error = Some(text());
    run
}

/// Every page, of runs with such names.
fn pages(name: &str) -> [String; 3] {
    let run = called(name);
    let comparison = compare(&run, &run, CompareOptions::default());
    let source = |index: usize| {
        let mut run = called(name);
        run.header.run_id.push_str(&index.to_string());
        run.header.device.push_str(&index.to_string());
        FleetSource { folder: index.to_string().into(), rows: rows(&run), run: Some(run) }
    };
    let fleet = Fleet::new(vec![source(0), source(1)], None).unwrap();
    let column = Row::column("latency_p50_us").unwrap();
    let shown = GridOptions { column, budget_ms: Some(0.2) };
    [
        page::page(&run, &rows(&run)),
        comparison_page::page(&[comparison]),
        grid_html::page(&fleet, &grid(&fleet, shown), shown),
    ]
}

/// The beginnings of the page's tags and comments, in their order.
fn tags(page: &str) -> Vec<&str> {
    let begins =
        |rest: &&str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c));
    let name =
        |rest: &'_ str| rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/!-".contains(c)));
    page.split('<')
        .skip(1)
        .filter(begins)
        .map(|rest| name(rest).map_or(rest, |end| &rest[..end]))
        .collect()
}

#[test]
fn hostile_names_change_the_markup_of_no_page() {
    let harmless = "n".repeat(HOSTILE.chars().count());
    for (hostile, harmless) in pages(HOSTILE).iter().zip(&pages(&harmless)) {
        assert!(tags(harmless).len() > 50);
        assert_eq!(tags(hostile), tags(harmless));
        assert!(hostile.contains("&#60;/script&#62;"), "the names are shown");
        for attack in ["<script>alert", "\" onerror=\"", "\u{1b}"] {
            assert!(!hostile.contains(attack), "{attack:?}");
        }
    }
}

#[test]
fn the_page_of_a_run_without_figures_takes_less_than_300_kilobytes() {
    let mut run = run(&Shape::default());
    run.cases.clear();
    run.accuracies.clear();
    run.finished = None;
    let page = page::page(&run, &rows(&run));
    assert!(page.contains("Nothing was measured"));
    assert!(page.len() < 300_000, "{}", page.len());
}
