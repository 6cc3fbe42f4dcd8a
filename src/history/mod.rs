//! Runs over time: what a run adds to its series, the file that keeps them, and the gate.

pub(crate) mod history_file;
pub(crate) mod history_schema;
pub(crate) mod remeasure;
pub(crate) mod series_key;
pub(crate) mod trend;
