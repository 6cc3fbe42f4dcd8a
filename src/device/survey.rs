//! What is attached, and what each device is.

use serde::Serialize;

use anyhow::Result;

use crate::device::adb::{AdbServer, AttachedDevice, DeviceState};
use crate::device::connection::Connection;
use crate::device::name::DeviceName;
use crate::device::platform::Platform;
use crate::record::android::battery::Battery;
use crate::record::android::properties::Properties;

/// A device of adb's server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Device {
    /// What adb says of it.
    #[serde(flatten)]
    pub listed: AttachedDevice,
    /// What it says of itself, if it is ready.
    pub facts: Option<Facts>,
}

impl Device {
    /// What it is, or what keeps it from being used, in one line.
    #[must_use]
    pub(crate) fn in_words(&self) -> String {
        let name = &self.listed.name;
        match (self.listed.obstacle(), &self.facts) {
            (Some(obstacle), _) => obstacle,
            (None, None) => format!("device {name} does not report what it is"),
            (None, Some(Facts { system, soc, battery, .. })) => {
                let more: Vec<&str> =
                    [soc, battery].into_iter().flatten().map(String::as_str).collect();
                let more: String = more.iter().map(|fact| format!(", {fact}")).collect();
                format!("device {name}: {system}{more}")
            }
        }
    }
}

/// What a device says of itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Facts {
    /// Its system, as text.
    pub system: String,
    /// The target whose build it takes, if there is one.
    pub target: Option<&'static str>,
    /// Its system on a chip, if it reports it.
    pub soc: Option<String>,
    /// Its battery, as text, if it has one.
    pub battery: Option<String>,
}

/// Every device of adb's server.
///
/// # Errors
/// No adb, or no server.
pub(crate) fn devices(server: &AdbServer) -> Result<Vec<Device>> {
    let listed = server.devices()?;
    Ok(listed
        .into_iter()
        .map(|listed| {
            let ready = listed.state == DeviceState::Device;
            let facts = ready.then(|| {
                let name = DeviceName::Adb(listed.name.clone());
                // One that goes away in the meantime is listed without facts.
                facts(&Connection::new(name, server.clone())).ok()
            });
            Device { listed, facts: facts.flatten() }
        })
        .collect())
}

/// Asks a device what it is.
///
/// # Errors
/// A device that cannot be reached.
pub(crate) fn facts(connection: &Connection) -> Result<Facts> {
    let platform = Platform::of(connection)?;
    let properties = Properties::parse(&connection.shell("getprop")?.out);
    let battery = Battery::parse(&connection.shell("dumpsys battery")?.out);
    let system = properties.os().unwrap_or_else(|| format!("Linux on {}", platform.machine));
    let battery = battery.map(|battery| {
        let percent = battery.percent.map_or_else(String::new, |p| format!("{p:.0}%"));
        let celsius = battery.celsius.map_or_else(String::new, |c| format!(", {c:.0} C"));
        format!("{percent}{celsius}{}", if battery.powered { ", charging" } else { "" })
    });
    Ok(Facts { system, target: platform.target().ok(), soc: properties.soc, battery })
}
