//! The power rails that Google's phones measure, one line per rail: `energy_value` of the driver of
//! their power meter (ODPM), which adb's shell may not read on every phone, and what their service
//! prints of the same, which it may.

/// One rail and what it has delivered since the phone started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PowerRail {
    /// The rail's name on the board, such as `S2M_VDD_CPUCL2`.
    pub name: String,
    /// Microwatt-seconds, which are microjoules.
    pub microjoules: u64,
}

/// Parts of the names of rails that feed what runs a model: CPU clusters, GPU, TPU, memory and
/// the interconnect. Others feed radios, the display and the whole board.
const COMPUTING: [&str; 7] = ["CPU", "G3D", "GPU", "TPU", "MIF", "MEM", "VDD_INT"];

impl PowerRail {
    /// Parses an `energy_value`. Lines of another form, such as the time stamp, are passed over.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Vec<Self> {
        text.lines().filter_map(Self::parse_line).collect()
    }

    /// `CH3(T=349894)[S2M_VDD_CPUCL2], 30203502`; older drivers write no time.
    fn parse_line(line: &str) -> Option<Self> {
        let (channel, rest) = line.trim().split_once('[')?;
        let (name, energy) = rest.split_once(']')?;
        let energy = energy.trim_start_matches([',', ' ']).trim();
        (channel.starts_with("CH") && !name.is_empty())
            .then(|| Some(Self { name: name.to_owned(), microjoules: energy.parse().ok()? }))?
    }

    /// Parses what `dumpsys android.hardware.power.stats.IPowerStats/default` prints.
    #[must_use]
    pub(crate) fn parse_service(text: &str) -> Vec<Self> {
        let lines = text.lines().skip_while(|line| !is_heading(line));
        let lines = lines.skip(1).take_while(|line| !line.starts_with("===="));
        lines.filter_map(Self::parse_service_line).collect()
    }

    /// `[S2M_VDD_CPUCL2]:CPU(BIG)   30203.50 mWs`; older services write no subsystem.
    fn parse_service_line(line: &str) -> Option<Self> {
        let (channel, energy) = line.trim().strip_suffix("mWs")?.trim().rsplit_once(' ')?;
        let channel = channel.trim();
        let name = match channel.strip_prefix('[') {
            Some(channel) => channel.split_once(']')?.0,
            None => channel,
        };
        let milliwatt_seconds: f64 = energy.parse().ok()?;
        // A float-to-integer cast saturates.
        let microjoules = (milliwatt_seconds * 1e3).round() as u64;
        (!name.is_empty()).then(|| Self { name: name.to_owned(), microjoules })
    }

    /// Whether it feeds what runs a model.
    #[must_use]
    pub(crate) fn is_computing(&self) -> bool {
        COMPUTING.iter().any(|part| self.name.contains(part))
    }
}

/// The heading of the service's section of rails; others count residencies and consumers.
fn is_heading(line: &str) -> bool {
    line.starts_with("====") && line.contains("energy meter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::android::captured::{PIXEL_6_ENERGY_VALUE, POWER_STATS};

    #[test]
    fn the_rails_of_a_pixel_6_are_read() {
        let rails = PowerRail::parse(PIXEL_6_ENERGY_VALUE);
        assert_eq!(rails.len(), 8);
        let computing: Vec<&str> =
            rails.iter().filter(|it| it.is_computing()).map(|it| it.name.as_str()).collect();
        let expected = [
            "S10M_VDD_TPU",
            "S2M_VDD_CPUCL2",
            "S3M_VDD_CPUCL1",
            "S4M_VDD_CPUCL0",
            "S5M_VDD_INT",
            "S1M_VDD_MIF",
        ];
        assert_eq!(computing, expected);
        assert_eq!(rails[3].microjoules, 30_203_502);
    }

    #[test]
    fn the_service_s_rails_are_those_of_the_driver() {
        let rails = PowerRail::parse_service(POWER_STATS);
        let of_driver = PowerRail::parse(PIXEL_6_ENERGY_VALUE);
        let names = |rails: &[PowerRail]| -> Vec<String> {
            rails.iter().map(|rail| rail.name.clone()).collect()
        };
        assert_eq!(names(&rails), names(&of_driver));
        // It rounds to a hundredth of a milliwatt-second.
        let close = |(one, other): (&PowerRail, &PowerRail)| {
            one.microjoules.abs_diff(other.microjoules) <= 5
        };
        assert!(rails.iter().zip(&of_driver).all(close), "{rails:?}");
        assert_eq!(PowerRail::parse_service("Can't find service: x\n"), []);
        let older = "============= PowerStats HAL 2.0 energy meter ==============\n Channel  Cumulative Energy\n VSYS_PWR_CPU   12.34 mWs\n";
        assert_eq!(
            PowerRail::parse_service(older),
            [PowerRail { name: "VSYS_PWR_CPU".into(), microjoules: 12_340 }]
        );
    }

    #[test]
    fn lines_of_another_form_are_passed_over() {
        let old = "349894\nCH0[VSYS_PWR_CPU], 12\nCH1[X], many\nCH2[], 3\n[Y], 4\n";
        let rails = PowerRail::parse(old);
        assert_eq!(rails, [PowerRail { name: "VSYS_PWR_CPU".into(), microjoules: 12 }]);
    }
}
