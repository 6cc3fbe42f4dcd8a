//! Figures of one model over its predictions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::prediction::Prediction;
use crate::stats::interval::{Proportion, wilson};

/// Two best probabilities closer than this leave an image ambiguous.
pub(crate) const AMBIGUOUS_BELOW: f32 = 0.1;
/// Bins of the expected calibration error.
const BINS: usize = 15;

/// Accuracy figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tally {
    /// Images that were scored.
    pub images: usize,
    /// Share whose best class is the true one.
    pub top1: Option<Proportion>,
    /// Share whose five best classes hold the true one.
    pub top5: Option<Proportion>,
    /// Images for which ties decided one of these.
    pub decided_by_tie: usize,
    /// Images with a score that is not a number, or a class that the model does not have.
    pub not_a_number: usize,
    /// Share of images whose two best probabilities differ by less than 0.1.
    pub ambiguous: Option<f64>,
    /// Expected calibration error.
    pub calibration_error: Option<f64>,
    /// Per true class, by class index.
    pub classes: Vec<ClassTally>,
    /// Wrong best classes, the most frequent first.
    pub confusions: Vec<Confusion>,
}

/// Accuracy on the images of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClassTally {
    /// The class.
    pub class: u32,
    /// Its images.
    pub images: usize,
    /// Those whose best class is right.
    pub top1: usize,
    /// Those whose five best classes hold it.
    pub top5: usize,
}

/// A wrong best class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confusion {
    /// The true class.
    pub label: u32,
    /// The class that was taken for it; negative: none of the dataset's.
    pub predicted: i64,
    /// On how many images.
    pub images: usize,
}

/// Images among whose `k` best classes the true one is.
#[must_use]
pub(crate) fn hits(predictions: &[Prediction], k: u32) -> usize {
    predictions.iter().filter(|p| p.rank_of_label <= k).count()
}

impl Tally {
    /// Counts.
    #[must_use]
    pub(crate) fn of(predictions: &[Prediction]) -> Self {
        let images = predictions.len();
        let share = |count: usize| (images > 0).then(|| count as f64 / images as f64);
        let ambiguous = predictions
            .iter()
            .filter(|p| matches!(p.top[..], [(_, a), (_, b), ..] if a - b < AMBIGUOUS_BELOW))
            .count();
        Self {
            images,
            top1: top_k(predictions, 1),
            top5: top_k(predictions, 5),
            not_a_number: predictions.iter().filter(|p| p.not_a_number).count(),
            decided_by_tie: predictions.iter().filter(|p| p.tie).count(),
            ambiguous: share(ambiguous),
            calibration_error: calibration_error(predictions),
            classes: by_class(predictions),
            confusions: confusions(predictions),
        }
    }
}

fn by_class(predictions: &[Prediction]) -> Vec<ClassTally> {
    let mut classes = BTreeMap::new();
    for p in predictions {
        let class = p.label;
        let tally =
            classes.entry(class).or_insert(ClassTally { class, images: 0, top1: 0, top5: 0 });
        tally.images += 1;
        tally.top1 += usize::from(p.rank_of_label <= 1);
        tally.top5 += usize::from(p.rank_of_label <= 5);
    }
    classes.into_values().collect()
}

fn confusions(predictions: &[Prediction]) -> Vec<Confusion> {
    let mut counts = BTreeMap::<(u32, i64), usize>::new();
    for p in predictions.iter().filter(|p| p.rank_of_label != 1) {
        if let Some((predicted, _)) = p.top.first() {
            *counts.entry((p.label, i64::from(*predicted))).or_default() += 1;
        }
    }
    let mut confusions: Vec<_> = counts
        .into_iter()
        .map(|((label, predicted), images)| Confusion { label, predicted, images })
        .collect();
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.images));
    confusions
}

/// Mean distance of confidence from accuracy, over bins of confidence and
/// weighted by their images.
///
/// Source: C. Guo et al., 'On calibration of modern neural networks', ICML
/// 2017, section 2, with its 15 bins of equal width.
fn calibration_error(predictions: &[Prediction]) -> Option<f64> {
    let mut bins = [(0_usize, 0.0_f64, 0_usize); BINS];
    for p in predictions {
        let confidence = f64::from(p.top.first()?.1).clamp(0.0, 1.0);
        // Bins are open to the left: (0, 1/15], (1/15, 2/15], ...
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let (images, sum, right) = &mut bins[bin];
        *images += 1;
        *sum += confidence;
        *right += usize::from(p.rank_of_label == 1);
    }
    let apart: f64 = bins.iter().map(|(_, sum, right)| (sum - *right as f64).abs()).sum();
    (!predictions.is_empty()).then(|| apart / predictions.len() as f64)
}

/// The share of images whose true class is among the `k` best.
#[must_use]
pub(crate) fn top_k(predictions: &[Prediction], k: u32) -> Option<Proportion> {
    wilson(hits(predictions, k), predictions.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(label: u32, best: i32, rank: u32, scores: [f32; 2]) -> Prediction {
        Prediction {
            image: "".into(),
            label,
            top: [(best, scores[0]), (best + 1, scores[1])].into_iter().collect(),
            rank_of_label: rank,
            tie: scores[0] == scores[1],
            not_a_number: false,
        }
    }

    #[test]
    fn counts_what_it_says() {
        let tally = Tally::of(&[
            prediction(0, 0, 1, [0.9, 0.05]),
            prediction(0, 3, 5, [0.5, 0.45]),
            prediction(1, 3, 6, [0.4, 0.4]),
            prediction(0, 3, 2, [0.8, 0.1]),
        ]);
        assert_eq!(tally.top1.unwrap().value, 0.25);
        assert_eq!(tally.top5.unwrap().value, 0.75);
        assert_eq!((tally.decided_by_tie, tally.ambiguous), (1, Some(0.5)));
        assert_eq!(tally.classes[0], ClassTally { class: 0, images: 3, top1: 1, top5: 3 });
        assert_eq!(tally.confusions[0], Confusion { label: 0, predicted: 3, images: 2 });
        // Each in its own bin: (0.1 + 0.5 + 0.4 + 0.8) / 4.
        assert!((tally.calibration_error.unwrap() - 0.45).abs() < 1e-6);
    }

    #[test]
    fn nothing_scored_is_nothing_measured() {
        let tally = Tally::of(&[]);
        assert_eq!((tally.top1, tally.ambiguous, tally.calibration_error), (None, None, None));
    }
}
