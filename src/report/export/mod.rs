//! A run for other programs: one format per file, behind one trait.

pub(crate) mod bencher;
pub(crate) mod github_action;
pub(crate) mod junit;
pub mod kind;
pub(crate) mod lava;
pub(crate) mod measure;
pub(crate) mod openmetrics;
pub(crate) mod trace;
