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
    /// How alike the whole outputs are; runs of earlier programs do not say, and single scores have
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<Likeness>,
    /// The largest finite magnitude among the reference's scores; runs of earlier programs do not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<f64>,
}

/// How alike whole outputs are: means over the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// Cosine of the angle between the two outputs: 1 if they are alike but for a factor, 0 if one
    /// has a score that is not a number or infinite.
    pub cosine: f64,
    /// Kullback-Leibler divergence of the case's probabilities from the reference's, in nats; absent
    /// if a score is not a number or infinite.
    pub kl_divergence: Option<f64>,
    /// Share of the reference's five best classes that are among the case's five best; absent with
    /// five classes or fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top5: Option<f64>,
}

/// JSON cannot express infinity; it is written as null.
fn null_is_infinite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
}

impl Agreement {
    /// Compares real-valued outputs, one vector per input. `None` if there is nothing to compare or
    /// the two have different shapes.
    #[must_use]
    pub(crate) fn of(expected: &[Vec<f32>], found: &[Vec<f32>]) -> Option<Self> {
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
        let each = pairs().map(|(expected, found)| Likeness::of_one(expected, found));
        let likeness = each.collect::<Option<Vec<_>>>().and_then(|all| {
            let all = all.into_iter().map(|it| (it, 1)).collect::<Vec<_>>();
            Likeness::mean(&all)
        });
        let magnitudes = expected.iter().flatten().map(|score| f64::from(score.abs()));
        let reach = Some(magnitudes.filter(|it| it.is_finite()).fold(0.0, f64::max));
        Some(Self {
            images: found.len(),
            top1,
            max_abs_error,
            kinds_differ: false,
            likeness,
            reach,
        })
    }

    /// The agreement on two sets of inputs together.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let same = |of: Self| (of.top1 * of.images as f64).round();
        let images = self.images + other.images;
        Self {
            images,
            top1: (same(self) + same(other)) / images.max(1) as f64,
            max_abs_error: self.max_abs_error.max(other.max_abs_error),
            kinds_differ: self.kinds_differ || other.kinds_differ,
            reach: self.reach.zip(other.reach).map(|(one, another)| one.max(another)),
            likeness: self.likeness.zip(other.likeness).and_then(|(one, another)| {
                Likeness::mean(&[(one, self.images), (another, other.images)])
            }),
        }
    }
}

/// Quantised scores round small probabilities to 0, of which no ratio can be taken: none counts as
/// less than this.
const LEAST_PROBABILITY: f64 = 1e-4;
/// Outputs that are not negative and sum up to 1 within this are probabilities.
const SUM_TOLERANCE: f64 = 0.05;

