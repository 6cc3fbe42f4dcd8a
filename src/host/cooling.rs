//! When a machine has cooled down to where it was.

use std::time::Duration;

/// A sensor wavers by about a degree.
const TOLERANCE_CELSIUS: f64 = 1.0;
/// A phone in the sun never becomes as cool as it was.
const LIMIT: Duration = Duration::from_secs(300);

/// The temperature that is waited for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cooling {
    target_celsius: f64,
}

impl Cooling {
    /// Down to the temperature `start`.
    #[must_use]
    pub(crate) const fn to(start: f64) -> Self {
        Self { target_celsius: start + TOLERANCE_CELSIUS }
    }

    /// Whether a machine of this temperature is cool enough; one that no longer reports any is.
    #[must_use]
    pub(crate) fn is_done(&self, celsius: Option<f64>) -> bool {
        celsius.is_none_or(|celsius| celsius <= self.target_celsius)
    }

    /// Whether the machine has been waited for long enough.
    #[must_use]
    pub(crate) fn is_too_long(&self, waited: Duration) -> bool {
        waited >= LIMIT
    }

    /// What is waited for.
    #[must_use]
    pub(crate) fn sentence(&self, celsius: Option<f64>) -> String {
        let now = celsius.map_or(String::new(), |celsius| format!("from {celsius:.1} "));
        format!(
            "waiting at most {} minutes to cool {now}to {:.1} degrees Celsius",
            LIMIT.as_secs() / 60,
            self.target_celsius
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::captured;
    use crate::host::preconditions::Sensors;

    #[test]
    fn a_phone_is_waited_for_until_its_hottest_sensor_is_where_it_began() {
        let (folder, tree) = captured::phone();
        let hot = Sensors::of(&tree, None, None).celsius;
        assert_eq!(hot, Some(91.2));
        let cooling = Cooling::to(40.0);
        assert!(!cooling.is_done(hot) && cooling.sentence(hot).contains("from 91.2 to 41.0"));
        for zone in fs::read_dir(folder.path().join("sys/class/thermal")).unwrap() {
            let file = zone.unwrap().path().join("temp");
            if file.exists() {
                fs::write(file, "40600\n").unwrap();
            }
        }
        assert!(cooling.is_done(Sensors::of(&tree, None, None).celsius));
        assert!(cooling.is_done(None));
        assert!(!cooling.is_too_long(Duration::from_secs(299)));
        assert!(cooling.is_too_long(Duration::from_secs(300)));
    }
}
