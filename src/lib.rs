//! shutterbench measures image-classification models: latency, accuracy and
//! size in one run, on every runtime, thread count and delegate.
//!
//! The modules have one order (ARCHITECTURE.md): each imports only from those above it in this
//! list. The flow of one case: [`run`] plans it, a [`worker`] process loads it on a [`runtime`] and
//! times it, [`scoring`] scores it, [`table`] makes its row, and [`report`] writes it.

// Read by contributors, with --document-private-items: what is public is only what the tests,
// the benches and the program use.
#![allow(rustdoc::private_intra_doc_links)]

pub mod cli;
pub mod dataset;
pub mod decide;
pub mod device;
pub mod fetch;
pub mod file_hash;
#[cfg(feature = "history")]
pub(crate) mod history;
pub mod host;
pub mod image;
pub(crate) mod installation;
pub mod model;
pub mod record;
pub mod report;
pub mod run;
pub mod runtime;
pub(crate) mod scoring;
pub mod stats;
pub(crate) mod system;
pub mod table;
pub mod text_file;
pub mod worker;
