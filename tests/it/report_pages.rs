//! What every HTML page keeps to: names cannot leave their place, and a page without figures is
//! small.

use std::collections::BTreeSet;
use std::fs;

use shutterbench::decide::compare::compare;
use shutterbench::decide::comparison::CompareOptions;
use shutterbench::decide::fleet_grid::{GridOptions, grid};
use shutterbench::decide::measured_fleet::{Fleet, FleetSource};
use shutterbench::record::header::Part;
use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::report::grid::grid_html;
use shutterbench::report::html::comparison_page;
use shutterbench::report::html::page;
use shutterbench::report::html::side_by_side_page;
use shutterbench::table::row::Row;
use shutterbench::table::rows::rows;

use tempfile::TempDir;

use crate::common::{repository, said, shutterbench_in};
use crate::report_common::{Shape, change_runs, host, run};

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
fn pages(name: &str) -> [String; 4] {
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
        side_by_side_page::page(&[called(name), run.clone()]),
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

/// The ids of a page's cases, each of which is once on it.
fn anchors(page: &str) -> BTreeSet<&str> {
    let ids = page.split(" id=\"case-").skip(1).map(|rest| rest.split('"').next().unwrap());
    let all: Vec<&str> = ids.collect();
    let once: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(once.len(), all.len(), "{all:?}");
    once
}

#[test]
fn a_case_has_the_same_address_on_every_page() {
    let run = run(&Shape::default());
    let comparison = compare(&run, &run, CompareOptions::default());
    let report = page::page(&run, &rows(&run));
    let expected = anchors(&report);
    assert_eq!(expected.len(), run.header.cases.len());
    assert_eq!(anchors(&comparison_page::page(std::slice::from_ref(&comparison))), expected);
    assert_eq!(anchors(&side_by_side_page::page(&[run.clone(), run.clone()])), expected);
    for id in &expected {
        assert!(report.contains(&format!("href=\"#case-{id}\"")), "{id}");
    }
    // A page that shows the same case twice, for two figures, has both under an address.
    let twice = comparison_page::page(&[comparison.clone(), comparison]);
    assert!(anchors(&twice).is_superset(&expected));
    assert_eq!(anchors(&twice).len(), 2 * expected.len());
}

#[test]
fn runs_and_devices_stand_side_by_side_with_their_ratios() {
    let base = run(&Shape { models: vec!["a_f32".into(), "b_int8".into()], ..Shape::default() });
    let mut new = base.clone();
    for visit in new.cases.iter_mut().flat_map(|case| &mut case.visits) {
        change_runs(visit, |block| block.latency_ns.iter_mut().for_each(|ns| *ns *= 2));
    }
    new.header.device = "phone".into();
    new.cases[1].status = Status::Failed;
    new.header.dataset.as_mut().unwrap().listing_sha256 = "other".into();
    new.header.models[0].sha256 = "f".repeat(64);
    let page = side_by_side_page::page(&[base.clone(), new, base.clone()]);
    let cases = base.header.cases.len();
    assert!(page.contains("<h1>3 runs side by side</h1>"));
    assert_eq!(page.matches(">×2.00<").count(), cases - 1, "all but the one that failed");
    assert_eq!(page.matches(">×1.00<").count(), cases);
    assert_eq!(page.matches("class=\"n dim\"").count(), cases, "the same run: intervals overlap");
    assert!(page.contains("a_f32 is not the same file") && page.contains("on different images"));
    for title in ["A p50 ms", "B to A", "C to A", "C Top-1 %"] {
        assert!(page.contains(title), "{title}");
    }
}

#[test]
fn several_runs_make_one_page_on_the_command_line() {
    let root = TempDir::new().unwrap();
    for name in ["first", "second"] {
        fs::create_dir(root.path().join(name)).unwrap();
        let journal = repository().join("tests/fixtures/journal-1.jsonl");
        fs::copy(journal, root.path().join(name).join("journal.jsonl")).unwrap();
    }
    let report = |more: &[&str]| {
        shutterbench_in(root.path(), &[&["report", "first", "second"], more].concat())
    };
    let output = report(&["--html", "page.html"]);
    assert!(output.status.success(), "{}", said(&output));
    let page = fs::read_to_string(root.path().join("page.html")).unwrap();
    assert!(page.contains("2 runs side by side") && !anchors(&page).is_empty());
    for more in [&[][..], &["--html", "page.html", "--csv", "rows.csv"]] {
        let output = report(more);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        assert!(said(&output).contains("--html"), "{}", said(&output));
    }
}

#[test]
fn the_page_of_many_cases_grows_by_little_per_case() {
    let size = |models: usize| {
        let models = (0..models).map(|i| format!("model_{i:04}_int8")).collect();
        let run =
            run(&Shape { models, rounds: 3, samples_per_round: 5, images: 20, ..Shape::default() });
        let page = page::page(&run, &rows(&run));
        assert_eq!(anchors(&page).len(), run.cases.len());
        (run.cases.len(), page.len(), page.contains("id=\"all-columns\""))
    };
    let (few, small, is_complete) = size(30);
    assert!(is_complete, "{few} cases");
    let (many, large, is_complete) = size(300);
    assert!(!is_complete, "{many} cases: every column would be most of the page");
    let per_case = (large - small) / (many - few);
    // So that 10,000 cases take at most 40 MB.
    assert!(per_case < 4000, "{per_case} bytes");
}

#[test]
fn the_devices_of_one_run_stand_side_by_side() {
    let one = run(&Shape { models: vec!["a_f32".into()], ..Shape::default() });
    let cases = one.header.cases.len();
    let mut both = one.clone();
    for device in ["phone", "board"] {
        let mut part = one.clone();
        part.header.cases.iter_mut().for_each(|case| case.device = Some(device.into()));
        part.cases.iter_mut().for_each(|record| record.case.device = Some(device.into()));
        part.accuracies.iter_mut().for_each(|record| record.key.device = Some(device.into()));
        both.header.cases.extend(part.header.cases);
        both.cases.extend(part.cases);
        both.accuracies.extend(part.accuracies);
        both.header.parts.push(Part {
            run_id: format!("run-{device}"),
            device: device.into(),
            shard: None,
            binary_sha256: None,
            started_at: one.header.started_at.clone(),
            seconds: 1.0,
            host: host(),
            runtimes: one.header.runtimes.clone(),
        });
    }
    both.header.cases.drain(..cases);
    both.cases.drain(..cases);
    both.accuracies.drain(..one.accuracies.len());
    let page = side_by_side_page::page(&[both]);
    assert!(page.contains("<h1>2 devices side by side</h1>"), "{page}");
    assert!(page.contains("<td>phone</td>") && page.contains("<td>board</td>"));
    assert_eq!(anchors(&page).len(), cases, "a line per case, whatever the devices");
}
