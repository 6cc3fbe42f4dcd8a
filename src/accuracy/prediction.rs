//! What a model said of one image.

use serde::{Deserialize, Deserializer, Serialize};

/// The best classes of one image, best first. Equal scores: the lower class
/// index ranks first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The image's file name within the dataset.
    pub image: String,
    /// The dataset's class index of the image.
    pub label: u32,
    /// Dataset class index (negative for outputs outside the dataset's
    /// classes, such as a background class) and score, best first, at most five.
    #[serde(deserialize_with = "scores")]
    pub top: Vec<(i64, f32)>,
    /// Rank of the true class among all outputs, from 1.
    pub rank_of_label: u32,
    /// Whether an equal score decided the best class or whether the true class
    /// is within the best or the five best.
    pub tie: bool,
}

/// JSON has no word for a score that is no number; it is written as null.
fn scores<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(i64, f32)>, D::Error> {
    let ranked = Vec::<(i64, Option<f32>)>::deserialize(from)?;
    Ok(ranked.into_iter().map(|(class, score)| (class, score.unwrap_or(f32::NAN))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_is_no_number_comes_back() {
        let prediction = Prediction {
            image: "a".to_owned(),
            label: 0,
            top: vec![(1, 0.1), (0, f32::NAN)],
            rank_of_label: 2,
            tie: false,
        };
        let text = serde_json::to_string(&prediction).unwrap();
        let back: Prediction = serde_json::from_str(&text).unwrap();
        assert!(back.top[0] == (1, 0.1) && back.top[1].1.is_nan());
    }
}
