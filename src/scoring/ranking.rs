//! Scores to a ranked prediction.

use std::sync::Arc;

use crate::record::class_map::ClassMap;
use crate::record::prediction::{KEPT, NOT_FOUND, Prediction};
use crate::stats::best_scores;

/// Ranks one image's scores, which are shown as `shown`. With equal scores, the lower output index
/// ranks first. A score that is not a number ranks below all others, and a true class with such a
/// score does not count as found.
#[must_use]
pub(crate) fn rank(
    image: &Arc<str>,
    label: u32,
    scores: &[f64],
    shown: &[f32],
    map: &ClassMap,
) -> Prediction {
    // Adding 0 makes one zero of the two.
    let key = |output: usize| scores[output] + 0.0;
    let outputs = best_scores::best(scores, KEPT);
    let truth = map.output_of(label).filter(|truth| !scores[*truth].is_nan());
    let (rank_of_label, ties_of_truth) = match truth {
        Some(truth) => {
            let ahead =
                (0..scores.len()).filter(|o| best_scores::order(scores, *o, truth).is_lt()).count();
            let equal = |o: &usize| *o != truth && key(*o) == key(truth);
            let tied_ahead = (0..truth).filter(equal).count();
            let tied = (0..scores.len()).filter(equal).count();
            (ahead + 1, Some((ahead - tied_ahead, tied)))
        }
        None => (NOT_FOUND.max(scores.len() + 1), None),
    };
    let best_is_tied = outputs.len() > 1 && key(outputs[0]) == key(outputs[1]);
    // Ties decide about the true class if its group of equal scores extends across the border of
    // the best one or of the best five.
    let crosses = |(better, tied): (usize, usize)| {
        [1, KEPT].iter().any(|border| better < *border && better + tied >= *border)
    };
    Prediction {
        image: Arc::clone(image),
        label,
        top: outputs.iter().map(|output| (class_of(map, *output), shown[*output])).collect(),
        rank_of_label: u32::try_from(rank_of_label).unwrap_or(u32::MAX),
        tie: best_is_tied || ties_of_truth.is_some_and(crosses),
        not_a_number: scores.iter().any(|score| score.is_nan()),
    }
}

/// A prediction of a model that gives only the best class.
#[must_use]
pub(crate) fn best_only(
    image: &Arc<str>,
    label: u32,
    best: Option<usize>,
    map: &ClassMap,
) -> Prediction {
    let found = best.is_some() && best == map.output_of(label);
    Prediction {
        image: Arc::clone(image),
        label,
        top: best.iter().map(|best| (class_of(map, *best), 1.0)).collect(),
        rank_of_label: if found { 1 } else { NOT_FOUND as u32 },
        tie: false,
        not_a_number: best.is_none(),
    }
}

fn class_of(map: &ClassMap, output: usize) -> i32 {
    // No output is that far from its class: the dataset's were all found among them.
    i32::try_from(map.class_of(output)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(scores: &[f32], label: u32) -> Prediction {
        let exact: Vec<f64> = scores.iter().copied().map(f64::from).collect();
        rank(&"a.png".into(), label, &exact, scores, &ClassMap::shifted(0, scores.len()))
    }

    #[test]
    fn equal_scores_rank_by_index() {
        let p = ranked(&[0.1, 0.4, 0.4, 0.0, 0.1, 0.0], 2);
        assert_eq!(p.top.iter().map(|(c, _)| *c).collect::<Vec<_>>(), [1, 2, 0, 4, 3]);
        assert_eq!((p.rank_of_label, p.tie), (2, true));
    }

    #[test]
    fn a_tie_counts_only_where_it_decides() {
        assert!(!ranked(&[0.7, 0.1, 0.1, 0.1, 0.0, 0.0, 0.0], 0).tie);
        // Six equals behind the best: the label is one of ranks 2..7, across the fifth.
        let p = ranked(&[0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], 6);
        assert_eq!((p.rank_of_label, p.tie), (7, true));
        assert!(!ranked(&[0.7, 0.2, 0.05, 0.05, 0.0], 2).tie);
    }

    #[test]
    fn a_background_class_has_a_negative_index() {
        let p = rank(&"a".into(), 0, &[0.9, 0.1, 0.0], &[0.9, 0.1, 0.0], &ClassMap::shifted(1, 3));
        assert_eq!(p.top.as_slice(), [(-1, 0.9), (0, 0.1), (1, 0.0)]);
        assert_eq!(p.rank_of_label, 2);
    }

    #[test]
    fn no_number_ranks_last() {
        let p = ranked(&[f32::NAN, 0.1, -3.0], 0);
        assert_eq!((p.top[0].0, p.not_a_number), (1, true));
        assert!(p.rank_of_label > 5, "a class without a score was found");
        // Also if nothing is a number, or all numbers are the lowest possible.
        assert!(ranked(&[f32::NAN; 3], 0).rank_of_label > 5);
        let p = ranked(&[f32::NAN, f32::NEG_INFINITY], 1);
        assert_eq!((p.top[0].0, p.rank_of_label, p.tie), (1, 1, false));
    }

    #[test]
    fn both_zeros_are_one_score() {
        let p = ranked(&[-0.0, 0.0], 0);
        assert_eq!((p.top[0].0, p.tie), (0, true));
    }

    #[test]
    fn a_class_alone_is_found_or_not() {
        let of = |best, label| best_only(&"a".into(), label, best, &ClassMap::shifted(0, 3));
        assert_eq!(of(Some(2), 2).rank_of_label, 1);
        assert!(of(Some(1), 2).rank_of_label > 5 && of(None, 2).rank_of_label > 5);
        assert_eq!((of(Some(2), 2).rank(), of(Some(1), 2).rank()), (Some(1), None));
        assert!(of(None, 2).not_a_number && of(None, 2).top.is_empty());
    }
}
