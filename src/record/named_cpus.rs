//! CPUs under a name: a value of the axis `affinity`.

use serde::{Deserialize, Serialize};

/// CPUs that workers are kept on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCpus {
    /// As `--affinity` takes them: `big`, `little`, `prime`, `all` or a list.
    pub name: String,
    /// Their numbers on this machine; empty: any CPU.
    pub cpus: Vec<usize>,
}

/// What the name of every CPU is, on which nothing is pinned.
pub(crate) const ALL: &str = "all";

/// `0,2,3`, or [`ALL`] for none.
#[must_use]
pub(crate) fn in_words(cpus: &[usize]) -> String {
    match cpus {
        [] => ALL.to_owned(),
        some => some.iter().map(usize::to_string).collect::<Vec<_>>().join(","),
    }
}
