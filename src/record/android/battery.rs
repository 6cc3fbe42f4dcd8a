//! `dumpsys battery`: charge, heat, and whether it is charging.

use serde::{Deserialize, Serialize};

/// The state of a battery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    /// Charge in percent.
    pub percent: Option<f64>,
    /// Degrees Celsius.
    pub celsius: Option<f64>,
    /// Whether a charger is connected: wall, USB, wireless or dock.
    pub powered: bool,
    /// Power into it or out of it in watts; only some manufacturers tell the current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watts: Option<f64>,
}

impl Battery {
    /// Parses what `dumpsys battery` prints. Only the first section counts: manufacturers append
    /// others with similar lines.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().skip_while(|line| !line.contains("Battery Service state"));
        lines.next()?;
        let section = lines.take_while(|line| line.starts_with("  "));
        let mut battery = Self::default();
        let (mut level, mut scale) = (None, None);
        let (mut milliamperes, mut millivolts) = (None, None);
        for (name, value) in section.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            let number = || value.parse::<f64>().ok();
            match name.trim() {
                "level" => level = level.or_else(number),
                "scale" => scale = scale.or_else(number),
                // Tenths of a degree (BatteryManager.EXTRA_TEMPERATURE).
                "temperature" => {
                    battery.celsius = battery.celsius.or_else(|| Some(number()? / 10.0));
                }
                "voltage" => millivolts = millivolts.or_else(number),
                // Samsung's, in milliamperes; its sign differs between phones.
                "current now" => milliamperes = milliamperes.or_else(number),
                name if name.ends_with(" powered") => battery.powered |= value == "true",
                _ => {}
            }
        }
        let level = level?;
        let power = milliamperes.zip(millivolts);
        battery.watts = power.map(|(current, voltage)| current.abs() * voltage / 1e6);
        battery.percent = match scale {
            Some(scale) if scale > 0.0 => Some(100.0 * level / scale),
            _ => Some(level),
        };
        Some(battery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::android::captured::{
        GOOGLE_BATTERY, OLDER_SAMSUNG_BATTERY, SAMSUNG_BATTERY,
    };

    #[test]
    fn batteries_of_three_phones_are_read() {
        let read = |text: &str| {
            let battery = Battery::parse(text).unwrap();
            (battery.percent, battery.celsius, battery.powered, battery.watts)
        };
        assert_eq!(read(GOOGLE_BATTERY), (Some(80.0), Some(18.0), true, None));
        assert_eq!(read(SAMSUNG_BATTERY), (Some(100.0), Some(30.9), true, Some(0.0)));
        let watts = 0.321 * 4.063;
        assert_eq!(read(OLDER_SAMSUNG_BATTERY), (Some(84.0), Some(32.6), true, Some(watts)));
    }

    #[test]
    fn what_is_no_battery_is_none() {
        assert_eq!(Battery::parse("Can't find service: battery\n"), None);
        assert_eq!(Battery::parse("Current Battery Service state:\n  present: false\n"), None);
    }
}
