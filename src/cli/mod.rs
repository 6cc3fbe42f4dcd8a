//! Arguments in, exit code out.

pub(crate) mod compare_command;
pub(crate) mod device;
pub(crate) mod device_args;
pub mod dispatch;
pub(crate) mod fetch;
pub(crate) mod fetch_args;
mod fetch_dataset;
mod fetch_model;
pub(crate) mod fleet_command;
#[cfg(feature = "history")]
pub(crate) mod history_command;
#[cfg(feature = "history")]
mod history_confirm;
pub mod in_turn;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod output;
pub(crate) mod pick_command;
pub(crate) mod plan;
pub(crate) mod profile_command;
pub(crate) mod report_command;
pub(crate) mod run;
pub(crate) mod run_args;
pub(crate) mod run_hooks;
pub(crate) mod settings_file;
pub(crate) mod tune_command;
