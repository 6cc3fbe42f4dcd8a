//! The outputs that the feeders of a chunk leave for each other, so that a subject is compared with
//! its reference on every image, while only the outputs of chunks in flight are kept: they are
//! dropped with the chunk.

use std::sync::{Mutex, PoisonError};

use crate::record::agreement::Agreement;

/// For each subject the one that it is compared with, if any.
#[derive(Debug, Clone)]
pub(crate) struct References(Vec<Option<usize>>);

impl References {
    pub(crate) fn new(of: impl IntoIterator<Item = Option<usize>>) -> Self {
        Self(of.into_iter().collect())
    }

    /// The subject's reference.
    pub(crate) fn of(&self, subject: usize) -> Option<usize> {
        self.0[subject]
    }

    /// Whether the subject's outputs are compared with any.
    pub(crate) fn concern(&self, subject: usize) -> bool {
        self.0[subject].is_some() || self.0.contains(&Some(subject))
    }

    /// The subjects that are compared with this one.
    fn followers(&self, reference: usize) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(move |follower| self.0[*follower] == Some(reference))
    }
}

/// A subject's real-valued outputs on images of a chunk, by their positions in the
/// dataset, which rise.
pub(crate) type ImageOutputs = Vec<(usize, Vec<f32>)>;

/// What the feeders of one chunk have left.
#[derive(Debug, Default)]
pub(crate) struct Exchange(Mutex<Vec<Option<ImageOutputs>>>);

/// A subject's outputs on a chunk; `None` if outputs cannot be compared.
pub(crate) type Compared = (usize, Option<Agreement>);

impl Exchange {
    /// Leaves the outputs of `subject`, and compares what has found its partner.
    pub(crate) fn leave(
        &self,
        references: &References,
        subject: usize,
        outputs: ImageOutputs,
    ) -> Vec<Compared> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.resize(references.0.len(), None);
        left[subject] = Some(outputs);
        let with_it = references.followers(subject).chain(
            // A subject that is its own reference is among its followers.
            references.of(subject).filter(|reference| *reference != subject).map(|_| subject),
        );
        let mut compared = Vec::new();
        for follower in with_it {
            let Some(reference) = references.of(follower) else { continue };
            let (Some(expected), Some(found)) = (&left[reference], &left[follower]) else {
                continue;
            };
            compared.push((follower, on_common_images(expected, found)));
            if !references.0.contains(&Some(follower)) {
                left[follower] = None;
            }
        }
        compared
    }
}

/// A reference may see only some of the images, and a subject that was interrupted
/// begins later.
fn on_common_images(expected: &ImageOutputs, found: &ImageOutputs) -> Option<Agreement> {
    let common = found.iter().filter_map(|(position, found)| {
        let at = expected.binary_search_by_key(position, |(position, _)| *position).ok()?;
        Some((expected[at].1.clone(), found.clone()))
    });
    let (expected, found): (Vec<_>, Vec<_>) = common.unzip();
    Agreement::of(&expected, &found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On images from position `from` on.
    fn outputs(from: usize, best: &[usize]) -> ImageOutputs {
        let scores = |best: &usize| (0..3).map(|i| f32::from(u8::from(i == *best))).collect();
        best.iter().map(scores).enumerate().map(|(i, scores)| (from + i, scores)).collect()
    }

    #[test]
    fn whoever_comes_second_compares() {
        let references = References::new([Some(1), Some(1), Some(1)]);
        let exchange = Exchange::default();
        assert!(exchange.leave(&references, 0, outputs(8, &[0, 1, 2])).is_empty());
        let compared = exchange.leave(&references, 1, outputs(8, &[0, 1, 1]));
        let share = |(subject, agreement): &Compared| (*subject, agreement.unwrap().top1);
        assert_eq!(share(&compared[0]).0, 0);
        assert!((share(&compared[0]).1 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(share(&compared[1]), (1, 1.0));
        // Scored in part before: two images of three.
        let compared = exchange.leave(&references, 2, outputs(9, &[1, 1]));
        assert_eq!(compared.iter().map(share).collect::<Vec<_>>(), [(2, 1.0)]);
    }

    #[test]
    fn without_a_reference_nothing_is_compared() {
        let references = References::new([None, None]);
        assert!(!references.concern(0));
        assert!(Exchange::default().leave(&references, 0, outputs(0, &[0])).is_empty());
    }
}
