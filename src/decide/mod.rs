//! From rows to decisions: verdicts, the Pareto front, comparison, choice.

pub(crate) mod chosen_settings;
pub mod compare;
pub(crate) mod compared_scenarios;
pub mod comparison;
pub mod complete;
pub(crate) mod device_weights;
pub(crate) mod enough;
pub mod evidence;
pub(crate) mod few_pairs;
pub mod fleet_grid;
pub mod goal;
pub mod highlights;
pub mod limit;
pub(crate) mod loss;
pub mod measured_fleet;
pub mod metric;
pub(crate) mod paired_accuracy;
pub mod pareto;
mod partners;
pub mod pick;
pub mod pick_words;
pub(crate) mod pipelines;
pub(crate) mod promises;
pub(crate) mod rule;
pub(crate) mod score_words;
pub(crate) mod search_outcome;
pub mod standing;
