//! The report of a fleet: a grid of models by devices, on the terminal, as Markdown, HTML,
//! CSV and JSON.

pub mod grid_html;
pub mod grid_json;
pub mod grid_markdown;
pub mod grid_terminal;
pub mod grid_text;
