//! Runs on other machines: phones by adb, boards by adb or ssh. The very same
//! program runs there, and its journal comes home.
//!
//! [`platform`] tells which program a device takes, [`build`] and [`payload`]
//! gather what it needs, [`deploy`] brings what it lacks, [`session`] follows
//! the run over connections that break, and [`collect`] brings the journal home;
//! [`fleet`] does so for several devices at the same time.

pub mod adb;
pub mod bounded_command;
pub mod bundle;
pub mod c_library;
pub mod collect_journal;
pub mod connection;
pub mod deploy;
pub mod device_build;
pub mod fleet;
mod hints;
pub mod name;
pub mod payload;
pub mod platform;
pub mod remote_path;
pub mod remote_run;
pub mod remote_session;
pub mod survey;

pub use crate::device::adb::{AdbServer, AttachedDevice};
pub use crate::device::connection::Connection;
pub use crate::device::fleet::{DeviceResult, FleetRequest};
pub use crate::device::name::{DeviceName, Selector};
pub use crate::device::remote_path::RemotePath;
pub use crate::device::remote_run::RemoteRun;
pub use crate::device::remote_session::RemoteEnd;
