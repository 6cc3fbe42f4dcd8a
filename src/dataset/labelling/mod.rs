//! Matching a dataset's classes with a model's outputs, before anything is
//! scored: the right mapping or a refusal, never a silently shifted index.

pub mod by_index;
pub mod by_name;
pub mod by_number;
pub mod likeness;
pub mod match_outputs;
pub mod output_labels;
pub mod outputs;
pub mod same_name;
