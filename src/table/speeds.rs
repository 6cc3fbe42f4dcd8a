//! The speeds at which a case ran, as the column `modes` holds them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::stats::modes::Mode;
use crate::table::units::{ms, whole_percent};

/// Two or more speeds, the fastest first. As text `MEDIAN:SHARE` each, in
/// microseconds and as a proportion, with a space between two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Speeds(Vec<Mode>);

impl Speeds {
    /// The distinct modes; `None` if the case ran at one speed.
    #[must_use]
    pub(crate) fn of(modes: &[Mode]) -> Option<Self> {
        let rounded = |mode: &Mode| Mode {
            median_us: (mode.median_us * 1e3).round() / 1e3,
            share: (mode.share * 1e4).round() / 1e4,
        };
        (modes.len() > 1).then(|| Self(modes.iter().map(rounded).collect()))
    }

    /// Each speed with its share of the runs.
    #[must_use]
    pub(crate) fn modes(&self) -> &[Mode] {
        &self.0
    }

    /// For people: `0.440 ms 62%, 0.541 ms 38%`.
    #[must_use]
    pub fn words(&self) -> String {
        let word =
            |mode: &Mode| format!("{} ms {}%", ms(mode.median_us), whole_percent(mode.share));
        self.0.iter().map(word).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Speeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mode) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{}:{}", mode.median_us, mode.share)?;
        }
        Ok(())
    }
}

impl FromStr for Speeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mode = |pair: &str| {
            let (median_us, share) = pair.split_once(':')?;
            Some(Mode { median_us: median_us.parse().ok()?, share: share.parse().ok()? })
        };
        let modes: Option<Vec<Mode>> = text.split(' ').map(mode).collect();
        modes
            .map(Self)
            .ok_or_else(|| format!("'{text}' is not a list of speeds (MEDIAN:SHARE ...)"))
    }
}

impl TryFrom<String> for Speeds {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Speeds> for String {
    fn from(speeds: Speeds) -> Self {
        speeds.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn come_back_as_they_were_written() {
        let modes = [(440.123, 0.6249), (541.0, 0.3751)]
            .map(|(median_us, share)| Mode { median_us, share });
        let speeds = Speeds::of(&modes).unwrap();
        assert_eq!(speeds.to_string(), "440.123:0.6249 541:0.3751");
        assert_eq!(speeds.to_string().parse::<Speeds>().unwrap(), speeds);
        assert_eq!(speeds.words(), "0.440 ms 62%, 0.541 ms 38%");
        assert_eq!(Speeds::of(&modes[..1]), None);
        assert!("0.44".parse::<Speeds>().is_err());
    }
}
