//! Why a delegate left nodes to the runtime, in the runtime's own words.

use crate::record::operator_profile::{OWN_KERNELS, OperatorProfile, Refusal};

/// Nodes that are named of those with one reason.
const MOST_NAMED: usize = 4;
/// Reasons that are shown.
const MOST_REASONS: usize = 8;

/// A reason, and the nodes that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToldReason {
    /// Their type and places.
    pub nodes: String,
    /// What is said of the first of them.
    pub reason: String,
}

/// The reasons of a profile, each once: what differs only in numbers of nodes and tensors is one.
/// Of more than [`MOST_REASONS`], the last says how many are not shown.
pub(crate) fn reasons(profile: &OperatorProfile) -> Vec<ToldReason> {
    let mut groups: Vec<(String, Vec<&Refusal>)> = Vec::new();
    for refusal in &profile.refusals {
        let key = format!("{} {}", refusal.operator, without_numbers(&refusal.reason));
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(refusal),
            None => groups.push((key, vec![refusal])),
        }
    }
    let more = groups.len().saturating_sub(MOST_REASONS);
    let shown = groups
        .iter()
        .take(MOST_REASONS)
        .map(|(_, group)| ToldReason { nodes: nodes(group), reason: group[0].reason.clone() });
    let rest = (more > 0).then(|| ToldReason {
        nodes: format!("{more} more"),
        reason: "in 'profile --json'".to_owned(),
    });
    shown.chain(rest).collect()
}

/// The reason for the node in a line of a profile; empty without one.
pub(crate) fn of_node<'a>(
    profile: &'a OperatorProfile,
    name: &str,
    operator: &str,
    ran_on: &str,
) -> &'a str {
    let told = profile.refusals.iter().find(|it| ran_on == OWN_KERNELS && it.is_of(name, operator));
    told.map_or("", |it| it.reason.as_str())
}

/// A reason in which `#17` is any number.
fn without_numbers(reason: &str) -> String {
    let (first, rest) = reason.split_once('#').unwrap_or((reason, ""));
    let rest = rest.split('#').map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    std::iter::once(first).chain(rest).collect()
}

/// `SOFTMAX (nodes 3, 17)`.
fn nodes(group: &[&Refusal]) -> String {
    let operator = group[0].operator.as_str();
    let place = |refusal: &&Refusal| match refusal.index {
        Some(index) => Some(index.to_string()),
        None => Some(format!("'{}'", refusal.name)).filter(|_| !refusal.name.is_empty()),
    };
    let mut places: Vec<String> = group.iter().filter_map(place).take(MOST_NAMED).collect();
    if group.len() > MOST_NAMED {
        places.push("...".to_owned());
    }
    match places.as_slice() {
        [] => operator.to_owned(),
        [one] if operator.is_empty() => format!("node {one}"),
        [one] => format!("{operator} (node {one})"),
        several if operator.is_empty() => format!("nodes {}", several.join(", ")),
        several => format!("{operator} (nodes {})", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(index: Option<usize>, name: &str, operator: &str, reason: &str) -> Refusal {
        Refusal { index, name: name.into(), operator: operator.into(), reason: reason.into() }
    }

    #[test]
    fn one_reason_is_shown_once_with_its_nodes() {
        let refusals = vec![
            refusal(Some(15), "pool", "MEAN", "unsupported type INT8 in tensor #48 in node #15"),
            refusal(Some(18), "other", "MEAN", "unsupported type INT8 in tensor #51 in node #18"),
            refusal(Some(19), "prob", "SOFTMAX", "unsupported type INT8 in tensor #52 in node #19"),
            refusal(None, "", "CAST", "Operation is not supported."),
            refusal(None, "shape", "", "the CPU is faster"),
        ];
        let profile = OperatorProfile { refusals, ..OperatorProfile::default() };
        let shown = reasons(&profile);
        let nodes: Vec<&str> = shown.iter().map(|it| it.nodes.as_str()).collect();
        assert_eq!(nodes, ["MEAN (nodes 15, 18)", "SOFTMAX (node 19)", "CAST", "node 'shape'"]);
        assert_eq!(shown[0].reason, "unsupported type INT8 in tensor #48 in node #15");
        let of = |name: &str, operator: &str, ran_on: &str| {
            of_node(&profile, name, operator, ran_on).to_owned()
        };
        assert!(of("prob", "SOFTMAX", OWN_KERNELS).ends_with("node #19"));
        assert_eq!(of("cast_1", "CAST", OWN_KERNELS), "Operation is not supported.");
        assert_eq!(of("shape", "Shape", OWN_KERNELS), "the CPU is faster");
        assert_eq!(of("prob", "SOFTMAX", "xnnpack"), "");
        assert_eq!(of("another", "SOFTMAX", OWN_KERNELS), "");
    }

    #[test]
    fn of_many_reasons_the_first_are_shown() {
        let refusals =
            (0..20).map(|at| refusal(Some(at), "", &format!("OP_{at}"), "no kernel")).collect();
        let profile = OperatorProfile { refusals, ..OperatorProfile::default() };
        let shown = reasons(&profile);
        assert_eq!(shown.len(), MOST_REASONS + 1);
        assert_eq!(shown.last().unwrap().nodes, "12 more");
    }
}
