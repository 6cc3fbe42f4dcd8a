//! The machine of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::android::Android;

/// The machine of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system and version.
    pub os: String,
    /// Version of the kernel, if the system reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Architecture, as Rust names it.
    pub arch: String,
    /// The CPU's name.
    pub cpu: String,
    /// Logical CPUs.
    pub cores: usize,
    /// Maximum frequency of each logical CPU in MHz, if the system reports it.
    pub max_mhz: Vec<u32>,
    /// Frequency governor, if the system reports it.
    pub governor: Option<String>,
    /// Whether turbo is on, if the system reports it.
    pub turbo: Option<bool>,
    /// Whether two logical CPUs share a core, if the system reports it.
    pub smt: Option<bool>,
    /// Total memory in bytes.
    pub memory_bytes: u64,
    /// One-minute load average at the start of the run.
    pub load_before: Option<f64>,
    /// Precision of the monotonic clock in nanoseconds, measured at start.
    pub clock_precision_ns: u64,
    /// Cost of one reading of it in nanoseconds, measured at start.
    pub clock_cost_ns: u64,
    /// What the system reads the time from, if it reports it.
    #[serde(default)]
    pub clock_source: Option<String>,
    /// Temperature sensors at the start of the run.
    #[serde(default)]
    pub thermal_zones: Vec<ThermalZone>,
    /// Whether this is a virtual machine, if the system reports it.
    #[serde(default)]
    pub virtual_machine: Option<bool>,
    /// Thousands of millions of multiply-accumulates per second that one thread reaches in a large
    /// float32 matrix product, measured at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_gmacs: Option<f64>,
    /// The same of two threads at once, added up; absent with one CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_products_gmacs: Option<f64>,
    /// Whether the CPU is emulated in software: times say nothing about a real one.
    #[serde(default)]
    pub emulated: bool,
    /// What Android reports, on an Android device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub android: Option<Android>,
}

/// A temperature sensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThermalZone {
    /// What it measures, in the system's words.
    pub name: String,
    /// Thousandths of a degree Celsius.
    pub millidegrees: i64,
}

/// Two CPUs that together reach less than this many times one's rate are not two cores just then.
const TWO_CORES: f64 = 1.5;

impl Host {
    /// How many times the rate of one thread two threads reached at once, at the start.
    #[must_use]
    pub(crate) fn two_over_one(&self) -> Option<f64> {
        Some(self.two_products_gmacs? / self.product_gmacs?)
    }

    /// Whether two threads had no two cores to run on then: two CPUs that are threads of one core,
    /// or that a virtual machine's host runs on one core, which nothing in the machine tells.
    #[must_use]
    pub(crate) fn shares_a_core(&self) -> Option<bool> {
        self.two_over_one().map(|times| times < TWO_CORES)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |value: Option<bool>| match value {
            Some(true) => "on",
            Some(false) => "off",
            None => "unknown",
        };
        writeln!(f, "{}, {}, {} CPUs of {}", self.cpu, self.arch, self.cores, self.os)?;
        match (self.max_mhz.iter().min(), self.max_mhz.iter().max()) {
            (Some(low), Some(high)) if low == high => writeln!(f, "up to {high} MHz")?,
            (Some(low), Some(high)) => writeln!(f, "up to {low} to {high} MHz by CPU")?,
            _ => writeln!(f, "frequencies unknown")?,
        }
        let governor = self.governor.as_deref().unwrap_or("unknown");
        let (turbo, smt) = (told(self.turbo), told(self.smt));
        writeln!(f, "governor {governor}, turbo {turbo}, SMT {smt}")?;
        writeln!(f, "{} MB of memory", self.memory_bytes >> 20)?;
        for ThermalZone { name, millidegrees } in &self.thermal_zones {
            writeln!(f, "{name}: {:.1} degrees Celsius", *millidegrees as f64 / 1e3)?;
        }
        write!(
            f,
            "clock: steps of {} ns, {} ns per reading",
            self.clock_precision_ns, self.clock_cost_ns
        )?;
        if let Some(rate) = self.product_gmacs {
            write!(f, "\na large float32 matrix product: {rate:.1} GMAC/s per thread")?;
        }
        if let Some(times) = self.two_over_one() {
            write!(f, "; two threads at once reach {times:.2} times that")?;
        }
        Ok(())
    }
}
