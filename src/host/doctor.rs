//! What would disturb a measurement on this machine, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::host::activity::Activity;
use crate::host::cgroup::MemoryLimit;
use crate::host::finding::{Finding, FindingKind, Severity, finding};
use crate::host::speed_swing::SpeedSwing;
use crate::host::tree::Tree;
use crate::host::{cgroup, frequency, preconditions, read};
use crate::record::host::Host;

/// Load per CPU from which on other work disturbs a measurement.
const BUSY_LOAD: f64 = 0.1;
/// From how many percent between fast and slow moments a machine counts as unsteady.
const SWING_PERCENT: f64 = 5.0;
/// Temperature of a CPU's zone from which on it is about to throttle: phones
/// and laptops begin between 85 and 100 degrees.
const HOT_MILLIDEGREES: i64 = 80_000;
/// Share of the memory that is available, below which the system may swap.
const SCARCE_MEMORY: f64 = 0.1;
/// Share of CPU time that a hypervisor took away since the start, from which
/// on it can be seen in a measurement.
const STOLEN_SHARE: f64 = 0.01;
/// Clock sources that are read without a system call.
const FAST_CLOCKS: [&str; 4] = ["tsc", "kvm-clock", "arch_sys_counter", "riscv_clocksource"];

/// The machine and what would disturb a measurement on it, worst first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The machine.
    pub host: Host,
    /// What would disturb.
    pub findings: Vec<Finding>,
}

/// Examines this machine.
#[must_use]
pub(crate) fn examine() -> Report {
    let host = Host::read_with_product();
    // The activity first: the probe after it is a load itself.
    let now = Observed { activity: Activity::watch(), swing: SpeedSwing::measure() };
    Report { findings: findings(&Tree::default(), &host, &now), host }
}

/// What was observed of the machine over a short time, if it was watched.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Observed {
    /// What it does besides.
    pub activity: Option<Activity>,
    /// How steadily it runs.
    pub swing: Option<SpeedSwing>,
}

