//! How a run measures. Stored in `run.json`, so that a run explains itself.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::case::Case;
use crate::record::description::Description;
use crate::record::found_rate::RateGoal;
use crate::record::named_cpus::NamedCpus;
use crate::record::narrowing::Narrowing;
use crate::record::option_set::OptionSet;
use crate::record::partition::Selection;
use crate::record::scenario::{Scenario, ScenarioOptions};
use crate::record::shard::Shard;
use crate::record::sustained::SustainedOptions;
use crate::record::timed_inputs::TimedInputs;
use crate::record::wanted_columns::WantedColumns;

/// A count that the program may choose itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Amount {
    /// By the documented rule.
    Auto,
    /// Exactly this many.
    Fixed(u32),
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text
                .parse()
                .map(Self::Fixed)
                .map_err(|_| format!("'{text}' is neither 'auto' nor a whole number")),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(count) => write!(f, "{count}"),
        }
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

/// A duration, or another number from 0, as users give it: finite, and at most
/// [`NonNegative::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct NonNegative(f64);

impl NonNegative {
    /// More than any of the options can mean: 11 days, in seconds.
    pub(crate) const MOST: f64 = 1e6;

    /// The number.
    #[must_use]
    pub(crate) const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for NonNegative {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=Self::MOST).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!("{value} is out of range; give a number from 0 to {}", Self::MOST))
        }
    }
}

impl FromStr for NonNegative {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
        value.try_into()
    }
}

impl From<NonNegative> for f64 {
    fn from(number: NonNegative) -> Self {
        number.0
    }
}

/// In which order cases are visited.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Order {
    /// Every case once per round, in a seeded random order.
    Interleaved,
    /// Every case to its end before the next.
    Sequential,
}

const fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// What must be true of the machine before each round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Preconditions {
    /// Maximum temperature of the hottest CPU.
    pub max_celsius: Option<f64>,
    /// Minimum charge of the battery.
    pub min_battery_percent: Option<f64>,
}

/// The tail of a distribution that is measured precisely.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Tail {
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl Tail {
    /// The quantile's probability.
    #[must_use]
    pub(crate) const fn probability(self) -> f64 {
        match self {
            Self::P90 => 0.9,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
        }
    }
}

/// How latency is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyOptions {
    /// Images per run; a case that states its own has those.
    #[serde(default = "one")]
    pub batch: NonZeroUsize,
    /// Untimed runs after a process's first one.
    pub warmup: Amount,
    /// Timed runs per case.
    pub runs: Amount,
    /// Minimum time in timed runs per case.
    pub min_seconds: f64,
    /// Maximum time in timed runs per case.
    pub max_seconds: f64,
    /// Minimum time in the timed runs of a visit.
    pub block_ms: f64,
    /// Order of visits.
    pub order: Order,
    /// Pause between visits.
    pub cooldown_seconds: f64,
    /// What is waited for before each round.
    #[serde(default, rename = "care")]
    pub preconditions: Preconditions,
    /// How many processes a case is spread over.
    pub processes: Amount,
    /// CPUs that workers are pinned to; empty: not pinned.
    pub affinity: Vec<usize>,
    /// The CPUs that cases name, in a run that measures several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affinities: Vec<NamedCpus>,
    /// Latency budget for the `within_budget` column.
    pub budget_ms: Option<f64>,
    /// The tail that `--runs auto` also measures precisely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Tail>,
    /// Whether visits do without the yardstick.
    #[serde(default)]
    pub no_yardstick: bool,
    /// Whether each case is profiled, operator by operator, after its timed runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub profile: bool,
    /// What plain timed runs are given.
    #[serde(default, skip_serializing_if = "TimedInputs::is_noise")]
    pub inputs: TimedInputs,
    /// How cases are run besides.
    #[serde(default, skip_serializing_if = "ScenarioOptions::is_none")]
    pub scenarios: ScenarioOptions,
    /// Whether the highest rate is searched for that keeps a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find_rate: Option<RateGoal>,
    /// How cases are run for minutes, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained: Option<SustainedOptions>,
    /// How cases leave the run before they are measured to their end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowing: Option<Narrowing>,
}

