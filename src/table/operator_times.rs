//! Where a case's time goes, from its profile: rows that add up to what a profiled run takes.

use std::collections::BTreeMap;

use crate::record::operator_profile::{OperatorProfile, ProfiledNode};
use crate::stats::statistics::Interval;
use crate::stats::statistics::median_ns;
use crate::stats::tail::Grouped;

/// What is left of a run beside its operators.
pub(crate) const OUTSIDE: &str = "outside operators";

/// A node, or all nodes of a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OperatorTime {
    /// The node's name; of a type: how many nodes it has.
    pub name: String,
    /// The type of operator.
    pub operator: String,
    /// What ran it.
    pub ran_on: String,
    /// The kernel; empty where that is not told.
    pub kernel: String,
    /// The layer of the file that it is a part of; empty where that cannot be told.
    pub layer: String,
    /// The median over the profiled runs, in nanoseconds.
    pub median_ns: f64,
    /// Its 95% interval, by order statistics; of the runs of one process.
    pub interval: Option<Interval>,
    /// The part of the median run.
    pub share: f64,
}

/// The operators of a case by time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OperatorTimes {
    /// Profiled runs.
    pub runs: usize,
    /// What a profiled run takes: the median in nanoseconds.
    pub run_ns: f64,
    /// By node, in the order in which they run; then what is outside of them.
    pub nodes: Vec<OperatorTime>,
    /// By type of operator, what ran it and the kernel, the largest part first; then what is outside.
    pub types: Vec<OperatorTime>,
}

impl OperatorTimes {
    /// Of a profile; `None` if it has no run.
    #[must_use]
    pub(crate) fn of(profile: &OperatorProfile) -> Option<Self> {
        let run_ns = median_ns(&profile.runs_ns)?;
        let of_node = |node: &ProfiledNode| {
            let median = median_ns(&node.ns)?;
            Some(OperatorTime {
                name: node.name.clone(),
                operator: node.operator.clone(),
                ran_on: node.ran_on.clone(),
                kernel: node.kernel.clone(),
                layer: node.layer.clone(),
                median_ns: median,
                interval: interval(&node.ns),
                share: if run_ns > 0.0 { median / run_ns } else { 0.0 },
            })
        };
        let nodes: Vec<OperatorTime> = profile.nodes.iter().filter_map(of_node).collect();
        let outside = outside(profile, run_ns, &nodes);
        let mut types = of_types(&nodes, profile);
        types.sort_by(|one, other| other.median_ns.total_cmp(&one.median_ns));
        let with = |mut times: Vec<OperatorTime>| {
            times.push(outside.clone());
            times
        };
        Some(Self { runs: profile.runs_ns.len(), run_ns, nodes: with(nodes), types: with(types) })
    }

    /// The nodes, those that take most first.
    #[must_use]
    pub(crate) fn by_time(&self) -> Vec<&OperatorTime> {
        let mut nodes: Vec<&OperatorTime> = self.nodes.iter().collect();
        nodes.sort_by(|one, other| other.median_ns.total_cmp(&one.median_ns));
        nodes
    }
}

/// The part of a run that no operator accounts for, so that all rows add up to the run. Where
/// operators overlap or are told rounded up, it is negative.
fn outside(profile: &OperatorProfile, run_ns: f64, nodes: &[OperatorTime]) -> OperatorTime {
    let median = run_ns - nodes.iter().map(|node| node.median_ns).sum::<f64>();
    let left = |(at, run): (usize, &u64)| {
        let inside = profile.nodes.iter().filter_map(|node| node.ns.get(at));
        run.saturating_sub(inside.sum())
    };
    let left: Vec<u64> = profile.runs_ns.iter().enumerate().map(left).collect();
    OperatorTime {
        name: String::new(),
        operator: OUTSIDE.to_owned(),
        ran_on: String::new(),
        kernel: String::new(),
        layer: String::new(),
        median_ns: median,
        interval: interval(&left).filter(|it| it.low <= median && median <= it.high),
        share: if run_ns > 0.0 { median / run_ns } else { 0.0 },
    }
}

/// Sums by type: of medians, so that types add up as nodes do; their intervals are those of the
/// sums of each run.
fn of_types(nodes: &[OperatorTime], profile: &OperatorProfile) -> Vec<OperatorTime> {
    let mut types: BTreeMap<[&str; 3], (usize, OperatorTime, Vec<u64>)> = BTreeMap::new();
    for (node, profiled) in nodes.iter().zip(&profile.nodes) {
        let of_type = types.entry([&node.operator, &node.ran_on, &node.kernel]);
        let (count, sum, ns) = of_type.or_insert_with(|| {
            let none = OperatorTime { median_ns: 0.0, share: 0.0, ..node.clone() };
            (0, none, vec![0; profile.runs_ns.len()])
        });
        *count += 1;
        sum.median_ns += node.median_ns;
        sum.share += node.share;
        ns.iter_mut().zip(&profiled.ns).for_each(|(sum, ns)| *sum += ns);
    }
    let finished = |(count, sum, ns): (usize, OperatorTime, Vec<u64>)| {
        let interval = interval(&ns);
        OperatorTime { name: count.to_string(), interval, ..sum }
    };
    types.into_values().map(finished).collect()
}

/// The median's interval, each run counting by itself.
fn interval(ns: &[u64]) -> Option<Interval> {
    Grouped::of((0..).zip(ns.chunks(1))).interval(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, operator: &str, ns: &[u64]) -> ProfiledNode {
        ProfiledNode {
            name: name.into(),
            operator: operator.into(),
            ran_on: "XNNPACK".into(),
            kernel: String::new(),
            layer: String::new(),
            ns: ns.to_vec(),
        }
    }

    #[test]
    fn rows_add_up_to_a_run() {
        let profile = OperatorProfile {
            runs_ns: vec![100, 110, 120, 130, 140, 150, 160],
            nodes: vec![
                node("a", "CONV_2D", &[10, 11, 12, 13, 14, 15, 16]),
                node("b", "SOFTMAX", &[50; 7]),
                node("c", "CONV_2D", &[30, 30, 30, 31, 30, 30, 30]),
            ],
            ..OperatorProfile::default()
        };
        let times = OperatorTimes::of(&profile).unwrap();
        assert_eq!((times.runs, times.run_ns), (7, 130.0));
        for rows in [&times.nodes, &times.types] {
            assert_eq!(rows.iter().map(|row| row.median_ns).sum::<f64>(), 130.0);
            assert!((rows.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-12);
            assert_eq!(rows.last().unwrap().operator, OUTSIDE);
        }
        let types: Vec<(&str, &str, f64)> = times
            .types
            .iter()
            .map(|row| (row.operator.as_str(), row.name.as_str(), row.median_ns))
            .collect();
        assert_eq!(types, [("SOFTMAX", "1", 50.0), ("CONV_2D", "2", 43.0), (OUTSIDE, "", 37.0)]);
        assert!(times.nodes[0].interval.is_some_and(|it| it.low < 13.0 && it.high > 13.0));
        assert_eq!(times.by_time()[0].name, "b");
    }

    #[test]
    fn no_run_is_no_time() {
        assert_eq!(OperatorTimes::of(&OperatorProfile::without("it is told nothing".into())), None);
    }
}
