//! Which devices a command is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::device::adb_name::AdbName;
use crate::device::ssh_host::SshHost;

/// A device that is not this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum DeviceName {
    /// One of adb's server.
    Adb(AdbName),
    /// A host that `ssh` reaches without asking for a password.
    Ssh(SshHost),
}

/// One value of `--device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// This machine.
    Local,
    /// Every device of adb's server that is ready.
    All,
    /// One device.
    One(DeviceName),
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(host) = text.strip_prefix("ssh:") {
            return host.parse().map(Self::Ssh);
        }
        // A name that looks like an option would be taken for one by adb.
        if text.is_empty() || text.starts_with('-') || text.contains(char::is_control) {
            return Err(format!(
                "'{text}' is not a device; give a name from 'shutterbench list devices', ssh:HOST, all or local"
            ));
        }
        text.parse().map(Self::Adb)
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "local" => Ok(Self::Local),
            "all" => Ok(Self::All),
            name => name.parse().map(Self::One),
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adb(name) => write!(f, "{name}"),
            Self::Ssh(host) => write!(f, "ssh:{host}"),
        }
    }
}

impl TryFrom<String> for DeviceName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.to_string()
    }
}

impl DeviceName {
    /// The name as a folder's: letters, digits, '.', '_' and '-', everything
    /// else as '_'.
    #[must_use]
    pub(crate) fn as_folder(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let folder: String = self.to_string().chars().map(plain).collect();
        // Of dots alone it would be the folder itself or the one above.
        if folder.bytes().all(|byte| byte == b'.') { "device".to_owned() } else { folder }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_hosts_and_words_are_told_apart() {
        let one = |text: &str| Selector::One(text.parse().unwrap());
        assert_eq!("all".parse(), Ok(Selector::All));
        assert_eq!("local".parse(), Ok(Selector::Local));
        assert_eq!("127.0.0.1:5611".parse(), Ok(one("127.0.0.1:5611")));
        assert_eq!(
            "ssh:pi@board".parse(),
            Ok(Selector::One(DeviceName::Ssh("pi@board".parse().unwrap())))
        );
        assert_eq!("ssh://pi@[::1]:2222".parse(), Ok(one("ssh://pi@[::1]:2222")));
        assert_eq!(
            "usb:1-4".parse(),
            Ok(Selector::One(DeviceName::Adb(AdbName::Usb("usb:1-4".into()))))
        );
        for wrong in ["", "ssh:", "-e", "ssh:-oProxyCommand=x", "a\nb"] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_becomes_one_plain_folder() {
        let folder = |text: &str| text.parse::<DeviceName>().unwrap().as_folder();
        assert_eq!(folder("127.0.0.1:5611"), "127.0.0.1_5611");
        assert_eq!(folder("ssh:pi@board$(x)"), "ssh_pi_board__x_");
        assert_eq!(folder(".."), "device");
        assert_eq!(folder("ssh://pi@[::1]:2222"), "ssh___pi____1__2222");
    }
}
