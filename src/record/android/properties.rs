//! `getprop`: what the device is.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What the device is. An empty or missing property is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Its name, as sold or nearly so.
    pub model: Option<String>,
    /// Its system on a chip: manufacturer and model if the device reports both (Android 12 and
    /// later), else the platform's code name.
    pub soc: Option<String>,
    /// Android's version, such as 14.
    pub release: Option<String>,
    /// Its API level.
    pub sdk: Option<u32>,
    /// ABIs, the preferred first.
    pub abis: Vec<String>,
    /// The build, which shows whether two measurements are from the same system.
    pub fingerprint: Option<String>,
}

impl Properties {
    /// Parses what `getprop` prints: `[name]: [value]` per line; a value may span several.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let values = values(text);
        let get = |name: &str| values.get(name).filter(|value| !value.is_empty()).cloned();
        let any = |names: &[&str]| names.iter().find_map(|name| get(name));
        // The system derives `ro.product.*` and `ro.build.*` from its partitions'
        // own; what reads a partition's file alone sees only those.
        let of_product = |what: &str| {
            let of = |partition: &str| get(&format!("ro.product.{partition}{what}"));
            ["", "vendor.", "system.", "system_ext."].into_iter().find_map(of)
        };
        let of_build =
            |what: &str| any(&[&format!("ro.build.{what}"), &format!("ro.system.build.{what}")]);
        let soc = match (get("ro.soc.manufacturer"), get("ro.soc.model")) {
            (Some(maker), Some(model)) => Some(format!("{maker} {model}")),
            (None, Some(model)) => Some(model),
            // Before Android 12; `ro.hardware.chipname` is Samsung's.
            _ => any(&[
                "ro.hardware.chipname",
                "ro.board.platform",
                "ro.hardware",
                "ro.boot.hardware",
            ]),
        };
        let abis = any(&["ro.product.cpu.abilist", "ro.product.cpu.abi"]).unwrap_or_default();
        Self {
            manufacturer: of_product("manufacturer"),
            model: get("ro.product.marketname").or_else(|| of_product("model")),
            soc,
            release: of_build("version.release"),
            sdk: of_build("version.sdk").and_then(|sdk| sdk.parse().ok()),
            abis: abis.split(',').filter(|abi| !abi.is_empty()).map(str::to_owned).collect(),
            fingerprint: of_build("fingerprint"),
        }
    }

    /// The operating system and the device, as `results.csv` names it.
    #[must_use]
    pub(crate) fn os(&self) -> Option<String> {
        let release = self.release.as_ref()?;
        let sdk = self.sdk.map_or_else(String::new, |sdk| format!(" (API {sdk})"));
        Some(match self.name() {
            Some(name) => format!("Android {release}{sdk} on {name}"),
            None => format!("Android {release}{sdk}"),
        })
    }

    /// Maker and model, without saying the maker twice.
    #[must_use]
    pub(crate) fn name(&self) -> Option<String> {
        let model = self.model.as_ref()?;
        Some(match &self.manufacturer {
            Some(maker) if !model.to_lowercase().starts_with(&maker.to_lowercase()) => {
                format!("{maker} {model}")
            }
            _ => model.clone(),
        })
    }
}

fn values(text: &str) -> HashMap<String, String> {
    let mut values = HashMap::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        rest = &rest[start + 1..];
        let Some((name, after)) = rest.split_once("]: [") else { break };
        // A name contains no line break; anything with one began at a stray bracket.
        if name.contains('\n') {
            continue;
        }
        let end = value_end(after);
        values.insert(name.to_owned(), after[..end].trim().to_owned());
        rest = &after[end..];
    }
    values
}

/// A value ends with the first `]` at a line's end.
fn value_end(text: &str) -> usize {
    text.match_indices(']')
        .map(|(at, _)| at)
        .find(|at| {
            let after = text[at + 1..].trim_start_matches([' ', '\r']);
            after.is_empty() || after.starts_with('\n')
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::android::captured::{
        NEXUS_5_GETPROP, NEXUS_6P_GETPROP, PIXEL_6_PRO_GETPROP, REDMI_8A_GETPROP,
    };

    #[test]
    fn phones_of_four_makers_are_read() {
        let pixel = Properties::parse(PIXEL_6_PRO_GETPROP);
        assert_eq!(pixel.name().as_deref(), Some("Google Pixel 6 Pro"));
        assert_eq!(pixel.soc.as_deref(), Some("Google Tensor"));
        let redmi = Properties::parse(REDMI_8A_GETPROP);
        assert_eq!((redmi.release.as_deref(), redmi.sdk), (Some("10"), Some(29)));
        assert_eq!(redmi.os().as_deref(), Some("Android 10 (API 29)"));
        assert!(redmi.fingerprint.unwrap().starts_with("Xiaomi/olivelite"));
        let nexus = Properties::parse(NEXUS_5_GETPROP);
        assert_eq!(nexus.soc.as_deref(), Some("msm8974"));
        let angler = Properties::parse(NEXUS_6P_GETPROP);
        assert_eq!((angler.soc.as_deref(), angler.model), (Some("angler"), None));
        assert!(angler.fingerprint.unwrap().contains("8.1.0"));
    }

    #[test]
    fn values_may_go_on_and_be_empty() {
        let text = "[ro.product.model]: [A\r\nB]\r\n[ro.soc.model]: []\r\n[x]: [a]b]\n\
            [ro.product.cpu.abilist]: [arm64-v8a,armeabi-v7a,armeabi]\n[ro.product.cpu";
        let found = Properties::parse(text);
        assert_eq!(found.model.as_deref(), Some("A\r\nB"));
        assert_eq!((found.soc, found.abis.len()), (None, 3));
        assert_eq!(Properties::parse(""), Properties::default());
        assert_eq!(Properties::parse("[[]: [["), Properties::default());
    }

    #[test]
    fn a_maker_is_not_said_twice() {
        let text = "[ro.product.manufacturer]: [OnePlus]\n[ro.product.model]: [ONEPLUS A6003]\n";
        assert_eq!(Properties::parse(text).name().as_deref(), Some("ONEPLUS A6003"));
    }
}
