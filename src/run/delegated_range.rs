//! Which nodes a delegate computes wrongly when it has them together: the file stays whole, and what is
//! handed to the delegate gets smaller.
//!
//! By the two options that TensorFlow Lite's own culprit finder sets
//! (tensorflow/lite/tools/delegates/README.md, 'Debug only'). A delegate need not know them, so that
//! they only count if the runtime then really has fewer nodes delegated.

use std::ops::RangeInclusive;

use anyhow::{Result, ensure};

/// The option for the first node that may be delegated, from 0.
pub(crate) const FIRST: &str = "first_delegate_node_index";
/// The option for the last one.
pub(crate) const LAST: &str = "last_delegate_node_index";

/// What came of a file of which the delegate was handed a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartDelegated {
    /// Whether the file's output differs from that of the runtime's own kernels.
    pub differs: bool,
    /// How many nodes the delegate took, where the runtime tells.
    pub delegated: Option<u32>,
}

/// The smallest range of a file's `nodes` whose being delegated makes its output differ: as few as do
/// from the first node on, and of these as few as do up to their last. `tried` hands the delegate only
/// the nodes from a first to a last one. `None` if the output agrees when all are delegated.
///
/// # Errors
/// One sentence: a delegate that does not take the two options, or an output that differs without any
/// delegated node.
pub(crate) fn find(
    nodes: usize,
    mut tried: impl FnMut(usize, usize) -> Result<PartDelegated>,
) -> Result<Option<RangeInclusive<usize>>> {
    let all = tried(0, nodes.saturating_sub(1))?;
    if !all.differs {
        return Ok(None);
    }
    // Behind the last node there is nothing to delegate.
    let none = tried(nodes, nodes)?;
    ensure!(
        none.delegated.zip(all.delegated).is_some_and(|(none, all)| none < all),
        "the delegate does not take {FIRST} and {LAST}, by which a fault of several nodes together is found"
    );
    ensure!(!none.differs, "the output differs also if no node is delegated");
    let (mut low, mut last) = (0, nodes - 1);
    while low < last {
        let middle = usize::midpoint(low, last);
        if tried(0, middle)?.differs { last = middle } else { low = middle + 1 }
    }
    let (mut first, mut high) = (0, last);
    while first < high {
        let middle = usize::midpoint(first, high + 1);
        if tried(middle, last)?.differs { first = middle } else { high = middle - 1 }
    }
    Ok(Some(first..=last))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delegate that is wrong when it has the nodes of `broken` together.
    fn found(nodes: usize, broken: RangeInclusive<usize>) -> RangeInclusive<usize> {
        let tried = |first: usize, last: usize| {
            let delegated = (last + 1).min(nodes).saturating_sub(first);
            let differs = first <= *broken.start() && last >= *broken.end();
            Ok(PartDelegated { differs, delegated: u32::try_from(delegated).ok() })
        };
        find(nodes, tried).unwrap().unwrap()
    }

    #[test]
    fn the_smallest_range_is_found_wherever_it_is() {
        for nodes in 1..12 {
            for first in 0..nodes {
                for last in first..nodes {
                    assert_eq!(found(nodes, first..=last), first..=last, "of {nodes}");
                }
            }
        }
    }

    #[test]
    fn a_delegate_that_is_right_has_none_and_one_without_the_options_says_so() {
        let tried = |differs, delegated| move |_, _| Ok(PartDelegated { differs, delegated });
        assert_eq!(find(5, tried(false, Some(5))).unwrap(), None);
        for delegated in [Some(5), None] {
            let error = find(5, tried(true, delegated)).unwrap_err().to_string();
            assert!(error.contains("does not take first_delegate_node_index"), "{error}");
        }
        let always =
            |first, _| Ok(PartDelegated { differs: true, delegated: Some(u32::from(first == 0)) });
        let error = find(5, always).unwrap_err().to_string();
        assert!(error.contains("also if no node is delegated"), "{error}");
    }
}
