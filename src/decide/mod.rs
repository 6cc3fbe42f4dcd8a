//! From rows to decisions: verdicts, the Pareto front, comparison, choice.

pub mod chosen_settings;
pub mod compare;
pub mod comparison;
pub mod complete;
pub mod device_weights;
pub mod enough;
pub mod evidence;
pub mod few_pairs;
pub mod fleet_grid;
pub mod goal;
pub mod highlights;
pub mod limit;
pub mod loss;
pub mod measured_fleet;
pub mod metric;
pub mod paired_accuracy;
pub mod pareto;
mod partners;
pub mod pick;
pub mod pick_words;
pub mod pipelines;
pub mod promises;
pub mod rule;
pub mod score_words;
pub mod search_outcome;
pub mod standing;
