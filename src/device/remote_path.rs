//! Paths on a device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// shutterbench's folder on an Android device: one that adb's shell may write to and run programs
/// from.
pub(crate) const ANDROID_FOLDER: &str = "/data/local/tmp/shutterbench";
/// The folder on a board that is reached by ssh: it survives a restart, and is not a memory disk.
pub const BOARD_FOLDER: &str = "/var/tmp/shutterbench";

/// An absolute path of letters, digits, '.', '_', '-' and '/'. None of these is special in a shell,
/// so that it can be part of a command unquoted; names of models, images or files never become part
/// of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemotePath(String);

impl RemotePath {
    /// A file or folder in this folder.
    ///
    /// # Panics
    /// `name` holds anything but letters, digits, '.', '_' and '-': the names
    /// on a device are this program's own.
    #[must_use]
    pub(crate) fn join(&self, name: &str) -> Self {
        assert!(is_plain(name), "'{name}' cannot be the name of a file on a device");
        Self(format!("{}/{name}", self.0))
    }

    /// As text.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a file name holds nothing that a shell could mistake.
#[must_use]
pub(crate) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !name.is_empty() && name != "." && name != ".." && name.chars().all(plain)
}

impl FromStr for RemotePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        let parts = text.strip_prefix('/').unwrap_or_default().split('/');
        // A folder of one part, such as /data, must never be removed by --device-clean.
        if parts.clone().count() < 2 || !parts.clone().all(is_plain) {
            return Err(format!(
                "'{text}' cannot be a folder on a device; give an absolute path of two or more parts, made of letters, digits, '.', '_' and '-'"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RemotePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RemotePath> for String {
    fn from(path: RemotePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_absolute_paths_are_taken() {
        for fine in [ANDROID_FOLDER, BOARD_FOLDER, "/mnt/a-b_c.d/"] {
            assert!(fine.parse::<RemotePath>().is_ok(), "{fine}");
        }
        for wrong in ["", "/", "/data", "a/b", "/a/../b", "/a//b", "/a/b c", "/a/$(x)", "/a/b;c"] {
            assert!(wrong.parse::<RemotePath>().is_err(), "{wrong}");
        }
    }

    #[test]
    #[should_panic(expected = "cannot be the name of a file")]
    fn a_name_with_a_space_is_a_fault_of_this_program() {
        let _ = ANDROID_FOLDER.parse::<RemotePath>().unwrap().join("a b");
    }
}
