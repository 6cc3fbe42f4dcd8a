//! Models and datasets that are fetched together under one name, as `presets.toml` says.

use serde::{Deserialize, Serialize};

use crate::fetch::fetch_error::FetchError;
use crate::fetch::toml_list;

/// The list's text, part of the program.
const TEXT: &str = include_str!("presets.toml");
/// The schema of the list that this program reads.
const SCHEMA: u32 = 1;

/// Every preset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostedPresets {
    schema: u32,
    /// The presets, in the order of the list.
    #[serde(rename = "preset")]
    pub presets: Vec<HostedPreset>,
}

/// What is fetched together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostedPreset {
    /// The name that the command line takes for it.
    pub name: String,
    /// What it is for.
    pub title: String,
    /// Names of models and datasets.
    pub holds: Vec<String>,
}

impl HostedPresets {
    /// The list that is part of this program.
    ///
    /// # Errors
    /// The text does not parse, which a test of this module rules out.
    pub(crate) fn built_in() -> Result<Self, FetchError> {
        toml_list::read(TEXT, SCHEMA, |list: &Self| list.schema)
    }

    /// `names`, with those of presets replaced by what they hold.
    #[must_use]
    pub(crate) fn expanded(&self, names: &[String]) -> Vec<String> {
        let held = |name: &String| match self.presets.iter().find(|it| it.name == *name) {
            Some(preset) => preset.holds.clone(),
            None => vec![name.clone()],
        };
        names.iter().flat_map(held).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::hosted_dataset::HostedDatasets;
    use crate::fetch::hosted_model::HostedModels;
    use crate::fetch::package_manifest::Runtimes;

    #[test]
    fn presets_hold_what_can_be_fetched_and_share_no_name_with_it() {
        let models = HostedModels::built_in().unwrap();
        let datasets = HostedDatasets::built_in().unwrap();
        let runtimes = Runtimes::built_in().unwrap();
        let is_known = |name: &str| models.find(name).is_some() || datasets.find(name).is_some();
        let presets = HostedPresets::built_in().unwrap();
        for preset in &presets.presets {
            assert!(preset.holds.len() > 1 && !preset.title.is_empty(), "{}", preset.name);
            assert!(preset.holds.iter().all(|name| is_known(name)), "{:?}", preset.holds);
            let is_runtime = runtimes.runtimes.iter().any(|it| it.name == preset.name);
            assert!(!is_known(&preset.name) && !is_runtime, "{}", preset.name);
        }
        let names = ["first-run".to_owned(), "tflite".to_owned()];
        let expanded = presets.expanded(&names);
        assert_eq!((expanded.len(), expanded[4].as_str()), (5, "tflite"));
    }
}
