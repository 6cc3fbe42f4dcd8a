//! `report.html`: one file that opens from disk, without a network.

pub(crate) mod case_table;
pub(crate) mod cost_section;
mod data;
pub(crate) mod differences;
pub(crate) mod escape;
pub(crate) mod front;
pub(crate) mod method;
mod operator_section;
pub mod page;
pub(crate) mod published_section;
pub(crate) mod scores;
pub(crate) mod summary_section;
pub(crate) mod thumbnails;
