//! From rows to decisions: verdicts, the Pareto front, comparison, choice.

pub mod compare;
pub mod comparison;
pub mod complete;
pub mod highlights;
pub mod metric;
pub mod paired_accuracy;
pub mod pareto;
pub mod pick;
pub mod pipelines;
pub mod score_words;
