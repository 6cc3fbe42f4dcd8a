//! Runs on other machines: phones by adb, boards by adb or ssh. The same program runs there, and
//! its journal is copied back.
//!
//! [`platform`] determines which program a device needs, [`device_build`] and [`payload`] gather
//! the files, [`deploy`] pushes what is missing, [`remote_session`] follows the run over
//! connections that break, and [`collect_journal`] pulls the journal; [`prepare`] does everything
//! that comes before a run, and [`fleet`] does so for several devices at the same time.

pub mod adb;
pub mod adb_name;
pub mod bundle;
pub mod c_library;
pub mod chosen_devices;
pub mod collect_journal;
pub mod connection;
pub mod deploy;
pub mod device_build;
pub mod fleet;
mod hints;
pub mod name;
pub mod payload;
pub mod platform;
pub mod prepare;
pub mod remote_path;
pub mod remote_run;
pub mod remote_session;
pub mod same_build;
pub mod ssh_host;
pub mod survey;
