//! The main plot as SVG: for a README, slides, and readers without JavaScript.

pub(crate) mod axis;
pub(crate) mod curve;
pub(crate) mod label_placement;
pub(crate) mod plot;
mod svg_text;
#[cfg(feature = "history")]
pub(crate) mod trend_plot;
