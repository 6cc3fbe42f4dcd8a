//! How much of a graph a delegate really took.

use serde::{Deserialize, Serialize};

/// The answer to 'did the delegate take it?'.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumString,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DelegateStatus {
    /// Every node runs on the delegate.
    Full,
    /// Some nodes do.
    Partial,
    /// It was requested but took no node.
    None,
    /// The runtime does not report it.
    Unknown,
}

/// What the runtime's own plan or profiler says of a loaded model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Nodes of the graph before any delegate, where known.
    pub nodes_total: Option<u32>,
    /// How many of them a delegate took.
    pub nodes_delegated: Option<u32>,
    /// In how many pieces it took them.
    pub partitions: Option<u32>,
    /// Absent if no delegate was requested.
    pub status: Option<DelegateStatus>,
}

/// Nodes of a runtime's execution plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ExecutionPlan {
    /// Nodes that the runtime's own kernels execute.
    pub own: u32,
    /// Nodes that each represent a part that a delegate took.
    pub partitions: u32,
}

impl Coverage {
    /// Whether a delegate was requested and is known to have taken nothing.
    #[must_use]
    pub(crate) fn took_nothing(&self) -> bool {
        self.status == Some(DelegateStatus::None)
    }

    /// From the plan before and after delegation. A library that delegates without being `asked` is
    /// recorded too.
    pub(crate) fn between(before: ExecutionPlan, after: ExecutionPlan, asked: bool) -> Self {
        let total = before.own + before.partitions;
        let taken = total.saturating_sub(after.own);
        let status = if taken == 0 {
            asked.then_some(DelegateStatus::None)
        } else if after.own == 0 {
            Some(DelegateStatus::Full)
        } else {
            Some(DelegateStatus::Partial)
        };
        let tell = asked || taken > 0;
        Self {
            nodes_total: Some(total),
            nodes_delegated: tell.then_some(taken),
            partitions: tell.then_some(after.partitions),
            status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(own: u32, partitions: u32) -> ExecutionPlan {
        ExecutionPlan { own, partitions }
    }

    #[test]
    fn the_plan_tells_what_was_taken() {
        let full = Coverage::between(plan(31, 0), plan(0, 1), true);
        assert_eq!((full.nodes_delegated, full.status), (Some(31), Some(DelegateStatus::Full)));
        let partial = Coverage::between(plan(31, 0), plan(4, 2), true);
        assert_eq!((partial.nodes_delegated, partial.partitions), (Some(27), Some(2)));
        assert_eq!(partial.status, Some(DelegateStatus::Partial));
        let none = Coverage::between(plan(31, 0), plan(31, 0), true);
        assert_eq!((none.nodes_delegated, none.status), (Some(0), Some(DelegateStatus::None)));
    }

    #[test]
    fn nothing_asked_and_nothing_taken_is_no_status() {
        let own = Coverage::between(plan(31, 0), plan(31, 0), false);
        assert_eq!(own, Coverage { nodes_total: Some(31), ..Coverage::default() });
    }

    #[test]
    fn a_library_that_delegates_unasked_is_found_out() {
        let sneaky = Coverage::between(plan(31, 0), plan(0, 1), false);
        assert_eq!(sneaky.status, Some(DelegateStatus::Full));
        assert_eq!(sneaky.nodes_delegated, Some(31));
    }
}
