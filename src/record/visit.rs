//! What a case's processes tell: loading, warm-up, visits, memory.

use serde::{Deserialize, Serialize};

use crate::record::tensor::TensorInfo;

/// What loading told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The runtime's own version.
    pub backend_version: String,
    /// Time from the file to ready-to-run.
    pub load_ns: u64,
    /// The model's inputs as the runtime sees them.
    pub inputs: Vec<TensorInfo>,
    /// Its outputs.
    pub outputs: Vec<TensorInfo>,
    /// Resident memory that loading added, in bytes.
    pub memory_load_bytes: Option<u64>,
    /// Threads of the process before loading.
    #[serde(default)]
    pub threads_before: Option<u32>,
}

/// Timings of consecutive runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// When each run began, on the machine's monotonic clock.
    pub at_ns: Vec<u64>,
    /// How long each run took.
    pub latency_ns: Vec<u64>,
    /// CPU time that the whole process used during the block.
    pub cpu_ns: u64,
    /// Wall time of the block.
    pub wall_ns: u64,
}

/// Memory and threads of the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Resident now.
    pub resident_bytes: u64,
    /// Highest resident so far.
    pub peak_bytes: u64,
    /// Threads now, of which one serves the protocol and runs the model.
    pub threads: u32,
}

/// How warm-up ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmupReport {
    /// Runs that it took.
    pub runs: u32,
    /// Time that they took.
    pub ns: u64,
    /// Whether the windows agreed; `None` where a fixed count was asked for.
    pub steady: Option<bool>,
}

/// One visit to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Which round of the run.
    pub round: u32,
    /// Which of the case's processes, from 0.
    pub process: u32,
    /// The timings.
    pub block: Block,
    /// Current frequency of the CPU before the block, where the system tells.
    pub mhz: Option<u32>,
}

/// What is known of one of a case's processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// What loading told.
    pub loaded: Loaded,
    /// The first inference.
    pub first_inference_ns: u64,
    /// The untimed runs after it.
    pub warmup: WarmupReport,
    /// Memory at the end of the process's last block.
    pub memory: Option<Memory>,
}

impl Process {
    /// Threads that worked for the model: the one that calls it and those that
    /// the process has gained since before it was loaded.
    #[must_use]
    pub fn threads_used(&self) -> Option<u32> {
        let (before, now) = (self.loaded.threads_before?, self.memory?.threads);
        Some(now.saturating_sub(before) + 1)
    }
}
