//! adb's server and the devices that it knows, asked through the program `adb`.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::device::bounded_command;

/// How long the server may take for an answer; starting it takes some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where adb's server is. Absent parts are determined by adb itself: the environment's
/// `ADB_SERVER_SOCKET` or `ANDROID_ADB_SERVER_PORT`, else this machine's server on port 5037, which
/// is started if it does not run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdbServer {
    /// Its host.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
}

/// The state of a device, as adb reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DeviceState {
    /// Ready.
    Device,
    /// It has not confirmed this computer's key.
    Unauthorized,
    /// Connected, and does not answer.
    Offline,
    /// Anything else, as adb states it: `recovery`, `no permissions`, ...
    #[strum(to_string = "{0}")]
    #[serde(untagged)]
    Other(String),
}

/// A device as adb lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttachedDevice {
    /// Its serial.
    pub serial: String,
    /// Whether it is ready.
    pub state: DeviceState,
    /// Its model, if adb knows it.
    pub model: Option<String>,
}

impl AdbServer {
    /// The server that the environment names by its address. Older programs `adb` do not read
    /// that variable themselves; what they do read is left to them.
    #[must_use]
    pub fn from_env() -> Self {
        let of = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let host = of("ANDROID_ADB_SERVER_ADDRESS").filter(|_| of("ADB_SERVER_SOCKET").is_none());
        let port = host.as_ref().and_then(|_| of("ANDROID_ADB_SERVER_PORT")?.parse().ok());
        Self { host, port }
    }

    /// The program `adb` with the options that name the server. The program
    /// can be named by `SHUTTERBENCH_ADB`.
    #[must_use]
    pub fn command(&self) -> Command {
        let program = env::var_os("SHUTTERBENCH_ADB").unwrap_or_else(|| OsString::from("adb"));
        let mut command = Command::new(program);
        if let Some(host) = &self.host {
            command.args(["-H", host]);
        }
        if let Some(port) = self.port {
            command.args(["-P", &port.to_string()]);
        }
        command
    }

    /// Every device that the server knows.
    ///
    /// # Errors
    /// No program `adb`, or no server.
    pub fn devices(&self) -> Result<Vec<AttachedDevice>> {
        self.start()?;
        let said = bounded_command::output(self.command().args(["devices", "-l"]), PATIENCE)
            .map_err(|error| {
                anyhow!("adb's server does not answer ({error}); try 'adb kill-server'")
            })?;
        ensure!(said.is_success(), "adb could not list devices: {}", said.last_line());
        Ok(parse(&said.out))
    }

    /// Starts the server, if it is this machine's and does not run. It does not inherit our pipes,
    /// since it would keep them open for as long as it lives.
    fn start(&self) -> Result<()> {
        let mut command = self.command();
        command.arg("start-server");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            // Fails if the server is on another machine: the next command shows it.
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "the program adb was not found; install it (Debian, Ubuntu: 'apt-get install adb'), or set SHUTTERBENCH_ADB to its path"
            ),
            Err(error) => bail!("adb could not be started: {error}"),
        }
    }
}

impl AttachedDevice {
    /// What keeps it from being used, with what to do; `None` if it is ready.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        let serial = &self.serial;
        Some(match &self.state {
            DeviceState::Device => return None,
            DeviceState::Unauthorized => format!(
                "device {serial} has not authorised this computer; unlock its screen and confirm the dialog"
            ),
            DeviceState::Offline => format!(
                "device {serial} is offline; plug it in again or restart it, or try 'adb reconnect'"
            ),
            DeviceState::Other(state) => {
                format!("device {serial} is not ready; adb reports '{state}'")
            }
        })
    }
}

/// Reads `adb devices -l`: a serial, blanks, a state that may hold blanks (`no
/// permissions (...)`), and pairs such as `model:Pixel_7`.
fn parse(text: &str) -> Vec<AttachedDevice> {
    let devices = text.lines().skip_while(|line| !line.starts_with("List of devices")).skip(1);
    devices.filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<AttachedDevice> {
    let (serial, rest) = line.trim().split_once(char::is_whitespace)?;
    let facts = ["usb:", "product:", "model:", "device:", "transport_id:"];
    let is_fact = |word: &&str| facts.iter().any(|fact| word.starts_with(fact));
    let state: Vec<&str> = rest.split_whitespace().take_while(|word| !is_fact(word)).collect();
    let model = rest.split_whitespace().find_map(|word| word.strip_prefix("model:"));
    let state = match state.join(" ") {
        state if state == "device" => DeviceState::Device,
        state if state == "unauthorized" => DeviceState::Unauthorized,
        state if state == "offline" => DeviceState::Offline,
        state => DeviceState::Other(state),
    };
    Some(AttachedDevice { serial: serial.to_owned(), state, model: model.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_told() {
        // The forms that adb 29 to 35 print.
        let text = "* daemon started successfully\nList of devices attached\n\
            8BAX0X0X               device usb:1-1 product:panther model:Pixel_7 device:panther transport_id:3\n\
            emulator-5554          offline transport_id:1\n\
            R58M123ABC             unauthorized usb:3-2 transport_id:4\n\
            0123456789ABCDEF       no permissions (missing udev rules? user is in the plugdev group); see [http://developer.android.com/tools/device.html] usb:1-4 transport_id:5\n\n";
        let found = parse(text);
        let states: Vec<String> = found.iter().map(|device| device.state.to_string()).collect();
        assert_eq!(states[..3], ["device", "offline", "unauthorized"]);
        assert!(states[3].starts_with("no permissions (missing udev rules?"), "{}", states[3]);
        assert_eq!(found[0].model.as_deref(), Some("Pixel_7"));
        assert_eq!((found[0].obstacle(), found[1].model.as_deref()), (None, None));
        assert!(found[2].obstacle().unwrap().contains("confirm"));
        assert!(found[3].obstacle().unwrap().contains("no permissions"));
    }

    #[test]
    fn no_device_is_no_line() {
        assert_eq!(parse("List of devices attached\n\n"), []);
    }
}
