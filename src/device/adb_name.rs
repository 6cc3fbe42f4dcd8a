//! How adb's server tells a device from the others.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const USB: &str = "usb:";
const TRANSPORT: &str = "transport:";

/// A device of adb's server. Serials are not unique: boards of one batch may share one, or
/// have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum AdbName {
    /// By its serial.
    Serial(String),
    /// By the USB port that it is plugged into, such as `usb:1-4`, which stays the same when
    /// it restarts.
    Usb(String),
    /// By the number that the server gave its connection.
    Transport(u32),
}

impl AdbName {
    /// The options of `adb` that choose it.
    #[must_use]
    pub(crate) fn options(&self) -> [String; 2] {
        match self {
            Self::Serial(name) | Self::Usb(name) => ["-s".to_owned(), name.clone()],
            Self::Transport(number) => ["-t".to_owned(), number.to_string()],
        }
    }
}

impl FromStr for AdbName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(number) = text.strip_prefix(TRANSPORT) {
            return number.parse().map(Self::Transport).map_err(|_| {
                format!(
                    "'{text}' names no device; write transport: and a number, such as transport:3"
                )
            });
        }
        Ok(match text.strip_prefix(USB) {
            Some(_) => Self::Usb(text.to_owned()),
            None => Self::Serial(text.to_owned()),
        })
    }
}

impl fmt::Display for AdbName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(name) | Self::Usb(name) => f.write_str(name),
            Self::Transport(number) => write!(f, "{TRANSPORT}{number}"),
        }
    }
}

impl TryFrom<String> for AdbName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AdbName> for String {
    fn from(name: AdbName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_what_adb_takes() {
        for (text, options) in [
            ("R58M123ABC", ["-s", "R58M123ABC"]),
            ("127.0.0.1:5611", ["-s", "127.0.0.1:5611"]),
            ("usb:1-4.2", ["-s", "usb:1-4.2"]),
            ("transport:12", ["-t", "12"]),
        ] {
            let name: AdbName = text.parse().unwrap();
            assert_eq!(name.options(), options);
            assert_eq!(name.to_string(), text);
        }
        assert!("transport:x".parse::<AdbName>().unwrap_err().contains("transport:3"));
    }
}
