//! What the numbers of a classifier's output are.

use serde::{Deserialize, Serialize};

use crate::record::quantization::Quantization;
use crate::record::tensor::{ElementType, TensorInfo};

/// What a model's scores are. This does not change their order; it matters when probabilities are
/// shown or compared.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum OutputKind {
    /// A distribution over the classes, as a softmax makes it.
    Probabilities,
    /// Its logarithm.
    LogProbabilities,
    /// An independent probability for each class; a single one is that of the second of two
    /// classes.
    Sigmoid,
    /// The input of a softmax; a single one is that of a sigmoid.
    Logits,
}

/// How far the sum of one image's probabilities may be from 1: rounding of 8-bit values
/// adds up, that of floating point hardly does.
const QUANTIZED_TOLERANCE: f64 = 0.1;
const FLOAT_TOLERANCE: f64 = 0.01;

impl OutputKind {
    /// What a tensor's own description states. TensorFlow Lite fixes the 8-bit quantisation of a
    /// softmax and of a sigmoid to a scale of 1/256
    /// (<https://ai.google.dev/edge/litert/models/quantization_spec>).
    #[must_use]
    pub(crate) fn of_quantization(output: &TensorInfo) -> Option<Self> {
        let eight_bit = matches!(output.element, ElementType::Uint8 | ElementType::Int8);
        let fixed = |q: Quantization| (q.scale - 1.0 / 256.0).abs() < 1e-7;
        (eight_bit && output.quantization.is_some_and(fixed)).then(|| match output.len() {
            1 => Self::Sigmoid,
            _ => Self::Probabilities,
        })
    }

    /// What the scores of several images look like; `None` if none is a number. Rows with a value
    /// that is not a number are left out.
    #[must_use]
    pub(crate) fn of_scores(images: &[Vec<f32>], quantized: bool) -> Option<Self> {
        let numbers: Vec<&Vec<f32>> =
            images.iter().filter(|scores| scores.iter().all(|score| score.is_finite())).collect();
        if numbers.is_empty() || numbers.iter().all(|scores| scores.is_empty()) {
            return None;
        }
        let tolerance = if quantized { QUANTIZED_TOLERANCE } else { FLOAT_TOLERANCE };
        let all = |holds: &dyn Fn(&[f32]) -> bool| numbers.iter().all(|scores| holds(scores));
        let sum = |scores: &[f32], of: fn(f64) -> f64| -> f64 {
            scores.iter().map(|score| of(f64::from(*score))).sum()
        };
        let shares = all(&|scores| scores.iter().all(|score| (-1e-6..=1.000_1).contains(score)));
        let single = all(&|scores| scores.len() == 1);
        Some(if shares && single {
            Self::Sigmoid
        } else if shares && all(&|scores| (sum(scores, |p| p) - 1.0).abs() < tolerance) {
            Self::Probabilities
        } else if shares {
            Self::Sigmoid
        } else if all(&|scores| {
            scores.iter().all(|score| *score <= 1e-6)
                && (sum(scores, f64::exp) - 1.0).abs() < tolerance
        }) {
            Self::LogProbabilities
        } else {
            Self::Logits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_tell_what_they_are() {
        let of = |rows: &[&[f32]]| {
            let rows: Vec<Vec<f32>> = rows.iter().map(|row| row.to_vec()).collect();
            OutputKind::of_scores(&rows, false)
        };
        assert_eq!(of(&[&[0.25, 0.75], &[0.5, 0.5]]), Some(OutputKind::Probabilities));
        // One image whose sum happens to be 1 does not make the others a distribution.
        assert_eq!(of(&[&[0.25, 0.75], &[0.9, 0.8]]), Some(OutputKind::Sigmoid));
        assert_eq!(of(&[&[0.25, 0.75], &[3.0, -1.0]]), Some(OutputKind::Logits));
        let logs = [0.25_f32.ln(), 0.75_f32.ln()];
        assert_eq!(of(&[&logs]), Some(OutputKind::LogProbabilities));
        assert_eq!(of(&[&[0.3]]), Some(OutputKind::Sigmoid));
        assert_eq!(of(&[&[0.3], &[2.0]]), Some(OutputKind::Logits));
        assert_eq!(of(&[&[f32::NAN, 1.0]]), None);
        assert_eq!(of(&[&[f32::NAN, 1.0], &[0.5, 0.5]]), Some(OutputKind::Probabilities));
    }

    #[test]
    fn eight_bits_in_steps_of_a_256th_are_a_softmax() {
        let info = |scale, classes| {
            let quantization = Some(Quantization { scale, zero_point: 0 });
            TensorInfo::fixed("y".into(), vec![1, classes], ElementType::Uint8, quantization)
        };
        let of = |scale, classes| OutputKind::of_quantization(&info(scale, classes));
        assert_eq!(of(1.0 / 256.0, 10), Some(OutputKind::Probabilities));
        assert_eq!(of(1.0 / 256.0, 1), Some(OutputKind::Sigmoid));
        assert_eq!(of(1.0 / 255.0, 10), None);
    }
}
