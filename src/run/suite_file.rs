//! The suite file: the options of `shutterbench run`, written down.

use std::fs;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, Serialize};

use crate::fetch::hosted_dataset::HostedDatasets;
use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;
use crate::record::description::Description;
use crate::record::option_set::OptionSet;
use crate::record::options::{Amount, CheckPreprocessing, Exif, NonNegative, Order, Tail};
use crate::record::partition::Partition;
use crate::record::scenario::Rate;
use crate::record::search_request::SearchRequest;
use crate::record::shard::Shard;
use crate::record::sustained::Minutes;
use crate::record::timed_inputs::TimedInputs;
use crate::record::wanted_columns::WantedColumns;
use crate::run::hooks::Hooks;

/// A suite. Every field is optional; what is absent is as on a command line
/// without that option. Paths are relative to the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "each field is the option of the same name; see run_args.rs")]
pub struct SuiteFile {
    pub models: Vec<String>,
    pub backends: Vec<BackendKind>,
    pub delegates: Vec<Delegate>,
    pub threads: Vec<NonZeroUsize>,
    /// Whether backends with a set of options are measured without it too.
    pub default_options: Option<bool>,
    #[serde(deserialize_with = "one_or_more")]
    pub batch: Vec<NonZeroUsize>,
    pub warmup: Option<Amount>,
    pub runs: Option<Amount>,
    pub min_seconds: Option<NonNegative>,
    pub max_seconds: Option<NonNegative>,
    /// Minimum time in the timed runs of a visit.
    pub block_ms: Option<NonNegative>,
    pub order: Option<Order>,
    pub seed: Option<u64>,
    pub affinity: Option<String>,
    pub cooldown: Option<NonNegative>,
    pub max_temperature: Option<NonNegative>,
    pub min_battery: Option<NonNegative>,
    pub processes: Option<Amount>,
    pub budget_ms: Option<NonNegative>,
    pub tail: Option<Tail>,
    pub yardstick: Option<bool>,
    pub profile: Option<bool>,
    /// What plain timed runs are given.
    pub inputs: Option<TimedInputs>,
    /// Runs per second, for runs on a schedule.
    pub rate: Vec<Rate>,
    /// Instances at once.
    pub streams: Vec<NonZeroU32>,
    pub end_to_end: Option<bool>,
    pub cold_starts: Option<NonZeroU32>,
    /// Milliseconds within which results must be there, to search for the highest rate.
    pub find_rate: Option<f64>,
    /// Minutes that each case goes on for.
    pub sustained: Option<Minutes>,
    /// Starts per second meanwhile.
    pub sustained_rate: Option<Rate>,
    pub energy: Option<bool>,
    pub energy_meter: Option<String>,
    pub latency: Option<bool>,
    pub dataset: Option<PathBuf>,
    pub image_column: Option<String>,
    pub label_column: Option<String>,
    pub labels: Option<PathBuf>,
    pub images: Option<NonZeroUsize>,
    pub shard: Option<Shard>,
    pub only: Vec<String>,
    pub partition: Option<Partition>,
    pub anchor: Option<String>,
    pub top_k: Vec<NonZeroU32>,
    pub check_preprocessing: Option<CheckPreprocessing>,
    pub exif: Option<Exif>,
    pub accuracy: Option<bool>,
    pub timeout: Option<NonNegative>,
    pub memory_limit: Option<u64>,
    pub require_delegate: Option<bool>,
    pub in_process: Option<bool>,
    /// Sets of the runtimes' own settings.
    pub options: Vec<OptionSet>,
    /// Look for the best case of the one model instead of measuring every case to its end.
    pub search: Option<SearchRequest>,
    /// Commands around the run, on this machine: no device sees them.
    #[serde(skip_serializing)]
    pub hooks: Hooks,
    /// Description fields for every model of the suite.
    pub describe: Description,
}

/// A number, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NonZeroUsize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore {
        One(NonZeroUsize),
        More(Vec<NonZeroUsize>),
    }
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}

/// Whether a path is only the name of a dataset that can be fetched.
fn is_hosted(path: &Path) -> bool {
    let hosted = HostedDatasets::built_in();
    path.to_str().is_some_and(|name| hosted.is_ok_and(|list| list.find(name).is_some()))
}

impl SuiteFile {
    /// Parses the text of a suite file in `folder`.
    ///
    /// # Errors
    /// What is wrong and in which line.
    pub fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut suite: Self = toml::from_str(text)?;
        for model in &mut suite.models {
            let beside = folder.join(&model);
            // A name of the embedded family stays a name.
            if beside.exists() || model.contains(std::path::is_separator) {
                *model = beside.to_string_lossy().into_owned();
            }
        }
        suite.dataset = suite.dataset.map(|path| match folder.join(&path) {
            // A dataset that can be fetched stays a name.
            beside if !beside.exists() && is_hosted(&path) => path,
            beside => beside,
        });
        suite.labels = suite.labels.map(|path| folder.join(path));
        Ok(suite)
    }

    /// The columns of the dataset's table that are stated.
    #[must_use]
    pub(crate) fn columns(&self) -> WantedColumns {
        WantedColumns {
            image_column: self.image_column.clone(),
            label_column: self.label_column.clone(),
        }
    }

    /// Reads a suite file.
    ///
    /// # Errors
    /// A file that cannot be read or is not a suite.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("could not read suite {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).with_context(|| format!("suite {} is invalid", path.display()))
    }
}
