//! Matching a dataset's classes with a model's outputs, before anything is
//! scored: the right mapping or a refusal, never a silently shifted index.

pub mod by_index;
pub mod by_name;
pub mod by_number;
pub mod labels;
pub mod likeness;
pub mod names;
pub mod outputs;
pub mod resolve;
