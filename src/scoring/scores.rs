//! A model's output to probabilities.

use crate::record::tensor::{ElementType, TensorInfo};

/// One image's output as probabilities. What already is a distribution stays
/// as it is; logits go through the softmax, which keeps their order.
#[must_use]
pub fn probabilities(bytes: Vec<u8>, output: &TensorInfo) -> Vec<f32> {
    let values = output.real(&bytes);
    if is_distribution(&values, output) { values } else { softmax(&values) }
}

/// TensorFlow Lite fixes the 8-bit quantisation of a softmax to a scale of
/// 1/256 (<https://ai.google.dev/edge/litert/models/quantization_spec>); many
/// small probabilities are rounded to 0 there, so that their sum tells little.
/// Other outputs are a distribution where they are within 0..=1 and sum to 1.
fn is_distribution(values: &[f32], output: &TensorInfo) -> bool {
    let eight_bit = matches!(output.element, ElementType::Uint8 | ElementType::Int8);
    let fixed = output.quantization.is_some_and(|q| (q.scale - 1.0 / 256.0).abs() < 1e-7);
    if eight_bit && fixed {
        return true;
    }
    let tolerance = if output.quantization.is_some() { 0.1 } else { 0.01 };
    let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
    values.iter().all(|value| (-1e-6..=1.000_1).contains(value)) && (sum - 1.0).abs() < tolerance
}

fn softmax(values: &[f32]) -> Vec<f32> {
    let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = values.iter().map(|value| f64::from(value - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::quantization::Quantization;

    fn info(element: ElementType, len: usize, scale: Option<f32>) -> TensorInfo {
        TensorInfo {
            name: "scores".to_owned(),
            shape: vec![1, len],
            element,
            quantization: scale.map(|scale| Quantization { scale, zero_point: 0 }),
        }
    }

    #[test]
    fn eight_bit_softmax_is_kept() {
        let kept = probabilities(vec![64, 0, 0], &info(ElementType::Uint8, 3, Some(1.0 / 256.0)));
        assert_eq!(kept, [0.25, 0.0, 0.0]);
    }

    #[test]
    fn logits_become_probabilities() {
        let of = |values: &[f32]| {
            let bytes = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
            probabilities(bytes, &info(ElementType::Float32, values.len(), None))
        };
        let p = of(&[1.0, 2.0, 3.0]);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && (p[2] - 0.665_240_9).abs() < 1e-6);
        assert_eq!(of(&[0.25, 0.5, 0.25]), [0.25, 0.5, 0.25]);
    }
}
