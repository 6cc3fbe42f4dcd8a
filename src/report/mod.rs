//! What a run is shown as: CSV, JSON, Markdown, HTML and the terminal.

pub mod class_names;
pub mod column_docs;
pub mod comparison_report;
pub mod contents_note;
mod cost_note;
pub mod csv;
pub mod export;
pub mod file;
pub mod found_rate_note;
pub mod grid;
pub mod html;
pub mod json;
pub mod markdown;
pub(crate) mod note_table;
pub mod notes;
pub(crate) mod operator_difference;
pub(crate) mod operator_note;
pub mod orientation_note;
pub mod portable;
pub mod preprocessing_note;
pub mod published_note;
pub mod run_files;
pub mod scenario_note;
pub mod sustained_note;
pub mod svg;
pub mod terminal;
