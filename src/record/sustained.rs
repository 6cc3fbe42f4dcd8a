//! What a case does over minutes: its windows, and how long they go on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::scenario::Rate;
use crate::record::status::Status;

/// How long a case is run, in minutes: more than none, at most a day.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Minutes(f64);

impl Minutes {
    const MOST: f64 = 24.0 * 60.0;

    /// In seconds.
    #[must_use]
    pub(crate) const fn seconds(self) -> f64 {
        self.0 * 60.0
    }
}

impl TryFrom<f64> for Minutes {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if value > 0.0 && value <= Self::MOST {
            Ok(Self(value))
        } else {
            Err(format!("{value} is out of range; give minutes, up to {}", Self::MOST))
        }
    }
}

impl FromStr for Minutes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
        value.try_into()
    }
}

impl From<Minutes> for f64 {
    fn from(minutes: Minutes) -> Self {
        minutes.0
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A run of each case for minutes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SustainedOptions {
    /// For how long.
    pub minutes: Minutes,
    /// Starts per second; without one, runs follow each other back to back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// The time of a window. Shorter than that of a processor's heat sink to warm up, and long enough
/// for a percentile of runs of 100 ms.
const WINDOW_SECONDS: f64 = 10.0;
/// A short trial has this many windows all the same.
const LEAST_WINDOWS: f64 = 6.0;

impl SustainedOptions {
    /// How long each window is.
    #[must_use]
    pub(crate) fn window_seconds(&self) -> f64 {
        WINDOW_SECONDS.min(self.minutes.seconds() / LEAST_WINDOWS)
    }
}

/// Some seconds of a case that goes on for minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SustainedWindow {
    /// Which of the case's processes, from 0: a run that was cut short goes on in a new one.
    pub process: u32,
    /// Time that it took.
    pub seconds: f64,
    /// Timed runs in it.
    pub runs: u64,
    /// Their median.
    pub p50_ns: u64,
    /// Their 90th percentile.
    pub p90_ns: u64,
    /// How long its threads stood in line for a CPU, of runs back to back, if the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ns: Option<u64>,
    /// Frames that were due meanwhile, if it has a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<u64>,
    /// How many of them had no result when the next one was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Frequency right after them of the CPU that ran the last one, if the system reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mhz: Option<u32>,
    /// Temperature of the hottest CPU right after them, in degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub celsius: Option<f64>,
    /// Temperature before the process's first window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub celsius_before: Option<f64>,
    /// Whether it was still warmer than at the start of the run when the process began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub began_warm: bool,
}

impl SustainedWindow {
    /// The time in line as a share of the window's.
    #[must_use]
    pub(crate) fn waited_share(&self) -> Option<f64> {
        self.waited_ns.map(|ns| ns as f64 / 1e9 / self.seconds.max(1e-9))
    }
}

/// What came of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SustainedOutcome {
    /// It was measured.
    Window(SustainedWindow),
    /// The case was lost in it, and is not tried again.
    Lost {
        /// How it ended.
        status: Status,
        /// Why, in one line.
        error: String,
    },
}

/// What is known of a case that went on for minutes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SustainedRecord {
    /// Its windows, one after the other.
    pub windows: Vec<SustainedWindow>,
    /// How it ended and why, if it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<(Status, String)>,
}

impl SustainedRecord {
    /// Whether nothing is known.
    #[must_use]
    pub(crate) const fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.lost.is_none()
    }

    /// Takes what came of a window.
    pub(crate) fn take(&mut self, outcome: SustainedOutcome) {
        match outcome {
            SustainedOutcome::Window(window) => self.windows.push(window),
            SustainedOutcome::Lost { status, error } => self.lost = Some((status, error)),
        }
    }

    /// The same as outcomes, in their order.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = SustainedOutcome> + '_ {
        let windows = self.windows.iter().copied().map(SustainedOutcome::Window);
        let lost = self.lost.iter().cloned();
        windows.chain(lost.map(|(status, error)| SustainedOutcome::Lost { status, error }))
    }

    /// Time in windows so far.
    #[must_use]
    pub(crate) fn seconds(&self) -> f64 {
        self.windows.iter().map(|window| window.seconds).sum()
    }

    /// Whether a run of `options` has nothing left to do for the case.
    #[must_use]
    pub(crate) fn is_over(&self, options: &SustainedOptions) -> bool {
        // A sum of windows misses the whole by a rounding.
        let enough = options.minutes.seconds() - options.window_seconds() / 2.0;
        self.lost.is_some() || self.seconds() >= enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_trial_has_windows_too_and_a_long_one_ten_seconds_each() {
        let of = |minutes: &str| SustainedOptions { minutes: minutes.parse().unwrap(), rate: None };
        assert_eq!(of("30").window_seconds(), 10.0);
        assert!((of("0.1").window_seconds() - 1.0).abs() < 1e-9);
        for wrong in ["0", "-1", "1441", "NaN", "long"] {
            assert!(wrong.parse::<Minutes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_case_is_over_with_its_last_window_or_its_loss() {
        let options = SustainedOptions { minutes: "0.1".parse().unwrap(), rate: None };
        let window = SustainedWindow {
            process: 0,
            seconds: 1.0001,
            runs: 3,
            p50_ns: 5,
            p90_ns: 6,
            ..SustainedWindow::default()
        };
        let mut record = SustainedRecord { windows: vec![window; 5], lost: None };
        assert!(!record.is_over(&options));
        record.take(SustainedOutcome::Window(SustainedWindow { seconds: 0.98, ..window }));
        assert!(record.is_over(&options));
        record.windows.clear();
        record.take(SustainedOutcome::Lost { status: Status::Crashed, error: "gone".into() });
        assert!(record.is_over(&options) && record.outcomes().count() == 1);
    }
}
