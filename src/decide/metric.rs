//! What two runs are compared by.

use serde::{Deserialize, Serialize};

use crate::record::run::CaseRecord;
use crate::record::scenario::Scenario;
use crate::table::row::Row;
use crate::table::scenario_row::ScenarioRow;
use crate::table::scenario_rows::energies;

/// The figure that is compared, case by case.
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
    strum::VariantArray,
    strum::VariantNames,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Metric {
    /// Median latency.
    P50,
    /// 90th percentile of latency.
    P90,
    /// 99th percentile of latency.
    P99,
    /// Top-1 accuracy.
    Top1,
    /// Top-5 accuracy.
    Top5,
    /// Size of the model's file.
    Size,
    /// Peak memory.
    Memory,
    /// Time to load the model.
    Load,
    /// Energy per image.
    Energy,
    /// The highest rate at which results are in time.
    Rate,
}

impl Metric {
    /// The probability of a latency metric's quantile.
    #[must_use]
    pub(crate) const fn probability(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P99 => Some(0.99),
            Self::Top1
            | Self::Top5
            | Self::Size
            | Self::Memory
            | Self::Load
            | Self::Energy
            | Self::Rate => None,
        }
    }

    /// The column of results.csv that it is; none of a figure of scenarios.
    #[must_use]
    #[cfg(feature = "history")]
    pub(crate) const fn column(self) -> Option<&'static str> {
        match self {
            Self::P50 => Some("latency_p50_us"),
            Self::P90 => Some("latency_p90_us"),
            Self::P99 => Some("latency_p99_us"),
            Self::Top1 => Some("top1"),
            Self::Top5 => Some("top5"),
            Self::Size => Some("model_bytes"),
            Self::Memory => Some("memory_peak_bytes"),
            Self::Load => Some("load_ms"),
            Self::Energy => Some("energy_mj_per_image"),
            Self::Rate => None,
        }
    }

    /// The rank that counts as right, of an accuracy metric.
    #[must_use]
    pub(crate) const fn rank(self) -> Option<u32> {
        match self {
            Self::Top1 => Some(1),
            Self::Top5 => Some(5),
            _ => None,
        }
    }

    /// A row's value: milliseconds, a proportion, or bytes.
    #[must_use]
    pub(crate) fn value(self, row: &Row) -> Option<f64> {
        match self {
            Self::P50 => row.latency_p50_us.map(|us| us / 1e3),
            Self::P90 => row.latency_p90_us.map(|us| us / 1e3),
            Self::P99 => row.latency_p99_us.map(|us| us / 1e3),
            Self::Top1 => row.top1,
            Self::Top5 => row.top5,
            Self::Size => Some(row.model_bytes as f64),
            Self::Memory => row.memory_peak_bytes.map(|bytes| bytes as f64),
            Self::Load => row.load_ms,
            Self::Energy => row.energy_mj_per_image,
            // Neither is a figure of results.csv.
            Self::Rate => None,
        }
    }

    /// The value of a scenario, in the unit of [`Self::value`], if scenarios have the figure.
    #[must_use]
    pub(crate) fn of_scenario(self, row: &ScenarioRow) -> Option<f64> {
        let us = match self {
            Self::P50 => row.latency_p50_us,
            Self::P90 => row.latency_p90_us,
            Self::P99 => row.latency_p99_us,
            Self::Energy => return row.energy_mj_per_image,
            Self::Top1 | Self::Top5 | Self::Size | Self::Memory | Self::Load | Self::Rate => None,
        };
        us.map(|us| us / 1e3)
    }

    /// The value from each process of a case, in the unit of [`Self::value`], if it is a figure
    /// that every process has once.
    #[must_use]
    pub(crate) fn by_process(self, record: &CaseRecord) -> Option<Vec<f64>> {
        let processes = record.processes.iter();
        match self {
            Self::Memory => Some(
                processes.filter_map(|process| Some(process.memory?.peak_bytes as f64)).collect(),
            ),
            Self::Load => {
                Some(processes.map(|process| process.loaded.load_ns as f64 / 1e6).collect())
            }
            Self::Energy => Some(energies(record, Scenario::BackToBack)),
            _ => None,
        }
    }

    /// A value with its unit.
    #[must_use]
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::P50 | Self::P90 | Self::P99 | Self::Load => {
                format!("{} ms", crate::table::units::three_digits(value))
            }
            Self::Top1 | Self::Top5 => format!("{}%", crate::table::units::percent(value)),
            Self::Energy => format!("{} mJ", crate::table::units::three_digits(value)),
            Self::Rate => format!("{}/s", crate::table::units::three_digits(value)),
            // Bytes are whole numbers far below 2^53.
            Self::Size | Self::Memory => crate::table::units::bytes(value as u64),
        }
    }

    /// What it is called in a heading.
    #[must_use]
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::P50 => "median latency",
            Self::P90 => "90th percentile of latency",
            Self::P99 => "99th percentile of latency",
            Self::Top1 => "Top-1",
            Self::Top5 => "Top-5",
            Self::Size => "file size",
            Self::Memory => "peak memory",
            Self::Load => "load time",
            Self::Energy => "energy per image",
            Self::Rate => "highest rate in time",
        }
    }
}
