//! What machine this is, and what would disturb a measurement on it.

pub mod activity;
pub mod affinity;
pub mod android;
pub mod bounded_command;
#[cfg(test)]
pub mod captured;
pub mod cgroup;
pub mod clock;
pub mod cooling;
pub mod doctor;
pub mod energy_meter;
pub mod energy_source;
pub mod finding;
pub mod frequency;
pub mod large_product;
pub mod memory;
pub mod preconditions;
pub mod process_place;
pub mod read;
pub mod speed_swing;
pub mod tree;
pub mod yardstick;
