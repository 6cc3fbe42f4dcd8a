//! A search for the best case as a suite file asks for it, with the table `[search]`. What is absent
//! is decided where the search runs, which may be another machine (`run/search_plan.rs`).

use serde::{Deserialize, Serialize};

use crate::record::options::NonNegative;

/// How to search. The axes that are searched are those of the suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchRequest {
    /// How far the best may be from the true best, in percent of latency per image.
    pub margin_percent: Option<f64>,
    /// Wall time of the search; the best case is then timed a little longer.
    pub seconds: Option<NonNegative>,
    /// Whether cases may win that compute a float32 model in fewer bits.
    pub reduced_precision: bool,
    /// Search no settings of the runtimes but those that are stated.
    pub no_options: bool,
}
