//! One row per case: the figures that every report shows, and how they are written.

pub(crate) mod batch_size;
pub mod column;
pub(crate) mod figure;
mod judged;
pub(crate) mod operator_kind;
pub(crate) mod operator_times;
pub(crate) mod other_settings;
pub(crate) mod paired_top1;
pub(crate) mod ranks;
pub mod row;
pub mod rows;
pub(crate) mod scenario_row;
pub(crate) mod scenario_rows;
pub(crate) mod short_names;
pub(crate) mod speeds;
pub(crate) mod sustained_row;
pub(crate) mod sustained_rows;
pub(crate) mod twin_rows;
pub(crate) mod units;
pub(crate) mod validity;
pub(crate) mod varied_axes;
