//! What a case loses of Top-1 against a reference, on the images that both were scored on.

use crate::decide::enough::{MoreNeeded, more_pairs};
use crate::decide::evidence::{Candidate, Evidence};
use crate::decide::limit::Stand;
use crate::stats::mcnemar;
use crate::table::figure::Figure;

/// How much Top-1 may be lost, in points, against which of the candidates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaxLoss {
    /// Most points.
    pub points: f64,
    /// The reference, as an index into the candidates.
    pub reference: usize,
}

/// The loss of `evidence` against `reference`, in points, with the 95% interval of the
/// paired difference; and the images of both. `None` without a common image.
#[must_use]
pub(crate) fn of(reference: &Evidence<'_>, evidence: &Evidence<'_>) -> Option<(Figure, usize)> {
    let (theirs, mine) = (reference.scored?, evidence.scored?);
    if theirs.key == mine.key {
        return Some((Figure { value: 0.0, interval: Some((0.0, 0.0)) }, mine.predictions.len()));
    }
    let paired = mcnemar::compare(&theirs.predictions, &mine.predictions, 1);
    let (low, high) = paired.interval();
    let value = -100.0 * paired.difference();
    let interval = Some((-100.0 * high, -100.0 * low));
    (paired.images > 0).then_some((Figure { value, interval }, paired.images))
}

impl MaxLoss {
    /// How `evidence` stands to it, with what more would tell.
    #[must_use]
    pub(crate) fn stand(
        &self,
        candidates: &[Candidate<'_>],
        evidence: &Evidence<'_>,
    ) -> (Stand, Option<Figure>, Option<MoreNeeded>) {
        let device = &evidence.row.device;
        let reference = candidates
            .get(self.reference)
            .and_then(|reference| reference.on.iter().find(|it| it.row.device == *device));
        let loss = reference.and_then(|reference| of(reference, evidence));
        let Some((figure, images)) = loss else { return (Stand::NotMeasured, None, None) };
        let (low, high) = figure.interval.unwrap_or((figure.value, figure.value));
        let stand = match (high <= self.points, low <= self.points) {
            (true, _) => Stand::Kept,
            (false, true) => Stand::CannotBeTold,
            (false, false) => Stand::Broken,
        };
        let more = (stand == Stand::CannotBeTold)
            .then(|| more_pairs(figure, self.points, images))
            .flatten();
        (stand, Some(figure), more)
    }
}
