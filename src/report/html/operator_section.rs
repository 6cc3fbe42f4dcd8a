//! Where the time of cases goes: a bar per type of operator, and the nodes that take most.

use crate::record::run::{CaseRecord, Run};
use crate::report::operator_alignment::{AlignedNode, aligned};
use crate::report::operator_note::{beside_timed, cells, left, profiled};
use crate::report::refusal_note::{self, ToldReason};
use crate::table::operator_times::{OperatorTime, OperatorTimes};
use crate::table::units::ms;

/// Types and nodes of a case that are shown: 200 cases stay far below 5 MB.
const MOST_TYPES: usize = 12;
const MOST_NODES: usize = 10;

/// A case that was profiled.
pub(crate) struct ProfiledCase {
    pub name: String,
    pub lead: String,
    /// Why a delegate left nodes.
    pub reasons: Vec<ToldReason>,
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

/// Nodes and cases of a model that are set side by side.
const MOST_ALIGNED: usize = 15;
const MOST_BESIDE: usize = 8;

/// Nodes of the same name in the cases of a model.
pub(crate) struct BesideEachOther {
    pub model: String,
    pub cases: Vec<String>,
    pub nodes: Vec<AlignedLine>,
}

/// A node, and by case the milliseconds that it takes; empty where the case has none of its name.
pub(crate) struct AlignedLine {
    pub name: String,
    pub ms: Vec<String>,
}

/// The profiled cases of each model, if several have nodes in common.
pub(crate) fn beside_each_other(run: &Run) -> Vec<BesideEachOther> {
    let mut models: Vec<(&str, Vec<(String, OperatorTimes)>)> = Vec::new();
    for (record, times) in profiled(run) {
        let case = (run.header.name_of(&record.case), times);
        match models.iter_mut().find(|(model, _)| *model == record.case.model) {
            Some((_, cases)) => cases.push(case),
            None => models.push((&record.case.model, vec![case])),
        }
    }
    let table = |(model, mut cases): (&str, Vec<(String, OperatorTimes)>)| {
        cases.truncate(MOST_BESIDE);
        let nodes = aligned(&cases.iter().map(|(_, times)| times).collect::<Vec<_>>());
        let cell = |ns: Option<f64>| ns.map_or(String::new(), |ns| ms(ns / 1e3));
        let line = |node: AlignedNode| AlignedLine {
            name: node.name,
            ms: node.ns.into_iter().map(cell).collect(),
        };
        BesideEachOther {
            model: model.to_owned(),
            cases: cases.into_iter().map(|(name, _)| name).collect(),
            nodes: nodes.into_iter().take(MOST_ALIGNED).map(line).collect(),
        }
    };
    models.into_iter().map(table).filter(|table| !table.nodes.is_empty()).collect()
}

/// The cases that were profiled.
pub(crate) fn cases(run: &Run) -> Vec<ProfiledCase> {
    profiled(run).map(|(record, times)| case(run, record, &times)).collect()
}

fn case(run: &Run, record: &CaseRecord, times: &OperatorTimes) -> ProfiledCase {
    let left = left(record, times).map_or(String::new(), |left| format!("; {left}"));
    ProfiledCase {
        name: run.header.name_of(&record.case),
        lead: beside_timed(run, record, times) + &left,
        reasons: record.profile.as_ref().map(refusal_note::reasons).unwrap_or_default(),
        types: times.types.iter().take(MOST_TYPES).map(bar).collect(),
        nodes: times.by_time().into_iter().take(MOST_NODES).map(node).collect(),
    }
}

fn bar(time: &OperatorTime) -> OperatorBar {
    let [share, took, _, operator, ran_on, nodes] = cells(time);
    let width = format!("{:.1}", (time.share * 100.0).clamp(0.0, 100.0));
    OperatorBar { operator, nodes, share, width, ms: took, ran_on }
}

fn node(time: &OperatorTime) -> NodeLine {
    let [share, took, interval, operator, ran_on, name] = cells(time);
    NodeLine { name, operator, share, ms: took, interval, ran_on }
}
