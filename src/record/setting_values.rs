//! Settings of a runtime, by their keys, and which values a key takes.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Keys of a runtime's own settings with their values; none leaves the runtime as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SettingValues(BTreeMap<String, String>);

/// Nothing set.
pub static NO_SETTINGS: SettingValues = SettingValues(BTreeMap::new());

impl SettingValues {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values, by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The value of `key`, if it is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of a key that is `true` or `false`.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.parse().ok()
    }

    /// The value of a key that is a whole number.
    #[must_use]
    pub(crate) fn count(&self, key: &str) -> Option<usize> {
        self.get(key)?.parse().ok()
    }
}

impl FromIterator<(String, String)> for SettingValues {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Display for SettingValues {
    /// As `--set` takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

/// A value as people write it in TOML or JSON; settings are text to a runtime.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenValue {
    Text(String),
    Flag(bool),
    Whole(i64),
    Number(f64),
}

impl<'de> Deserialize<'de> for SettingValues {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, WrittenValue>::deserialize(from)?;
        let text = |value| match value {
            WrittenValue::Text(text) => text,
            WrittenValue::Flag(flag) => flag.to_string(),
            WrittenValue::Whole(number) => number.to_string(),
            WrittenValue::Number(number) => number.to_string(),
        };
        Ok(written.into_iter().map(|(key, value)| (key, text(value))).collect())
    }
}

/// Which values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second.
    Count(usize, usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A folder in which the runtime keeps what it made of models, so that they load faster.
    CacheFolder,
    /// Any text.
    Text,
}

impl ValueKind {
    /// Whether `value` is one.
    #[must_use]
    pub(crate) fn takes(self, value: &str) -> bool {
        match self {
            Self::Flag => value.parse::<bool>().is_ok(),
            Self::Count(least, most) => {
                value.parse().is_ok_and(|count| (least..=most).contains(&count))
            }
            Self::OneOf(words) => words.contains(&value),
            Self::CacheFolder | Self::Text => !value.is_empty(),
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Count(least, most) => write!(f, "{least} to {most}"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::CacheFolder => f.write_str("a folder"),
            Self::Text => f.write_str("text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_however_they_are_written() {
        let read: SettingValues =
            toml::from_str("level = 2\nspinning = false\nname = \"a\"\nshare = 0.5").unwrap();
        assert_eq!(read.to_string(), "level=2;name=a;share=0.5;spinning=false");
        assert_eq!((read.count("level"), read.flag("spinning")), (Some(2), Some(false)));
        let journal = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<SettingValues>(&journal).unwrap(), read);
    }

    #[test]
    fn a_kind_takes_its_values_only() {
        assert!(ValueKind::Flag.takes("true") && !ValueKind::Flag.takes("yes"));
        let count = ValueKind::Count(1, 8);
        assert!(count.takes("8") && !count.takes("0") && !count.takes("9") && !count.takes("x"));
        let words = ValueKind::OneOf(&["all", "basic"]);
        assert!(words.takes("basic") && !words.takes("some"));
        assert!(!ValueKind::CacheFolder.takes(""));
    }
}
