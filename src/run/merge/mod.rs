//! The shards, or the machines, of one sweep as one run.
//!
//! Shards of a dataset become what one run over all of its images is: their
//! predictions follow each other in the dataset's order, and every figure is
//! computed from them anew. Machines stay apart: each case of the merged run
//! says which one it was measured on.

pub(crate) mod alike;
pub(crate) mod fold;
pub(crate) mod keep;
pub(crate) mod merge_source;
pub(crate) mod partitions;
pub(crate) mod runs;
pub(crate) mod shards;
