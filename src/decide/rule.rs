//! On which devices of a fleet a choice has to keep the limits, and by which of them it is
//! judged.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::decide::limit::Stand;

/// The rule of a fleet. One device is a fleet of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetRule {
    /// The limits are kept on every device; the best on average wins.
    #[default]
    All,
    /// The limits are kept on every device; the best on its worst device wins.
    Worst,
    /// The limits are kept on devices with this share of the weights; the best on average
    /// wins.
    Share(f64),
}

impl FromStr for FleetRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "'{text}' is not a rule; write all, worst, or share:P with a share such as 0.95 or 95%"
            )
        };
        match text {
            "all" => return Ok(Self::All),
            "worst" => return Ok(Self::Worst),
            _ => {}
        }
        let share = text.strip_prefix("share:").ok_or_else(wrong)?;
        let percent = share.strip_suffix('%');
        let number: f64 = percent.unwrap_or(share).trim().parse().map_err(|_| wrong())?;
        let number = if percent.is_some() { number / 100.0 } else { number };
        if number > 0.0 && number <= 1.0 { Ok(Self::Share(number)) } else { Err(wrong()) }
    }
}

impl fmt::Display for FleetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("on every device"),
            Self::Worst => f.write_str("on every device, judged by the worst"),
            Self::Share(share) => write!(f, "on devices with {}% of the weights", share * 100.0),
        }
    }
}

/// How far shares of weights may be apart that are meant to be equal: sums of 0.1.
const ROUNDING: f64 = 1e-9;

impl FleetRule {
    /// How a case stands that stands so on each device, each with its weight.
    #[must_use]
    pub(crate) fn together(self, devices: &[(Stand, f64)]) -> Stand {
        let weigh = |keep: fn(Stand) -> bool| -> f64 {
            devices.iter().filter(|(stand, _)| keep(*stand)).map(|(_, weight)| weight).sum()
        };
        match self {
            Self::All | Self::Worst => {
                devices.iter().map(|(stand, _)| *stand).max().unwrap_or(Stand::NotMeasured)
            }
            Self::Share(share) => {
                let needed = share * weigh(|_| true) - ROUNDING;
                let kept = weigh(|stand| stand == Stand::Kept);
                let unknown = weigh(|stand| stand == Stand::CannotBeTold);
                match (kept >= needed, kept + unknown >= needed) {
                    (true, _) => Stand::Kept,
                    (false, true) => Stand::CannotBeTold,
                    (false, false) => Stand::Broken,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_wrong_ones_refused() {
        assert_eq!("all".parse(), Ok(FleetRule::All));
        assert_eq!("worst".parse(), Ok(FleetRule::Worst));
        assert_eq!("share:0.9".parse(), Ok(FleetRule::Share(0.9)));
        assert_eq!("share:90%".parse(), Ok(FleetRule::Share(0.9)));
        for wrong in ["most", "share:", "share:0", "share:90", "share:x", "share:nan"] {
            assert!(wrong.parse::<FleetRule>().unwrap_err().contains("share:P"), "{wrong}");
        }
    }

    #[test]
    fn a_share_counts_weights_and_what_is_not_known_may_still_count() {
        use Stand::{Broken, CannotBeTold, Kept, NotMeasured};
        let devices = [(Kept, 0.7), (CannotBeTold, 0.2), (NotMeasured, 0.1)];
        let of = |rule: FleetRule| rule.together(&devices);
        assert_eq!(of(FleetRule::Share(0.7)), Kept);
        assert_eq!(of(FleetRule::Share(0.9)), CannotBeTold);
        assert_eq!(of(FleetRule::Share(0.91)), Broken);
        assert_eq!(of(FleetRule::All), NotMeasured);
        assert_eq!(FleetRule::Worst.together(&[(Kept, 1.0), (Broken, 1.0)]), Broken);
        // Ten tenths are one.
        let tenths: Vec<(Stand, f64)> = (0..10).map(|_| (Kept, 0.1)).collect();
        assert_eq!(FleetRule::Share(1.0).together(&tenths), Kept);
    }
}
