//! `dumpsys thermalservice`: temperatures, and whether the system throttles.

use serde::{Deserialize, Serialize};

/// Android's own levels of throttling (android.os.PowerManager.THERMAL_STATUS_*).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::FromRepr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[repr(u8)]
pub enum ThermalStatus {
    /// Not at all.
    None,
    /// Without effect on the user.
    Light,
    /// With little.
    Moderate,
    /// Clearly.
    Severe,
    /// As far as the platform can.
    Critical,
    /// Parts are being shut off.
    Emergency,
    /// The device shuts down.
    Shutdown,
}

/// What a sensor measures (android.os.Temperature.TYPE_*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensor {
    /// A CPU.
    Cpu,
    /// A GPU.
    Gpu,
    /// The battery.
    Battery,
    /// The surface that a hand feels.
    Skin,
    /// A neural processor.
    Npu,
    /// Anything else.
    Other,
}

/// A sensor's reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// What it measures.
    pub sensor: Sensor,
    /// The maker's name for it.
    pub name: String,
    /// Degrees Celsius.
    pub celsius: f64,
}

/// What the thermal service reports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thermal {
    /// How far the system throttles.
    pub status: Option<ThermalStatus>,
    /// The sensors, as they read now.
    pub temperatures: Vec<Temperature>,
}

impl Thermal {
    /// Parses what `dumpsys thermalservice` prints. The section of current readings counts; the
    /// cached ones only if it is missing, since they can be old.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let status = text.lines().find_map(|line| line.trim().strip_prefix("Thermal Status:"));
        let status = status.and_then(|status| status.trim().parse().ok());
        let status = status.and_then(ThermalStatus::from_repr);
        let section = |title: &str| -> Vec<Temperature> {
            let lines = text.lines().skip_while(|line| !line.trim().starts_with(title)).skip(1);
            lines.map_while(temperature_line).flatten().collect()
        };
        let mut temperatures = section("Current temperatures from HAL");
        if temperatures.is_empty() {
            temperatures = section("Cached temperatures");
        }
        (status.is_some() || !temperatures.is_empty()).then_some(Self { status, temperatures })
    }

    /// The hottest CPU, else the hottest skin sensor: the temperature that limits apply to.
    #[must_use]
    pub(crate) fn hottest(&self) -> Option<&Temperature> {
        let of = |sensor: Sensor| {
            let all = self.temperatures.iter().filter(move |t| t.sensor == sensor);
            all.max_by(|a, b| a.celsius.total_cmp(&b.celsius))
        };
        of(Sensor::Cpu).or_else(|| of(Sensor::Skin))
    }
}

/// A line such as `Temperature{mValue=33.1, mType=3, mName=skin, mStatus=0}`;
/// outer `None`: the section is over; inner: a sensor that is switched off.
fn temperature_line(line: &str) -> Option<Option<Temperature>> {
    let fields = line.trim().strip_prefix("Temperature{")?;
    let field = |name: &str| {
        let value = fields.split_once(name)?.1;
        Some(value.split([',', '}']).next().unwrap_or(value).trim())
    };
    let celsius: Option<f64> = field("mValue=").and_then(|value| value.parse().ok());
    // Sensors that are off read NaN, 0 or about -100.
    let Some(celsius) = celsius.filter(|celsius| *celsius > 0.0) else { return Some(None) };
    // The numbers of android.os.Temperature.
    let sensor = match field("mType=").and_then(|kind| kind.parse().ok()).unwrap_or(-1) {
        0 => Sensor::Cpu,
        1 => Sensor::Gpu,
        2 => Sensor::Battery,
        3 => Sensor::Skin,
        9 => Sensor::Npu,
        _ => Sensor::Other,
    };
    Some(Some(Temperature {
        sensor,
        name: field("mName=").unwrap_or_default().to_owned(),
        celsius,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::android::captured::{GALAXY_A52_THERMAL, SHIELD_THERMAL};

    #[test]
    fn current_readings_count_and_sensors_that_are_off_do_not() {
        let thermal = Thermal::parse(GALAXY_A52_THERMAL).unwrap();
        assert_eq!(thermal.status, Some(ThermalStatus::None));
        assert_eq!(thermal.temperatures.len(), 6);
        let hottest = thermal.hottest().unwrap();
        assert_eq!((hottest.name.as_str(), hottest.celsius), ("AP", 25.6));
    }

    #[test]
    fn cached_readings_count_where_there_are_no_others() {
        let thermal = Thermal::parse(SHIELD_THERMAL).unwrap();
        assert_eq!(thermal.temperatures.len(), 3);
        assert_eq!(thermal.hottest().unwrap().celsius, 37.0);
    }

    #[test]
    fn a_service_that_tells_nothing_is_none() {
        assert_eq!(Thermal::parse("Can't find service: thermalservice\n"), None);
        let throttled = Thermal::parse("Thermal Status: 3\n").unwrap();
        assert_eq!(throttled.status, Some(ThermalStatus::Severe));
        assert_eq!(Thermal::parse("Thermal Status: 99\n"), None);
    }
}
