//! Where the time of cases goes: a bar per type of operator, and the nodes that take most.

use crate::record::run::{CaseRecord, Run};
use crate::report::operator_note::{beside_timed, cells, left, profiled};
use crate::table::operator_times::{OperatorTime, OperatorTimes};

/// Types and nodes of a case that are shown: 200 cases stay far below 5 MB.
const MOST_TYPES: usize = 12;
const MOST_NODES: usize = 10;

/// A case that was profiled.
pub(crate) struct ProfiledCase {
    pub name: String,
    pub lead: String,
    pub types: Vec<OperatorBar>,
    pub nodes: Vec<NodeLine>,
}

/// A type of operator.
pub(crate) struct OperatorBar {
    pub operator: String,
    pub nodes: String,
    pub share: String,
    /// Of the bar, in percent.
    pub width: String,
    pub ms: String,
    pub ran_on: String,
}

/// A node.
pub(crate) struct NodeLine {
    pub name: String,
    pub operator: String,
    pub share: String,
    pub ms: String,
    pub interval: String,
    pub ran_on: String,
}

/// The cases that were profiled.
pub(crate) fn cases(run: &Run) -> Vec<ProfiledCase> {
    profiled(run).map(|(record, times)| case(run, record, &times)).collect()
}

fn case(run: &Run, record: &CaseRecord, times: &OperatorTimes) -> ProfiledCase {
    let left = left(record, times).map_or(String::new(), |left| format!("; {left}"));
    ProfiledCase {
        name: run.header.name_of(&record.case),
        lead: beside_timed(record, times) + &left,
        types: times.types.iter().take(MOST_TYPES).map(bar).collect(),
        nodes: times.by_time().into_iter().take(MOST_NODES).map(node).collect(),
    }
}

fn bar(time: &OperatorTime) -> OperatorBar {
    let [share, ms, _, operator, ran_on, nodes] = cells(time);
    let width = format!("{:.1}", (time.share * 100.0).clamp(0.0, 100.0));
    OperatorBar { operator, nodes, share, width, ms, ran_on }
}

fn node(time: &OperatorTime) -> NodeLine {
    let [share, ms, interval, operator, ran_on, name] = cells(time);
    NodeLine { name, operator, share, ms, interval, ran_on }
}
