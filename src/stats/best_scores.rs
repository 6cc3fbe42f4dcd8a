//! Which scores are the best.

use std::cmp::Ordering;

/// The order of two outputs by their scores, the better one first. With equal scores, the lower
/// index is first; a score that is not a number comes after all others.
#[must_use]
pub(crate) fn order(scores: &[f64], a: usize, b: usize) -> Ordering {
    // Adding 0 makes one zero of the two.
    let (first, second) = (scores[a] + 0.0, scores[b] + 0.0);
    let numbers = first.is_nan().cmp(&second.is_nan());
    numbers.then(second.total_cmp(&first)).then(a.cmp(&b))
}

/// The outputs of the `count` best scores, the best one first.
#[must_use]
pub(crate) fn best(scores: &[f64], count: usize) -> Vec<usize> {
    let before = |a: &usize, b: &usize| order(scores, *a, *b);
    let mut outputs: Vec<usize> = (0..scores.len()).collect();
    let kept = count.min(scores.len());
    if kept < outputs.len() {
        outputs.select_nth_unstable_by(kept, before);
        outputs.truncate(kept);
    }
    outputs.sort_unstable_by(before);
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_what_is_no_number_last() {
        assert_eq!(best(&[0.1, 0.9, f64::NAN, 0.9, -1.0], 4), [1, 3, 0, 4]);
        assert_eq!(best(&[-0.0, 0.0], 5), [0, 1]);
        assert!(best(&[], 5).is_empty());
    }
}
