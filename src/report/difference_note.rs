//! What makes one case slower than another, as text.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::record::delegate::Delegate;
use crate::record::run::{CaseRecord, Run};
use crate::report::operator_difference::{DifferingPart, OperatorDifference};
use crate::report::operator_note::beside_timed;
use crate::table::operator_times::OperatorTimes;
use crate::table::units::ms;

/// Nodes of the same name, and partitions, that are shown.
const MOST_ALIGNED: usize = 10;
const MOST_PARTITIONS: usize = 12;

/// What `other` takes beyond `one`: by kind of operator, by what ran them, by partition, and node by
/// node.
///
/// # Errors
/// A case without a profile.
pub(crate) fn text(run: &Run, one: &CaseRecord, other: &CaseRecord) -> Result<String> {
    let found = OperatorDifference::of(run, one, other)?;
    let beside = |record: &CaseRecord| {
        let times = record.profile.as_ref().and_then(OperatorTimes::of);
        times.map(|times| beside_timed(run, record, &times)).context("it has no profile")
    };
    let (first, second) = (beside(one)?, beside(other)?);
    let mut text = format!("A: {}\n   {first}\nB: {}\n   {second}\n", found.a, found.b);
    let whole = found.difference_us;
    let word = if whole < 0.0 { "less" } else { "more" };
    // Writing to a String does not fail.
    let _ = writeln!(text, "B takes {} ms {word} than A:", ms(whole.abs()));
    let _ = writeln!(
        text,
        "{:>10}  {:>6}  {:>10}  {:>10}  {:>11}",
        "B - A ms", "%", "A ms", "B ms", "nodes A, B"
    );
    lines(&mut text, &found.by_kind);
    if whole != 0.0 {
        let _ = writeln!(
            text,
            "operators explain {} ms of {} ms ({:.0}%)",
            signed(found.operators_us),
            signed(whole),
            found.operators_us / whole * 100.0
        );
    }
    if !found.conversions.is_empty() {
        let _ = writeln!(text, "conversions and copies by operator:");
        lines(&mut text, &found.conversions);
    }
    let _ = writeln!(text, "by what ran them:");
    lines(&mut text, &found.by_place);
    partitions(&mut text, &found.by_partition);
    let pieces = [one, other].map(|record| {
        let told = record.coverage.as_ref().and_then(|coverage| coverage.partitions);
        match (&record.case.delegate, told) {
            (Delegate::None, _) => "none".to_owned(),
            (_, told) => told.map_or("unknown".to_owned(), |count| count.to_string()),
        }
    });
    let _ = writeln!(text, "delegated partitions: A {}, B {}", pieces[0], pieces[1]);
    let shown = found.same_nodes.len().min(MOST_ALIGNED);
    if shown > 0 {
        let _ = writeln!(
            text,
            "layers and nodes of the same name ({shown} of {}):",
            found.same_nodes.len()
        );
        lines(&mut text, &found.same_nodes[..shown]);
    }
    Ok(text)
}

/// The partitions that differ most, in the order in which they run, and what the others come to.
fn partitions(text: &mut String, all: &[DifferingPart]) {
    let _ = writeln!(text, "by partition (nodes in a row that the same kernels ran):");
    let mut by_size: Vec<f64> = all.iter().map(|line| line.difference_us.abs()).collect();
    by_size.sort_by(|one, other| other.total_cmp(one));
    let least = by_size.get(MOST_PARTITIONS).copied();
    let is_shown = |line: &&DifferingPart| {
        least.is_none_or(|least| line.difference_us.abs() > least) || line.a_nodes.is_none()
    };
    let (shown, others): (Vec<_>, Vec<_>) = all.iter().partition(is_shown);
    for line in shown {
        one_line(text, line);
    }
    if others.is_empty() {
        return;
    }
    let sum = |part: fn(&DifferingPart) -> f64| others.iter().map(|line| part(line)).sum();
    let nodes = |part: fn(&DifferingPart) -> Option<usize>| {
        Some(others.iter().filter_map(|line| part(line)).sum())
    };
    let share = others.iter().map(|line| line.share).sum::<Option<f64>>();
    let rest = DifferingPart {
        what: format!("{} others", others.len()),
        difference_us: sum(|line| line.difference_us),
        a_us: sum(|line| line.a_us),
        b_us: sum(|line| line.b_us),
        share,
        a_nodes: nodes(|line| line.a_nodes),
        b_nodes: nodes(|line| line.b_nodes),
    };
    one_line(text, &rest);
}

fn lines(text: &mut String, lines: &[DifferingPart]) {
    for line in lines {
        one_line(text, line);
    }
}

fn one_line(text: &mut String, line: &DifferingPart) {
    let difference = signed(line.difference_us);
    // Of -0, the sum with 0 is 0.
    let share = line.share.map_or(String::new(), |share| format!("{:+.1}", share * 100.0 + 0.0));
    let nodes = line.a_nodes.zip(line.b_nodes).map_or(String::new(), |(a, b)| format!("{a}, {b}"));
    let (a, b, what) = (ms(line.a_us), ms(line.b_us), &line.what);
    let _ = writeln!(text, "{difference:>10}  {share:>6}  {a:>10}  {b:>10}  {nodes:>11}  {what}");
}

fn signed(us: f64) -> String {
    format!("{}{}", if us < 0.0 { "-" } else { "+" }, ms(us.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: usize) -> DifferingPart {
        DifferingPart {
            what: format!("x {at}"),
            difference_us: 1000.0 * at as f64,
            share: Some(0.01 * at as f64),
            a_nodes: Some(1),
            b_nodes: Some(2),
            ..DifferingPart::default()
        }
    }

    #[test]
    fn many_partitions_are_shown_in_part_and_still_add_up() {
        let outside = DifferingPart { what: "outside".into(), ..DifferingPart::default() };
        let all: Vec<DifferingPart> = (1..=20).map(line).chain([outside]).collect();
        let mut text = String::new();
        partitions(&mut text, &all);
        let lines: Vec<Vec<&str>> =
            text.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.len(), MOST_PARTITIONS + 2, "{text}");
        let sum: f64 = lines.iter().map(|line| line[0].parse::<f64>().unwrap()).sum();
        assert!((sum - 210.0).abs() < 1e-9, "{text}");
        assert!(text.contains("8, 16  8 others") && text.contains("outside"), "{text}");
    }
}
