//! What a run is shown as: CSV, JSON, Markdown, HTML and the terminal.

pub(crate) mod class_names;
mod class_order_note;
pub mod column_docs;
pub mod comparison_report;
pub(crate) mod conditions_note;
pub(crate) mod contents_note;
mod cost_note;
pub mod csv;
pub(crate) mod difference_note;
pub mod export;
pub mod file;
pub(crate) mod found_rate_note;
pub mod grid;
pub mod html;
pub mod json;
pub mod markdown;
pub(crate) mod note_table;
pub(crate) mod notes;
pub(crate) mod operator_alignment;
pub(crate) mod operator_difference;
pub(crate) mod operator_line;
pub(crate) mod operator_note;
pub(crate) mod orientation_note;
pub(crate) mod portable;
pub(crate) mod preprocessing_note;
pub(crate) mod published_note;
pub(crate) mod refusal_note;
pub mod run_files;
pub(crate) mod scenario_note;
mod short_libraries;
pub(crate) mod sustained_note;
pub(crate) mod svg;
pub mod terminal;
pub(crate) mod terminal_page;
#[cfg(feature = "history")]
pub(crate) mod trend_text;
