//! The datasets that can be fetched by name, as `datasets.toml` says.

use serde::{Deserialize, Serialize};

use crate::fetch::fetch_error::FetchError;
use crate::fetch::toml_list;

/// The list's text, part of the program.
const TEXT: &str = include_str!("datasets.toml");
/// The schema of the list that this program reads.
const SCHEMA: u32 = 1;

/// Every dataset that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostedDatasets {
    schema: u32,
    /// The datasets, in the order of the list.
    #[serde(rename = "dataset")]
    pub datasets: Vec<HostedDataset>,
}

/// A dataset in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostedDataset {
    /// The name that the command line takes for it.
    pub name: String,
    /// What it is, and which part of it is unpacked.
    pub title: String,
    /// The name of its archive.
    pub file: String,
    /// Where its archive is; absent where its publisher gives it out only on request.
    pub address: Option<String>,
    /// The archive's size.
    pub bytes: u64,
    /// The archive's SHA-256; absent where nobody published it.
    pub sha256: Option<String>,
    /// Where that SHA-256 is published.
    pub verified_by: Option<String>,
    /// Its licence, in words where there is no SPDX expression.
    pub licence: String,
    /// How the archive is laid out.
    pub layout: DatasetLayout,
    /// The folder of the archive that holds the class folders.
    pub within: Option<String>,
    /// How many images are unpacked.
    pub images: usize,
    /// How many classes they have.
    pub classes: usize,
}

/// How an archive of images is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetLayout {
    /// A folder per class.
    ClassFolders,
    /// ILSVRC2012's validation photos, whose classes are known by the numbers in their names.
    Ilsvrc2012,
    /// CIFAR-10's binary batches.
    Cifar10,
}

impl HostedDataset {
    /// The archive's size in megabytes.
    #[must_use]
    pub(crate) fn megabytes(&self) -> f64 {
        self.bytes as f64 / 1e6
    }
}

impl HostedDatasets {
    /// The list that is part of this program.
    ///
    /// # Errors
    /// The text does not parse, which a test of this module rules out.
    pub(crate) fn built_in() -> Result<Self, FetchError> {
        toml_list::read(TEXT, SCHEMA, |list: &Self| list.schema)
    }

    /// The dataset of this name.
    #[must_use]
    pub(crate) fn find(&self, name: &str) -> Option<&HostedDataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fetch::hosted_model::HostedModels;
    use crate::fetch::package_manifest::Runtimes;

    #[test]
    fn the_list_parses_and_says_for_each_hash_where_it_is_published() {
        let list = HostedDatasets::built_in().unwrap();
        for dataset in &list.datasets {
            let name = &dataset.name;
            let is_hash =
                |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(dataset.sha256.iter().all(is_hash), "{name}");
            assert_eq!(dataset.sha256.is_some(), dataset.verified_by.is_some(), "{name}");
            let address = dataset.address.iter().all(|it| it.starts_with("https://"));
            let ends = dataset.address.iter().all(|it| it.ends_with(&format!("/{}", dataset.file)));
            assert!(address && ends, "{name}");
            assert!(dataset.images >= dataset.classes && !dataset.licence.is_empty(), "{name}");
            assert!(!name.contains(['/', '\\', ' ', '*']) && !name.starts_with('.'), "{name}");
            let has_folder = dataset.within.is_some();
            assert_eq!(dataset.layout == DatasetLayout::ClassFolders, has_folder, "{name}");
        }
    }

    #[test]
    fn no_two_things_that_can_be_fetched_share_a_name() {
        let (mut names, mut count) = (BTreeSet::new(), 0);
        let models = HostedModels::built_in().unwrap().models.into_iter().map(|it| it.name);
        let datasets = HostedDatasets::built_in().unwrap().datasets.into_iter().map(|it| it.name);
        let runtimes = Runtimes::built_in().unwrap().runtimes.into_iter().map(|it| it.name);
        for name in models.chain(datasets).chain(runtimes) {
            count += 1;
            names.insert(name);
        }
        assert_eq!(names.len(), count);
    }
}
