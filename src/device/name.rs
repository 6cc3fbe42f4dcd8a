//! Which devices a command is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A device that is not this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceName {
    /// By its serial, through adb's server.
    Adb(String),
    /// A host that `ssh` reaches without asking for a password.
    Ssh(String),
}

/// One value of `--device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
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
        let (name, device) = match text.strip_prefix("ssh:") {
            Some(host) => (host, Self::Ssh(host.to_owned())),
            None => (text, Self::Adb(text.to_owned())),
        };
        // A name that looks like an option would be taken for one by adb or ssh.
        if name.is_empty() || name.starts_with('-') || name.contains(char::is_control) {
            return Err(format!(
                "'{text}' is not a device; give a serial from 'shutterbench list devices', ssh:HOST, all or local"
            ));
        }
        Ok(device)
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
            Self::Adb(serial) => f.write_str(serial),
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
    pub fn as_folder(&self) -> String {
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
            Ok(Selector::One(DeviceName::Ssh("pi@board".to_owned())))
        );
        for wrong in ["", "ssh:", "-e", "ssh:-oProxyCommand=x", "a\nb"] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_becomes_one_plain_folder() {
        let folder = |text: &str| text.parse::<DeviceName>().unwrap().as_folder();
        assert_eq!(folder("127.0.0.1:5611"), "127.0.0.1_5611");
        assert_eq!(folder("ssh:pi@../board"), "ssh_pi_.._board");
        assert_eq!(folder(".."), "device");
    }
}
