//! What makes one case slower than another: their profiles, set side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::record::run::{CaseRecord, Run};
use crate::report::operator_alignment::{AlignedNode, aligned};
use crate::report::operator_note::beside_timed;
use crate::table::operator_kind::OperatorKind;
use crate::table::operator_times::{OUTSIDE, OperatorTimes};
use crate::table::units::ms;

/// What each case spends on one kind of operator, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct SideBySide {
    nodes: [usize; 2],
    ns: [f64; 2],
}

impl SideBySide {
    fn difference_ns(&self) -> f64 {
        self.ns[1] - self.ns[0]
    }
}

/// What `other` takes beyond `one`, by kind of operator; all lines add up to the whole difference.
///
/// # Errors
/// A case without a profile.
pub(crate) fn text(run: &Run, one: &CaseRecord, other: &CaseRecord) -> Result<String> {
    let names = [one, other].map(|record| run.header.name_of(&record.case));
    let times = [one, other].map(|record| record.profile.as_ref().and_then(OperatorTimes::of));
    let [first, second] = times;
    let missing = |name: &str| format!("{name} has no profile");
    let first = first.with_context(|| missing(&names[0]))?;
    let second = second.with_context(|| missing(&names[1]))?;
    let mut text = format!(
        "A: {}\n   {}\nB: {}\n   {}\n",
        names[0],
        beside_timed(run, one, &first),
        names[1],
        beside_timed(run, other, &second)
    );
    let whole = second.run_ns - first.run_ns;
    let word = if whole < 0.0 { "less" } else { "more" };
    // Writing to a String does not fail.
    let _ = writeln!(text, "B takes {} ms {word} than A:", ms(whole.abs() / 1e3));
    let mut kinds: Vec<_> = by_kind([&first, &second]).into_iter().collect();
    kinds.sort_by(|(_, one), (_, other)| {
        other.difference_ns().abs().total_cmp(&one.difference_ns().abs())
    });
    let _ =
        writeln!(text, "{:>10}  {:>10}  {:>10}  {:>11}", "B - A ms", "A ms", "B ms", "nodes A, B");
    for (kind, side) in &kinds {
        let [a, b] = side.ns.map(|ns| ms(ns / 1e3));
        let nodes = match kind {
            OperatorKind::Outside => String::new(),
            _ => format!("{}, {}", side.nodes[0], side.nodes[1]),
        };
        let difference = signed(side.difference_ns());
        let _ = writeln!(text, "{difference:>10}  {a:>10}  {b:>10}  {nodes:>11}  {kind}");
    }
    by_place(&mut text, [&first, &second]);
    let pieces = [one, other].map(|record| {
        let coverage = record.coverage.as_ref();
        coverage.and_then(|it| it.partitions).map_or("unknown".to_owned(), |it| it.to_string())
    });
    let _ = writeln!(text, "delegated partitions: A {}, B {}", pieces[0], pieces[1]);
    let explained: f64 = kinds
        .iter()
        .filter(|(kind, _)| *kind != OperatorKind::Outside)
        .map(|(_, side)| side.difference_ns())
        .sum();
    if whole != 0.0 {
        let _ = writeln!(
            text,
            "operators explain {} ms of {} ms ({:.0}%)",
            signed(explained),
            signed(whole),
            explained / whole * 100.0
        );
    }
    same_nodes(&mut text, [&first, &second]);
    Ok(text)
}

/// What ran the operators of either case: its own kernels, a delegate's, a provider. These lines
/// add up to the whole difference, too.
fn by_place(text: &mut String, times: [&OperatorTimes; 2]) {
    let mut places = BTreeMap::<&str, SideBySide>::new();
    for (at, times) in times.into_iter().enumerate() {
        for node in &times.nodes {
            let place = if node.operator == OUTSIDE { OUTSIDE } else { node.ran_on.as_str() };
            let side = places.entry(place).or_default();
            side.nodes[at] += usize::from(place != OUTSIDE);
            side.ns[at] += node.median_ns;
        }
    }
    let _ = writeln!(text, "by what ran them:");
    for (place, side) in places {
        let [a, b] = side.ns.map(|ns| ms(ns / 1e3));
        let nodes = match place {
            OUTSIDE => String::new(),
            _ => format!("{}, {}", side.nodes[0], side.nodes[1]),
        };
        let difference = signed(side.difference_ns());
        let _ = writeln!(text, "{difference:>10}  {a:>10}  {b:>10}  {nodes:>11}  {place}");
    }
}

