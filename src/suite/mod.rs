//! What is to be measured: options, the suite file, and the matrix of cases.

pub mod case;
pub mod file;
pub mod matrix;
pub mod options;
pub mod shard;

pub use case::{AccuracyKey, Case};
pub use file::SuiteFile;
pub use matrix::Matrix;
pub use options::{AccuracyOptions, Amount, LatencyOptions, NonNegative, Options, Order};
pub use shard::Shard;
