//! The arguments of `shutterbench run` that are about other devices.

use std::time::Duration;

use clap::Args;

use crate::device::adb::AdbServer;
use crate::device::name::Selector;
use crate::device::prepare::DeviceTerms;
use crate::device::remote_path::RemotePath;

/// How long to wait for a device that went away, unless stated otherwise.
const PATIENCE_SECONDS: f64 = 30.0;

/// Where to run, and how other devices are reached.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DeviceArgs {
    /// Where to run: local, serials known to adb, ssh:HOST, or all (every device that is ready)
    /// [default: local]
    #[arg(long, value_delimiter = ',', value_name = "LIST", help_heading = "Devices", value_parser = selector)]
    pub device: Vec<Selector>,
    /// Folder on the device [default: /data/local/tmp/shutterbench; boards: /var/tmp/shutterbench]
    #[arg(
        long,
        value_name = "DIR",
        env = "SHUTTERBENCH_DEVICE_FOLDER",
        help_heading = "Devices",
        value_parser = remote_path
    )]
    pub device_folder: Option<RemotePath>,
    /// Stop a device's run after this many seconds, and collect what it measured [default: never]
    #[arg(long, value_name = "S", help_heading = "Devices", value_parser = duration)]
    pub device_timeout: Option<Duration>,
    /// Seconds to wait for a device that went away [default: 30]
    #[arg(long, value_name = "S", help_heading = "Devices", value_parser = duration)]
    pub device_patience: Option<Duration>,
    /// Afterwards remove everything that was pushed to the device
    #[arg(long, help_heading = "Devices")]
    pub device_clean: bool,
    /// Run an Android device's workers under this task profile, such as SCHED_SP_TOP_APP [default: that
    /// of adb's shell]
    #[arg(long, value_name = "NAME", help_heading = "Devices", value_parser = task_profile)]
    pub task_profile: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "its fields are documented")]
    pub server: ServerArgs,
}

/// Where adb's server is; adb's own environment variables (`ANDROID_ADB_SERVER_ADDRESS`,
/// `ANDROID_ADB_SERVER_PORT`, `ADB_SERVER_SOCKET`) are honoured too.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerArgs {
    /// Host of adb's server (adb's -H) [default: adb's own]
    #[arg(long, value_name = "HOST", help_heading = "Devices")]
    pub adb_host: Option<String>,
    /// Port of adb's server (adb's -P) [default: adb's own]
    #[arg(long, value_name = "PORT", help_heading = "Devices", value_parser = port)]
    pub adb_port: Option<u16>,
}

impl DeviceArgs {
    /// Whether the run is this machine's alone.
    #[must_use]
    pub(crate) fn is_local(&self) -> bool {
        self.device.iter().all(|selector| *selector == Selector::Local)
    }

    /// An option that changes nothing here, since no device is named at all. The folder is not
    /// among them: it may stand in the environment of every run.
    #[must_use]
    pub(crate) fn without_device(&self) -> Option<&'static str> {
        let given = [
            ("--device-clean", self.device_clean),
            ("--device-timeout", self.device_timeout.is_some()),
            ("--device-patience", self.device_patience.is_some()),
            ("--task-profile", self.task_profile.is_some()),
        ];
        let named = given.into_iter().find(|(_, given)| *given).map(|(name, _)| name);
        named.filter(|_| self.device.is_empty())
    }

    /// How long a run may take, and what is left behind.
    #[must_use]
    pub(crate) fn terms(&self) -> DeviceTerms {
        let patience = Duration::from_secs_f64(PATIENCE_SECONDS);
        DeviceTerms {
            timeout: self.device_timeout,
            patience: self.device_patience.unwrap_or(patience),
            clean: self.device_clean,
        }
    }
}

impl ServerArgs {
    /// The server: the one that the options name, else the environment's.
    #[must_use]
    pub(crate) fn server(&self) -> AdbServer {
        let (host, port) = (self.adb_host.clone(), self.adb_port);
        let given = host.is_some() || port.is_some();
        if given { AdbServer { host, port } } else { AdbServer::from_env() }
    }
}

fn task_profile(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty() && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("names of task profiles are letters, digits and '_', such as SCHED_SP_TOP_APP".to_owned())
}

/// A port that adb takes.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| (1..u16::MAX).contains(port));
    port.ok_or_else(|| format!("'{text}' is not a port; give a number from 1 to 65534"))
}

fn selector(text: &str) -> Result<Selector, String> {
    text.parse()
}

fn remote_path(text: &str) -> Result<RemotePath, String> {
    text.parse()
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "give seconds, 0 or more".to_owned())
}
