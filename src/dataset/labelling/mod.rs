//! Matching a dataset's classes with a model's outputs, before anything is
//! scored: the right mapping or a refusal, never a silently shifted index.

pub(crate) mod by_index;
pub(crate) mod by_name;
pub(crate) mod by_number;
pub(crate) mod likeness;
pub mod match_outputs;
pub(crate) mod output_labels;
pub mod outputs;
pub(crate) mod same_name;
