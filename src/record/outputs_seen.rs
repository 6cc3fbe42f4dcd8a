//! What a model's outputs looked like, whatever they say: broken ones are broken in a few
//! ways that nobody sees in a table of accuracies.

use serde::{Deserialize, Serialize};

/// Outputs on some inputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputsSeen {
    /// Inputs that gave one.
    pub inputs: usize,
    /// Of these, how many outputs have a score that is not a number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_a_number: usize,
    /// How many have an infinite score.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infinite: usize,
    /// How many have the same number for every one of several scores; runs of earlier programs do
    /// not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat: Option<usize>,
    /// A hash of the output, where it was the same for all of these inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    same: Option<u64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// FNV-1a's start and factor for 64 bits (Fowler, Noll and Vo), here a number at a time.
const HASH: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0100_0000_01b3;

impl OutputsSeen {
    /// One output.
    #[must_use]
    pub(crate) fn one(scores: impl IntoIterator<Item = f64>) -> Self {
        let (mut hash, mut not_a_number, mut infinite) = (HASH, false, false);
        let (mut count, mut first, mut is_flat) = (0, None, true);
        for score in scores {
            count += 1;
            is_flat &= score == *first.get_or_insert(score);
            not_a_number |= score.is_nan();
            infinite |= score.is_infinite();
            hash = (hash ^ score.to_bits()).wrapping_mul(FACTOR);
        }
        Self {
            inputs: 1,
            not_a_number: usize::from(not_a_number),
            infinite: usize::from(infinite),
            flat: Some(usize::from(is_flat && count > 1)),
            same: Some(hash),
        }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let same = match (self.inputs, other.inputs) {
            (0, _) => other.same,
            (_, 0) => self.same,
            _ => self.same.filter(|_| self.same == other.same),
        };
        Self {
            inputs: self.inputs + other.inputs,
            not_a_number: self.not_a_number + other.not_a_number,
            infinite: self.infinite + other.infinite,
            flat: match (self.inputs, other.inputs) {
                (0, _) => other.flat,
                (_, 0) => self.flat,
                _ => self.flat.zip(other.flat).map(|(one, another)| one + another),
            },
            same,
        }
    }

    /// Whether every input gave the same output, of several.
    #[must_use]
    pub(crate) fn is_constant(&self) -> bool {
        self.inputs > 1 && self.same.is_some()
    }
}

impl FromIterator<Self> for OutputsSeen {
    fn from_iter<T: IntoIterator<Item = Self>>(all: T) -> Self {
        all.into_iter().fold(Self::default(), Self::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(outputs: &[[f64; 2]]) -> OutputsSeen {
        outputs.iter().map(|output| OutputsSeen::one(*output)).collect()
    }

    #[test]
    fn broken_outputs_are_counted() {
        let seen = seen(&[[1.0, f64::NAN], [f64::INFINITY, f64::NAN], [0.0, 1.0]]);
        assert_eq!((seen.inputs, seen.not_a_number, seen.infinite), (3, 2, 1));
        assert_eq!(seen.flat, Some(0));
        assert!(!seen.is_constant());
    }

    #[test]
    fn the_same_output_every_time_is_constant_however_it_was_put_together() {
        let (one, other) = ([0.25, 0.75], [0.25, 0.5]);
        assert!(seen(&[one; 5]).is_constant());
        assert!(!seen(&[one]).is_constant(), "once is not every time");
        assert!(!seen(&[one, one, other]).is_constant());
        assert!(seen(&[one, one]).and(OutputsSeen::default()).and(seen(&[one])).is_constant());
        assert!(!seen(&[one, one]).and(seen(&[other, other])).is_constant());
        assert!(!seen(&[one, other]).and(seen(&[one, one])).is_constant());
        // As the journal keeps it.
        let text = serde_json::to_string(&seen(&[one, one])).unwrap();
        assert_eq!(serde_json::from_str::<OutputsSeen>(&text).unwrap(), seen(&[one, one]));
    }

    #[test]
    fn outputs_of_one_number_are_counted() {
        let seen = seen(&[[0.1, 0.1], [0.1, 0.9], [0.0, 0.0], [f64::NAN, f64::NAN]]);
        assert_eq!(seen.flat, Some(2));
        // A single score is the same as itself.
        assert_eq!(OutputsSeen::one([0.5]).flat, Some(0));
        // An earlier program did not count them.
        let earlier = OutputsSeen { inputs: 4, ..OutputsSeen::default() };
        assert_eq!(earlier.and(seen).flat, None);
    }
}
