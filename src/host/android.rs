//! What Android reports through its own tools: `getprop` and `dumpsys`. Parsed alike on the device
//! and on the workstation.

use crate::host::bounded_command;
use crate::record::android::Android;
use crate::record::android::battery::Battery;
use crate::record::android::power_rails::PowerRail;
use crate::record::android::properties::Properties;
use crate::record::android::thermal::Thermal;
use std::env;
use std::process::Command;
use std::time::Duration;

/// How long one of Android's tools may take. A service that hangs makes `dumpsys` wait for 10 s.
const PATIENCE: Duration = Duration::from_secs(15);

impl Android {
    /// This machine, if it has Android's tools.
    #[must_use]
    pub(crate) fn read() -> Option<Self> {
        let properties = Properties::parse(&told("getprop", &[])?);
        Some(Self { properties, battery: Battery::read(), thermal: Thermal::read() })
    }
}

impl Battery {
    /// This machine's, if it has Android's tools.
    #[must_use]
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&told("dumpsys", &["battery"])?)
    }
}

impl Thermal {
    /// This machine's, if it has Android's tools.
    #[must_use]
    pub(crate) fn read() -> Option<Self> {
        Self::parse(&told("dumpsys", &["thermalservice"])?)
    }
}

/// What Android's services say of energy.
#[derive(Debug, Clone, Default)]
pub(crate) struct PowerServices {
    /// The battery.
    pub battery: Option<Battery>,
    /// Power rails; empty on phones that do not measure them.
    pub rails: Vec<PowerRail>,
}

impl PowerServices {
    /// This machine's, if it has Android's tools.
    #[must_use]
    pub(crate) fn read() -> Self {
        Self { battery: Battery::read(), rails: PowerRail::read() }
    }
}

impl PowerRail {
    /// This machine's, by the service; empty where there is none.
    #[must_use]
    pub(crate) fn read() -> Vec<Self> {
        let said = told("dumpsys", &["android.hardware.power.stats.IPowerStats/default"]);
        said.map(|text| Self::parse_service(&text)).unwrap_or_default()
    }
}

/// What one of Android's tools prints; `None` if it is missing, fails or hangs.
fn told(tool: &str, arguments: &[&str]) -> Option<String> {
    // Elsewhere, no process is started to find that it is missing.
    let folders = env::var_os("PATH")?;
    let tool = env::split_paths(&folders).map(|folder| folder.join(tool)).find(|p| p.is_file())?;
    let said = bounded_command::output(Command::new(tool).args(arguments), PATIENCE).ok()?;
    said.is_success().then_some(said.out)
}