/// Nodes of the same name that are shown.
const MOST_ALIGNED: usize = 10;

/// The nodes that both cases have, by what they take.
fn same_nodes(text: &mut String, times: [&OperatorTimes; 2]) {
    let nodes = aligned(&times);
    if nodes.is_empty() {
        return;
    }
    let shown = nodes.len().min(MOST_ALIGNED);
    let _ = writeln!(text, "nodes of the same name ({shown} of {}):", nodes.len());
    for AlignedNode { name, ns } in nodes.iter().take(shown) {
        let (a, b) = (ns[0].unwrap_or(0.0), ns[1].unwrap_or(0.0));
        let (difference, a, b) = (signed(b - a), ms(a / 1e3), ms(b / 1e3));
        let _ = writeln!(text, "{difference:>10}  {a:>10}  {b:>10}  {name}");
    }
}

fn signed(ns: f64) -> String {
    format!("{}{}", if ns < 0.0 { "-" } else { "+" }, ms(ns.abs() / 1e3))
}

fn by_kind(times: [&OperatorTimes; 2]) -> BTreeMap<OperatorKind, SideBySide> {
    let mut kinds = BTreeMap::<OperatorKind, SideBySide>::new();
    for (at, times) in times.into_iter().enumerate() {
        for node in &times.nodes {
            let side = kinds.entry(OperatorKind::of(&node.operator)).or_default();
            side.nodes[at] += 1;
            side.ns[at] += node.median_ns;
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::operator_profile::{OWN_KERNELS, OperatorProfile, ProfiledNode};

    fn times(run: u64, nodes: &[(&str, u64)]) -> OperatorTimes {
        let node = |(operator, ns): &(&str, u64)| ProfiledNode {
            name: String::new(),
            operator: (*operator).to_owned(),
            ran_on: OWN_KERNELS.to_owned(),
            ns: vec![*ns],
        };
        let nodes = nodes.iter().map(node).collect();
        let profile = OperatorProfile { runs_ns: vec![run], nodes, ..OperatorProfile::default() };
        OperatorTimes::of(&profile).unwrap()
    }

    #[test]
    fn kinds_add_up_to_the_difference() {
        let one = times(1000, &[("CONV_2D", 600), ("RELU", 100)]);
        let other = times(1500, &[("Conv", 650), ("QuantizeLinear", 300), ("Relu", 90)]);
        let kinds = by_kind([&one, &other]);
        let sum: f64 = kinds.values().map(SideBySide::difference_ns).sum();
        assert_eq!(sum, 500.0);
        assert_eq!(kinds[&OperatorKind::Conversion].ns, [0.0, 300.0]);
        assert_eq!(kinds[&OperatorKind::Convolution].nodes, [1, 1]);
        assert_eq!(kinds[&OperatorKind::Outside].ns, [300.0, 460.0]);
    }

    #[test]
    fn what_ran_them_adds_up_too() {
        let one = times(1_000_000, &[("CONV_2D", 700_000)]);
        let mut other = times(1_500_000, &[("CONV_2D", 900_000), ("SOFTMAX", 100_000)]);
        other.nodes[0].ran_on = "xnnpack".to_owned();
        let mut text = String::new();
        by_place(&mut text, [&one, &other]);
        let lines: Vec<Vec<&str>> =
            text.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        let differences = lines.iter().map(|line| line[0].parse::<f64>().unwrap());
        assert!((differences.sum::<f64>() - 0.5).abs() < 1e-9, "{text}");
        assert!(text.contains("1, 1  own kernels") && text.contains("0, 1  xnnpack"), "{text}");
        assert!(text.contains("outside operators"), "{text}");
    }
}
