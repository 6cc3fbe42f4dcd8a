//! Waiting until a device is cool and charged enough to be measured.

use std::sync::OnceLock;

use crate::record::options::Preconditions;

use crate::host::tree::Tree;
use crate::record::android::battery::Battery;
use crate::record::android::thermal::Thermal;
use crate::record::host::ThermalZone;

/// What the machine reports now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sensors {
    /// The hottest CPU, else the hottest sensor of any kind.
    pub celsius: Option<f64>,
    /// Charge of the battery.
    pub battery_percent: Option<f64>,
}

impl Sensors {
    /// This machine, through Android's tools if it has them.
    #[must_use]
    pub(crate) fn now() -> Self {
        Self::of(&Tree::default(), Thermal::read().as_ref(), Battery::read().as_ref())
    }

    pub(crate) fn of(tree: &Tree, thermal: Option<&Thermal>, battery: Option<&Battery>) -> Self {
        let celsius = thermal.and_then(|thermal| Some(thermal.hottest()?.celsius));
        let battery_percent = battery.and_then(|battery| battery.percent);
        Self {
            celsius: celsius.or_else(|| hottest_zone(tree)),
            battery_percent: battery_percent.or_else(|| power_supply(tree)),
        }
    }
}

impl Preconditions {
    /// Whether anything is asked.
    #[must_use]
    pub(crate) const fn is_asked(self) -> bool {
        self.max_celsius.is_some() || self.min_battery_percent.is_some()
    }

    /// What cannot be waited for, since the machine does not report it.
    #[must_use]
    pub(crate) fn blind_spot(self, reading: &Sensors) -> Option<&'static str> {
        match (self, reading) {
            (Self { max_celsius: Some(_), .. }, Sensors { celsius: None, .. }) => Some(
                "--max-temperature needs a temperature sensor and this machine shows none; leave it out",
            ),
            (Self { min_battery_percent: Some(_), .. }, Sensors { battery_percent: None, .. }) => {
                Some("--min-battery needs a battery and this machine shows none; leave it out")
            }
            _ => None,
        }
    }

    /// What is still to be waited for.
    #[must_use]
    pub(crate) fn unmet(self, reading: &Sensors) -> Option<String> {
        if let (Some(most), Some(celsius)) = (self.max_celsius, reading.celsius)
            && celsius > most
        {
            return Some(format!("waiting to cool from {celsius:.1} to {most} degrees Celsius"));
        }
        if let (Some(least), Some(percent)) = (self.min_battery_percent, reading.battery_percent)
            && percent < least
        {
            return Some(format!(
                "waiting for the battery to charge from {percent:.0}% to {least}%"
            ));
        }
        None
    }
}

fn hottest_zone(tree: &Tree) -> Option<f64> {
    let zones = crate::host::read::thermal_zones(tree);
    hottest(&zones).map(|zone| zone.millidegrees as f64 / 1e3)
}

/// Temperature of the CPU in thousandths of a degree Celsius, by the sensor that was the
/// hottest one when this process first asked: a phone has dozens, and each takes its time.
#[must_use]
pub(crate) fn cpu_millidegrees() -> Option<i64> {
    static SENSOR: OnceLock<Option<String>> = OnceLock::new();
    let tree = Tree::default();
    let sensor = SENSOR.get_or_init(|| hottest_sensor(&tree));
    tree.sys_number(sensor.as_ref()?)
}

/// The file of the hottest of the CPU's sensors.
fn hottest_sensor(tree: &Tree) -> Option<String> {
    let zones = crate::host::read::thermal_zones(tree);
    let hottest = hottest(&zones)?;
    tree.sys_numbered("class/thermal", "thermal_zone").into_iter().find_map(|(_, zone)| {
        let folder = format!("class/thermal/{zone}");
        let name = tree.sys(format!("{folder}/type")).unwrap_or(zone);
        (name == hottest.name).then(|| format!("{folder}/temp"))
    })
}

/// The hottest of the kernel's thermal zones: those whose names say CPU, if there are any. Zones
/// that are off read 0 or nonsense below it.
pub(crate) fn hottest(zones: &[ThermalZone]) -> Option<&ThermalZone> {
    let hottest = |only_cpu: bool| {
        let names = ["cpu", "soc", "tsens", "pkg", "core"];
        let is_cpu = |name: &str| names.iter().any(|part| name.to_lowercase().contains(part));
        zones
            .iter()
            .filter(|zone| !only_cpu || is_cpu(&zone.name))
            .filter(|zone| (1_000..150_000).contains(&zone.millidegrees))
            .max_by_key(|zone| zone.millidegrees)
    };
    hottest(true).or_else(|| hottest(false))
}

fn power_supply(tree: &Tree) -> Option<f64> {
    tree.sys_names("class/power_supply").into_iter().find_map(|name| {
        let of = |file: &str| tree.sys(format!("class/power_supply/{name}/{file}"));
        (of("type")? == "Battery").then(|| of("capacity")?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::captured;

    #[test]
    fn the_kernel_s_sensors_serve_where_android_s_tools_are_missing() {
        let (_keep, tree) = captured::phone();
        let reading = Sensors::of(&tree, None, None);
        assert_eq!(reading, Sensors { celsius: Some(91.2), battery_percent: Some(41.0) });
        let preconditions =
            Preconditions { max_celsius: Some(45.0), min_battery_percent: Some(30.0) };
        assert!(preconditions.unmet(&reading).unwrap().contains("from 91.2 to 45"));
        let preconditions = Preconditions { max_celsius: None, min_battery_percent: Some(50.0) };
        assert!(preconditions.unmet(&reading).unwrap().contains("from 41% to 50%"));
        let preconditions =
            Preconditions { max_celsius: Some(95.0), min_battery_percent: Some(41.0) };
        assert_eq!(preconditions.unmet(&reading), None);
    }

    #[test]
    fn a_zone_that_names_no_cpu_serves_where_none_does() {
        let zones = crate::record::android::captured::XPERIA_X_COMPACT_ZONES;
        let files: Vec<(String, String)> = zones
            .iter()
            .enumerate()
            .flat_map(|(zone, name)| {
                let folder = format!("sys/class/thermal/thermal_zone{zone}");
                let temp = if zone < 7 { 30_000 + zone } else { 41_000 + zone };
                [
                    (format!("{folder}/type"), name.to_string()),
                    (format!("{folder}/temp"), temp.to_string()),
                ]
            })
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
        let (_keep, tree) = captured::tree(&files);
        assert_eq!(hottest_zone(&tree), Some(41.01));
        let (_keep, tree) = captured::tree(&files[..14]);
        assert_eq!(hottest_zone(&tree), Some(30.006));
    }

    #[test]
    fn what_a_machine_does_not_tell_cannot_be_waited_for() {
        let preconditions = Preconditions { max_celsius: Some(40.0), min_battery_percent: None };
        assert!(
            preconditions.blind_spot(&Sensors::default()).unwrap().contains("--max-temperature")
        );
        let preconditions = Preconditions { max_celsius: None, min_battery_percent: Some(20.0) };
        assert!(preconditions.blind_spot(&Sensors::default()).unwrap().contains("--min-battery"));
        assert!(!Preconditions::default().is_asked());
        assert_eq!(Preconditions::default().blind_spot(&Sensors::default()), None);
    }
}
