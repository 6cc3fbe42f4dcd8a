//! A run: its record, its journal, and the scheduler that fills it.

pub mod accuracy;
pub mod active_case;
pub mod agreement;
mod assumed;
pub mod execute;
pub mod journal;
pub mod latency;
pub mod matching;
pub mod merge;
pub mod plan;
pub mod progress;
pub mod record;
pub mod reference;
pub mod replay;
pub mod resume;

pub use record::{AccuracyRecord, CaseRecord, Header, Run, Status};
