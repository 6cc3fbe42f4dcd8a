//! Whether a model does better under another pipeline than the one in use.

use crate::record::preprocessing_check::{PreprocessingCheck, Tried};
use crate::stats::mcnemar;
use crate::stats::mcnemar::Paired;

/// A pipeline against the one in use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'a> {
    /// The pipeline.
    pub tried: &'a Tried,
    /// Right in the one in use alone, and in this one alone.
    pub paired: Paired,
    /// p of McNemar's exact test, raised by Holm's procedure for the number of pipelines
    /// that were tried.
    pub p_value: f64,
}

impl Judged<'_> {
    /// Whether this one is better by more than chance.
    #[must_use]
    pub(crate) fn is_better(&self) -> bool {
        self.paired.difference() > 0.0 && self.p_value < mcnemar::LEVEL
    }
}

/// Every pipeline but the one in use, in the order in which they were tried.
#[must_use]
pub(crate) fn judged(check: &PreprocessingCheck) -> Vec<Judged<'_>> {
    let others = check.tried.get(1..).unwrap_or_default();
    let p_values: Vec<f64> =
        others.iter().map(|tried| mcnemar::exact(tried.lost, tried.gained)).collect();
    let adjusted = mcnemar::holm(&p_values);
    let judge = |(tried, p_value): (&'_ Tried, f64)| Paired {
        images: check.images,
        both_right: tried.right.saturating_sub(tried.gained),
        first_only: tried.lost,
        second_only: tried.gained,
        p_value,
        images_needed: None,
    };
    others
        .iter()
        .zip(p_values)
        .zip(adjusted)
        .map(|((tried, raw), p_value)| Judged { tried, paired: judge((tried, raw)), p_value })
        .collect()
}

/// The pipeline that is better than the one in use by more than chance; of several the
/// one with the largest difference.
#[must_use]
pub(crate) fn better(check: &PreprocessingCheck) -> Option<Judged<'_>> {
    let better = judged(check).into_iter().filter(Judged::is_better);
    better.max_by(|a, b| a.paired.difference().total_cmp(&b.paired.difference()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::backend_kind::BackendKind;
    use crate::record::case::AccuracyKey;
    use crate::record::delegate::Delegate;

    fn check(others: &[(&str, usize, usize)]) -> PreprocessingCheck {
        let tried = |&(name, gained, lost): &(&str, usize, usize)| Tried {
            name: name.to_owned(),
            steps: String::new(),
            right: 60 + gained - lost,
            gained,
            lost,
        };
        PreprocessingCheck {
            key: AccuracyKey {
                model: "m".into(),
                backend: BackendKind::Tract,
                delegate: Delegate::None,
                options: None,
                device: None,
            },
            images: 100,
            tried: [("in use", 0, 0)].iter().chain(others).map(tried).collect(),
            error: None,
        }
    }

    #[test]
    fn the_largest_of_the_sure_differences_is_named() {
        let check = check(&[("a", 12, 0), ("b", 25, 5), ("c", 30, 28), ("d", 0, 40)]);
        assert_eq!(better(&check).unwrap().tried.name, "b");
        let better: Vec<bool> = judged(&check).iter().map(Judged::is_better).collect();
        assert_eq!(better, [true, true, false, false]);
    }

    #[test]
    fn chance_is_not_taken_for_a_finding() {
        assert!(better(&check(&[])).is_none());
        assert!(better(&check(&[("a", 0, 0), ("b", 0, 30)])).is_none());
        // p = 0.03125 alone, but not among four.
        assert!(better(&check(&[("a", 6, 0)])).is_some());
        assert!(better(&check(&[("a", 6, 0), ("b", 1, 1), ("c", 2, 2), ("d", 3, 3)])).is_none());
    }
}
