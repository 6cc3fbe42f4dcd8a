//! How a case is run besides back to back in rounds: its scenarios.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::energy::EnergyUsed;
use crate::record::schedule::Schedule;
use crate::record::stage::StageTimes;
use crate::record::status::Status;
use crate::record::visit::Visit;

/// Runs per second, from [`Rate::LEAST`] to [`Rate::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl Rate {
    /// One run every ten seconds.
    pub(crate) const LEAST: f64 = 0.1;
    /// More than any camera delivers.
    pub(crate) const MOST: f64 = 1_000.0;

    /// Runs per second.
    #[must_use]
    pub(crate) const fn per_second(self) -> f64 {
        self.0
    }

    /// The time from one run's start to the next one's, in nanoseconds.
    #[must_use]
    pub(crate) fn period_ns(self) -> u64 {
        // At least a millisecond and at most ten seconds.
        (1e9 / self.0).round() as u64
    }
}

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (Self::LEAST..=Self::MOST).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!(
                "{value} is out of range; give {} to {} runs per second",
                Self::LEAST,
                Self::MOST
            ))
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
        value.try_into()
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A way in which an application runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One run after the other: what the others are compared with.
    BackToBack,
    /// Runs that start on a fixed schedule, idle in between.
    Paced {
        /// How many start per second.
        rate: Rate,
    },
    /// Several instances at once, each in a process of its own, back to back.
    Streams {
        /// How many.
        count: u32,
    },
    /// From a photo to its classes, another photo each run.
    EndToEnd,
    /// From opening the runtime's library to the first result, in a fresh process, with the files
    /// of both dropped from the page cache.
    ColdStart,
    /// The same with the files in the page cache.
    WarmStart,
    /// A warm start that finds the runtime's own cache empty and fills it; only of cases whose options
    /// name a cache, which their other starts find filled.
    CacheMiss,
}

impl Scenario {
    /// The rate of its schedule, if it has one.
    #[must_use]
    pub(crate) const fn rate(self) -> Option<Rate> {
        match self {
            Self::Paced { rate } => Some(rate),
            _ => None,
        }
    }

    /// Its kind, without figures: a word of a fixed vocabulary.
    #[must_use]
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::BackToBack => "back_to_back",
            Self::Paced { .. } => "paced",
            Self::Streams { .. } => "streams",
            Self::EndToEnd => "end_to_end",
            Self::ColdStart => "cold_start",
            Self::WarmStart => "warm_start",
            Self::CacheMiss => "cache_miss",
        }
    }

    /// Whether each visit is the start of a process.
    #[must_use]
    pub(crate) const fn is_start(self) -> bool {
        matches!(self, Self::ColdStart | Self::WarmStart | Self::CacheMiss)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paced { rate } => write!(f, "{rate} per second"),
            Self::Streams { count: 1 } => f.write_str("1 stream"),
            Self::Streams { count } => write!(f, "{count} streams"),
            other => f.write_str(&other.kind().replace('_', " ")),
        }
    }
}

/// Which scenarios a run measures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScenarioOptions {
    /// Rates of the paced ones, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rate: Vec<Rate>,
    /// How many instances run at once, each number once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<NonZeroU32>,
    /// Whether runs from photos to classes are measured.
    #[serde(default)]
    pub end_to_end: bool,
    /// Cold starts, and as many warm ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_starts: Option<NonZeroU32>,
    /// Whether energy is measured.
    #[serde(default)]
    pub energy: bool,
    /// A shell command that prints the watts of an external meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_meter: Option<String>,
}

impl ScenarioOptions {
    /// Whether none is asked for.
    #[must_use]
    pub(crate) fn is_none(&self) -> bool {
        self.scenarios().is_empty()
    }

    /// The scenarios, back to back before the others; none if none is asked for. Which of them a
    /// case has is up to its options.
    #[must_use]
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let mut scenarios = Vec::new();
        scenarios.extend(self.rate.iter().map(|rate| Scenario::Paced { rate: *rate }));
        scenarios.extend(self.streams.iter().map(|it| Scenario::Streams { count: it.get() }));
        if self.end_to_end {
            scenarios.push(Scenario::EndToEnd);
        }
        if self.energy || !scenarios.is_empty() {
            scenarios.insert(0, Scenario::BackToBack);
        }
        if self.cold_starts.is_some() {
            scenarios.extend([Scenario::ColdStart, Scenario::WarmStart, Scenario::CacheMiss]);
        }
        scenarios
    }
}

/// What came of a visit to a case in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScenarioOutcome {
    /// It was measured.
    Visited(Box<ScenarioVisit>),
    /// It could not be measured; it is not tried again.
    Lost {
        /// Which scenario.
        scenario: Scenario,
        /// How it ended.
        status: Status,
        /// Why, in one line.
        error: String,
    },
}

impl ScenarioOutcome {
    /// Which scenario it is of.
    #[must_use]
    pub const fn scenario(&self) -> Scenario {
        match self {
            Self::Visited(visit) => visit.scenario,
            Self::Lost { scenario, .. } => *scenario,
        }
    }

    /// The visit, if it was measured.
    #[must_use]
    pub const fn visit(&self) -> Option<&ScenarioVisit> {
        match self {
            Self::Visited(visit) => Some(visit),
            Self::Lost { .. } => None,
        }
    }

    /// How it ended and why, if it could not be measured.
    #[must_use]
    pub(crate) fn loss(&self) -> Option<(Status, &str)> {
        match self {
            Self::Visited(_) => None,
            Self::Lost { status, error, .. } => Some((*status, error)),
        }
    }
}

/// One visit to a case in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioVisit {
    /// Which.
    pub scenario: Scenario,
    /// What was measured. Its round counts the rounds of scenarios, each of which is measured in a
    /// process of its own.
    pub visit: Visit,
    /// When its runs were due, if they had a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What the stages of the timed runs took, if they were timed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageTimes>,
    /// The size of the runtime's own cache after a start, if the case's options name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_bytes: Option<u64>,
    /// What a start read from the disk, if the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// What it used, if energy was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<EnergyUsed>,
    /// Why that is not known, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_error: Option<String>,
}

impl ScenarioVisit {
    /// A visit of which nothing but runs was measured.
    #[must_use]
    pub const fn of(scenario: Scenario, visit: Visit) -> Self {
        Self {
            scenario,
            visit,
            schedule: None,
            stages: Vec::new(),
            cache_bytes: None,
            disk_bytes: None,
            energy: None,
            energy_error: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_runs_per_second_within_reason() {
        let rate: Rate = "29.97".parse().unwrap();
        assert_eq!((rate.per_second(), rate.period_ns()), (29.97, 33_366_700));
        for wrong in ["0", "-3", "1001", "NaN", "fast"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn back_to_back_is_measured_beside_the_others_only() {
        assert!(ScenarioOptions::default().is_none());
        let rate: Rate = "10".parse().unwrap();
        let options = ScenarioOptions { rate: vec![rate], ..ScenarioOptions::default() };
        assert_eq!(options.scenarios(), [Scenario::BackToBack, Scenario::Paced { rate }]);
        let starts = ScenarioOptions { cold_starts: NonZeroU32::new(3), ..Default::default() };
        let all = [Scenario::ColdStart, Scenario::WarmStart, Scenario::CacheMiss];
        assert_eq!(starts.scenarios(), all);
    }
}
