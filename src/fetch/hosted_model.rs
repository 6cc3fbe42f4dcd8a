//! The models that can be fetched by name, as `models/remote.toml` says.

use serde::{Deserialize, Serialize};

use crate::fetch::fetch_error::FetchError;
use crate::fetch::toml_list;
use crate::model::resolve;
use crate::record::description::Description;

/// The list's text, part of the program.
const TEXT: &str = include_str!("../../models/remote.toml");
/// The schema of the list that this program reads.
const SCHEMA: u32 = 1;

/// Every model that can be fetched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HostedModels {
    /// The models, in the order of the list.
    pub models: Vec<HostedModel>,
}

/// A model that somebody hosts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostedModel {
    /// The name that the command line takes for it.
    pub name: String,
    /// Who publishes it, and as what.
    pub title: String,
    /// Where its file is; the next is tried where one is no longer there.
    pub addresses: Vec<String>,
    /// The name that a mirror has for its file, if the address ends with one that others share.
    pub file_name: Option<String>,
    /// The size in megabytes: of the file if that is the model, else of the model in it, as
    /// published.
    pub megabytes: f64,
    /// The file's SHA-256; absent where nobody published it.
    pub sha256: Option<String>,
    /// Where that SHA-256 is published.
    pub verified_by: Option<String>,
    /// The model's licence, as an SPDX expression.
    pub licence: String,
    /// The file of its class names.
    pub labels: Option<HostedFile>,
    /// What is known about the model.
    pub description: Description,
}

/// A small file that several models share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedFile {
    /// The name by which models refer to it.
    pub name: String,
    /// Its file name.
    pub file: String,
    /// Where it is.
    pub address: String,
    /// Its SHA-256.
    pub sha256: String,
}

impl HostedModel {
    /// The name of its file.
    #[must_use]
    pub(crate) fn file(&self) -> &str {
        let address = self.addresses.first().map_or("", String::as_str);
        let last = address.rsplit('/').next().unwrap_or(address);
        self.file_name.as_deref().unwrap_or(last)
    }
}

impl HostedModels {
    /// The list that is part of this program.
    ///
    /// # Errors
    /// The text does not parse, which a test of this module rules out.
    pub(crate) fn built_in() -> Result<Self, FetchError> {
        Self::parse(TEXT)
    }

    /// Reads a list.
    pub(crate) fn parse(text: &str) -> Result<Self, FetchError> {
        let list = toml_list::read(text, SCHEMA, |list: &WrittenList| list.schema)?;
        let mut models = Vec::new();
        for group in &list.groups {
            for model in &group.models {
                models.push(group.with(model, &list.labels)?);
            }
        }
        Ok(Self { models })
    }

