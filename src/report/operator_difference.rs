//! What makes one case slower than another: their profiles, set side by side.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::record::run::{CaseRecord, Run};
use crate::report::operator_alignment::{AlignedNode, aligned};
use crate::table::operator_kind::OperatorKind;
use crate::table::operator_times::{OUTSIDE, OperatorTime, OperatorTimes};
use crate::table::units::rounded;

/// What case B takes beyond case A. The lines of each of `by_kind`, `by_place` and `by_partition`
/// add up to the whole difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OperatorDifference {
    /// Case A.
    pub a: String,
    /// Case B.
    pub b: String,
    /// What B takes beyond A.
    pub difference_us: f64,
    /// The part of that which operators explain: all but what is outside of them.
    pub operators_us: f64,
    /// By what operators do, whatever the runtimes call them.
    pub by_kind: Vec<DifferingPart>,
    /// The operators among those that only convert, reorder or copy numbers, each by itself.
    pub conversions: Vec<DifferingPart>,
    /// By what ran them.
    pub by_place: Vec<DifferingPart>,
    /// By partition: nodes in a row that the same delegate, provider or kernels ran. The first of a
    /// delegate in A stands beside its first in B, and so on.
    pub by_partition: Vec<DifferingPart>,
    /// Nodes of the same name, those that take most first.
    pub same_nodes: Vec<DifferingPart>,
}

/// What both cases spend on one thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct DifferingPart {
    /// What it is.
    pub what: String,
    /// B less A.
    pub difference_us: f64,
    /// What A takes.
    pub a_us: f64,
    /// What B takes.
    pub b_us: f64,
    /// The part of the whole difference; absent if that is 0.
    pub share: Option<f64>,
    /// Nodes of A; absent outside of operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_nodes: Option<usize>,
    /// Nodes of B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_nodes: Option<usize>,
}

/// Nodes and nanoseconds of both cases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct SideBySide {
    nodes: [usize; 2],
    ns: [f64; 2],
}

impl SideBySide {
    fn difference_ns(&self) -> f64 {
        self.ns[1] - self.ns[0]
    }

    /// As a line; `counted` if nodes can be counted, which they cannot outside of operators.
    fn line(&self, what: String, whole_ns: f64, counted: bool) -> DifferingPart {
        let us = |ns: f64| rounded(ns / 1e3, 3);
        let share = self.difference_ns() / whole_ns;
        DifferingPart {
            what,
            difference_us: us(self.difference_ns()),
            a_us: us(self.ns[0]),
            b_us: us(self.ns[1]),
            share: share.is_finite().then(|| rounded(share, 6)),
            a_nodes: counted.then_some(self.nodes[0]),
            b_nodes: counted.then_some(self.nodes[1]),
        }
    }
}

impl OperatorDifference {
    /// Of two profiled cases of a run.
    ///
    /// # Errors
    /// A case without a profile.
    pub(crate) fn of(run: &Run, one: &CaseRecord, other: &CaseRecord) -> Result<Self> {
        let names = [one, other].map(|record| run.header.name_of(&record.case));
        let times = [one, other].map(|record| record.profile.as_ref().and_then(OperatorTimes::of));
        let [first, second] = &times;
        let missing = |name: &str| format!("{name} has no profile");
        let first = first.as_ref().with_context(|| missing(&names[0]))?;
        let second = second.as_ref().with_context(|| missing(&names[1]))?;
        let [a, b] = names;
        Ok(Self::between((a, first), (b, second)))
    }

