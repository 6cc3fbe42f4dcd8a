//! A run: its plan, its journal, and the scheduler that fills it.

pub mod accuracy;
pub mod active_case;
pub mod agreement;
pub mod assumed;
pub mod context;
pub mod execute;
pub mod journal;
pub mod latency;
pub mod left;
pub mod matching;
pub mod matrix;
pub mod merge;
pub mod plan;
pub mod preprocessing_check;
pub mod progress;
pub mod reference;
pub mod replay;
pub mod resume;
pub mod same_options;
pub mod scored;
pub mod selection;
pub mod suite_file;
