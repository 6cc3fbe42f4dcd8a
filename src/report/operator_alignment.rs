//! The same layers and nodes of several cases, side by side.

use std::collections::BTreeMap;

use crate::table::operator_times::OperatorTimes;

/// A layer of the file, or a node, that at least two cases have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AlignedNode {
    /// Its name.
    pub name: String,
    /// By case: what it takes in nanoseconds; `None` where no node is of it, as when a delegate took
    /// it.
    pub ns: Vec<Option<f64>>,
}

/// What cases have in common, what takes most first: the layers of the file, each with all nodes that
/// are a part of it, and nodes of the same name. Numbers do not count as names: they are places,
/// which mean another node in each runtime.
pub(crate) fn aligned(cases: &[&OperatorTimes]) -> Vec<AlignedNode> {
    let mut nodes = BTreeMap::<&str, Vec<Option<f64>>>::new();
    for (at, times) in cases.iter().enumerate() {
        for node in &times.nodes {
            let name = if node.layer.is_empty() { &node.name } else { &node.layer };
            if name.is_empty() || name.parse::<u64>().is_ok() {
                continue;
            }
            let ns = nodes.entry(name).or_insert_with(|| vec![None; cases.len()]);
            ns[at] = Some(ns[at].unwrap_or(0.0) + node.median_ns);
        }
    }
    nodes.retain(|_, ns| ns.iter().flatten().count() > 1);
    let node = |(name, ns): (&str, Vec<Option<f64>>)| AlignedNode { name: name.to_owned(), ns };
    let mut nodes: Vec<AlignedNode> = nodes.into_iter().map(node).collect();
    let most = |node: &AlignedNode| node.ns.iter().flatten().copied().fold(0.0, f64::max);
    nodes.sort_by(|one, other| most(other).total_cmp(&most(one)));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::operator_profile::{OperatorProfile, ProfiledNode};

    fn times(nodes: &[(&str, u64)]) -> OperatorTimes {
        let node = |(name, ns): &(&str, u64)| ProfiledNode {
            name: (*name).to_owned(),
            operator: "CONV_2D".into(),
            ran_on: "own kernels".into(),
            kernel: String::new(),
            layer: String::new(),
            ns: vec![*ns],
        };
        let nodes = nodes.iter().map(node).collect();
        OperatorTimes::of(&OperatorProfile {
            runs_ns: vec![1000],
            nodes,
            ..OperatorProfile::default()
        })
        .unwrap()
    }

    #[test]
    fn nodes_are_aligned_by_name() {
        let one = times(&[("a", 10), ("b", 300), ("7", 5), ("only", 9)]);
        let other = times(&[("b", 20), ("a", 40), ("7", 6), ("a", 1)]);
        let third = times(&[("a", 2)]);
        let found = aligned(&[&one, &other, &third]);
        let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.ns.clone())).collect();
        let expected = [
            ("b", vec![Some(300.0), Some(20.0), None]),
            ("a", vec![Some(10.0), Some(41.0), Some(2.0)]),
        ];
        assert_eq!(found, expected);
    }
    #[test]
    fn parts_of_a_layer_come_together() {
        let mut one = times(&[("stem.pad", 10), ("stem.matmul", 30), ("3", 5)]);
        let mut other = times(&[("stem_nchwc", 25)]);
        for node in one.nodes.iter_mut().take(2).chain(other.nodes.iter_mut().take(1)) {
            node.layer = "stem".into();
        }
        let expected = AlignedNode { name: "stem".into(), ns: vec![Some(40.0), Some(25.0)] };
        assert_eq!(aligned(&[&one, &other]), [expected]);
    }
}
