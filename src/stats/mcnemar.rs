//! Whether two models differ, scored on the same images.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::record::prediction::Prediction;
use crate::stats::interval::Z_95;

/// The level below which a p-value is significant.
pub(crate) const LEVEL: f64 = 0.05;

/// The 80% point of the standard normal distribution: the power planned for.
const Z_POWER_80: f64 = 0.841_621_233_572_914_3;

/// A paired comparison of two models' best classes (or best five).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Paired {
    /// Images that both models were scored on.
    pub images: usize,
    /// Right in both models.
    pub both_right: usize,
    /// Right in the first model alone.
    pub first_only: usize,
    /// Right in the second model alone.
    pub second_only: usize,
    /// Two-sided p of McNemar's exact test.
    pub p_value: f64,
    /// Images needed to find the observed difference (5% two-sided, 80% power); none if the models
    /// do not differ.
    pub images_needed: Option<usize>,
}

impl Paired {
    /// Accuracy of the first and of the second model on these images.
    #[must_use]
    pub(crate) fn accuracies(&self) -> (f64, f64) {
        let share = |alone: usize| (self.both_right + alone) as f64 / self.images.max(1) as f64;
        (share(self.first_only), share(self.second_only))
    }

    /// Accuracy of the second less that of the first.
    #[must_use]
    pub(crate) fn difference(&self) -> f64 {
        (self.second_only as f64 - self.first_only as f64) / self.images.max(1) as f64
    }

    /// The 95% interval of the difference.
    ///
    /// Source: D. G. Bonett and R. M. Price, 'Adjusted Wald confidence interval for a
    /// difference of binomial proportions based on paired data', Journal of Educational
    /// and Behavioral Statistics 37 (2012), 479-488.
    #[must_use]
    pub(crate) fn interval(&self) -> (f64, f64) {
        let n = self.images as f64 + 2.0;
        let share = |discordant: usize| (discordant as f64 + 1.0) / n;
        let (first, second) = (share(self.first_only), share(self.second_only));
        let middle = second - first;
        let half = Z_95 * ((first + second - middle * middle) / n).max(0.0).sqrt();
        ((middle - half).max(-1.0), (middle + half).min(1.0))
    }

    /// Whether the difference is more than chance at the 5% level.
    #[must_use]
    pub(crate) fn is_distinguishable(&self) -> bool {
        self.p_value < LEVEL
    }
}

/// Compares on the images that both have, under the same label, at the best `k`
/// classes.
#[must_use]
pub(crate) fn compare(first: &[Prediction], second: &[Prediction], k: u32) -> Paired {
    let ranks: HashMap<(&str, u32), u32> =
        first.iter().map(|p| ((&*p.image, p.label), p.rank_of_label)).collect();
    let (mut images, mut both_right, mut first_only, mut second_only) = (0, 0, 0, 0);
    for p in second {
        let Some(rank) = ranks.get(&(&*p.image, p.label)) else { continue };
        images += 1;
        match (*rank <= k, p.rank_of_label <= k) {
            (true, true) => both_right += 1,
            (true, false) => first_only += 1,
            (false, true) => second_only += 1,
            (false, false) => {}
        }
    }
    Paired {
        images,
        both_right,
        first_only,
        second_only,
        p_value: exact(first_only, second_only),
        images_needed: images_needed(first_only, second_only, images),
    }
}

