//! One thing that would disturb a measurement, and what to do about it.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth knowing; rounds and pairing deal with it.
    Note,
    /// Will be seen in the results.
    Warning,
    /// Results say little until this is dealt with.
    Problem,
}

/// What disturbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum FindingKind {
    /// Other programs run.
    Load,
    /// The governor changes frequency with load.
    Governor,
    /// Frequency depends on heat and on the other cores.
    Turbo,
    /// A CPU is held below its maximum frequency.
    FrequencyLimit,
    /// Two CPUs share a core.
    Smt,
    /// A sensor is hot.
    Heat,
    /// On battery.
    Battery,
    /// A control group limits CPU time.
    CpuQuota,
    /// A control group limits memory.
    MemoryLimit,
    /// Little memory is left.
    Memory,
    /// Hidden neighbours on the same hardware.
    VirtualMachine,
    /// The hypervisor takes time away.
    StolenTime,
    /// The machine runs at changing speed.
    Pace,
    /// The CPU is emulated.
    Emulation,
    /// Reading the clock is slow.
    Clock,
}

/// One thing that would disturb a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What disturbs.
    pub disturbance: FindingKind,
    /// What was found, in one sentence.
    pub found: String,
    /// What to do.
    pub remedy: String,
}

/// A finding, for where there is one.
pub(crate) fn finding(
    severity: Severity,
    disturbance: FindingKind,
    found: impl Into<String>,
    remedy: impl Into<String>,
) -> Option<Finding> {
    Some(Finding { severity, disturbance, found: found.into(), remedy: remedy.into() })
}
