//! Runs on other machines: phones by adb, boards by adb or ssh. The same program runs there, and
//! its journal is copied back.
//!
//! [`platform`] determines which program a device needs, [`device_build`] and [`payload`] gather
//! the files, [`deploy`] pushes what is missing, [`remote_session`] follows the run over
//! connections that break, and [`collect_journal`] pulls the journal; [`prepare`] does everything
//! that comes before a run, and [`fleet`] does so for several devices at the same time.

pub(crate) mod adb;
pub(crate) mod adb_name;
pub(crate) mod bundle;
pub(crate) mod c_library;
pub(crate) mod chosen_devices;
pub(crate) mod collect_journal;
pub(crate) mod connection;
pub(crate) mod deploy;
pub(crate) mod device_build;
pub(crate) mod fleet;
mod hints;
pub(crate) mod name;
pub mod payload;
pub(crate) mod platform;
pub(crate) mod prepare;
pub mod remote_path;
pub(crate) mod remote_run;
pub(crate) mod remote_session;
pub(crate) mod same_build;
pub(crate) mod ssh_host;
pub(crate) mod survey;
