//! A run for other programs: one format per file, behind one trait.

pub mod bencher;
pub mod github_action;
pub mod junit;
pub mod kind;
pub mod lava;
pub mod measure;
pub mod openmetrics;
pub mod trace;
