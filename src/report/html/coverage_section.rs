//! What each delegate took of each model's graph.

use crate::record::coverage::DelegateStatus;
use crate::record::delegate::Delegate;
use crate::table::row::Row;

/// A delegate and a model.
pub(crate) struct CoverageLine {
    pub model: String,
    pub asked_for: String,
    /// Of the tag that says what it took.
    pub class: &'static str,
    pub took: &'static str,
    /// Nodes that it took, all nodes, and the pieces of the graph that it took.
    pub delegated: String,
    pub total: String,
    pub pieces: String,
}

/// A line per model and delegate, once each.
pub(crate) fn lines(rows: &[Row]) -> Vec<CoverageLine> {
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.delegate != Delegate::None) {
        let key = (&row.model, row.asked_for());
        let Some(status) = row.delegate_status else { continue };
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        lines.push(line(row, status));
    }
    lines
}

fn line(row: &Row, status: DelegateStatus) -> CoverageLine {
    let (class, took) = match status {
        DelegateStatus::Full => ("", "everything"),
        DelegateStatus::Partial => ("", "a part"),
        DelegateStatus::None => (" warning", "nothing"),
        DelegateStatus::Unknown => ("", "the runtime does not report it"),
    };
    let count = |count: Option<u32>| count.map_or(String::new(), |count| count.to_string());
    CoverageLine {
        model: row.model.clone(),
        asked_for: row.asked_for(),
        class,
        took,
        delegated: count(row.nodes_delegated),
        total: count(row.nodes_total),
        pieces: count(row.partitions),
    }
}
