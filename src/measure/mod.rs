//! The clock, warm-up, and statistics of latency.

pub mod block;
pub mod bootstrap;
pub mod clock;
pub mod memory;
pub mod modes;
pub mod paired;
pub mod signed_rank;
pub mod stability;
pub mod statistics;
pub mod stopping;
pub mod summary;
pub mod warmup;

#[cfg(test)]
mod simulated;

pub use paired::{Comparison, Pairing, Verdict};
pub use stability::Stability;
pub use statistics::Interval;
pub use stopping::Stopping;
pub use summary::Summary;
pub use warmup::Warmup;