    /// The model of this name.
    #[must_use]
    pub(crate) fn find(&self, name: &str) -> Option<&HostedModel> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The models that have this name, or whose name a pattern such as `mobilenet_v1_*` matches.
    #[must_use]
    pub(crate) fn matching(&self, pattern: &str) -> Vec<&HostedModel> {
        let glob = glob::Pattern::new(pattern).ok();
        let fits = |name: &str| name == pattern || glob.as_ref().is_some_and(|it| it.matches(name));
        self.models.iter().filter(|model| fits(&model.name)).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenList {
    schema: u32,
    labels: Vec<HostedFile>,
    #[serde(rename = "group")]
    groups: Vec<WrittenGroup>,
}

/// Models of one publisher, and what they share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    title: String,
    licence: String,
    labels: Option<String>,
    /// What the addresses begin with; there may be several copies.
    bases: Vec<String>,
    verified_by: Option<String>,
    #[serde(default)]
    describe: Description,
    #[serde(rename = "model")]
    models: Vec<WrittenModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenModel {
    name: String,
    path: String,
    file: Option<String>,
    megabytes: f64,
    sha256: Option<String>,
    verified_by: Option<String>,
    #[serde(default)]
    describe: Description,
}

impl WrittenGroup {
    fn with(&self, model: &WrittenModel, labels: &[HostedFile]) -> Result<HostedModel, FetchError> {
        let labels = match &self.labels {
            None => None,
            Some(name) => Some(labels.iter().find(|file| file.name == *name).ok_or_else(|| {
                FetchError::Manifest(format!("{} has no labels '{name}'", self.title))
            })?),
        };
        let addresses: Vec<String> =
            self.bases.iter().map(|base| format!("{base}{}", model.path)).collect();
        let mut description = resolve::merged(&model.describe, &self.describe);
        description.source = addresses.first().cloned();
        description.licence = Some(self.licence.clone());
        let verified_by = model.verified_by.clone().or_else(|| self.verified_by.clone());
        Ok(HostedModel {
            name: model.name.clone(),
            title: self.title.clone(),
            addresses,
            file_name: model.file.clone(),
            megabytes: model.megabytes,
            verified_by: verified_by.filter(|_| model.sha256.is_some()),
            sha256: model.sha256.clone(),
            licence: self.licence.clone(),
            labels: labels.cloned(),
            description,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_parses_and_says_for_each_hash_where_it_is_published() {
        let list = HostedModels::built_in().unwrap();
        let names: BTreeSet<&str> = list.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names.len(), list.models.len(), "each name once");
        let is_hash =
            |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        for model in &list.models {
            let name = &model.name;
            assert!(model.sha256.iter().all(is_hash), "{name}");
            assert_eq!(model.sha256.is_some(), model.verified_by.is_some(), "{name}");
            assert!(
                model.addresses.iter().all(|address| address.starts_with("https://")),
                "{name}"
            );
            assert!(model.labels.iter().all(|labels| is_hash(&labels.sha256)), "{name}");
            assert!(model.megabytes > 0.0 && !model.licence.is_empty(), "{name}");
            assert!(!name.contains(['/', '\\', ' ']), "{name} becomes a folder");
        }
        let verified = list.models.iter().filter(|model| model.sha256.is_some()).count();
        assert!(verified >= 80, "{verified}");
        // A mirror has one file of each name.
        let files: BTreeSet<(&str, &str)> =
            list.models.iter().map(|model| (model.file(), model.addresses[0].as_str())).collect();
        let file_names: BTreeSet<&str> = files.iter().map(|(file, _)| *file).collect();
        assert_eq!(file_names.len(), list.models.len());
    }

    /// A line of the published table is a model that can be fetched, or is no longer hosted.
    #[test]
    fn every_published_model_can_be_fetched() {
        let list = HostedModels::built_in().unwrap();
        let table = include_str!("../../models/published.csv");
        let lines = table.lines().filter(|line| !line.starts_with('#')).skip(1);
        let mut count = 0;
        for line in lines {
            let mut fields = line.split(',');
            let (name, precision) = (fields.next().unwrap(), fields.next().unwrap());
            let name = if precision == "uint8" { format!("{name}_quant") } else { name.to_owned() };
            assert!(list.find(&name).is_some(), "{name}");
            count += 1;
        }
        assert_eq!(count, 43);
    }

    /// As docs/models.md lists them.
    #[test]
    fn todays_usual_classifiers_are_there() {
        let list = HostedModels::built_in().unwrap();
        for (prefix, format) in [
            ("mobilenetv4_", "tflite"),
            ("mobilenetv4_", "onnx"),
            ("efficientnet_b0", "tflite"),
            ("efficientnet_b0", "onnx"),
            ("resnet18", "tflite"),
            ("resnet18", "onnx"),
            ("resnet50", "tflite"),
            ("resnet50", "onnx"),
            ("mobilevit", "tflite"),
            ("mobilevit", "onnx"),
            ("convnext_atto", "onnx"),
        ] {
            let found = list.models.iter().find(|model| {
                model.name.starts_with(prefix) && model.file().ends_with(&format!(".{format}"))
            });
            let model = found.unwrap_or_else(|| panic!("{prefix} as {format}"));
            assert!(model.description.preprocess.is_some(), "{}", model.name);
        }
        assert_eq!(list.find("convnext_atto").unwrap().sha256, None, "nobody states one");
    }

    #[test]
    fn models_are_found_by_name_and_pattern() {
        let list = HostedModels::built_in().unwrap();
        let all = list.matching("mobilenet_v1_*_quant");
        assert_eq!(all.len(), 16);
        assert_eq!(list.matching("squeezenet").len(), 1);
        assert!(list.matching("[").is_empty() && list.find("squeeze").is_none());
        let model = list.find("mobilenet_v1_0.25_128_quant").unwrap();
        assert_eq!(model.file(), "mobilenet_v1_0.25_128_quant.tflite");
        assert_eq!(model.description.label_offset, Some(1));
        assert_eq!(model.description.resolution, Some(128));
    }
}
