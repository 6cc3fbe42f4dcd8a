//! What plain timed runs are given.

use serde::{Deserialize, Serialize};

/// What plain timed runs are given.
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
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TimedInputs {
    /// Random numbers, the same in every run.
    #[default]
    Noise,
    /// Photos of the dataset, prepared before and taken in turn.
    Dataset,
}

impl TimedInputs {
    /// Whether it is what runs are given unless something else is asked for.
    #[must_use]
    pub(crate) const fn is_noise(&self) -> bool {
        matches!(self, Self::Noise)
    }

    /// The same in words.
    #[must_use]
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Noise => "random numbers, the same in every run",
            Self::Dataset => {
                "photos of the dataset, prepared before and taken in turn; the next one is written into the model between two runs, which is not timed"
            }
        }
    }
}
