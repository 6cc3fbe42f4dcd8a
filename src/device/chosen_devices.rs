//! Which devices a command line means, among those that are attached.

use anyhow::{Result, bail, ensure};

use crate::device::adb::{AdbServer, AttachedDevice};
use crate::device::adb_name::AdbName;
use crate::device::name::{DeviceName, Selector};

/// The devices that selectors name.
///
/// # Errors
/// A device that is not there or not ready, none at all, or this machine
/// together with others.
pub(crate) fn resolve(
    selectors: &[Selector],
    server: &AdbServer,
    tell: &dyn Fn(&str),
) -> Result<Vec<DeviceName>> {
    ensure!(
        !selectors.contains(&Selector::Local),
        "--device takes 'local' or other devices, not both; a run on this machine would disturb their transfers"
    );
    let needs_adb = |s: &Selector| !matches!(s, Selector::One(DeviceName::Ssh(_)));
    let listed = if selectors.iter().any(needs_adb) { server.devices()? } else { Vec::new() };
    let mut devices = Vec::new();
    for selector in selectors {
        match selector {
            Selector::Local => {}
            Selector::All => {
                for device in &listed {
                    match device.obstacle() {
                        None => devices.push(DeviceName::Adb(device.name.clone())),
                        Some(obstacle) => tell(&format!("left out: {obstacle}")),
                    }
                }
                ensure!(
                    !devices.is_empty(),
                    "no device is ready; 'shutterbench list devices' shows what adb sees"
                );
            }
            Selector::One(device @ DeviceName::Ssh(_)) => devices.push(device.clone()),
            Selector::One(DeviceName::Adb(name)) => {
                let found = the_one(name, &listed)?;
                if let Some(obstacle) = found.obstacle() {
                    bail!("{obstacle}");
                }
                devices.push(DeviceName::Adb(name.clone()));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    devices.retain(|device| seen.insert(device.clone()));
    Ok(devices)
}

/// The attached device that is called `name`.
fn the_one<'a>(name: &AdbName, listed: &'a [AttachedDevice]) -> Result<&'a AttachedDevice> {
    let names = |devices: &[&AttachedDevice]| {
        devices.iter().map(|it| it.name.to_string()).collect::<Vec<_>>().join(", ")
    };
    let found: Vec<&AttachedDevice> = listed.iter().filter(|device| device.is(name)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] if listed.is_empty() => bail!("adb does not list device '{name}'; attached: none"),
        [] => {
            let all: Vec<&AttachedDevice> = listed.iter().collect();
            bail!("adb does not list device '{name}'; attached: {}", names(&all))
        }
        twins => bail!(
            "{} devices have the serial {name}; tell them apart as {}",
            twins.len(),
            names(twins)
        ),
    }
}