impl LatencyOptions {
    /// Images per run of a case.
    #[must_use]
    pub(crate) fn batch_of(&self, case: &Case) -> NonZeroUsize {
        case.batch.unwrap_or(self.batch)
    }

    /// The CPUs that a case is kept on; empty: any.
    #[must_use]
    pub(crate) fn cpus_of(&self, case: &Case) -> &[usize] {
        let named = self.affinities.iter().find(|it| Some(&it.name) == case.affinity.as_ref());
        named.map_or(&self.affinity, |it| &it.cpus)
    }
}

/// Whether models are tried under other pipelines.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum CheckPreprocessing {
    /// Models whose preprocessing is not stated, if at least 200 images are scored.
    #[default]
    Auto,
    /// Every model.
    Always,
    /// None.
    Never,
}

/// What to do with an image whose file says that it must be rotated (EXIF orientation).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Exif {
    /// Classify images as they are stored, as for published figures.
    #[default]
    Ignore,
    /// Turn images upright.
    Apply,
}

/// How accuracy is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccuracyOptions {
    /// The dataset's folder.
    pub dataset: PathBuf,
    /// The columns of its table, where they are stated.
    #[serde(flatten)]
    pub columns: WantedColumns,
    /// A labels file for every model, in place of their own.
    pub labels: Option<PathBuf>,
    /// Take a stratified sample of this many images.
    pub images: Option<usize>,
    /// Score this part of the images only.
    #[serde(default)]
    pub shard: Option<Shard>,
    /// Further K, besides 1 and 5, for which Top-K accuracy is reported.
    #[serde(default)]
    pub top_k: Vec<u32>,
    /// Whether models are tried under other pipelines.
    #[serde(default)]
    pub check_preprocessing: CheckPreprocessing,
    /// Whether images are turned upright.
    #[serde(default)]
    pub exif: Exif,
}

fn is_all(selection: &Selection) -> bool {
    *selection == Selection::default()
}

impl Options {
    /// The set of options of a case; `None` where it has none.
    #[must_use]
    pub(crate) fn set_of(&self, case: &Case) -> Option<&OptionSet> {
        self.option_sets.iter().find(|set| set.is_of(case))
    }

    /// The scenarios that a case is measured in: of starts, with an empty cache only where its
    /// options name a cache.
    #[must_use]
    pub(crate) fn scenarios_of(&self, case: &Case) -> Vec<Scenario> {
        let Some(latency) = &self.latency else { return Vec::new() };
        let mut scenarios = latency.scenarios.scenarios();
        if !self.set_of(case).is_some_and(OptionSet::has_cache) {
            scenarios.retain(|scenario| *scenario != Scenario::CacheMiss);
        }
        scenarios
    }
}

/// Everything that shapes a run besides its cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Absent with `--no-latency`.
    pub latency: Option<LatencyOptions>,
    /// Absent with `--no-accuracy` or without a dataset.
    pub accuracy: Option<AccuracyOptions>,
    /// Description fields given on the command line; they override all others.
    #[serde(deserialize_with = "crate::record::description::from_any_program")]
    pub overrides: Description,
    /// Which of the matrix's cases are measured.
    #[serde(default, skip_serializing_if = "is_all")]
    pub cases: Selection,
    /// The sets of the runtimes' own settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub option_sets: Vec<OptionSet>,
    /// Whether backends with a set are measured only with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_default_options: bool,
    /// Seeds the order and the sample of images.
    pub seed: u64,
    /// Time without a sign of life after which a worker counts as hung.
    pub timeout_seconds: f64,
    /// Address-space limit of a worker, in megabytes.
    pub memory_limit_mb: Option<u64>,
    /// Run cases in this process: for debuggers and profilers.
    pub in_process: bool,
    /// A delegate that takes no node fails its case.
    pub require_delegate: bool,
    /// The program that serves as worker, if it is another build than the one that makes the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<PathBuf>,
}
