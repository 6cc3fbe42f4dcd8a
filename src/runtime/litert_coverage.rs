//! What a delegate took of a LiteRT model, from the runtime's own profiler: a
//! run calls the nodes that were left by their operators' names, and what was
//! taken by the delegate's.

use crate::model::tflite_division;
use crate::model::tflite_nodes::FileNode;
use crate::record::coverage::ExecutionPlan;
use crate::record::coverage::{Coverage, DelegateStatus};
use crate::record::operator_profile::{GraphDivision, OWN_KERNELS, ProfiledCall};
use crate::runtime::litert_api::profiler::{Call, TimedCall};
use crate::runtime::xnnpack_operator;

/// For when LiteRT reports that nothing was left. It does not report the number of partitions.
pub(crate) fn full(operators: &[(String, usize)]) -> Coverage {
    let nodes = nodes(operators);
    Coverage {
        nodes_total: nodes,
        nodes_delegated: nodes,
        partitions: None,
        status: Some(DelegateStatus::Full),
    }
}

/// From the calls of one run; `operators` are the file's. Without `calls`, or if they do not fit
/// the file (a loop calls a node more than once), the coverage of a requested delegate (`asked`) is
/// unknown.
pub(crate) fn of(operators: &[(String, usize)], calls: Option<&[Call]>, asked: bool) -> Coverage {
    let total = nodes(operators);
    let after = calls.map(|calls| plan(operators, calls));
    match (total, after) {
        (Some(total), Some(after)) if after.own <= total => {
            Coverage::between(ExecutionPlan { own: total, partitions: 0 }, after, asked)
        }
        _ => Coverage {
            nodes_total: total,
            status: asked.then_some(DelegateStatus::Unknown),
            ..Coverage::default()
        },
    }
}

/// The timed calls of a run, by whom they were: see [`plan`]. Only XNNPACK tells of its operators.
/// `nodes` are the file's, by which the runtime's own calls get their names.
pub(crate) fn profiled_calls(
    operators: &[(String, usize)],
    nodes: &[FileNode],
    calls: Vec<TimedCall>,
) -> Vec<ProfiledCall> {
    let of = |TimedCall { call, tag, place, ns }: TimedCall| {
        let ran_on = match &call {
            Call::Node(_) if operators.iter().any(|(operator, _)| *operator == tag) => OWN_KERNELS,
            Call::Node(_) => tag.as_str(),
            Call::Delegated(_) => "xnnpack",
        };
        let (operator, kernel) = match call {
            Call::Node(_) => (tag.as_str(), ""),
            Call::Delegated(_) => xnnpack_operator::told(&tag),
        };
        let node = usize::try_from(place).ok().and_then(|place| nodes.get(place));
        let node = node.filter(|node| ran_on == OWN_KERNELS && node.operator == tag);
        let name = node.map(|node| node.name.clone()).filter(|name| !name.is_empty());
        ProfiledCall {
            name: name.unwrap_or_else(|| place.to_string()),
            operator: operator.to_owned(),
            ran_on: ran_on.to_owned(),
            kernel: kernel.to_owned(),
            ns,
        }
    };
    calls.into_iter().map(of).collect()
}

/// How XNNPACK divides the graph of a file, from the calls of one run.
pub(crate) fn division(
    operators: &[(String, usize)],
    calls: &[TimedCall],
    file: &[u8],
) -> Option<GraphDivision> {
    let mut left = Vec::new();
    for TimedCall { call, tag, place, .. } in calls {
        if matches!(call, Call::Node(_)) && operators.iter().any(|(name, _)| name == tag) {
            left.push((usize::try_from(*place).ok()?, tag.as_str()));
        }
    }
    let calls: Vec<Call> = calls.iter().map(|timed| timed.call.clone()).collect();
    let partitions = plan(operators, &calls).partitions;
    tflite_division::of(file, &left, partitions as usize)
}

fn nodes(operators: &[(String, usize)]) -> Option<u32> {
    u32::try_from(operators.iter().map(|(_, count)| count).sum::<usize>()).ok()
}

/// Nodes under an operator's own name are the runtime's; others represent a delegate, as does a
/// series of calls inside one.
fn plan(operators: &[(String, usize)], calls: &[Call]) -> ExecutionPlan {
    let mut plan = ExecutionPlan::default();
    // The place of the last call inside the present piece; `None` outside one.
    let mut inside: Option<u64> = None;
    for call in calls {
        match call {
            Call::Node(name) if operators.iter().any(|(operator, _)| operator == name) => {
                plan.own += 1;
                inside = None;
            }
            Call::Node(_) => {
                plan.partitions += 1;
                inside = Some(0);
            }
            Call::Delegated(place) => {
                let next_piece = inside.is_none_or(|last| *place < last);
                plan.partitions += u32::from(next_piece);
                inside = Some(*place);
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators() -> Vec<(String, usize)> {
        vec![("CONV_2D".into(), 3), ("SOFTMAX".into(), 1)]
    }

    fn node(name: &str) -> Call {
        Call::Node(name.into())
    }

    #[test]
    fn what_runs_under_its_own_name_was_left() {
        let calls = [Call::Delegated(0), Call::Delegated(1), node("SOFTMAX"), Call::Delegated(0)];
        let coverage = of(&operators(), Some(&calls), true);
        assert_eq!((coverage.nodes_total, coverage.nodes_delegated), (Some(4), Some(3)));
        assert_eq!(coverage.partitions, Some(2));
        assert_eq!(coverage.status, Some(DelegateStatus::Partial));
    }

    #[test]
    fn a_node_of_another_name_is_a_delegates() {
        let coverage = of(&operators(), Some(&[node("LITERT_WEBGPU")]), true);
        assert_eq!((coverage.nodes_delegated, coverage.partitions), (Some(4), Some(1)));
        assert_eq!(coverage.status, Some(DelegateStatus::Full));
        let profiled = [node("LITERT_WEBGPU"), Call::Delegated(0), Call::Delegated(1)];
        assert_eq!(of(&operators(), Some(&profiled), true), coverage);
    }

    #[test]
    fn own_kernels_are_no_delegate() {
        let calls = ["CONV_2D", "CONV_2D", "CONV_2D", "SOFTMAX"].map(node);
        let own = of(&operators(), Some(&calls), false);
        assert_eq!(own, Coverage { nodes_total: Some(4), ..Coverage::default() });
        let none = of(&operators(), Some(&calls), true);
        assert_eq!((none.nodes_delegated, none.status), (Some(0), Some(DelegateStatus::None)));
    }

    #[test]
    fn nothing_told_is_unknown() {
        let unknown = of(&operators(), None, true);
        assert_eq!(unknown.status, Some(DelegateStatus::Unknown));
        let looped = vec![node("CONV_2D"); 9];
        assert_eq!(of(&operators(), Some(&looped), true), unknown);
        assert_eq!(of(&operators(), None, false).status, None);
    }
}