    fn between(
        (a, first): (String, &OperatorTimes),
        (b, second): (String, &OperatorTimes),
    ) -> Self {
        let times = [first, second];
        let whole_ns = second.run_ns - first.run_ns;
        let kinds = summed(times, |node| Some(OperatorKind::of(&node.operator)));
        let explained = kinds.iter().filter(|(kind, _)| **kind != OperatorKind::Outside);
        let operators_ns: f64 = explained.map(|(_, side)| side.difference_ns()).sum();
        let by_kind = kinds.iter().map(|(kind, side)| {
            side.line(kind.to_string(), whole_ns, *kind != OperatorKind::Outside)
        });
        let conversions = summed(times, |node| {
            let converts = OperatorKind::of(&node.operator) == OperatorKind::Conversion;
            converts.then(|| node.operator.clone())
        });
        let places = summed(times, |node| Some(place(node).to_owned()));
        let lines = |sums: BTreeMap<String, SideBySide>| {
            let line = |(what, side): (String, SideBySide)| {
                let counted = what != OUTSIDE;
                side.line(what, whole_ns, counted)
            };
            sums.into_iter().map(line).collect::<Vec<_>>()
        };
        Self {
            a,
            b,
            difference_us: rounded(whole_ns / 1e3, 3),
            operators_us: rounded(operators_ns / 1e3, 3),
            by_kind: largest_first(by_kind.collect()),
            conversions: largest_first(lines(conversions)),
            by_place: lines(places),
            by_partition: by_partition(times, whole_ns),
            same_nodes: same_nodes(times, whole_ns),
        }
    }
}

/// What ran a node; what is outside of nodes is its own place.
fn place(node: &OperatorTime) -> &str {
    if node.operator == OUTSIDE { OUTSIDE } else { &node.ran_on }
}

fn largest_first(mut lines: Vec<DifferingPart>) -> Vec<DifferingPart> {
    lines.sort_by(|one, other| other.difference_us.abs().total_cmp(&one.difference_us.abs()));
    lines
}

/// What both cases spend on the nodes of each key.
fn summed<Key: Ord>(
    times: [&OperatorTimes; 2],
    key: impl Fn(&OperatorTime) -> Option<Key>,
) -> BTreeMap<Key, SideBySide> {
    let mut sums = BTreeMap::<Key, SideBySide>::new();
    for (at, times) in times.into_iter().enumerate() {
        for node in &times.nodes {
            let Some(key) = key(node) else { continue };
            let side = sums.entry(key).or_default();
            side.nodes[at] += 1;
            side.ns[at] += node.median_ns;
        }
    }
    sums
}

/// A partition's place among all of its case: what ran it, and how many before it that ran, too.
type PartitionKey = (String, usize);

/// What both cases spend on each partition, in the order in which they run, and outside of them.
fn by_partition(times: [&OperatorTimes; 2], whole_ns: f64) -> Vec<DifferingPart> {
    let mut partitions: Vec<(PartitionKey, SideBySide, [String; 2])> = Vec::new();
    for (at, times) in times.into_iter().enumerate() {
        let mut before = BTreeMap::<&str, usize>::new();
        for nodes in times.nodes.chunk_by(|one, other| place(one) == place(other)) {
            let number = before.entry(place(&nodes[0])).or_default();
            *number += 1;
            let key = (place(&nodes[0]).to_owned(), *number);
            let found = partitions.iter().position(|(known, ..)| *known == key);
            let found = found.unwrap_or_else(|| {
                partitions.push((key, SideBySide::default(), <[String; 2]>::default()));
                partitions.len() - 1
            });
            let (_, side, ends) = &mut partitions[found];
            side.nodes[at] = nodes.len();
            side.ns[at] = nodes.iter().map(|node| node.median_ns).sum();
            ends[at] = from_to(nodes);
        }
    }
    // What is outside of operators is the last of either.
    partitions.sort_by_key(|((place, _), ..)| place == OUTSIDE);
    let line = |((place, number), side, ends): (PartitionKey, SideBySide, [String; 2])| {
        if place == OUTSIDE {
            return side.line(place, whole_ns, false);
        }
        let [a, b] = ends;
        let ends = match (a.is_empty(), b.is_empty()) {
            (false, false) if a != b => format!("A {a}; B {b}"),
            (true, _) => format!("B {b}"),
            (_, true) => format!("A {a}"),
            _ => a,
        };
        side.line(format!("{place} {number}: {ends}"), whole_ns, true)
    };
    partitions.into_iter().map(line).collect()
}

/// The operators that a partition begins and ends with.
fn from_to(nodes: &[OperatorTime]) -> String {
    match nodes {
        [one] => one.operator.clone(),
        [first, .., last] => format!("{} to {}", first.operator, last.operator),
        [] => String::new(),
    }
}

