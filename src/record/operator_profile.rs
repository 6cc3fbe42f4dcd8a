//! Where the time of a run goes, operator by operator.

use serde::{Deserialize, Serialize};

use crate::record::tensor::ElementType;

/// What profiled runs of a case took, in a pass of its own after the timed runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperatorProfile {
    /// What each run took, profiling included.
    pub runs_ns: Vec<u64>,
    /// What ran in it, in the order of the first run.
    pub nodes: Vec<ProfiledNode>,
    /// Why there are none: part of a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What a delegate left of the file's graph, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<GraphDivision>,
    /// What the runtime tells of nodes that a delegate did not take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
}

/// Why a delegate did not take a node, or the nodes of a type, in the runtime's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// Its place in the file, from 0, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Its name; empty where that is not told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The type of operator; empty where that is not told.
    pub operator: String,
    /// What is said of it, as one line.
    pub reason: String,
}

impl Refusal {
    /// Whether it speaks of the node of this name and type.
    #[must_use]
    pub(crate) fn is_of(&self, name: &str, operator: &str) -> bool {
        let same_type = self.operator.eq_ignore_ascii_case(operator);
        if self.name.is_empty() {
            same_type
        } else {
            self.name == name && (same_type || self.operator.is_empty())
        }
    }
}

/// How a graph is divided between a delegate and the runtime's own kernels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphDivision {
    /// The nodes that the delegate did not take, in the order in which they run.
    pub left: Vec<LeftNode>,
    /// Pieces in which it took the others.
    pub partitions: usize,
    /// Tensors that one side makes and the other reads, in a run; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tensors_between: Option<usize>,
    /// Their size in bytes; absent if one's is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_between: Option<u64>,
}

impl GraphDivision {
    /// A graph that runs on one device as a whole.
    pub(crate) fn whole() -> Self {
        Self { partitions: 1, tensors_between: Some(0), bytes_between: Some(0), ..Self::default() }
    }
}

/// A node that a delegate did not take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftNode {
    /// Its place in the file, from 0; absent if the runtime made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The type of operator.
    pub operator: String,
    /// The name of what it makes.
    pub name: String,
    /// The type of the elements of its first input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<ElementType>,
}

/// A node of a runtime's plan, or an operator inside a delegate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfiledNode {
    /// Its name: that of what it makes, where the file has one.
    pub name: String,
    /// The type of operator.
    pub operator: String,
    /// The delegate or provider that ran it; [`OWN_KERNELS`] for the runtime itself.
    pub ran_on: String,
    /// The kernel, as the runtime or the delegate calls it; empty where it does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kernel: String,
    /// The layer of the file that it is a part of, under one name for all runtimes; empty where that
    /// cannot be told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub layer: String,
    /// What it took in each run.
    pub ns: Vec<u64>,
}

/// What runs a node that no delegate took.
pub(crate) const OWN_KERNELS: &str = "own kernels";

/// One call of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProfiledCall {
    /// See [`ProfiledNode`].
    pub name: String,
    /// See [`ProfiledNode`].
    pub operator: String,
    /// See [`ProfiledNode`].
    pub ran_on: String,
    /// See [`ProfiledNode`].
    pub kernel: String,
    /// What it took.
    pub ns: u64,
}

impl OperatorProfile {
    /// Of the calls of each run and what the run took. A node that is called several times per run,
    /// as in a loop, becomes several; one that a run does not call took no time in it.
    pub(crate) fn of(runs: Vec<(u64, Vec<ProfiledCall>)>) -> Self {
        let mut profile = Self::default();
        let count = runs.len();
        for (at, (ns, calls)) in runs.into_iter().enumerate() {
            profile.runs_ns.push(ns);
            let mut used = vec![false; profile.nodes.len()];
            for (place, call) in calls.into_iter().enumerate() {
                let is_it = |index: usize| {
                    let node: &ProfiledNode = &profile.nodes[index];
                    (&node.name, &node.operator, &node.ran_on)
                        == (&call.name, &call.operator, &call.ran_on)
                };
                // Nearly always it is where it was in the run before.
                let same = Some(place).filter(|it| *it < used.len() && !used[*it] && is_it(*it));
                let found = same.or_else(|| (0..used.len()).find(|it| !used[*it] && is_it(*it)));
                let index = found.unwrap_or_else(|| {
                    let ProfiledCall { name, operator, ran_on, kernel, .. } = call.clone();
                    let (layer, ns) = (String::new(), vec![0; count]);
                    profile.nodes.push(ProfiledNode { name, operator, ran_on, kernel, layer, ns });
                    used.push(false);
                    used.len() - 1
                });
                used[index] = true;
                profile.nodes[index].ns[at] = call.ns;
            }
        }
        profile
    }

    /// Name and type of the nodes that the runtime's own kernels ran.
    pub(crate) fn left(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.nodes.iter().filter(|node| node.ran_on == OWN_KERNELS);
        own.map(|node| (node.name.as_str(), node.operator.as_str()))
    }

    /// Of a case that cannot be profiled.
    #[must_use]
    pub(crate) fn without(reason: String) -> Self {
        Self { absent: Some(reason), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, ns: u64) -> ProfiledCall {
        ProfiledCall {
            name: name.into(),
            operator: "CONV_2D".into(),
            ran_on: OWN_KERNELS.into(),
            kernel: String::new(),
            ns,
        }
    }

    #[test]
    fn calls_of_a_node_come_together_over_the_runs() {
        let profile = OperatorProfile::of(vec![
            (100, vec![call("a", 10), call("b", 20), call("a", 30)]),
            (110, vec![call("a", 11), call("a", 31)]),
            (120, vec![call("b", 22), call("c", 5)]),
        ]);
        assert_eq!(profile.runs_ns, [100, 110, 120]);
        let nodes: Vec<(&str, &[u64])> =
            profile.nodes.iter().map(|node| (node.name.as_str(), node.ns.as_slice())).collect();
        assert_eq!(
            nodes,
            [("a", &[10, 11, 0][..]), ("b", &[20, 0, 22]), ("a", &[30, 31, 0]), ("c", &[0, 0, 5])]
        );
    }
}
