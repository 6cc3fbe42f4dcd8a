//! Verdicts know noise, runs know what they lack, and files of the user are written to.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

use shutterbench::decide::complete::is_complete;
use shutterbench::decide::highlights::Highlights;
use shutterbench::record::status::Status;
use shutterbench::report::export::kind::ExportKind;
use shutterbench::report::{file, terminal};
use shutterbench::table::row::Row;
use shutterbench::table::rows::rows;

use crate::report_common::{Shape, run};

fn case(model: &str, latency: (f64, f64, f64), top1: (f64, f64, f64)) -> Row {
    Row {
        model: model.into(),
        status: Status::Ok,
        latency_p50_us: Some(latency.0),
        latency_p50_low_us: Some(latency.1),
        latency_p50_high_us: Some(latency.2),
        top1: Some(top1.0),
        top1_low: Some(top1.1),
        top1_high: Some(top1.2),
        ..Row::default()
    }
}

#[test]
fn what_has_no_interval_is_never_told_apart() {
    let no_interval = |row: Row| Row { latency_p50_low_us: None, latency_p50_high_us: None, ..row };
    let rows = [
        no_interval(case("a", (10.0, 0.0, 0.0), (0.5, 0.4, 0.6))),
        no_interval(case("b", (20.0, 0.0, 0.0), (0.5, 0.4, 0.6))),
    ];
    let verdict = Highlights::of(&rows);
    assert_eq!((verdict.fastest, verdict.as_fast.as_slice()), (Some(0), [1].as_slice()));
    let sentence = &verdict.sentences(&rows)[0].1;
    assert!(sentence.contains("not distinguishable from b"), "{sentence}");
}

#[test]
fn steps_of_the_front_within_noise_are_said_to_be() {
    let rows = [
        case("first", (10.0, 9.9, 10.1), (0.50, 0.48, 0.52)),
        // More accurate by less than is known, and slower for certain.
        case("no_gain", (12.0, 11.9, 12.1), (0.51, 0.49, 0.53)),
        case("certain", (20.0, 19.0, 21.0), (0.70, 0.68, 0.72)),
        // More accurate for certain, and slower by less than is known.
        case("no_cost", (20.5, 19.5, 21.5), (0.80, 0.78, 0.82)),
    ];
    let verdict = Highlights::of(&rows);
    assert_eq!(verdict.front, [0, 1, 2, 3]);
    assert_eq!(verdict.within_noise, [1, 3]);
    let text = terminal::table(&rows, Some(120), false);
    assert_eq!(text.matches("(within noise)").count(), 2, "{text}");
}

fn junit(run: &shutterbench::record::run::Run) -> String {
    ExportKind::Junit.export().text(run, &rows(run))
}

#[test]
fn a_case_that_was_only_scored_is_named_without_a_latency() {
    let mut run = run(&Shape::default());
    run.header.options.latency = None;
    run.cases.iter_mut().for_each(|record| record.visits.clear());
    let rows = rows(&run);
    let sentences = Highlights::of(&rows).sentences(&rows);
    let (_, text) = sentences.iter().find(|(name, _)| *name == "Most accurate").unwrap();
    assert!(text.contains("Top-1 ") && !text.contains(" at "), "{text}");
}

#[test]
fn a_run_whose_scoring_failed_is_not_complete() {
    let complete = |run: &shutterbench::record::run::Run| is_complete(run, &rows(run));
    let whole = run(&Shape::default());
    assert!(complete(&whole));
    for status in [Status::Crashed, Status::Failed, Status::Timeout, Status::Unsupported] {
        let mut run = whole.clone();
        run.accuracies[1].status = status;
        assert!(!complete(&run), "{status}");
    }
    let mut unscored = whole.clone();
    unscored.accuracies.remove(0);
    assert!(!complete(&unscored));
    let mut unsupported = whole.clone();
    let key = unsupported.cases[0].case.accuracy_key();
    for record in unsupported.cases.iter_mut().filter(|it| it.case.accuracy_key() == key) {
        record.status = Status::Unsupported;
    }
    unsupported.accuracies.retain(|record| record.key != key);
    assert!(complete(&unsupported), "what no backend can run was not asked of this one");
    for record in &mut unsupported.cases {
        record.status = Status::Unsupported;
    }
    unsupported.accuracies.clear();
    assert!(!complete(&unsupported), "nothing at all could be measured");
    let all = junit(&unsupported);
    assert!(all.contains("<error type=\"unsupported\"") && !all.contains("<skipped"), "{all}");
    let mut failed = whole;
    failed.cases[0].status = Status::Failed;
    assert!(!complete(&failed));
}

