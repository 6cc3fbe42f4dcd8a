//! `[hooks]` of a suite file: commands around a run, such as the reservation of a device.

use serde::{Deserialize, Serialize};

/// Commands for the shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hooks {
    /// Before anything else; what it prints may name the device.
    pub before: Option<String>,
    /// After everything, however it ended.
    pub after: Option<String>,
}

/// What a hook before a run printed as `name=value` lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HookOutput {
    /// Each name with its value.
    pub pairs: Vec<(String, String)>,
    /// The other lines.
    pub rest: Vec<String>,
}

impl HookOutput {
    /// Reads a hook's output. A name has letters, digits and underscores and begins with a
    /// letter; anything else is talk.
    #[must_use]
    pub(crate) fn parse(output: &str) -> Self {
        let mut told = Self::default();
        for line in output.lines() {
            match line.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => told.pairs.push((name.to_owned(), value.trim().to_owned())),
                None => told.rest.push(line.to_owned()),
            }
        }
        told
    }

    /// The last value of a name; it may be empty.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter().rev();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_told_from_talk() {
        let told = HookOutput::parse(
            "reserving ...\nserial=a:1\nserial=127.0.0.1:7401\nlease=\n2=3\nx y=z\nnote=a=b\n",
        );
        assert_eq!(told.get("serial"), Some("127.0.0.1:7401"));
        assert_eq!(told.get("note"), Some("a=b"));
        assert_eq!((told.get("lease"), told.get("other")), (Some(""), None));
        assert_eq!(told.rest, ["reserving ...", "2=3", "x y=z"]);
    }
}
