//! adb's server and the devices that it knows, asked through the program `adb`.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::device::adb_name::AdbName;
use crate::host::bounded_command;

/// How long the server may take for an answer; starting it takes some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where adb's server is. Absent parts are determined by adb itself: the environment's
/// `ADB_SERVER_SOCKET` or `ANDROID_ADB_SERVER_PORT`, else this machine's server on port 5037, which
/// is started if it does not run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AdbServer {
    /// Its host.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
}

/// The state of a device, as adb reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum DeviceState {
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
pub(crate) struct AttachedDevice {
    /// What `--device` takes for it: its serial, where no other device has the same.
    pub name: AdbName,
    /// Its serial.
    pub serial: String,
    /// Whether it is ready.
    pub state: DeviceState,
    /// Its model, if adb knows it.
    pub model: Option<String>,
    /// The USB port that it is plugged into, such as `usb:1-4`.
    pub usb: Option<String>,
    /// The number of its connection.
    pub transport_id: Option<u32>,
}

impl AdbServer {
    /// The server that the environment names by its address. Older programs `adb` do not read
    /// that variable themselves; what they do read is left to them.
    #[must_use]
    pub(crate) fn from_env() -> Self {
        let of = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let host = of("ANDROID_ADB_SERVER_ADDRESS").filter(|_| of("ADB_SERVER_SOCKET").is_none());
        let port = host.as_ref().and_then(|_| of("ANDROID_ADB_SERVER_PORT")?.parse().ok());
        Self { host, port }
    }

    /// The program `adb` with the options that name the server. The program
    /// can be named by `SHUTTERBENCH_ADB`.
    #[must_use]
    pub(crate) fn command(&self) -> Command {
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
    pub(crate) fn devices(&self) -> Result<Vec<AttachedDevice>> {
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
    pub(crate) fn obstacle(&self) -> Option<String> {
        let name = &self.name;
        Some(match &self.state {
            DeviceState::Device => return None,
            DeviceState::Unauthorized => format!(
                "device {name} has not authorised this computer; unlock its screen and confirm the dialog"
            ),
            DeviceState::Offline => format!(
                "device {name} is offline; plug it in again or restart it, or try 'adb reconnect'"
            ),
            DeviceState::Other(state) => {
                format!("device {name} is not ready; adb reports '{state}'")
            }
        })
    }

    /// Whether it is the one that is called `name`; several may be.
    #[must_use]
    pub(crate) fn is(&self, name: &AdbName) -> bool {
        match name {
            AdbName::Serial(serial) => self.serial == *serial,
            AdbName::Usb(usb) => self.usb.as_ref() == Some(usb),
            AdbName::Transport(id) => self.transport_id == Some(*id),
        }
    }
}

/// What adb says in a serial's place.
const NO_SERIAL: &str = "(no serial number)";

/// Reads `adb devices -l`: a serial, blanks, a state that may hold blanks (`no
/// permissions (...)`), and pairs such as `model:Pixel_7`.
fn parse(text: &str) -> Vec<AttachedDevice> {
    let devices = text.lines().skip_while(|line| !line.starts_with("List of devices")).skip(1);
    let mut devices: Vec<AttachedDevice> = devices.filter_map(parse_line).collect();
    let serials: Vec<String> = devices.iter().map(|device| device.serial.clone()).collect();
    for device in &mut devices {
        let twins = serials.iter().filter(|serial| **serial == device.serial).count();
        let by_transport = device.transport_id.map(AdbName::Transport);
        let other = device.usb.clone().map(AdbName::Usb).or(by_transport);
        if let Some(other) = other.filter(|_| twins > 1 || device.serial == NO_SERIAL) {
            device.name = other;
        }
    }
    devices
}

fn parse_line(line: &str) -> Option<AttachedDevice> {
    let line = line.trim();
    let (serial, rest) = match line.strip_prefix(NO_SERIAL) {
        Some(rest) => (NO_SERIAL, rest),
        None => line.split_once(char::is_whitespace)?,
    };
    let facts = ["usb:", "product:", "model:", "device:", "transport_id:"];
    let is_fact = |word: &&str| facts.iter().any(|fact| word.starts_with(fact));
    let state: Vec<&str> = rest.split_whitespace().take_while(|word| !is_fact(word)).collect();
    let fact = |name: &str| rest.split_whitespace().find_map(|word| word.strip_prefix(name));
    let model = fact("model:").map(str::to_owned);
    let usb = fact("usb:").map(|port| format!("usb:{port}"));
    let transport_id = fact("transport_id:").and_then(|id| id.parse().ok());
    let state = match state.join(" ") {
        state if state == "device" => DeviceState::Device,
        state if state == "unauthorized" => DeviceState::Unauthorized,
        state if state == "offline" => DeviceState::Offline,
        state => DeviceState::Other(state),
    };
    let serial = serial.to_owned();
    let name = AdbName::Serial(serial.clone());
    Some(AttachedDevice { name, serial, state, model, usb, transport_id })
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
    fn devices_of_one_serial_have_the_names_of_their_ports() {
        let text = "List of devices attached\n\
            0123456789ABCDEF device usb:1-4 product:a model:Board device:a transport_id:3\n\
            0123456789ABCDEF device usb:1-5.2 product:a model:Board device:a transport_id:4\n\
            0123456789ABCDEF device product:a model:Board device:a transport_id:5\n\
            R58M device usb:1-6 transport_id:6\n\
            (no serial number) device usb:1-7 transport_id:7\n";
        let found = parse(text);
        let names: Vec<String> = found.iter().map(|device| device.name.to_string()).collect();
        assert_eq!(names, ["usb:1-4", "usb:1-5.2", "transport:5", "R58M", "usb:1-7"]);
        assert_eq!(found[4].state, DeviceState::Device);
        let called = |name: &str| found.iter().filter(|it| it.is(&name.parse().unwrap())).count();
        assert_eq!(
            ["0123456789ABCDEF", "usb:1-5.2", "transport:4", "usb:9-9"].map(called),
            [3, 1, 1, 0]
        );
    }

    #[test]
    fn no_device_is_no_line() {
        assert_eq!(parse("List of devices attached\n\n"), []);
    }
}