/// What would disturb a measurement on the machine that `tree` shows.
#[must_use]
pub(crate) fn findings(tree: &Tree, host: &Host, now: &Observed) -> Vec<Finding> {
    let mut all: Vec<Finding> = [
        emulation(host),
        load(tree, host, now.activity.as_ref()),
        swing(now.swing),
        governor(host),
        turbo(host),
        frequency_limit(tree),
        smt(host),
        heat(host),
        battery(tree),
        cpu_quota(tree),
        memory_limit(tree),
        memory(tree),
        virtual_machine(host),
        stolen_time(tree),
        clock(host),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    all
}

fn emulation(host: &Host) -> Option<Finding> {
    if !host.emulated {
        return None;
    }
    finding(
        Severity::Problem,
        FindingKind::Emulation,
        "this CPU is emulated in software",
        "use this machine only for predictions; its times say nothing about a real CPU",
    )
}

/// From what is busy now, or from the load average if that is not known.
fn load(tree: &Tree, host: &Host, activity: Option<&Activity>) -> Option<Finding> {
    let average = read::load_average_in(tree);
    let load = activity.map(|activity| activity.busy_cpus).or(average)?;
    let per_cpu = load / host.cores.max(1) as f64;
    let severity = match per_cpu {
        ..BUSY_LOAD => return None,
        ..0.5 => Severity::Warning,
        _ => Severity::Problem,
    };
    finding(
        severity,
        FindingKind::Load,
        format!("other programs run: {}", busy_in_words(host, activity, average)),
        "stop them, or wait until the load falls; `top` shows them",
    )
}

fn busy_in_words(host: &Host, activity: Option<&Activity>, average: Option<f64>) -> String {
    let average = average.map(|load| format!("load average {load:.2}"));
    let Some(Activity { busy_cpus, busiest }) = activity else {
        return format!("{} on {} CPUs", average.unwrap_or_default(), host.cores);
    };
    let busiest = busiest.as_ref().map_or_else(String::new, |(name, cpus)| {
        format!(", most of all '{}' ({cpus:.2})", name.escape_debug())
    });
    let average = average.map_or_else(String::new, |average| format!("; {average}"));
    format!("{busy_cpus:.2} of {} CPUs are busy{busiest}{average}", host.cores)
}

fn swing(swing: Option<SpeedSwing>) -> Option<Finding> {
    let swing = swing?.swing_percent();
    if swing < SWING_PERCENT {
        return None;
    }
    finding(
        Severity::Warning,
        FindingKind::Pace,
        format!(
            "its speed varies: the same work took {swing:.0}% longer in the slowest tenth of 0.3 s than in the fastest"
        ),
        "compare only interleaved runs (run --ab, --against), or measure on a steadier machine",
    )
}

fn governor(host: &Host) -> Option<Finding> {
    let governor = host.governor.as_deref().filter(|name| *name != "performance")?;
    finding(
        Severity::Warning,
        FindingKind::Governor,
        format!(
            "the frequency governor is '{governor}', which changes the frequency with the load"
        ),
        "sudo cpupower frequency-set --governor performance",
    )
}

fn turbo(host: &Host) -> Option<Finding> {
    if host.turbo != Some(true) {
        return None;
    }
    finding(
        Severity::Note,
        FindingKind::Turbo,
        "turbo is on: the frequency depends on the temperature and on the other cores",
        "for steadier (and slower) times, write 1 to /sys/devices/system/cpu/intel_pstate/no_turbo \
         or 0 to /sys/devices/system/cpu/cpufreq/boost",
    )
}

fn frequency_limit(tree: &Tree) -> Option<Finding> {
    let limited: Vec<String> = tree
        .cpus()
        .into_iter()
        .filter_map(|cpu| {
            let (limit, max) =
                (frequency::limit_mhz(tree, cpu)?, frequency::max_mhz_of(tree, cpu)?);
            (limit < max).then(|| format!("CPU {cpu} to {limit} of {max} MHz"))
        })
        .collect();
    if limited.is_empty() {
        return None;
    }
    finding(
        Severity::Warning,
        FindingKind::FrequencyLimit,
        format!("the system limits frequencies: {}", limited.join(", ")),
        "let the device cool, turn power saving off, or raise scaling_max_freq",
    )
}

fn smt(host: &Host) -> Option<Finding> {
    if host.smt != Some(true) {
        return None;
    }
    finding(
        Severity::Note,
        FindingKind::Smt,
        "two logical CPUs share each core: threads beyond the number of cores slow each other down",
        "pin to one CPU of each core with --affinity, or write off to \
         /sys/devices/system/cpu/smt/control",
    )
}

fn heat(host: &Host) -> Option<Finding> {
    let hottest = preconditions::hottest(&host.thermal_zones)?;
    if hottest.millidegrees < HOT_MILLIDEGREES {
        return None;
    }
    let degrees = hottest.millidegrees as f64 / 1e3;
    finding(
        Severity::Problem,
        FindingKind::Heat,
        format!("thermal zone '{}' is at {degrees:.0} degrees Celsius", hottest.name),
        "let it cool, then measure with --cooldown",
    )
}

fn battery(tree: &Tree) -> Option<Finding> {
    let discharging = |name: &String| {
        let of = |file| tree.sys(format!("class/power_supply/{name}/{file}"));
        of("type").as_deref() == Some("Battery") && of("status").as_deref() == Some("Discharging")
    };
    let name = tree.sys_names("class/power_supply").into_iter().find(discharging)?;
    let left = tree
        .sys(format!("class/power_supply/{name}/capacity"))
        .map_or_else(String::new, |percent| format!(" with {percent}% left"));
    finding(
        Severity::Warning,
        FindingKind::Battery,
        format!("it runs on battery{left}: the system may save power"),
        "plug it in, and let it charge before a long run",
    )
}

fn cpu_quota(tree: &Tree) -> Option<Finding> {
    let cpus = cgroup::cpus(tree)?;
    finding(
        Severity::Warning,
        FindingKind::CpuQuota,
        format!(
            "a control group limits this program to the time of {cpus:.2} CPUs and pauses it beyond that"
        ),
        "raise the container's CPU limit, or use no more threads than that",
    )
}

fn memory_limit(tree: &Tree) -> Option<Finding> {
    let MemoryLimit { limit_bytes, left_bytes } = cgroup::memory(tree)?;
    let is_scarce = (left_bytes as f64) < limit_bytes as f64 * SCARCE_MEMORY;
    finding(
        if is_scarce { Severity::Warning } else { Severity::Note },
        FindingKind::MemoryLimit,
        format!(
            "a control group limits this program to {} MB of memory, of which {} MB are left",
            limit_bytes >> 20,
            left_bytes >> 20
        ),
        "raise the container's memory limit if models run out of memory; run loads no more models at once than fit",
    )
}

fn memory(tree: &Tree) -> Option<Finding> {
    let (total, available) = (tree.meminfo_bytes("MemTotal")?, tree.meminfo_bytes("MemAvailable")?);
    if available as f64 >= total as f64 * SCARCE_MEMORY {
        return None;
    }
    finding(
        Severity::Warning,
        FindingKind::Memory,
        format!("{} of {} MB of memory are available", available >> 20, total >> 20),
        "close programs that use memory, so that models are not swapped out",
    )
}

fn virtual_machine(host: &Host) -> Option<Finding> {
    if host.virtual_machine != Some(true) {
        return None;
    }
    finding(
        Severity::Note,
        FindingKind::VirtualMachine,
        "this is a virtual machine: other machines on the same hardware are invisible here",
        "compare only cases measured in the same run, where rounds are paired",
    )
}

fn stolen_time(tree: &Tree) -> Option<Finding> {
    let stat = tree.proc("stat")?;
    // user nice system idle iowait irq softirq steal guest guest_nice
    // (proc_stat(5)); guest time is counted in user time already.
    let fields: Vec<f64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .flat_map(str::parse)
        .collect();
    let total: f64 = fields.iter().take(8).sum();
    let share = fields.get(7)? / total.max(1.0);
    if share < STOLEN_SHARE {
        return None;
    }
    finding(
        Severity::Warning,
        FindingKind::StolenTime,
        format!("the hypervisor took {:.1}% of the CPU time since the start", share * 100.0),
        "measure on another host or at another time",
    )
}

fn clock(host: &Host) -> Option<Finding> {
    let source = host.clock_source.as_deref().filter(|source| !FAST_CLOCKS.contains(source))?;
    finding(
        Severity::Warning,
        FindingKind::Clock,
        format!("the clock source is '{source}': each reading is a system call"),
        "if the hardware allows it, write tsc to \
         /sys/devices/system/clocksource/clocksource0/current_clocksource",
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.host)?;
        if self.findings.is_empty() {
            return writeln!(f, "found nothing that would disturb a measurement");
        }
        for Finding { severity, found, remedy, .. } in &self.findings {
            writeln!(f, "{severity}: {found}\n  {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