impl Likeness {
    /// Of two outputs for one input; `None` for outputs of a single score.
    fn of_one(expected: &[f32], found: &[f32]) -> Option<Self> {
        if expected.len() < 2 {
            return None;
        }
        let is_finite = |scores: &[f32]| scores.iter().all(|score| score.is_finite());
        if !is_finite(expected) || !is_finite(found) {
            let top5 = (expected.len() > 5).then_some(0.0);
            return Some(Self { cosine: 0.0, kl_divergence: None, top5 });
        }
        let dot = |one: &[f32], other: &[f32]| -> f64 {
            one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let lengths = (dot(expected, expected) * dot(found, found)).sqrt();
        let cosine = match lengths > 0.0 {
            true => (dot(expected, found) / lengths).clamp(-1.0, 1.0),
            // Two outputs of nothing but zeros do not differ.
            false => f64::from(u8::from(expected == found)),
        };
        let terms = probabilities(expected).into_iter().zip(probabilities(found));
        let kl_divergence = terms.map(|(p, q)| p * (p / q).ln()).sum::<f64>().max(0.0);
        let top5 = (expected.len() > 5).then(|| {
            let found = best_five(found);
            best_five(expected).iter().filter(|class| found.contains(class)).count() as f64 / 5.0
        });
        Some(Self { cosine, kl_divergence: Some(kl_divergence), top5 })
    }

    /// The mean of some, each of a number of inputs.
    fn mean(of: &[(Self, usize)]) -> Option<Self> {
        let count = of.iter().map(|(_, inputs)| inputs).sum::<usize>() as f64;
        let mean = |value: fn(&Self) -> Option<f64>| {
            let weighted = of.iter().map(|(it, inputs)| Some(value(it)? * *inputs as f64));
            weighted.sum::<Option<f64>>().map(|sum| sum / count)
        };
        Some(Self {
            cosine: mean(|it| Some(it.cosine)).filter(|_| count > 0.0)?,
            kl_divergence: mean(|it| it.kl_divergence),
            top5: mean(|it| it.top5),
        })
    }
}

/// Scores as probabilities, none of them 0: as they are if they can be probabilities, otherwise
/// through a softmax.
fn probabilities(scores: &[f32]) -> Vec<f64> {
    let scores: Vec<f64> = scores.iter().map(|score| f64::from(*score)).collect();
    let sum: f64 = scores.iter().sum();
    let are = scores.iter().all(|score| *score >= 0.0) && (sum - 1.0).abs() <= SUM_TOLERANCE;
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |score: &f64| if are { *score } else { (score - largest).exp() };
    let total: f64 = scores.iter().map(weight).sum();
    let floored = scores.iter().map(|it| (weight(it) / total).max(LEAST_PROBABILITY));
    let floored: Vec<f64> = floored.collect();
    let total: f64 = floored.iter().sum();
    floored.into_iter().map(|it| it / total).collect()
}

/// The five best classes; of equal scores the lower index first.
fn best_five(scores: &[f32]) -> Vec<usize> {
    let mut classes: Vec<usize> = (0..scores.len()).collect();
    classes.sort_by(|one, other| scores[*other].total_cmp(&scores[*one]).then(one.cmp(other)));
    classes.truncate(5);
    classes
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
        let mut parts = part(0..3).and(part(3..7));
        let (of_parts, of_whole) = (parts.likeness.unwrap(), whole.likeness.unwrap());
        assert!((of_parts.cosine - of_whole.cosine).abs() < 1e-12);
        let divergence = |it: Likeness| it.kl_divergence.unwrap();
        assert!((divergence(of_parts) - divergence(of_whole)).abs() < 1e-12);
        parts.likeness = whole.likeness;
        assert_eq!(parts, whole);
    }

    #[test]
    fn likeness_is_that_of_the_textbook() {
        let likeness = |expected: &[f32], found: &[f32]| {
            Agreement::of(&[expected.to_vec()], &[found.to_vec()]).unwrap().likeness.unwrap()
        };
        // T. M. Cover and J. A. Thomas, 'Elements of Information Theory', example 2.3.1 with
        // r = 1/2 and s = 1/4: D(p||q) = 1 - log2(3) / 2 bits.
        let textbook = likeness(&[0.5, 0.5], &[0.75, 0.25]);
        let bits = 1.0 - 3.0_f64.log2() / 2.0;
        assert!((textbook.kl_divergence.unwrap() - bits * 2.0_f64.ln()).abs() < 1e-9);
        assert!((textbook.cosine - 2.0 / 5.0_f64.sqrt()).abs() < 1e-6, "{textbook:?}");
        // Logits differ by their differences alone.
        let shifted = likeness(&[1.0, 3.0, -2.0], &[11.0, 13.0, 8.0]);
        assert!(shifted.kl_divergence.unwrap() < 1e-6, "{shifted:?}");
        // A probability that was rounded to 0 is none that cannot be.
        let rounded = likeness(&[0.999, 0.001], &[1.0, 0.0]);
        assert!(rounded.kl_divergence.unwrap() < 0.01, "{rounded:?}");
        let broken = likeness(&[0.5, 0.5], &[f32::NAN, 0.5]);
        assert_eq!((broken.cosine, broken.kl_divergence), (0.0, None));
        assert_eq!(likeness(&[0.0, 0.0], &[0.0, 0.0]).cosine, 1.0);
    }

    #[test]
    fn five_best_classes_are_compared_as_a_set() {
        let expected = [0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.0];
        let found = [0.5, 0.6, 0.7, 0.8, 0.1, 0.9, 0.0];
        let agreement = Agreement::of(&[expected.to_vec()], &[found.to_vec()]).unwrap();
        assert_eq!(agreement.likeness.unwrap().top5, Some(0.8));
        let few = Agreement::of(&[vec![0.1; 5]], &[vec![0.2; 5]]).unwrap();
        assert_eq!(few.likeness.unwrap().top5, None);
    }
}
