//! A run: its plan, its journal, and the scheduler that fills it.

pub mod accuracy;
pub mod active_case;
pub mod check_agreement;
pub mod check_preprocessing;
pub mod choose_outputs;
pub mod choose_runtimes;
pub mod context;
pub mod execute;
pub mod hooks;
pub mod journal;
pub mod latency;
mod latency_axes;
pub mod matching;
pub mod matrix;
pub mod merge;
pub mod model_decisions;
pub mod plan;
pub mod progress;
pub mod reference;
pub mod remaining;
pub mod replay;
pub mod resume;
pub mod same_images;
pub mod same_options;
pub mod selection;
pub mod suite_file;
