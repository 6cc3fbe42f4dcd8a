//! Whether two models differ, scored on the same images.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::record::prediction::Prediction;
use crate::stats::interval::Z_95;

/// The level below which a p-value tells a difference from chance.
pub const LEVEL: f64 = 0.05;

/// The 80% point of the standard normal distribution: the power planned for.
const Z_POWER_80: f64 = 0.841_621_233_572_914_3;

/// A paired comparison of two models' best classes (or best five).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Images that both models were scored on.
    pub images: usize,
    /// Right in the first model alone.
    pub first_only: usize,
    /// Right in the second model alone.
    pub second_only: usize,
    /// Two-sided p of McNemar's exact test.
    pub p_value: f64,
    /// Images at which the observed difference would be found (5% two-sided,
    /// 80% power); none where the models differ by nothing.
    pub images_needed: Option<usize>,
}

impl Paired {
    /// Accuracy of the second less that of the first.
    #[must_use]
    pub fn difference(&self) -> f64 {
        (self.second_only as f64 - self.first_only as f64) / self.images.max(1) as f64
    }

    /// Whether the difference is more than chance at the 5% level.
    #[must_use]
    pub fn is_distinguishable(&self) -> bool {
        self.p_value < LEVEL
    }
}

/// Compares on the images that both have, under the same label, at the best `k`
/// classes.
#[must_use]
pub fn compare(first: &[Prediction], second: &[Prediction], k: u32) -> Paired {
    let ranks: HashMap<(&str, u32), u32> =
        first.iter().map(|p| ((&*p.image, p.label), p.rank_of_label)).collect();
    let (mut images, mut first_only, mut second_only) = (0, 0, 0);
    for p in second {
        let Some(rank) = ranks.get(&(&*p.image, p.label)) else { continue };
        images += 1;
        match (*rank <= k, p.rank_of_label <= k) {
            (true, false) => first_only += 1,
            (false, true) => second_only += 1,
            _ => {}
        }
    }
    Paired {
        images,
        first_only,
        second_only,
        p_value: exact(first_only, second_only),
        images_needed: images_needed(first_only, second_only, images),
    }
}

/// Two-sided p of the exact test: under no difference each discordant image
/// falls to either side like a coin.
///
/// Source: Q. McNemar, 'Note on the sampling error of the difference between
/// correlated proportions or percentages', Psychometrika 12 (1947), 153-157;
/// the exact form is the sign test on the discordant pairs.
#[must_use]
pub fn exact(b: usize, c: usize) -> f64 {
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

/// Images at which the discordance seen would be told from chance.
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
