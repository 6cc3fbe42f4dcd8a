//! What a model said of one image.

use serde::{Deserialize, Serialize};

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
    pub top: Vec<(i64, f32)>,
    /// Rank of the true class among all outputs, from 1.
    pub rank_of_label: u32,
    /// Whether an equal score decided the best class or whether the true class
    /// is within the best or the five best.
    pub tie: bool,
}