/// The nodes that both cases have, by what they take.
fn same_nodes(times: [&OperatorTimes; 2], whole_ns: f64) -> Vec<DifferingPart> {
    let line = |AlignedNode { name, ns }: AlignedNode| {
        let ns = [0, 1].map(|at: usize| ns.get(at).copied().flatten().unwrap_or(0.0));
        SideBySide { ns, ..SideBySide::default() }.line(name, whole_ns, false)
    };
    aligned(&times).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::operator_profile::{OWN_KERNELS, OperatorProfile, ProfiledNode};

    fn times(run: u64, nodes: &[(&str, &str, u64)]) -> OperatorTimes {
        let node = |(operator, ran_on, ns): &(&str, &str, u64)| ProfiledNode {
            name: String::new(),
            operator: (*operator).to_owned(),
            ran_on: (*ran_on).to_owned(),
            kernel: String::new(),
            layer: String::new(),
            ns: vec![*ns],
        };
        let nodes = nodes.iter().map(node).collect();
        let profile = OperatorProfile { runs_ns: vec![run], nodes, ..OperatorProfile::default() };
        OperatorTimes::of(&profile).unwrap()
    }

    fn between(one: &OperatorTimes, other: &OperatorTimes) -> OperatorDifference {
        OperatorDifference::between(("one".into(), one), ("other".into(), other))
    }

    fn line<'a>(lines: &'a [DifferingPart], what: &str) -> &'a DifferingPart {
        lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("{what}: {lines:?}"))
    }

    #[test]
    fn lines_add_up_to_the_difference() {
        let one = times(
            1_000_000,
            &[
                ("Convolution (NHWC, F32)", "xnnpack", 300_000),
                ("SOFTMAX", OWN_KERNELS, 100_000),
                ("Convolution (NHWC, F32)", "xnnpack", 300_000),
            ],
        );
        let own = [("CONV_2D", 650_000), ("QUANTIZE", 300_000), ("SOFTMAX", 90_000)];
        let own = own.map(|(operator, ns)| (operator, OWN_KERNELS, ns));
        let found = between(&one, &times(1_500_000, &own));
        for lines in [&found.by_kind, &found.by_place, &found.by_partition] {
            let sum = |part: fn(&DifferingPart) -> f64| lines.iter().map(part).sum::<f64>();
            assert_eq!(sum(|line| line.difference_us), 500.0, "{lines:?}");
            assert!((sum(|line| line.share.unwrap()) - 1.0).abs() < 1e-5, "{lines:?}");
        }
        assert_eq!(found.operators_us, 340.0);
        let convolutions = line(&found.by_kind, "convolutions");
        assert_eq!((convolutions.a_nodes, convolutions.b_nodes), (Some(2), Some(1)));
        assert_eq!(line(&found.by_kind, OUTSIDE).a_nodes, None);
        assert_eq!(found.conversions.len(), 1);
        assert_eq!(line(&found.conversions, "QUANTIZE").share, Some(0.6));
        assert_eq!(line(&found.by_place, "xnnpack").a_us, 600.0);
    }

    #[test]
    fn partitions_are_nodes_in_a_row() {
        let one = times(900, &[("a", "x", 100), ("b", "x", 200), ("c", "y", 300), ("d", "x", 50)]);
        let other = times(900, &[("a", "x", 150), ("e", "x", 200), ("f", "y", 10)]);
        let found = between(&one, &other).by_partition;
        let lines: Vec<_> =
            found.iter().map(|it| (it.what.as_str(), it.a_nodes, it.b_nodes)).collect();
        let expected = [
            ("x 1: A a to b; B a to e", Some(2), Some(2)),
            ("y 1: A c; B f", Some(1), Some(1)),
            ("x 2: A d", Some(1), Some(0)),
            (OUTSIDE, None, None),
        ];
        assert_eq!(lines, expected);
        assert_eq!((found[0].a_us, found[0].b_us), (0.3, 0.35));
        // Both take equally long: there is nothing to be a part of.
        assert_eq!(found[0].share, None);
    }
}
