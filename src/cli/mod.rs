//! Arguments in, exit code out.

pub mod compare_command;
pub mod device;
pub mod device_args;
pub mod dispatch;
pub mod fetch;
pub mod fetch_args;
mod fetch_model;
pub mod fleet_command;
pub mod in_turn;
pub mod inspect;
pub mod list;
pub mod merge;
pub mod output;
pub mod pick_command;
pub mod plan;
pub mod profile_command;
pub mod report_command;
pub mod run;
pub mod run_args;
pub mod run_hooks;
pub mod settings_file;
pub mod tune_command;
