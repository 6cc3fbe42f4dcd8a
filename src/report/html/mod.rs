//! The pages: each one file that opens from disk, without a network. The structs here hold what a
//! page says; the templates in `templates/` hold its HTML, and escape every text.

mod case_anchors;
mod case_table;
pub mod comparison_page;
mod cost_section;
mod coverage_section;
mod data;
mod differences;
pub(crate) mod frame;
mod front;
mod method;
mod note_section;
mod operator_section;
pub mod page;
mod preprocessing_section;
mod published_section;
mod scores;
pub mod side_by_side_page;
mod summary_section;
mod thumbnails;
#[cfg(feature = "history")]
pub(crate) mod trend_page;
