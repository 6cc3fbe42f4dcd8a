//! Arguments in, exit code out.

pub mod decide;
pub mod device;
pub mod device_args;
pub mod dispatch;
pub mod fetch;
pub mod fetch_args;
pub mod in_turn;
pub mod inspect;
pub mod list;
pub mod merge;
pub mod output;
pub mod plan;
pub mod run;
pub mod run_args;
