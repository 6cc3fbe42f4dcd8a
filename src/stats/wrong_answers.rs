//! Whether a case's answers are those of its model.

use crate::record::agreement::Agreement;
use crate::record::precision::Precision;
use crate::stats::interval::wilson;

/// The minimum share of inputs on which a case's best class must equal the reference backend's.
/// Different kernels round differently: on a quantised MobileNet 0.25, whose scores tie often, a
/// few inputs in a hundred change.
const LEAST_AGREEMENT: f64 = 0.9;
/// The minimum cosine between the outputs of a model of 32-bit numbers and its reference's.
/// Runtimes that compute in 32 bits are within 1e-9 of 1; float16 is off by 1e-5 and bfloat16
/// by 1e-3 (MLPerf Tiny's ResNet-8 and the embedded family).
const LEAST_FLOAT_COSINE: f64 = 1.0 - 1e-6;
/// The same of quantised models, whose kernels round to different steps: 0.996 on a MobileNet
/// 0.25 of 8 bits.
const LEAST_COSINE: f64 = 0.98;
/// Single scores have no cosine: how far one may be from the reference's.
const MOST_FLOAT_ERROR: f64 = 1e-3;
const MOST_ERROR: f64 = 0.1;

/// A fast wrong answer: the best class differs from the reference's more often than rounding
/// explains, by more than the few inputs of a short comparison can be off by chance.
#[must_use]
pub(crate) fn is_suspicious(agreement_top1: f64, inputs: usize) -> bool {
    let same = (agreement_top1 * inputs as f64).round() as usize;
    wilson(same, inputs).map_or(agreement_top1, |interval| interval.high) < LEAST_AGREEMENT
}

/// Why outputs are not those of a model of `precision`, by their agreement with its reference;
/// `None` if they are. With `any_precision`, a model of floating-point numbers may be computed
/// in fewer bits.
#[must_use]
pub(crate) fn why_wrong(
    agreement: &Agreement,
    precision: Precision,
    any_precision: bool,
) -> Option<String> {
    let Agreement { images, top1, max_abs_error, .. } = *agreement;
    if is_suspicious(top1, images) {
        return Some(format!(
            "its best class is the reference's on only {:.0}% of {images} inputs",
            100.0 * top1
        ));
    }
    let is_float = matches!(precision, Precision::Float32 | Precision::Float16) && !any_precision;
    let (least_cosine, most_error) = match is_float {
        true => (LEAST_FLOAT_COSINE, MOST_FLOAT_ERROR),
        false => (LEAST_COSINE, MOST_ERROR),
    };
    let hint = if is_float { ", as with fewer bits than the model has" } else { "" };
    match &agreement.likeness {
        Some(alike) if alike.cosine < least_cosine => Some(format!(
            "its outputs are off from the reference's by up to {max_abs_error:.2e} (cosine {:.6}){hint}",
            alike.cosine
        )),
        None if max_abs_error.is_nan() || max_abs_error > most_error => Some(format!(
            "its scores are off from the reference's by up to {max_abs_error:.2e}{hint}"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::agreement::Likeness;

    fn agreement(top1: f64, cosine: Option<f64>, max_abs_error: f64) -> Agreement {
        let likeness = cosine.map(|cosine| Likeness { cosine, kl_divergence: None, top5: None });
        let (images, kinds_differ, reach) = (16, false, None);
        Agreement { images, top1, max_abs_error, kinds_differ, likeness, reach }
    }

    #[test]
    fn fewer_bits_are_another_model_unless_they_are_allowed() {
        let why = |agreement, any| why_wrong(&agreement, Precision::Float32, any);
        let (float, bf16) = (agreement(1.0, Some(1.0), 1e-6), agreement(1.0, Some(0.9991), 0.05));
        assert_eq!((why(float, false), why(bf16, true)), (None, None));
        let told = why(bf16, false).unwrap();
        assert!(told.contains("5.00e-2") && told.contains("fewer bits"), "{told}");
        // The best classes count in any case.
        assert!(why(agreement(0.5, Some(1.0), 0.0), true).unwrap().contains("50% of 16"));
        assert!(why(agreement(1.0, None, 0.01), false).is_some());
        assert!(why(agreement(1.0, None, 0.01), true).is_none());
    }

    #[test]
    fn quantised_kernels_may_round_to_other_steps() {
        let int8 = agreement(0.9375, Some(0.996), 0.03);
        assert_eq!(why_wrong(&int8, Precision::Int8, false), None);
        assert!(why_wrong(&agreement(1.0, Some(0.9), 0.3), Precision::Int8, false).is_some());
    }

    /// How often a case that has the reference's best class with `probability` is flagged: a sum
    /// over the binomial distribution, whose terms follow from each other.
    fn flagged(inputs: usize, probability: f64) -> f64 {
        let mut logarithm = inputs as f64 * (1.0 - probability).ln();
        let mut sum = 0.0;
        for same in 0..=inputs {
            if is_suspicious(same as f64 / inputs as f64, inputs) {
                sum += logarithm.exp();
            }
            let odds = probability / (1.0 - probability);
            logarithm += ((inputs - same) as f64 / (same + 1) as f64 * odds).ln();
        }
        sum
    }

    #[test]
    fn the_documents_false_alarms_are_those_of_the_rule() {
        let document = std::fs::read_to_string("docs/delegates.md").unwrap();
        let (_, table) = document.split_once("| inputs | 98% |").unwrap();
        let rows: Vec<&str> = table.lines().skip(2).take_while(|it| it.starts_with('|')).collect();
        assert_eq!(rows.len(), 4);
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let inputs = cells[0].parse().unwrap();
            for (cell, probability) in cells[1..].iter().zip([0.98, 0.95, 0.9, 0.8, 0.5]) {
                let percent = 100.0 * flagged(inputs, probability);
                let text = format!("{percent:.2}%");
                let text = if percent < 0.01 { "< 0.01%".to_owned() } else { text };
                assert_eq!(*cell, text, "{inputs} inputs, {probability}");
            }
        }
    }
}