#[test]
fn every_row_says_whether_it_is_valid_and_what_would_make_it_so() {
    let mut run = run(&Shape::default());
    run.cases[0].status = Status::Crashed;
    run.cases[1].visits.truncate(2);
    let key = run.cases.remove(2).case.accuracy_key();
    run.accuracies.retain(|record| record.key != key);
    let rows = rows(&run);
    let said = |row: &Row| (row.valid, row.invalid_reason.clone().unwrap_or_default());
    assert!(said(&rows[0]).1.contains("crashed") && rows[0].valid == Some(false));
    assert!(said(&rows[1]).1.contains("--runs auto"), "{:?}", said(&rows[1]));
    assert_eq!(said(&rows[2]), (None, String::new()));
    assert_eq!(said(&rows[3]), (Some(true), String::new()));
}

#[test]
fn tails_have_intervals_from_the_count_that_they_need() {
    let of = |rounds, samples_per_round| {
        rows(&run(&Shape { rounds, samples_per_round, ..Shape::default() })).remove(0)
    };
    let long = of(40, 50);
    assert!(long.latency_p90_low_us <= long.latency_p90_us);
    assert!(long.latency_p90_us <= long.latency_p90_high_us);
    assert!(long.latency_p99_low_us.is_some() && long.within_budget_low.is_some());
    let short = of(12, 10);
    assert!(short.latency_p90_low_us.is_some() && short.latency_p99_low_us.is_none());
    let few = of(3, 20);
    assert!(few.latency_p90_low_us.is_none() && few.within_budget_low.is_none());
    // p99 of 60 runs is another name for the slowest.
    assert!(few.latency_p99_us.is_some() && few.shown_p99_us().is_none());
    assert!(!terminal::table(&[few], Some(160), false).contains("p99"));
}

#[test]
fn five_outputs_have_no_top5() {
    let rows = rows(&run(&Shape { classes: 5, ..Shape::default() }));
    assert!(rows.iter().all(|row| row.top1.is_some() && row.top5.is_none()));
}

#[test]
fn devices_and_links_are_written_to_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &std::path::Path, text: &str| {
        file::write(path, |to| to.write_all(text.as_bytes())).unwrap();
    };
    let (target, link, hard) =
        (folder.path().join("target"), folder.path().join("link"), folder.path().join("hard"));
    fs::write(&target, "old and longer").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    write(&target, "whole");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    symlink(&target, &link).unwrap();
    write(&link, "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    fs::hard_link(&target, &hard).unwrap();
    write(&hard, "both");
    assert_eq!(fs::read_to_string(&target).unwrap(), "both");
    // What looks like /dev/null: a link to it, so that a failure of this test breaks nothing.
    let null = folder.path().join("null");
    symlink("/dev/null", &null).unwrap();
    write(&null, "nothing");
    assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 4, "no part is left behind");
}

/// The chance that a case is flagged as a fast wrong answer whose best class is the reference's with
/// probability `agrees`, on `inputs`: docs/delegates.md has these figures.
fn chance_of_a_flag(inputs: usize, agrees: f64) -> f64 {
    let row = |same: usize| Row {
        agreement_inputs: Some(inputs),
        agreement_top1: Some(same as f64 / inputs as f64),
        ..Row::default()
    };
    // As a logarithm, since the smallest is below what a number can be.
    let mut chance_ln = (1.0 - agrees).ln() * inputs as f64;
    let mut sum = 0.0;
    for same in 0..=inputs {
        if row(same).is_suspicious() {
            sum += chance_ln.exp();
        }
        let odds = (inputs - same) as f64 / (same + 1) as f64 * agrees / (1.0 - agrees);
        chance_ln += odds.ln();
    }
    sum
}

#[test]
fn the_rule_of_wrong_answers_has_the_false_alarms_that_are_documented() {
    let text = std::fs::read_to_string(crate::common::repository().join("docs/delegates.md"));
    let text = text.unwrap();
    for inputs in [16, 50, 100, 500] {
        let cell = |agrees| {
            let percent = chance_of_a_flag(inputs, agrees) * 100.0;
            match percent {
                0.01.. => format!("{percent:.2}%"),
                _ => "< 0.01%".to_owned(),
            }
        };
        let cells = [0.98, 0.95, 0.9, 0.8, 0.5].map(cell).join(" | ");
        let line = format!("| {inputs} | {cells} |");
        assert!(text.contains(&line), "docs/delegates.md lacks: {line}");
    }
}
