//! What tells how much energy this machine uses, and which of it there is.

use std::fmt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::host::android::PowerServices;
use crate::host::tree::Tree;
use crate::record::android::battery::Battery;
use crate::record::android::power_rails::PowerRail;
use crate::system::processes;

/// The kernel's folder of power counters (Documentation/power/powercap/powercap.rst).
const POWERCAP: &str = "class/powercap";
/// The folder of measuring chips, Google's power meter among them.
const IIO: &str = "bus/iio/devices";
/// The folder of batteries and chargers (Documentation/ABI/testing/sysfs-class-power).
const SUPPLIES: &str = "class/power_supply";
/// Time between two samples of power: gauges are updated a few times a second.
const SAMPLING: Duration = Duration::from_millis(250);
/// The same where asking is work of its own: Android's service starts a process.
const SERVICE_SAMPLING: Duration = Duration::from_secs(1);
/// How long an external meter may take to say what it measures.
const METER_PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked whether it has.
const METER_LOOK: Duration = Duration::from_millis(2);

const CHARGER: &str = "--energy: a charger is plugged in, so the battery's gauge does not show what the machine uses; unplug it (on a phone, connect adb over Wi-Fi)";

/// Where energy can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnergySource {
    /// Counters of the processor's packages: folders under /sys.
    Rapl(Vec<String>),
    /// Counters of power rails: files under /sys.
    Rails(Vec<String>),
    /// The same counters, by Android's service.
    RailService,
    /// The gauges of the machine's batteries: their folders under /sys.
    Battery(Vec<String>),
    /// The same, by Android's service.
    BatteryService,
    /// A shell command whose last line is the power in watts.
    Meter(String),
}

/// A counter in microjoules, and where it begins again from 0, if it does.
pub(crate) type EnergyCounter = (u64, Option<u64>);

/// What a source says at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EnergyReading {
    /// Counters.
    Counters(Vec<EnergyCounter>),
    /// Power in watts.
    Watts(f64),
}

impl EnergySource {
    /// The source of this machine: `meter` if it is given, else counters, else a battery; by files
    /// before services.
    ///
    /// # Errors
    /// One sentence: why nothing can be read, and what to do.
    pub(crate) fn find(
        tree: &Tree,
        meter: Option<&str>,
        services: &PowerServices,
    ) -> Result<Self, String> {
        if let Some(command) = meter {
            let source = Self::Meter(command.to_owned());
            source.read(tree)?;
            return Ok(source);
        }
        let packages = packages(tree);
        let rapl = Self::Rapl(packages);
        if rapl.read(tree).is_ok() {
            return Ok(rapl);
        }
        let rails = Self::Rails(rail_files(tree));
        if rails.read(tree).is_ok() {
            return Ok(rails);
        }
        if computing(&services.rails).is_ok() {
            return Ok(Self::RailService);
        }
        let folders = batteries(tree);
        let by_service = services.battery.as_ref();
        let tells = by_service.is_some_and(|battery| battery.watts.is_some());
        if folders.is_empty() && !tells {
            return Err(rapl.read(tree).err().filter(|_| rapl.has_folders()).unwrap_or_else(|| {
                "--energy: this machine has neither power counters (RAPL), power rails nor a battery gauge; name a command that prints the watts of an external meter with --energy-meter".to_owned()
            }));
        }
        let charges = folders.iter().any(|folder| is_charging(tree, folder));
        if charges || by_service.is_some_and(|battery| battery.powered) {
            return Err(CHARGER.to_owned());
        }
        let battery = Self::Battery(folders);
        match battery.read(tree) {
            // Its files may be for root only, or not be there.
            Err(_) if tells => Ok(Self::BatteryService),
            read => read.map(|_| battery),
        }
    }

    fn has_folders(&self) -> bool {
        matches!(self, Self::Rapl(folders) if !folders.is_empty())
    }

    /// What it says now.
    ///
    /// # Errors
    /// One sentence: what cannot be read, and what to do.
    pub(crate) fn read(&self, tree: &Tree) -> Result<EnergyReading, String> {
        match self {
            Self::Rapl(folders) => {
                let counter = |folder: &String| {
                    let energy = tree.sys_number(format!("{folder}/energy_uj"))?;
                    Some((energy, tree.sys_number(format!("{folder}/max_energy_range_uj"))))
                };
                let counters: Option<Vec<_>> = folders.iter().map(counter).collect();
                counters.filter(|it| !it.is_empty()).map(EnergyReading::Counters).ok_or_else(|| {
                    "--energy: /sys/class/powercap/*/energy_uj cannot be read, which kernels allow to root only; run as root, or 'sudo chmod o+r' these files".to_owned()
                })
            }
            Self::Rails(files) => {
                let rails = files.iter().filter_map(|file| tree.sys(file));
                let rails: Vec<PowerRail> =
                    rails.flat_map(|text| PowerRail::parse(&text)).collect();
                computing(&rails)
            }
            Self::RailService => computing(&PowerRail::read()),
            Self::BatteryService => {
                let battery = Battery::read();
                if battery.as_ref().is_some_and(|battery| battery.powered) {
                    return Err(CHARGER.to_owned());
                }
                let watts = battery.and_then(|battery| battery.watts).filter(|watts| *watts > 0.0);
                watts.map(EnergyReading::Watts).ok_or_else(|| {
                    "--energy: 'dumpsys battery' does not tell the battery's current".to_owned()
                })
            }
            // A charger may come later too.
            Self::Battery(folders) if folders.iter().any(|it| is_charging(tree, it)) => {
                Err(CHARGER.to_owned())
            }
            Self::Battery(folders) => {
                let watts: Option<Vec<f64>> =
                    folders.iter().map(|folder| battery_watts(tree, folder)).collect();
                // What runs on a battery takes power from it, so a gauge that shows 0 W shows nothing.
                let sum = watts.map(|watts| watts.iter().sum()).filter(|watts| *watts > 0.0);
                sum.map(EnergyReading::Watts).ok_or_else(|| {
                    let folder = folders.first().map_or(SUPPLIES, String::as_str);
                    format!("--energy: the battery's gauge, /sys/{folder}/current_now and voltage_now, cannot be read or shows no current")
                })
            }
            Self::Meter(command) => ask_meter(command).map(EnergyReading::Watts),
        }
    }

