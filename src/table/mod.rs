//! One row per case: the figures that every report shows, and how they are written.

mod batch_size;
pub mod column;
pub mod figure;
mod judged;
pub mod operator_kind;
pub mod operator_times;
pub mod other_settings;
pub mod paired_top1;
pub mod ranks;
pub mod row;
pub mod rows;
pub mod scenario_row;
pub mod scenario_rows;
pub mod short_names;
pub mod speeds;
pub mod sustained_row;
pub mod sustained_rows;
pub mod twin_rows;
pub mod units;
pub mod validity;
pub mod varied_axes;