/// p-values of several comparisons, each raised so that the chance of any false finding
/// among them stays below the level.
///
/// Source: S. Holm, 'A simple sequentially rejective multiple test procedure',
/// Scandinavian Journal of Statistics 6 (1979), 65-70.
#[must_use]
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let (mut adjusted, mut largest) = (vec![0.0; p_values.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[index] * left).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// Two-sided p of the exact test: under no difference each discordant image
/// falls to either side like a coin.
///
/// Source: Q. McNemar, 'Note on the sampling error of the difference between
/// correlated proportions or percentages', Psychometrika 12 (1947), 153-157;
/// the exact form is the sign test on the discordant pairs.
#[must_use]
pub(crate) fn exact(b: usize, c: usize) -> f64 {
    let n = b + c;
    // Terms of the binomial tail, each from its predecessor, in logarithms so
    // that thousands of discordant images do not underflow.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for i in 0..=b.min(c) {
        tail += log_term.exp();
        log_term += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

/// Images at which the observed discordance would be significant.
///
/// Source: R. J. Connor, 'Sample size for testing differences in proportions
/// for the paired-sample design', Biometrics 43 (1987), 207-211:
/// n = (z_a sqrt(d) + z_b sqrt(d - (p - q)^2))^2 / (p - q)^2, with p and q the
/// discordant shares and d = p + q.
fn images_needed(b: usize, c: usize, images: usize) -> Option<usize> {
    if b == c || images == 0 {
        return None;
    }
    let n = images as f64;
    let discordant = (b + c) as f64 / n;
    let difference = (b as f64 - c as f64) / n;
    let root = Z_95 * discordant.sqrt()
        + Z_POWER_80 * (discordant - difference * difference).max(0.0).sqrt();
    Some((root * root / (difference * difference)).ceil() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_are_those_of_the_binomial() {
        // scipy.stats.binomtest(k, n, 0.5).pvalue
        for (b, c, p) in [
            (0, 0, 1.0),
            (5, 5, 1.0),
            (1, 9, 0.021_484_375),
            (0, 6, 0.03125),
            (40, 62, 0.037_066_767),
        ] {
            assert!((exact(b, c) - p).abs() < 1e-6, "{b} {c}: {}", exact(b, c));
            assert_eq!(exact(b, c), exact(c, b));
        }
        assert!(exact(4000, 4300) < 0.002 && exact(4000, 4001) > 0.9);
    }

    #[test]
    fn several_findings_are_held_to_a_stricter_level() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn the_interval_holds_the_difference() {
        let paired = |first_only, second_only, images| Paired {
            images,
            both_right: 0,
            first_only,
            second_only,
            p_value: exact(first_only, second_only),
            images_needed: None,
        };
        // By hand: shares 4/102 and 15/102; 0.10784 -+ 1.95996 sqrt((0.18627 - 0.01163) / 102).
        let (low, high) = paired(3, 14, 100).interval();
        assert!((low - 0.026_74).abs() < 1e-4 && (high - 0.188_94).abs() < 1e-4, "{low} {high}");
        let (low, high) = paired(0, 0, 100).interval();
        assert!(low < 0.0 && high > 0.0 && (low + high).abs() < 1e-12);
        let (low, high) = paired(0, 3, 3).interval();
        assert!(low >= -1.0 && high <= 1.0 && low < high);
    }

    #[test]
    fn a_larger_sample_is_asked_for_where_models_are_close() {
        // By hand: d = 0.2, p - q = 0.1: (1.95996 * 0.44721 + 0.84162 * 0.43589)^2 / 0.01 = 154.05.
        assert_eq!(images_needed(15, 5, 100), Some(155));
        assert_eq!(images_needed(5, 5, 100), None);
    }

    #[test]
    fn pairs_by_image() {
        let p = |image: &str, rank| Prediction {
            image: image.into(),
            label: 0,
            top: crate::record::prediction::Ranked::new(),
            rank_of_label: rank,
            tie: false,
            not_a_number: false,
        };
        let paired =
            compare(&[p("a", 1), p("b", 1), p("x", 1)], &[p("b", 2), p("a", 1), p("y", 1)], 1);
        assert_eq!((paired.images, paired.first_only, paired.second_only), (2, 1, 0));
        assert_eq!(paired.difference(), -0.5);
        // Another dataset may have a file of the same name.
        let relabelled = Prediction { label: 1, ..p("a", 1) };
        assert_eq!(compare(&[p("a", 1)], &[relabelled], 1).images, 0);
    }
}
