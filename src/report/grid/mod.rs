//! The report of a fleet: a grid of models by devices, on the terminal, as Markdown, HTML,
//! CSV and JSON.

pub mod grid_html;
pub(crate) mod grid_json;
pub(crate) mod grid_markdown;
pub(crate) mod grid_terminal;
pub(crate) mod grid_text;
