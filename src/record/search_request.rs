//! A search for the best case as a suite file asks for it.

use serde::{Deserialize, Serialize};

use crate::record::options::NonNegative;

/// What is absent is the search's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchRequest {
    /// How far the best may be from the true best, in percent of latency per image.
    pub margin_percent: Option<f64>,
    /// Wall time of the search.
    pub seconds: Option<NonNegative>,
    /// Whether cases may win that compute a float32 model in fewer bits.
    pub reduced_precision: bool,
    /// Search no settings of the runtimes but those that are stated.
    pub no_options: bool,
}
