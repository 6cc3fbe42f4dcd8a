//! Which kernels a run calls, and what they take, from OpenVINO's own counters.

use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::operator_profile::{OWN_KERNELS, ProfiledCall};

/// A node of a profiled run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountedNode {
    /// The kernel, such as `jit_avx2_f32`.
    pub(crate) kernel: String,
    /// The operator, such as `Convolution`.
    pub(crate) operator: String,
    /// Its name in the compiled graph, which is that of the file where the file has one.
    pub(crate) name: String,
    /// The mean of all runs since the graph was compiled, in whole microseconds.
    pub(crate) mean_us: u64,
}

impl CountedNode {
    /// Whether a run calls it. What was fused into another node has no kernel; whether a node
    /// ran cannot be told from its status, which is 'not run' below a microsecond.
    fn is_called(&self) -> bool {
        let ends = ["Parameter", "Result", "Constant"];
        self.kernel != "undef" && !ends.contains(&self.operator.as_str())
    }
}

/// The kernels of a run. A device that is not the CPU (`other_device`) runs a graph as a whole or
/// not at all, so that it takes every one of them.
pub(crate) fn coverage(nodes: &[CountedNode], other_device: bool) -> Coverage {
    let called = nodes.iter().filter(|node| node.is_called()).count();
    let total = u32::try_from(called).ok().filter(|total| *total > 0);
    let taken = total.filter(|_| other_device);
    let status = match total {
        _ if !other_device => None,
        Some(_) => Some(DelegateStatus::Full),
        None => Some(DelegateStatus::Unknown),
    };
    Coverage { nodes_total: total, nodes_delegated: taken, partitions: taken.map(|_| 1), status }
}

/// What the kernels of a run took on average; `device` is OpenVINO's name of where they ran.
pub(crate) fn profiled_calls(nodes: Vec<CountedNode>, device: Option<&str>) -> Vec<ProfiledCall> {
    let called = nodes.into_iter().filter(CountedNode::is_called);
    called
        .map(|node| ProfiledCall {
            name: node.name,
            operator: node.operator,
            ran_on: device.unwrap_or(OWN_KERNELS).to_owned(),
            kernel: node.kernel,
            ns: node.mean_us.saturating_mul(1000),
        })
        .collect()
}

/// Gives the calls the names that those of another compilation of the same model have. OpenVINO
/// numbers the nodes that it makes, and goes on counting from one compilation to the next.
pub(crate) fn take_names(calls: &mut [ProfiledCall], first: &[ProfiledCall]) {
    let alike = calls.len() == first.len()
        && calls.iter().zip(first).all(|(call, first)| call.operator == first.operator);
    if alike {
        for (call, first) in calls.iter_mut().zip(first) {
            call.name.clone_from(&first.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_names_are_those_of_the_first_compilation() {
        let call = |name: &str, operator: &str, ns| ProfiledCall {
            name: name.into(),
            operator: operator.into(),
            ran_on: OWN_KERNELS.into(),
            kernel: "jit_avx2_f32".into(),
            ns,
        };
        let first = [call("Multiply_7", "Convolution", 1), call("pool", "MaxPool", 2)];
        let mut second = [call("Multiply_99", "Convolution", 3), call("pool", "MaxPool", 4)];
        take_names(&mut second, &first);
        assert_eq!((second[0].name.as_str(), second[0].ns), ("Multiply_7", 3));
        let mut other = [call("Multiply_99", "MatMul", 3), call("pool", "MaxPool", 4)];
        take_names(&mut other, &first);
        assert_eq!(other[0].name, "Multiply_99");
    }

    #[test]
    fn what_was_fused_or_only_names_an_end_is_no_kernel() {
        let node = |kernel: &str, operator: &str| CountedNode {
            kernel: kernel.into(),
            operator: operator.into(),
            name: operator.to_lowercase(),
            mean_us: 7,
        };
        let nodes = [
            node("unknown_f32", "Parameter"),
            node("reorder_f32", "Reorder"),
            node("brgconv_avx2_f32", "Convolution"),
            node("undef", "Clamp"),
            node("unknown_f32", "Result"),
        ];
        let calls = profiled_calls(nodes.to_vec(), None);
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["reorder", "convolution"]);
        assert_eq!((calls[0].ns, calls[0].ran_on.as_str()), (7000, OWN_KERNELS));
        assert_eq!(calls[1].kernel, "brgconv_avx2_f32");
        let own = coverage(&nodes, false);
        assert_eq!(own, Coverage { nodes_total: Some(2), ..Coverage::default() });
        let gpu = coverage(&nodes, true);
        assert_eq!((gpu.nodes_delegated, gpu.partitions), (Some(2), Some(1)));
        assert_eq!(gpu.status, Some(DelegateStatus::Full));
        assert_eq!(coverage(&[], true).status, Some(DelegateStatus::Unknown));
    }
}