    /// Time between two samples of power.
    #[must_use]
    pub(crate) const fn sampling(&self) -> Duration {
        match self {
            Self::BatteryService => SERVICE_SAMPLING,
            _ => SAMPLING,
        }
    }

    /// Whether it has counters, so that it is read only before and after.
    #[must_use]
    pub(crate) const fn counts(&self) -> bool {
        matches!(self, Self::Rapl(_) | Self::Rails(_) | Self::RailService)
    }
}

impl fmt::Display for EnergySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rapl(folders) => write!(f, "RAPL, {} package(s)", folders.len()),
            Self::Rails(_) | Self::RailService => {
                f.write_str("power rails of CPU, GPU, TPU and memory")
            }
            Self::Battery(_) | Self::BatteryService => f.write_str("battery gauge"),
            Self::Meter(command) => write!(f, "external meter ({command})"),
        }
    }
}

/// The zones that stand for whole packages, each once: their parts, the whole platform, and the
/// same package by another way (intel-rapl-mmio:0 beside intel-rapl:0), would count the same energy
/// twice.
fn packages(tree: &Tree) -> Vec<String> {
    let mut packages: Vec<(String, String)> = Vec::new();
    let mut zones = tree.sys_names(POWERCAP);
    zones.sort_by_key(|zone| (zone.contains("mmio"), zone.clone()));
    for zone in zones {
        let folder = format!("{POWERCAP}/{zone}");
        let name = tree.sys(format!("{folder}/name")).unwrap_or_default();
        if name.starts_with("package") && packages.iter().all(|(known, _)| *known != name) {
            packages.push((name, folder));
        }
    }
    packages.into_iter().map(|(_, folder)| folder).collect()
}

fn rail_files(tree: &Tree) -> Vec<String> {
    let devices = tree.sys_names(IIO).into_iter();
    let files = devices.map(|device| format!("{IIO}/{device}/energy_value"));
    files.filter(|file| tree.sys(file).is_some()).collect()
}

/// The counters of the rails that feed what runs a model.
fn computing(rails: &[PowerRail]) -> Result<EnergyReading, String> {
    let computing = rails.iter().filter(|rail| rail.is_computing());
    let counters: Vec<_> = computing.map(|rail| (rail.microjoules, None)).collect();
    if counters.is_empty() {
        return Err("--energy: the phone's power rails cannot be read".to_owned());
    }
    Ok(EnergyReading::Counters(counters))
}

/// The folders of the machine's batteries; those of mice and headsets have another scope.
fn batteries(tree: &Tree) -> Vec<String> {
    let supplies = tree.sys_names(SUPPLIES).into_iter().map(|name| format!("{SUPPLIES}/{name}"));
    let is = |folder: &String, file: &str, value: &str| {
        tree.sys(format!("{folder}/{file}")).is_some_and(|found| found == value)
    };
    supplies.filter(|it| is(it, "type", "Battery") && !is(it, "scope", "Device")).collect()
}

/// Whether the battery is charged, or a charger is there although it is full.
fn is_charging(tree: &Tree, battery: &str) -> bool {
    let status = tree.sys(format!("{battery}/status"));
    let charger = tree.sys_names(SUPPLIES).into_iter().any(|name| {
        let folder = format!("{SUPPLIES}/{name}");
        let kind = tree.sys(format!("{folder}/type")).unwrap_or_default();
        let online = tree.sys_number::<u32>(format!("{folder}/online"));
        kind != "Battery" && online.is_some_and(|online| online > 0)
    });
    charger || status.is_some_and(|status| status == "Charging" || status == "Full")
}

/// Power out of the battery. Microamperes and microvolts; the sign of the current differs between
/// manufacturers.
fn battery_watts(tree: &Tree, folder: &str) -> Option<f64> {
    if let Some(microwatts) = tree.sys_number::<f64>(format!("{folder}/power_now")) {
        return Some(microwatts.abs() / 1e6);
    }
    let microamperes: f64 = tree.sys_number(format!("{folder}/current_now"))?;
    let microvolts: f64 = tree.sys_number(format!("{folder}/voltage_now"))?;
    Some(microamperes.abs() / 1e6 * microvolts / 1e6)
}

/// Runs the command and takes the last line that it prints for the watts.
fn ask_meter(command: &str) -> Result<f64, String> {
    let failed = |why: String| {
        format!(
            "--energy-meter '{command}' {why}; it must print the power in watts as its last line"
        )
    };
    let mut shell = processes::shell(command);
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = shell.spawn().map_err(|error| failed(format!("could not be run: {error}")))?;
    let deadline = Instant::now() + METER_PATIENCE;
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("took longer than {} s", METER_PATIENCE.as_secs())));
        }
        std::thread::sleep(METER_LOOK);
    }
    let output = child.wait_with_output().map_err(|error| failed(format!("failed: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(failed(format!("failed with {}", output.status)));
    }
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let watts: Option<f64> = last.trim_end_matches('W').trim().parse().ok();
    watts.filter(|watts| watts.is_finite()).ok_or_else(|| failed(format!("printed '{last}'")))
}

#[cfg(test)]
#[path = "energy_source_tests.rs"]
mod tests;
