//! How far a case's outputs are from its reference's.

use serde::{Deserialize, Deserializer, Serialize};

/// Outputs of two cases on the same inputs, compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Inputs that were compared.
    #[serde(default)]
    pub images: usize,
    /// Share of inputs with the same best class.
    pub top1: f64,
    /// Largest absolute difference of dequantised outputs.
    #[serde(deserialize_with = "null_is_infinite")]
    pub max_abs_error: f64,
    /// Whether the outputs are of different kinds, logits and probabilities say, whose
    /// differences mean nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kinds_differ: bool,
}

/// JSON cannot express infinity; it is written as null.
fn null_is_infinite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
}

impl Agreement {
    /// Compares real-valued outputs, one vector per input. `None` if there is nothing to compare or
    /// the two have different shapes.
    #[must_use]
    pub fn of(expected: &[Vec<f32>], found: &[Vec<f32>]) -> Option<Self> {
        let pairs = || expected.iter().zip(found);
        if expected.is_empty()
            || expected.len() != found.len()
            || pairs().any(|(expected, found)| expected.len() != found.len())
        {
            return None;
        }
        let same = |(expected, found): &(&Vec<f32>, &Vec<f32>)| {
            best(expected).is_some_and(|expected| best(found) == Some(expected))
        };
        let same = pairs().filter(same).count();
        let errors =
            pairs().flat_map(|(expected, found)| expected.iter().zip(found)).map(|(a, b)| {
                let error = f64::from((a - b).abs());
                // Two infinities of the same sign do not differ; a value that is not a number does.
                match error.is_nan() {
                    true if a == b => 0.0,
                    true => f64::INFINITY,
                    false => error,
                }
            });
        let max_abs_error = errors.fold(0.0, f64::max);
        let top1 = same as f64 / found.len() as f64;
        Some(Self { images: found.len(), top1, max_abs_error, kinds_differ: false })
    }

    /// The agreement on two sets of inputs together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let same = |of: Self| (of.top1 * of.images as f64).round();
        let images = self.images + other.images;
        Self {
            images,
            top1: (same(self) + same(other)) / images.max(1) as f64,
            max_abs_error: self.max_abs_error.max(other.max_abs_error),
            kinds_differ: self.kinds_differ || other.kinds_differ,
        }
    }
}

/// The best class; with equal scores the lower index. None if a score is not a number: such an
/// answer agrees with nothing.
fn best(scores: &[f32]) -> Option<usize> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    (0..scores.len()).reduce(|best, i| if scores[i] > scores[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_equal_best_classes_and_the_largest_difference() {
        let expected = vec![vec![0.1, 0.9], vec![0.5, 0.5], vec![0.7, 0.3]];
        let found = vec![vec![0.2, 0.8], vec![0.5, 0.5], vec![0.25, 0.75]];
        let agreement = Agreement::of(&expected, &found).unwrap();
        assert_eq!(agreement.images, 3);
        assert!((agreement.top1 - 2.0 / 3.0).abs() < 1e-12);
        assert!((agreement.max_abs_error - 0.45).abs() < 1e-6);
    }

    #[test]
    fn not_a_number_is_no_agreement() {
        let wrong = Agreement::of(&[vec![0.0, 1.0]], &[vec![f32::NAN, 1.0]]).unwrap();
        assert_eq!((wrong.max_abs_error, wrong.top1), (f64::INFINITY, 0.0));
        // A model whose every output is broken in the same way does not agree with itself.
        let broken = vec![vec![f32::NAN; 2]; 3];
        let both = Agreement::of(&broken, &broken).unwrap();
        assert_eq!((both.max_abs_error, both.top1), (f64::INFINITY, 0.0));
        let infinite = vec![vec![f32::INFINITY, 0.0]];
        let same = Agreement::of(&infinite, &infinite).unwrap();
        assert_eq!((same.max_abs_error, same.top1), (0.0, 1.0));
        assert_eq!(Agreement::of(&[vec![0.0]], &[vec![0.0, 1.0]]), None);
        assert_eq!(Agreement::of(&[], &[]), None);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let expected: Vec<Vec<f32>> = (0..7).map(|i| vec![i as f32, 3.0]).collect();
        let found: Vec<Vec<f32>> = (0..7).map(|i| vec![3.0, i as f32]).collect();
        let whole = Agreement::of(&expected, &found).unwrap();
        let part = |range: std::ops::Range<usize>| {
            Agreement::of(&expected[range.clone()], &found[range]).unwrap()
        };
        assert_eq!(part(0..3).and(part(3..7)), whole);
    }
}
