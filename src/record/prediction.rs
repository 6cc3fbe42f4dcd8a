//! A model's prediction for one image.

use std::sync::Arc;

use arrayvec::ArrayVec;
use serde::{Deserialize, Deserializer, Serialize};

/// Classes that a prediction keeps.
pub(crate) const KEPT: usize = 5;

/// The rank of a class that a model said nothing of: behind any that is looked at.
pub(crate) const NOT_FOUND: usize = 1_000_000;

/// Class and score, best first.
pub(crate) type Ranked = ArrayVec<(i32, f32), KEPT>;

/// The best classes of one image, best first. Equal scores: the lower class
/// index ranks first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The image's file name within the dataset; the predictions of all models share it.
    pub image: Arc<str>,
    /// The dataset's class index of the image.
    pub label: u32,
    /// Dataset class index (negative for outputs outside the dataset's
    /// classes, such as a background class) and score, best first, at most five.
    #[serde(deserialize_with = "scores")]
    pub top: Ranked,
    /// Rank of the true class among all outputs, from 1; [`NOT_FOUND`] or more where the
    /// model said nothing of it.
    pub rank_of_label: u32,
    /// Whether equal scores decided the best class, or whether the true class is among the best or
    /// the five best.
    pub tie: bool,
    /// Whether the model gave a score that is not a number, or a class that it does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_a_number: bool,
}

impl Prediction {
    /// The rank of the true class, where the model said anything of it.
    #[must_use]
    pub(crate) const fn rank(&self) -> Option<u32> {
        if self.rank_of_label < NOT_FOUND as u32 { Some(self.rank_of_label) } else { None }
    }
}

/// JSON cannot express a score that is not a number; it is written as null.
fn scores<'de, D: Deserializer<'de>>(from: D) -> Result<Ranked, D::Error> {
    let ranked = ArrayVec::<(i32, Option<f32>), KEPT>::deserialize(from)?;
    Ok(ranked.into_iter().map(|(class, score)| (class, score.unwrap_or(f32::NAN))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_of_many_models_on_many_images_fit_the_memory() {
        assert!(size_of::<Prediction>() <= 72);
    }

    #[test]
    fn a_score_that_is_no_number_comes_back() {
        let prediction = Prediction {
            image: "a".into(),
            label: 0,
            top: [(1, 0.1), (0, f32::NAN)].into_iter().collect(),
            rank_of_label: 2,
            tie: false,
            not_a_number: false,
        };
        let text = serde_json::to_string(&prediction).unwrap();
        let back: Prediction = serde_json::from_str(&text).unwrap();
        assert!(back.top[0] == (1, 0.1) && back.top[1].1.is_nan());
    }
}
