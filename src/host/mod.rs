//! What machine this is, and what would disturb a measurement on it.

pub mod activity;
pub mod affinity;
pub mod android;
#[cfg(test)]
pub mod captured;
pub mod care;
pub mod clock;
pub mod doctor;
pub mod frequency;
pub mod memory;
pub mod pace;
pub mod read;
pub mod tree;
