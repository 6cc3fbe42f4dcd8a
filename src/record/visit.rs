//! What a case's processes report: loading, warm-up, visits, memory.

use serde::{Deserialize, Serialize};

use crate::record::process_place::ProcessPlace;
use crate::record::schedule::Schedule;
use crate::record::setting_values::SettingValues;
use crate::record::stage::StageTimes;
use crate::record::tensor::TensorInfo;
use crate::record::timed_runs::{Block, TimedRuns};

/// The result of loading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Loaded {
    /// The runtime's own version.
    pub backend_version: String,
    /// Time to open the runtime's library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_ns: Option<u64>,
    /// Time from the file to ready-to-run.
    pub load_ns: u64,
    /// The model's inputs as the runtime sees them.
    pub inputs: Vec<TensorInfo>,
    /// Its outputs.
    pub outputs: Vec<TensorInfo>,
    /// Resident memory that loading added, in bytes.
    pub memory_load_bytes: Option<u64>,
    /// Threads that the runtime says it works with, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Threads of the process before loading.
    #[serde(default)]
    pub threads_before: Option<u32>,
    /// Resident memory before loading, the runtime's library open.
    #[serde(default)]
    pub memory_before_bytes: Option<u64>,
    /// The settings that the runtime says it has, where it tells.
    #[serde(default, skip_serializing_if = "SettingValues::is_empty")]
    pub settings: SettingValues,
    /// Where the process ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ProcessPlace>,
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
    /// Whether the windows agreed; `None` if a fixed count was requested.
    pub steady: Option<bool>,
}

/// What a worker reports about a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visited {
    /// The first run, recorded separately: what an application sees that classifies now and then.
    /// `None` if every run was to be timed.
    pub cold_ns: Option<u64>,
    /// Untimed runs after it, until two windows agreed or their time was used.
    pub settle_runs: u32,
    /// Time they took.
    pub settle_ns: u64,
    /// The timed runs.
    pub block: Block,
    /// The CPU on which the calling thread ended the timed runs.
    pub cpu: Option<u32>,
    /// Frequency of that CPU right after them, in MHz.
    pub mhz: Option<u32>,
    /// Temperature of the hottest CPU right after them, in thousandths of a degree Celsius.
    pub millidegrees: Option<i64>,
    /// What the yardstick took right before and right after the timed runs, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yardstick_ns: Option<[u64; 2]>,
    /// How long the process's threads were ready to run without a CPU, from the first reading of
    /// the yardstick to the second, summed over them, if it was asked and the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ns: Option<u64>,
    /// When the runs were due, if they had a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What the stages of the timed runs took, if they were timed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageTimes>,
}

/// One visit to a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Which round of the run.
    pub round: u32,
    /// Which of the case's processes, from 0.
    pub process: u32,
    /// The timed runs.
    pub block: TimedRuns,
    /// Frequency of the CPU that ran them, right after them, if the system reports it. In journals
    /// of versions that recorded no cold run: before them.
    pub mhz: Option<u32>,
    /// The first run of the visit.
    #[serde(default)]
    pub cold_ns: Option<u64>,
    /// Untimed runs between the first and the timed ones.
    #[serde(default)]
    pub settle_runs: u32,
    /// Time that these took.
    #[serde(default)]
    pub settle_ns: u64,
    /// The CPU that ran the last of the timed runs.
    #[serde(default)]
    pub cpu: Option<u32>,
    /// Temperature of the hottest CPU right after them, in thousandths of a degree Celsius.
    #[serde(default)]
    pub millidegrees: Option<i64>,
    /// What the yardstick, a fixed piece of work, took right before and right after the
    /// timed runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yardstick_ns: Option<[u64; 2]>,
    /// How long its threads stood in line for a CPU meanwhile, summed over them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ns: Option<u64>,
}

impl Visit {
    /// What a worker reported about the visit in `round` to the case's process number `process`.
    #[must_use]
    pub fn of(round: u32, process: u32, visited: Visited) -> Self {
        let Visited { cold_ns, settle_runs, settle_ns, block, cpu, mhz, .. } = visited;
        let Visited { millidegrees, yardstick_ns, waited_ns, .. } = visited;
        Self {
            round,
            process,
            block: TimedRuns::from(&block),
            mhz,
            cold_ns,
            settle_runs,
            settle_ns,
            cpu,
            millidegrees,
            yardstick_ns,
            waited_ns,
        }
    }
}

/// What is known about one of a case's processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// What loading told.
    pub loaded: Loaded,
    /// The first inference.
    pub first_inference_ns: u64,
    /// The untimed runs after it.
    pub warmup: WarmupReport,
    /// Memory at the end of the process's last visit.
    pub memory: Option<Memory>,
    /// When it became ready; earlier versions did not record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<ProcessBegan>,
}

/// When a process began what comes before its visits, on the clock of the timed runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessBegan {
    /// The start of the process, which then loads the model.
    pub load_ns: u64,
    /// The first inference.
    pub first_ns: u64,
    /// The untimed runs after it.
    pub warmup_ns: u64,
    /// When these were done.
    pub warm_ns: u64,
}

impl Process {
    /// Threads that worked for the model: as many as the runtime says; else the one that calls
    /// it and those that the process has gained since before it was loaded.
    #[must_use]
    pub(crate) fn threads_used(&self) -> Option<u32> {
        let gained = || Some(self.memory?.threads.saturating_sub(self.loaded.threads_before?));
        self.loaded.threads.or_else(|| Some(gained()? + 1))
    }

    /// Peak memory less what the process held before the model was loaded.
    #[must_use]
    pub(crate) fn memory_of_model(&self) -> Option<u64> {
        Some(self.memory?.peak_bytes.saturating_sub(self.loaded.memory_before_bytes?))
    }
}
