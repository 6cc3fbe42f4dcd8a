//! What a run is shown as: CSV, JSON, Markdown, HTML and the terminal.

pub mod class_names;
pub mod columns;
pub mod comparison;
pub mod csv;
pub mod file;
pub mod files;
pub mod html;
pub mod json;
pub mod markdown;
pub mod notes;
pub mod orientation;
pub mod portable;
pub mod preprocessing;
pub mod published;
pub mod svg;
pub mod terminal;
