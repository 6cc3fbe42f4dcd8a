//! What machine this is, and what would disturb a measurement on it.

pub(crate) mod activity;
pub mod affinity;
pub(crate) mod android;
pub(crate) mod bounded_command;
#[cfg(test)]
pub(crate) mod captured;
pub(crate) mod cgroup;
pub mod clock;
pub(crate) mod cooling;
pub(crate) mod doctor;
pub(crate) mod energy_meter;
pub(crate) mod energy_source;
pub(crate) mod finding;
pub(crate) mod frequency;
pub(crate) mod large_product;
pub(crate) mod memory;
pub(crate) mod preconditions;
pub(crate) mod process_place;
pub mod read;
pub(crate) mod run_queue;
pub(crate) mod speed_swing;
pub mod tree;
pub(crate) mod yardstick;
