//! shutterbench measures image-classification models: latency, accuracy and
//! size in one run, on every runtime, thread count and delegate.
//!
//! The flow of one case, and the rooms it passes through:
//! [`suite`] plans it, a [`worker`] process loads it on a [`backend`],
//! [`measure`] times it and [`accuracy`] scores it, [`run`] keeps every block
//! in a journal, and [`report`] writes what the journal holds. [`device`] does
//! all of it on another machine.

pub mod accuracy;
pub mod backend;
pub mod cli;
pub mod compare;
pub mod device;
pub mod fetch;
pub mod file_hash;
pub mod host;
pub mod measure;
pub mod model;
pub mod report;
pub mod run;
pub mod suite;
pub mod worker;
